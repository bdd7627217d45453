//! What several tests share: the default configuration, snapshots, copies of the default bundle.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod labelled;
pub mod service;
pub mod volume;

use std::path::{Path, PathBuf};

use logtriage::bundle::{BundleError, Loader, Origin, Proof, sha256};
use logtriage::config::Config;
use logtriage::pipeline::Snapshot;
use logtriage::record::Record;
use serde_json::Value;

/// The configuration of a machine that says nothing.
pub fn config() -> Config {
    Config::load(None, std::iter::empty()).expect("the defaults are valid")
}

/// The built-in bundle, ready to judge.
pub fn builtin() -> Snapshot {
    load(&Origin::Builtin, Proof::Golden).expect("the built-in bundle loads")
}

/// Loads and, if asked, proves a bundle.
pub fn load(origin: &Origin, proof: Proof) -> Result<Snapshot, BundleError> {
    let loader = Loader::new(&config())?;
    Ok(loader.load(origin, proof, false)?.snapshot)
}

/// A record with a message alone.
pub fn record(index: usize, message: &str) -> Record {
    Record {
        index,
        message: message.into(),
        ..Record::default()
    }
}

/// A copy of the default bundle that a test may spoil.
pub struct Copy {
    directory: tempfile::TempDir,
}

impl Copy {
    pub fn new() -> Copy {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles/default");
        for entry in std::fs::read_dir(source).expect("the default bundle") {
            let path = entry.expect("an entry").path();
            std::fs::copy(
                &path,
                directory.path().join(path.file_name().expect("a name")),
            )
            .expect("a copy");
        }
        Copy { directory }
    }

    pub fn origin(&self) -> Origin {
        Origin::Directory(self.directory.path().to_owned())
    }

    /// Every file of it, by name.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.directory.path()).expect("a directory");
        let names = entries.map(|e| {
            e.expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        });
        names.map(|name| (name.clone(), self.read(&name))).collect()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file of the bundle")
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file of the bundle");
    }

    /// Changes the manifest.
    pub fn manifest(&self, change: impl FnOnce(&mut Value)) {
        let mut manifest: Value =
            serde_json::from_slice(&self.read("manifest.json")).expect("a manifest");
        change(&mut manifest);
        self.write("manifest.json", manifest.to_string().as_bytes());
    }

    /// Changes a file and makes the manifest agree, as somebody with access to both would.
    pub fn replace(&self, name: &str, bytes: &[u8]) {
        self.write(name, bytes);
        self.manifest(|manifest| {
            manifest["files"][name]["sha256"] = sha256(bytes).into();
            manifest["files"][name]["size"] = bytes.len().into();
        });
    }
}
