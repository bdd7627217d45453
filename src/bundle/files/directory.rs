//! A directory as a bundle's place: one generation of it, with nothing from outside it.
//!
//! The kubelet writes a ConfigMap's files into a directory of their own, `..2026_01_02_…`, and then
//! lets the link `..data` point to it, in one step; the names that people see are links through
//! `..data`. A reader that follows those sees two generations when the step falls between two files.
//! So `..data` is followed once, everything is read from where it led, and in the end it must still
//! lead there. A plain directory, or a link to one, is held to the same.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::super::BundleError;
use super::MANIFEST;
use super::stored::Stored;

/// The kubelet's link to the generation that counts.
const GENERATION: &str = "..data";

/// A directory, followed to where its files are.
pub(super) struct Directory {
    /// As configured.
    path: PathBuf,
    base: Base,
}

/// Where the files are: a path without links, and what stood there.
#[derive(Debug, PartialEq, Eq)]
struct Base {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Directory, BundleError> {
        let base = Base::find(path).map_err(|error| BundleError::Missing {
            file: path.join(MANIFEST).display().to_string(),
            detail: error.to_string(),
        })?;
        let root = path.canonicalize().unwrap_or_default();
        if !base.path.starts_with(&root) {
            return Err(outside(&path.join(GENERATION), &base.path, &root));
        }
        Ok(Directory {
            path: path.to_owned(),
            base,
        })
    }

    /// Refuses what was read if the directory is another one by now.
    pub(super) fn unchanged(&self) -> Result<(), BundleError> {
        let found = match Base::find(&self.path) {
            Ok(base) if base == self.base => return Ok(()),
            Ok(base) if base.path == self.base.path => "another directory in its place".to_owned(),
            Ok(base) => base.path.display().to_string(),
            Err(error) => error.to_string(),
        };
        Err(BundleError::Changed {
            directory: self.path.display().to_string(),
            expected: self.base.path.display().to_string(),
            found,
        })
    }

    /// The file of that name, opened; `None` where there is none.
    pub(super) fn find(&self, name: &str) -> Result<Option<Stored>, BundleError> {
        let path = self.base.path.join(name);
        let refuse = |error: io::Error| BundleError::Missing {
            file: path.display().to_string(),
            detail: error.to_string(),
        };
        let real = match path.canonicalize() {
            Ok(real) => real,
            // A link to nothing counts as nothing: links can be there before what they point to.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refuse(error)),
        };
        if !real.starts_with(&self.base.path) {
            return Err(outside(&path, &real, &self.base.path));
        }
        let file = open(&real).map_err(refuse)?;
        let metadata = file.metadata().map_err(refuse)?;
        if !metadata.is_file() {
            return Err(BundleError::Unreadable {
                file: path.display().to_string(),
                detail: format!("expected a regular file, found {}", kind(&metadata)),
            });
        }
        Ok(Some(Stored::File(file, metadata.len())))
    }

    /// For messages: where the file of that name would be.
    pub(super) fn path_of(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }
}

impl Base {
    fn find(directory: &Path) -> io::Result<Base> {
        let generation = directory.join(GENERATION);
        let path = match fs::symlink_metadata(&generation) {
            Ok(_) => generation.canonicalize()?,
            Err(error) if error.kind() == ErrorKind::NotFound => directory.canonicalize()?,
            Err(error) => return Err(error),
        };
        let metadata = fs::metadata(&path)?;
        if !metadata.is_dir() {
            return Err(io::Error::from(ErrorKind::NotADirectory));
        }
        Ok(Base {
            device: metadata.dev(),
            inode: metadata.ino(),
            path,
        })
    }
}

/// Opens a path that has no links in it any more. A pipe must not hold up the reader until somebody
/// writes to it.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

fn kind(metadata: &fs::Metadata) -> &'static str {
    if metadata.is_dir() {
        "a directory"
    } else {
        "a pipe, a socket or a device"
    }
}

fn outside(path: &Path, real: &Path, base: &Path) -> BundleError {
    BundleError::Outside {
        file: path.display().to_string(),
        directory: base.display().to_string(),
        found: real.display().to_string(),
    }
}
