//! The bytes of a bundle's files: from a directory or built in, bounded, checked against digests.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::BundleError;
use super::manifest::FileEntry;

/// No file of a bundle is larger than this, whatever its manifest claims.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// Where a bundle's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The bundle built into the program.
    Builtin,
    /// A directory.
    Directory(PathBuf),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Builtin => f.write_str("built-in"),
            Origin::Directory(path) => write!(f, "{}", path.display()),
        }
    }
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../bundles/default/", $name)) as &[u8])),*]
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
    /// The whole of a file, uncompressed; `NAME.zst` serves where `NAME` is not there.
    pub fn read(&self, name: &str) -> Result<Cow<'static, [u8]>, BundleError> {
        match self {
            Origin::Builtin => {
                let found = BUILT_IN.iter().find(|(n, _)| *n == name);
                let (_, bytes) = found.ok_or_else(|| missing(name, "not built in"))?;
                Ok(Cow::Borrowed(bytes))
            }
            Origin::Directory(directory) => read_from(directory, name).map(Cow::Owned),
        }
    }

    /// A file whose size and digest the manifest states.
    pub fn read_checked(
        &self,
        name: &str,
        entry: &FileEntry,
    ) -> Result<Cow<'static, [u8]>, BundleError> {
        let bytes = self.read(name)?;
        if bytes.len() as u64 != entry.size {
            return Err(BundleError::Size {
                file: name.to_owned(),
                expected: entry.size,
                found: bytes.len().to_string(),
            });
        }
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
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

fn read_from(directory: &Path, name: &str) -> Result<Vec<u8>, BundleError> {
    // Names come from the manifest, which nobody has vouched for yet.
    let plain = Path::new(name).components().count() == 1 && !name.starts_with('.');
    if !plain {
        return Err(BundleError::setting(
            "files",
            "plain file names",
            name.to_owned(),
        ));
    }
    match File::open(directory.join(name)) {
        Ok(file) => read_bounded(name, file),
        Err(not_there) => {
            let compressed = File::open(directory.join(format!("{name}.zst")));
            let path = directory.join(name).display().to_string();
            let compressed = compressed.map_err(|_| missing(&path, &not_there.to_string()))?;
            let decoder = zstd::Decoder::new(compressed).map_err(BundleError::unreadable(name))?;
            read_bounded(name, decoder)
        }
    }
}

fn read_bounded(name: &str, reader: impl Read) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    reader
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(BundleError::unreadable(name))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(BundleError::Size {
            file: name.to_owned(),
            expected: LARGEST_FILE,
            found: "more".to_owned(),
        });
    }
    Ok(bytes)
}

fn missing(name: &str, detail: &str) -> BundleError {
    BundleError::Missing {
        file: name.to_owned(),
        detail: detail.to_owned(),
    }
}
