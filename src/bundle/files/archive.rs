//! A `.tar.zst` archive becomes files in memory: bounded in entries and bytes, plain files alone.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path};

use bytes::Bytes;
use tar::{Archive, Entry, EntryType};

use super::super::BundleError;
use super::stored::decoder;
use super::{LARGEST_BUNDLE, LARGEST_FILE, MOST_FILES};

/// Room for what an archive has beside its files: headers, padding, long names.
const FRAME: u64 = 4 << 20;
/// First bytes of a zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The files of an archive by name. One leading directory, the same for all, is left out.
pub(super) fn read(source: &str, bytes: &[u8]) -> Result<BTreeMap<String, Bytes>, BundleError> {
    if bytes.len() as u64 > LARGEST_BUNDLE {
        let found = bytes.len().to_string();
        return Err(BundleError::too_large(source, LARGEST_BUNDLE, found));
    }
    if !bytes.starts_with(&ZSTD_MAGIC) {
        return Err(refuse(
            source,
            "expected a .tar.zst archive, found no zstd data",
        ));
    }
    let mut left = Left {
        reader: decoder(source, bytes)?,
        bytes: LARGEST_BUNDLE + FRAME,
    };
    let read = read_entries(source, &mut left);
    // The end of what may be read looks to the archive's reader like an archive that was cut.
    if left.bytes == 0 {
        let what = format!("{source}, uncompressed");
        let found = "more".to_owned();
        return Err(BundleError::too_large(&what, LARGEST_BUNDLE, found));
    }
    read
}

fn read_entries(source: &str, reader: impl Read) -> Result<BTreeMap<String, Bytes>, BundleError> {
    let mut archive = Archive::new(reader);
    let mut files = Found {
        source,
        directory: None,
        files: BTreeMap::new(),
    };
    let entries = archive.entries().map_err(BundleError::unreadable(source))?;
    for (count, entry) in entries.enumerate() {
        if count == 2 * MOST_FILES {
            return Err(refuse(
                source,
                &format!("expected at most {MOST_FILES} files"),
            ));
        }
        files.add(entry.map_err(BundleError::unreadable(source))?)?;
    }
    Ok(files.files)
}

struct Found<'a> {
    source: &'a str,
    /// The one leading directory, once a file has said it: empty for none.
    directory: Option<String>,
    files: BTreeMap<String, Bytes>,
}

impl Found<'_> {
    fn add(&mut self, mut entry: Entry<'_, impl Read>) -> Result<(), BundleError> {
        let path = entry.path().map_err(BundleError::unreadable(self.source))?;
        let shown = path.display().to_string();
        let parts = parts(&path);
        match entry.header().entry_type() {
            // Comments of the archive, and directories, which the names of the files tell as well.
            EntryType::XGlobalHeader | EntryType::Directory => return Ok(()),
            EntryType::Regular | EntryType::Continuous => {}
            other => {
                let detail = format!("expected plain files, found {shown} of the type {other:?}");
                return Err(refuse(self.source, &detail));
            }
        }
        let (directory, name) = match parts.as_deref() {
            Some([name]) => (String::new(), name.clone()),
            Some([directory, name]) => (directory.clone(), name.clone()),
            _ => {
                let detail =
                    format!("expected file names with one directory at most, found {shown:?}");
                return Err(refuse(self.source, &detail));
            }
        };
        let known = self.directory.get_or_insert_with(|| directory.clone());
        if *known != directory {
            let detail = format!("expected all files in one directory, found {shown:?} elsewhere");
            return Err(refuse(self.source, &detail));
        }
        if entry.size() > LARGEST_FILE {
            let what = format!("{shown} in {}", self.source);
            let found = entry.size().to_string();
            return Err(BundleError::too_large(&what, LARGEST_FILE, found));
        }
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(BundleError::unreadable(self.source))?;
        if self.files.insert(name, bytes.into()).is_some() {
            let detail = format!("expected each file once, found {shown} twice");
            return Err(refuse(self.source, &detail));
        }
        Ok(())
    }
}

/// The names on a path; `None` where it is not only of names.
fn parts(path: &Path) -> Option<Vec<String>> {
    let named = path
        .components()
        .filter(|part| !matches!(part, Component::CurDir));
    let named = named.map(|part| match part {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    named.collect()
}

fn refuse(source: &str, detail: &str) -> BundleError {
    BundleError::Unreadable {
        file: source.to_owned(),
        detail: detail.to_owned(),
    }
}

/// A reader of so many bytes at most, which tells whether they are used up.
struct Left<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Read for Left<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let room = buffer.len().min(most);
        let read = self.reader.read(&mut buffer[..room])?;
        self.bytes -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
