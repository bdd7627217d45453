//! Files held in memory as they are stored: what a ConfigMap, an archive and a kept bundle have become.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use super::super::BundleError;
use super::{LARGEST_BUNDLE, MOST_FILES, archive, is_plain};

/// A bundle's files as stored, `NAME` or `NAME.zst`. That they make a good bundle nobody has said yet.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFiles {
    source: String,
    files: BTreeMap<String, Bytes>,
}

impl StoredFiles {
    /// Files by their names, such as the keys of a ConfigMap. `source` is what people call the place
    /// they come from.
    ///
    /// # Errors
    /// Where a name is no plain file name, or the files are too many or too large.
    pub fn new(
        source: impl Into<String>,
        files: BTreeMap<String, Bytes>,
    ) -> Result<StoredFiles, BundleError> {
        let source = source.into();
        if let Some(name) = files.keys().find(|name| !is_plain(name)) {
            return Err(BundleError::Unreadable {
                detail: format!("expected plain file names, found {name:?}"),
                file: source,
            });
        }
        if files.len() > MOST_FILES {
            let what = format!("the number of files in {source}");
            return Err(BundleError::too_large(
                &what,
                MOST_FILES as u64,
                files.len().to_string(),
            ));
        }
        let size: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
        if size > LARGEST_BUNDLE {
            return Err(BundleError::too_large(
                &source,
                LARGEST_BUNDLE,
                size.to_string(),
            ));
        }
        Ok(StoredFiles { source, files })
    }

    /// The files of a `.tar.zst` archive, as `logtriage bundle pack` writes it.
    ///
    /// # Errors
    /// Where it is no such archive, holds anything but files with plain names in one directory at
    /// most, or is too large.
    pub fn from_archive(
        source: impl Into<String>,
        archive: &[u8],
    ) -> Result<StoredFiles, BundleError> {
        let source = source.into();
        let files = archive::read(&source, archive)?;
        StoredFiles::new(source, files)
    }

    /// What people call the place they come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The files by their names, as stored.
    pub fn files(&self) -> &BTreeMap<String, Bytes> {
        &self.files
    }

    /// Bytes that they take.
    pub fn size(&self) -> usize {
        self.files.values().map(Bytes::len).sum()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name)
    }
}

/// The names alone: the bytes are for nobody to read.
impl fmt::Debug for StoredFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredFiles")
            .field("source", &self.source)
            .field("files", &self.files.keys())
            .finish()
    }
}

/// The names of the files, or "no files".
impl fmt::Display for StoredFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.files.is_empty() {
            return f.write_str("no files");
        }
        let names: Vec<&str> = self.files.keys().map(String::as_str).collect();
        f.write_str(&names.join(", "))
    }
}
