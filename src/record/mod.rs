//! Records: any accepted body becomes a list of entries, good records and explained bad ones.

mod boundary;
mod decode;
mod decompress;
mod keep;
mod members;
mod one;
mod pick;
mod repair;
mod sequence;
mod shelf;
#[cfg(test)]
mod tests;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub use decode::{Entries, entries, is_read};
pub use decompress::{DecompressError, decompress};
pub use one::record_from_line;

use crate::parse::Severity;

/// The caller's own name for a record, echoed in its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RecordId {
    /// A whole number, echoed as a number.
    Number(i64),
    /// Anything else, as a string.
    #[schema(value_type = String)]
    Text(ByteString),
}

/// One log as it came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Place in the request, from 0; answers keep it.
    pub index: usize,
    /// The caller's id, if any.
    pub id: Option<RecordId>,
    /// The text to judge, at most `message_limit` bytes of it.
    pub message: ByteString,
    /// The caller's word on where it comes from.
    pub source: Option<ByteString>,
    /// The caller's timestamp, as given.
    pub timestamp: Option<ByteString>,
    /// The caller's severity.
    pub severity: Option<Severity>,
    /// The further fields, kept for rules: at most 512 values, and `message_limit` bytes of text.
    pub fields: Map<String, Value>,
    /// True when something of the record was cut or left out.
    pub truncated: bool,
}

impl Record {
    /// About how many bytes its fields take beside their text.
    pub fn fields_room(&self) -> usize {
        keep::room(&self.fields)
    }
}

/// Why a record could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRecord {
    /// Place in the request, from 0.
    pub index: usize,
    /// The caller's id, where it could be read.
    pub id: Option<RecordId>,
    /// Stable code: `invalid_json`, `no_message`, `too_deep`, `not_a_record`.
    pub code: &'static str,
    /// What was expected, what was found, and where (byte offset in the decompressed body).
    pub detail: String,
}

/// One place in a request's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A record to judge.
    Record(Record),
    /// A record that could not be read.
    Bad(BadRecord),
}

/// Bounds on what a body may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body after decompression.
    pub decompressed: usize,
    /// Bytes of a message; longer ones are cut and flagged.
    pub message: usize,
    /// How deep JSON may nest.
    pub json_depth: usize,
}

impl Default for Limits {
    /// 64 MiB, 64 KiB, 64 levels.
    fn default() -> Limits {
        Limits {
            decompressed: 64 << 20,
            message: 64 << 10,
            json_depth: 64,
        }
    }
}

/// A body of which no record could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail} (at byte {offset})")]
pub struct Unreadable {
    /// Where reading failed, in bytes of the decompressed body.
    pub offset: usize,
    /// What was expected, what was found, and what to do.
    pub detail: String,
}
