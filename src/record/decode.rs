//! Which of the accepted shapes a body has: told by its content type, or found by looking.

use super::boundary::{line_end, skip_space};
use super::one::line_record;
use super::sequence::{Layout, Reader, opens_json};
use super::shelf::Shelf;
use super::{Entry, Limits, Unreadable};
use bytes::Bytes;

/// What to do, for every 400.
const ADVICE: &str =
    "send one json object, an array, {\"logs\":[...]}, one value a line, or plain lines";

/// How to read a body.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Shape {
    /// JSON values, however they follow each other.
    Json,
    /// One JSON value a line.
    JsonLines,
    /// Plain lines; a line that is a JSON object is read as one.
    Text,
    /// Not declared.
    Unknown,
}

/// The records of a body, read one by one as they are asked for.
pub struct Entries<'a>(Source<'a>);

enum Source<'a> {
    Json(Box<Reader<'a>>),
    Text(Lines<'a>),
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        match &mut self.0 {
            Source::Json(reader) => reader.next(),
            Source::Text(lines) => lines.next(),
        }
    }
}

/// The entries of a body, in order, one a record. Records take several times the bytes they come
/// from, so a large body is best read in chunks. Offsets in errors count from the start of `body`,
/// which is decompressed already.
///
/// # Errors
///
/// Where no record at all could be read: an empty body, a body in another encoding, or one of
/// which nothing is valid JSON although its content type says so. An empty array is an empty
/// batch, not an error. Of a content type that [`is_read`] denies, the body itself must tell.
pub fn entries<'a>(
    body: &'a Bytes,
    content_type: Option<&str>,
    limits: &Limits,
) -> Result<Entries<'a>, Unreadable> {
    foreign_encoding(body)?;
    let start = if body.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let first = skip_space(body, start);
    if first == body.len() {
        return Err(unreadable(0, "expected a log record, found an empty body"));
    }
    let shape = shape_of(content_type).unwrap_or(Shape::Unknown);
    if shape == Shape::Text || shape == Shape::Unknown && !opens_json(body, first) {
        let mut lines = Lines {
            rest: Some(&body[start..]),
            index: 0,
            limits: *limits,
            shelf: Shelf::over(body),
        };
        lines.skip_blank();
        if lines.rest.is_none() {
            return Err(unreadable(
                start,
                "expected a log line, found only blank ones",
            ));
        }
        return Ok(Entries(Source::Text(lines)));
    }
    let layout = match shape {
        Shape::Unknown => Layout::Guessed,
        Shape::JsonLines if !is_spread(body, first) => Layout::Lines,
        _ => Layout::Stream,
    };
    // A first reader goes as far as the first record; mostly that is not far.
    let mut probe = Reader::new(body, first, layout, *limits);
    while !probe.readable && probe.next().is_some() {}
    match probe.first_error {
        Some((offset, words)) if !probe.readable => Err(unreadable(
            offset,
            &format!("{words}; no record could be read"),
        )),
        _ => {
            let reader = Reader::new(body, first, layout, *limits);
            Ok(Entries(Source::Json(Box::new(reader))))
        }
    }
}

fn unreadable(offset: usize, words: &str) -> Unreadable {
    Unreadable {
        offset,
        detail: format!("{words}; {ADVICE}"),
    }
}

/// Plain lines; a line that is a JSON object is read as one, blank lines are skipped.
struct Lines<'a> {
    rest: Option<&'a [u8]>,
    index: usize,
    limits: Limits,
    shelf: Shelf,
}

impl Lines<'_> {
    /// Goes on to the next line that is not blank.
    fn skip_blank(&mut self) {
        while let Some(rest) = self.rest {
            let end = line_end(rest, 0);
            if !is_blank(&rest[..end]) {
                return;
            }
            self.rest = rest.get(end + 1..);
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.skip_blank();
        let rest = self.rest?;
        let end = line_end(rest, 0);
        self.rest = rest.get(end + 1..);
        self.index += 1;
        let line = &rest[..end];
        Some(line_record(
            self.index - 1,
            line,
            &self.limits,
            &mut self.shelf,
        ))
    }
}

/// The shape that the content type declares; `None` for a type that is known not to be read, such
/// as a binary one, which must not be judged as if it were text. The types that curl and others
/// send when nobody chose one, and text of other kinds, declare nothing.
fn shape_of(content_type: Option<&str>) -> Option<Shape> {
    let declared = content_type.unwrap_or_default();
    let media = declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    Some(match media.as_str() {
        "application/json" | "text/json" | "application/json-seq" | "application/stream+json" => {
            Shape::Json
        }
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonl"
        | "application/jsonlines"
        | "application/x-jsonlines"
        | "application/json-lines"
        | "text/x-ndjson" => Shape::JsonLines,
        "text/plain" => Shape::Text,
        "" | "application/octet-stream" | "application/x-www-form-urlencoded" => Shape::Unknown,
        other if other.ends_with("+json") => Shape::Json,
        other if other.starts_with("text/") => Shape::Unknown,
        _ => return None,
    })
}

/// Whether bodies of the content type are read, by their type or by their content.
pub fn is_read(content_type: &str) -> bool {
    shape_of(Some(content_type)).is_some()
}

/// True when the first value goes over several lines, whatever the content type says.
fn is_spread(body: &[u8], first: usize) -> bool {
    matches!(body[first..line_end(body, first)].trim_ascii(), b"{" | b"[")
}

/// Blank as `str::trim` sees it: a line of odd spaces is no record.
fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
        || line.len() < 64 && std::str::from_utf8(line).is_ok_and(|text| text.trim().is_empty())
}

/// Bodies that are no UTF-8 text at all get an answer that says what they are.
fn foreign_encoding(body: &[u8]) -> Result<(), Unreadable> {
    let found = match body {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "utf-16; convert the body to utf-8",
        _ if is_unmarked_utf16(body) => "what looks like utf-16; convert the body to utf-8",
        [0x1f, 0x8b, ..] => "gzip data; set content-encoding: gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd data; set content-encoding: zstd",
        _ => return Ok(()),
    };
    Err(Unreadable {
        offset: 0,
        detail: format!("expected utf-8 text, found {found}"),
    })
}

/// ASCII in UTF-16 without its mark: every other byte is zero. A lone NUL among text is not that.
fn is_unmarked_utf16(body: &[u8]) -> bool {
    let head = &body[..body.len().min(16)];
    let zero = |odd: usize| head.iter().skip(odd).step_by(2).all(|c| *c == 0);
    let text = |odd: usize| head.iter().skip(odd).step_by(2).all(|c| *c != 0);
    head.len() >= 8 && (zero(0) && text(1) || zero(1) && text(0))
}
