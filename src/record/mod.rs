//! Records: any accepted body becomes a list of entries, good records and explained bad ones.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::parse::Severity;

/// The caller's own name for a record, echoed in its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RecordId {
    /// A whole number, echoed as a number.
    Number(i64),
    /// Anything else, as a string.
    Text(String),
}

/// One log as it came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Place in the request, from 0; answers keep it.
    pub index: usize,
    /// The caller's id, if any.
    pub id: Option<RecordId>,
    /// The text to judge, at most `message_limit` bytes of it.
    pub message: String,
    /// The caller's word on where it comes from.
    pub source: Option<String>,
    /// The caller's timestamp, as given.
    pub timestamp: Option<String>,
    /// The caller's severity.
    pub severity: Option<Severity>,
    /// Every further field, kept for rules.
    pub fields: Map<String, Value>,
    /// True when `message` is only the first part of what came in.
    pub truncated: bool,
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

/// PROVISIONAL until the decoder lands.
#[derive(Clone, Debug)]
pub struct Limits {
    /// bytes
    pub message: usize,
    /// x
    pub json_depth: usize,
    /// x
    pub decompressed: usize,
}
impl Default for Limits {
    fn default() -> Self {
        Limits {
            message: 65536,
            json_depth: 64,
            decompressed: 1 << 26,
        }
    }
}
/// provisional
pub fn record_from_line(index: usize, line: &[u8], _limits: &Limits) -> Entry {
    let text = String::from_utf8_lossy(line);
    let mut record = Record {
        index,
        message: text.to_string(),
        ..Record::default()
    };
    if let Ok(Value::Object(map)) = serde_json::from_str::<Value>(&text) {
        if let Some(m) = map.get("message").and_then(Value::as_str) {
            record.message = m.to_owned();
            record.source = map.get("source").and_then(Value::as_str).map(str::to_owned);
        }
    }
    Entry::Record(record)
}
