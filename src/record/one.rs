//! One record: a line of text, a JSON value, or a piece of JSON text that holds one.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::boundary::{Scanner, skip_space};
use super::pick::{self, Members, cut, no_message};
use super::{BadRecord, Entry, Limits, Record};

/// The record on a line: a JSON object, or the line as it is. Line ends are removed, bytes that
/// are not UTF-8 replaced.
pub fn record_from_line(index: usize, line: &[u8], limits: &Limits) -> Entry {
    let line = trim_line_end(line);
    object_on_line(index, line, limits).unwrap_or_else(|| text_record(index, line, limits))
}

/// The record that a value already parsed makes: an object or a string.
pub fn record_from_value(index: usize, value: Value, limits: &Limits) -> Entry {
    if is_deeper(&value, limits.json_depth) {
        let id = match value {
            Value::Object(map) => Members::from(map).id(),
            _ => None,
        };
        return too_deep(index, id, None, limits);
    }
    match value {
        Value::Object(map) => {
            // Kept as text only where no member is a message, which is known at the end.
            let whole = Value::Object(map.clone());
            let found = pick::record(index, Members::from(map), || whole.to_string(), limits);
            found.unwrap_or_else(|error| bad(index, "invalid_json", error.to_string()))
        }
        Value::String(text) => string_record(index, text, limits),
        other => not_a_record(index, kind(&other), None),
    }
}

/// A piece of JSON text at a place in a body.
pub(super) struct Piece<'a> {
    pub bytes: &'a [u8],
    /// Its offset in the body.
    pub offset: usize,
    /// How deep it nests.
    pub depth: usize,
}

/// The record that a piece holds. The offset comes with an entry that is not valid JSON.
pub(super) fn record_from_piece(
    index: usize,
    piece: &Piece<'_>,
    limits: &Limits,
) -> Result<Entry, (usize, String)> {
    let text = to_text(piece.bytes);
    let wrong = |error: &serde_json::Error| describe(error, &text, piece.offset);
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: Members<'_> = serde_json::from_str(&text).map_err(|e| wrong(&e))?;
            if piece.depth > limits.json_depth {
                return Ok(too_deep(index, members.id(), Some(piece.offset), limits));
            }
            pick::record(index, members, || text.to_string(), limits).map_err(|e| wrong(&e))
        }
        Some(b'"') => {
            let message: String = serde_json::from_str(&text).map_err(|e| wrong(&e))?;
            Ok(string_record(index, message, limits))
        }
        _ if piece.depth > limits.json_depth => {
            Ok(too_deep(index, None, Some(piece.offset), limits))
        }
        _ => {
            let _: IgnoredAny = serde_json::from_str(&text).map_err(|e| wrong(&e))?;
            let kind = if text.starts_with('[') {
                "an array"
            } else {
                "a bare value"
            };
            Ok(not_a_record(index, kind, Some(piece.offset)))
        }
    }
}

fn object_on_line(index: usize, line: &[u8], limits: &Limits) -> Option<Entry> {
    let start = skip_space(line, 0);
    if line.get(start) != Some(&b'{') {
        return None;
    }
    let span = Scanner::default().value(line, start).ok()?;
    if skip_space(line, span.end) != line.len() || span.depth > limits.json_depth {
        return None;
    }
    let piece = Piece {
        bytes: &line[start..span.end],
        offset: start,
        depth: span.depth,
    };
    record_from_piece(index, &piece, limits).ok()
}

/// Bytes as text, what is not UTF-8 replaced. The check for the usual case is far quicker than the
/// replacement.
fn to_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The line as a message. What is beyond the limit is not even decoded.
pub(super) fn text_record(index: usize, line: &[u8], limits: &Limits) -> Entry {
    let mut end = line.len().min(limits.message);
    while end > 0 && end < line.len() && line[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    let mut message = to_text(&line[..end]).into_owned();
    if message.trim().is_empty() {
        return no_message(index, None);
    }
    // Replacement characters are longer than the bytes they stand for.
    let truncated = cut(&mut message, limits.message) || end < line.len();
    Entry::Record(Record {
        index,
        message,
        truncated,
        ..Record::default()
    })
}

fn string_record(index: usize, mut message: String, limits: &Limits) -> Entry {
    if message.trim().is_empty() {
        return no_message(index, None);
    }
    let truncated = cut(&mut message, limits.message);
    Entry::Record(Record {
        index,
        message,
        truncated,
        ..Record::default()
    })
}

/// An entry for a record that could not be read.
pub(super) fn bad(index: usize, code: &'static str, detail: String) -> Entry {
    Entry::Bad(BadRecord {
        index,
        id: None,
        code,
        detail,
    })
}

fn not_a_record(index: usize, found: &str, offset: Option<usize>) -> Entry {
    let detail = format!(
        "expected an object or a string, found {found}{}",
        Place(offset)
    );
    bad(index, "not_a_record", detail)
}

fn too_deep(
    index: usize,
    id: Option<super::RecordId>,
    offset: Option<usize>,
    limits: &Limits,
) -> Entry {
    let detail = format!(
        "expected at most {} levels of nesting, found more{}; send deep parts as text",
        limits.json_depth,
        Place(offset)
    );
    Entry::Bad(BadRecord {
        index,
        id,
        code: "too_deep",
        detail,
    })
}

/// ` at byte N`, or nothing where there is no body.
struct Place(Option<usize>);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .map_or(Ok(()), |offset| write!(f, " at byte {offset}"))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(map) => levels == 0 || map.values().any(|item| is_deeper(item, levels - 1)),
        _ => false,
    }
}

/// The parser's words without its line and column, and the place as an offset in the body.
fn describe(error: &serde_json::Error, text: &str, offset: usize) -> (usize, String) {
    let lines = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let line: usize = lines.map(str::len).sum();
    let at = offset + (line + error.column().saturating_sub(1)).min(text.len());
    let words = error.to_string();
    let words = words
        .rsplit_once(" at line ")
        .map_or(words.as_str(), |(words, _)| words);
    (at, words.to_lowercase())
}
