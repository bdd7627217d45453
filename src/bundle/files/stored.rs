//! One file as it is stored, read within its bound: never more than was announced, compressed or not.

use std::fs::File;
use std::io::{Cursor, Read};

use bytes::Bytes;

use super::super::BundleError;
use super::LARGEST_FILE;

/// Largest window of a zstd frame: 8 MiB, what every level up to 19 stays within. A frame that asks for
/// more could take that memory before a byte of it is known.
pub(super) const ZSTD_WINDOW_LOG: u32 = 23;

/// How large a file is allowed to be, uncompressed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    /// As large as the manifest says.
    Exactly(u64),
    /// As large as such a file ever may be.
    Most(u64),
}

impl Bound {
    /// Room for what is there if all is well.
    fn most(self) -> u64 {
        match self {
            Bound::Exactly(size) | Bound::Most(size) => size,
        }
    }

    /// Refuses `size` bytes; `None` is "more than that".
    fn check(self, name: &str, size: Option<u64>) -> Result<(), BundleError> {
        let found = || size.map_or_else(|| "more".to_owned(), |size| size.to_string());
        match self {
            Bound::Exactly(expected) if size != Some(expected) => Err(BundleError::Size {
                file: name.to_owned(),
                expected,
                found: found(),
            }),
            Bound::Most(most) if size.is_none_or(|size| size > most) => {
                Err(BundleError::too_large(name, most, found()))
            }
            _ => Ok(()),
        }
    }
}

/// A file as it is stored.
pub(super) enum Stored {
    Bytes(Bytes),
    /// An open file and its length when it was opened.
    File(File, u64),
}

impl Stored {
    fn length(&self) -> u64 {
        match self {
            Stored::Bytes(bytes) => bytes.len() as u64,
            Stored::File(_, length) => *length,
        }
    }

    /// A file that is stored as it is.
    pub(super) fn read(self, name: &str, bound: Bound) -> Result<Bytes, BundleError> {
        bound.check(name, Some(self.length()))?;
        match self {
            Stored::Bytes(bytes) => Ok(bytes),
            Stored::File(file, length) => take(name, file, bound, length),
        }
    }

    /// A file that is stored compressed.
    pub(super) fn expand(self, name: &str, bound: Bound) -> Result<Bytes, BundleError> {
        // Frames can be empty, so what comes out does not bound what goes in.
        let length = self.length();
        if length > LARGEST_FILE {
            let what = format!("{name}{}", super::COMPRESSED);
            return Err(BundleError::too_large(
                &what,
                LARGEST_FILE,
                length.to_string(),
            ));
        }
        // A claim is no reason to take that much memory before it is met.
        let guess = bound.most().min(length.saturating_mul(8));
        match self {
            Stored::Bytes(bytes) => take(name, decoder(name, Cursor::new(bytes))?, bound, guess),
            Stored::File(file, _) => take(name, decoder(name, file.take(length))?, bound, guess),
        }
    }
}

/// A reader of what is compressed in `reader`, its window bounded.
pub(super) fn decoder<'a>(
    name: &str,
    reader: impl Read + 'a,
) -> Result<impl Read + 'a, BundleError> {
    let mut decoder = zstd::Decoder::new(reader).map_err(BundleError::unreadable(name))?;
    decoder
        .window_log_max(ZSTD_WINDOW_LOG)
        .map_err(BundleError::unreadable(name))?;
    Ok(decoder)
}

/// Reads one byte more than allowed at most, to tell.
fn take(name: &str, reader: impl Read, bound: Bound, guess: u64) -> Result<Bytes, BundleError> {
    let most = bound.most();
    let mut bytes = Vec::with_capacity(usize::try_from(guess.min(most) + 1).unwrap_or(0));
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(BundleError::unreadable(name))?;
    let length = bytes.len() as u64;
    bound.check(name, (length <= most).then_some(length))?;
    Ok(Bytes::from(bytes))
}
