//! One record: a line of text, a JSON value, or a piece of JSON text that holds one.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::IgnoredAny;

use super::boundary::{Scanner, skip_space};
use super::members::{Fault, Members};
use super::pick::{self, floor_char, no_message};
use super::shelf::Shelf;
use super::{BadRecord, Entry, Limits, Record, RecordId};

/// The record on a line: a JSON object, or the line as it is. Line ends are removed, bytes that
/// are not UTF-8 replaced.
pub fn record_from_line(index: usize, line: &Bytes, limits: &Limits) -> Entry {
    line_record(index, line, limits, &mut Shelf::over(line))
}

/// As [`record_from_line`], of a line of a body.
pub(super) fn line_record(index: usize, line: &[u8], limits: &Limits, shelf: &mut Shelf) -> Entry {
    let line = trim_line_end(line);
    object_on_line(index, line, limits, shelf)
        .unwrap_or_else(|| text_record(index, line, limits, shelf))
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
    shelf: &mut Shelf,
) -> Result<Entry, (usize, String)> {
    let text = to_text(piece.bytes);
    let failed = match read(index, &text, piece, limits, shelf) {
        Ok(entry) => return Ok(entry),
        Err(fault) => describe(&fault, &text, piece),
    };
    // Half a surrogate pair is what remains of an emoji that a sender cut: no reason to lose a log.
    let Some(mended) = without_lone_surrogates(&text) else {
        return Err(failed);
    };
    read(index, &mended, piece, limits, shelf).map_err(|fault| describe(&fault, &mended, piece))
}

fn read<'a>(
    index: usize,
    text: &'a str,
    piece: &Piece<'_>,
    limits: &Limits,
    shelf: &mut Shelf,
) -> Result<Entry, Fault<'a>> {
    let wrong = |error| Fault {
        error,
        fragment: text,
    };
    match text.as_bytes().first() {
        Some(b'{') => {
            let members = Members::of(text)?;
            if piece.depth > limits.json_depth {
                return Ok(too_deep(index, members.id(), piece.offset, limits));
            }
            pick::record(index, members, text, limits, shelf)
        }
        Some(b'"') => {
            let _: IgnoredAny = serde_json::from_str(text).map_err(wrong)?;
            let message = shelf.keep_json(text);
            Ok(string_record(index, &message, limits))
        }
        _ if piece.depth > limits.json_depth => Ok(too_deep(index, None, piece.offset, limits)),
        _ => {
            let _: IgnoredAny = serde_json::from_str(text).map_err(wrong)?;
            let kind = if text.starts_with('[') {
                "an array"
            } else {
                "a bare value"
            };
            Ok(not_a_record(index, kind, piece.offset))
        }
    }
}

fn object_on_line(index: usize, line: &[u8], limits: &Limits, shelf: &mut Shelf) -> Option<Entry> {
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
    record_from_piece(index, &piece, limits, shelf).ok()
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
pub(super) fn text_record(index: usize, line: &[u8], limits: &Limits, shelf: &mut Shelf) -> Entry {
    let mut end = line.len().min(limits.message);
    while end > 0 && end < line.len() && line[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    let message = to_text(&line[..end]);
    if message.trim().is_empty() {
        return no_message(index, None);
    }
    // Replacement characters are longer than the bytes they stand for.
    let kept = floor_char(&message, limits.message);
    Entry::Record(Record {
        index,
        message: shelf.keep(&message[..kept]),
        truncated: kept < message.len() || end < line.len(),
        ..Record::default()
    })
}

fn string_record(index: usize, message: &ByteString, limits: &Limits) -> Entry {
    if message.trim().is_empty() {
        return no_message(index, None);
    }
    let kept = floor_char(message, limits.message);
    Entry::Record(Record {
        index,
        message: message.slice_ref(&message[..kept]),
        truncated: kept < message.len(),
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

fn not_a_record(index: usize, found: &str, offset: usize) -> Entry {
    let detail = format!("expected an object or a string, found {found} at byte {offset}");
    bad(index, "not_a_record", detail)
}

fn too_deep(index: usize, id: Option<RecordId>, offset: usize, limits: &Limits) -> Entry {
    let detail = format!(
        "expected at most {} levels of nesting, found more at byte {offset}; send deep parts as \
         text",
        limits.json_depth
    );
    Entry::Bad(BadRecord {
        index,
        id,
        code: "too_deep",
        detail,
    })
}

/// The parser's words without its line and column, and the place as an offset in the body. The
/// fragment is a part of `text`, which is the piece with what is not UTF-8 replaced.
fn describe(fault: &Fault<'_>, text: &str, piece: &Piece<'_>) -> (usize, String) {
    let Fault { error, fragment } = fault;
    let lines = fragment
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let line: usize = lines.map(str::len).sum();
    let within = (line + error.column().saturating_sub(1)).min(fragment.len());
    let start = fragment.as_ptr().addr() - text.as_ptr().addr();
    let at = piece.offset + place_in_bytes(piece.bytes, start + within);
    let words = error.to_string();
    let words = words
        .rsplit_once(" at line ")
        .map_or(words.as_str(), |(words, _)| words);
    (at, words.to_lowercase())
}

/// The place in the bytes of a place in their text, in which a replacement character stands for
/// one to three bytes.
fn place_in_bytes(bytes: &[u8], at: usize) -> usize {
    let replacement = char::REPLACEMENT_CHARACTER.len_utf8();
    let (mut text, mut raw) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().len();
        if at < text + valid {
            return raw + at - text;
        }
        (text, raw) = (text + valid, raw + valid);
        if at < text + replacement {
            return raw;
        }
        (text, raw) = (text + replacement, raw + chunk.invalid().len());
    }
    raw
}

/// The JSON text with each escape of half a surrogate pair made `\ufffd`, which is as long; `None`
/// where there is none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text
        .as_bytes()
        .get(at..)
        .and_then(|b| memchr::memchr(b'\\', b))
    {
        let escape = at + found;
        at = escape
            + match (unit(text, escape), unit(text, escape + 6)) {
                (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
                (Some(0xd800..0xe000), _) => {
                    mended.push_str(&text[copied..escape]);
                    mended.push_str("\\ufffd");
                    copied = escape + 6;
                    6
                }
                _ => 2,
            };
    }
    (copied > 0).then(|| mended + &text[copied..])
}

/// The code unit that the escape at `at` stands for.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}
