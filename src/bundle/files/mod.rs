//! The bytes of a bundle's files, wherever they lie: bounded, of one generation, checked against sizes
//! and digests.
//!
//! `directory` knows how a Kubernetes volume changes, `memory` holds files as stored, `archive` opens a
//! `.tar.zst`, `stored` reads one file within its bound, `contents` reads a whole bundle.

mod archive;
mod contents;
mod directory;
mod memory;
mod stored;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::BundleError;
use super::manifest::FileEntry;
pub(super) use contents::Contents;
use directory::Directory;
pub use memory::StoredFiles;
use stored::{Bound, Stored};

/// The manifest's own name.
pub const MANIFEST: &str = "manifest.json";
/// The name of the manifest's signature.
pub const SIGNATURE: &str = "manifest.json.minisig";
/// End of the name of a file that is stored compressed.
pub const COMPRESSED: &str = ".zst";

/// No file of a bundle is larger than this, whatever its manifest claims.
pub const LARGEST_FILE: u64 = 64 << 20;
/// All files of a bundle together are not larger than this.
pub const LARGEST_BUNDLE: u64 = 128 << 20;
/// No manifest is larger than this.
const LARGEST_MANIFEST: u64 = 1 << 20;
/// No signature is larger than this; minisign's own are some 300 bytes.
const LARGEST_SIGNATURE: u64 = 16 << 10;
/// A bundle has no more files than this.
pub(super) const MOST_FILES: usize = 256;

/// Where a bundle's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The bundle built into the program.
    Builtin,
    /// A directory, or a volume as the kubelet writes it.
    Directory(PathBuf),
    /// Files held in memory: from a ConfigMap, an archive, or a bundle that was kept.
    Memory(Arc<StoredFiles>),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Builtin => f.write_str("built-in"),
            Origin::Directory(path) => write!(f, "{}", path.display()),
            Origin::Memory(files) => f.write_str(files.source()),
        }
    }
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../bundles/default/", $name)) as &[u8])),*]
    };
}

const BUILT_IN: &[(&str, &[u8])] = built_in![
    "manifest.json",
    "vocabulary.json",
    "classifier.onnx",
    "anomaly.onnx",
    "rules.yaml",
    "golden.jsonl",
    "MODEL_CARD.md",
];

impl Origin {
    /// The whole of one file, uncompressed, up to the bound for any file; `NAME.zst` serves where
    /// `NAME` is not there. What it should hold is for the caller to know.
    pub fn read(&self, name: &str) -> Result<Bytes, BundleError> {
        self.within(|files| files.read(name, Bound::Most(LARGEST_FILE)))
    }

    /// Reads and checks the whole bundle, and keeps it as a copy in memory that no later change of
    /// this origin can touch. Each file is compressed; the manifest and its signature are kept plain.
    ///
    /// # Errors
    /// Where a file is missing, too large, or not what the manifest says.
    pub fn store(&self) -> Result<StoredFiles, BundleError> {
        Contents::read(self)?.store(self.to_string())
    }

    /// A directory, or the files of a `.tar.zst` archive where `path` is a file.
    ///
    /// # Errors
    /// Where there is nothing, or a file that is no such archive.
    pub fn at(path: &Path) -> Result<Origin, BundleError> {
        let name = path.display().to_string();
        let missing = |error: std::io::Error| BundleError::Missing {
            file: name.clone(),
            detail: error.to_string(),
        };
        let metadata = std::fs::metadata(path).map_err(missing)?;
        if metadata.is_dir() {
            return Ok(Origin::Directory(path.to_owned()));
        }
        let file = File::open(path).map_err(missing)?;
        let stored = Stored::File(file, metadata.len());
        let bytes = stored.read(&name, Bound::Most(LARGEST_BUNDLE))?;
        let files = StoredFiles::from_archive(name, &bytes)?;
        Ok(Origin::Memory(Arc::new(files)))
    }

    /// The manifest, for whoever signs it: all files that it lists are as it says.
    ///
    /// # Errors
    /// Where they are not.
    pub fn checked_manifest(&self) -> Result<Bytes, BundleError> {
        Ok(Contents::read(self)?.manifest_bytes)
    }

    /// Lets `read` read from one generation of the files. Where they changed meanwhile, that is the
    /// error, whatever else went wrong: it is what made it go wrong.
    fn within<T>(
        &self,
        read: impl FnOnce(&Files<'_>) -> Result<T, BundleError>,
    ) -> Result<T, BundleError> {
        match self {
            Origin::Builtin => read(&Files::Builtin),
            Origin::Memory(files) => read(&Files::Memory(files)),
            Origin::Directory(path) => {
                let directory = Directory::open(path)?;
                let outcome = read(&Files::Directory(&directory));
                directory.unchanged()?;
                outcome
            }
        }
    }
}

/// `sha256:` and the digest of an origin's manifest, which holds the digests of all other files:
/// equal for equal bundles, and cheap. A signature that is added or removed does not change it.
///
/// # Errors
/// Where no manifest can be read.
pub fn manifest_digest(origin: &Origin) -> Result<String, BundleError> {
    let bytes = origin.within(|files| files.manifest())?;
    Ok(named_digest(&bytes))
}

/// A digest with the name of its kind, as a bundle is named by it.
pub(super) fn named_digest(manifest: &[u8]) -> String {
    format!("sha256:{}", sha256(manifest))
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// The files of one generation.
enum Files<'a> {
    Builtin,
    Directory(&'a Directory),
    Memory(&'a StoredFiles),
}

impl Files<'_> {
    fn manifest(&self) -> Result<Bytes, BundleError> {
        self.read(MANIFEST, Bound::Most(LARGEST_MANIFEST))
    }

    fn signature(&self) -> Result<Option<Bytes>, BundleError> {
        let stored = self.find(SIGNATURE)?;
        let read = |stored: Stored| stored.read(SIGNATURE, Bound::Most(LARGEST_SIGNATURE));
        stored.map(read).transpose()
    }

    /// A file whose size and digest the manifest states.
    fn read_checked(&self, name: &str, entry: &FileEntry) -> Result<Bytes, BundleError> {
        let bytes = self.read(name, Bound::Exactly(entry.size))?;
        let found = sha256(&bytes);
        if !found.eq_ignore_ascii_case(&entry.sha256) {
            return Err(BundleError::Digest {
                file: name.to_owned(),
                expected: entry.sha256.clone(),
                found,
            });
        }
        Ok(bytes)
    }

    /// A file, uncompressed: `NAME`, or else `NAME.zst`.
    fn read(&self, name: &str, bound: Bound) -> Result<Bytes, BundleError> {
        check_name(name)?;
        if let Some(stored) = self.find(name)? {
            return stored.read(name, bound);
        }
        match self.find(&format!("{name}{COMPRESSED}"))? {
            Some(stored) => stored.expand(name, bound),
            None => Err(self.missing(name)),
        }
    }

    fn find(&self, name: &str) -> Result<Option<Stored>, BundleError> {
        match self {
            Files::Builtin => {
                let found = BUILT_IN.iter().find(|(n, _)| *n == name);
                Ok(found.map(|(_, bytes)| Stored::Bytes(Bytes::from_static(bytes))))
            }
            Files::Directory(directory) => directory.find(name),
            Files::Memory(files) => Ok(files.get(name).cloned().map(Stored::Bytes)),
        }
    }

    fn missing(&self, name: &str) -> BundleError {
        let (file, detail) = match self {
            Files::Builtin => (name.to_owned(), "not built in".to_owned()),
            Files::Directory(directory) => (
                directory.path_of(name),
                format!("neither it nor {name}{COMPRESSED} is there"),
            ),
            Files::Memory(files) => (name.to_owned(), format!("{} has {files}", files.source())),
        };
        BundleError::Missing { file, detail }
    }
}

/// Names come from a manifest or an archive that nobody has vouched for yet. They have the form that a
/// ConfigMap asks of its keys, so that every bundle can become one.
fn is_plain(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=128).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(known)
}

fn check_name(name: &str) -> Result<(), BundleError> {
    if is_plain(name) {
        return Ok(());
    }
    let expected = "plain file names of letters, digits, dot, dash and underscore";
    Err(BundleError::setting("files", expected, format!("{name:?}")))
}
