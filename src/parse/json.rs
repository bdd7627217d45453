//! JSON documents: flattened to dotted paths in one pass, without building a tree.
//!
//! Depth, count and path length are bounded, so that a hostile document costs no more than its
//! own length. A document that is cut off (datagrams and limits do that) keeps what was read.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::known::Known;
use super::scan::{closing_quote, unescape};
use super::{Fields, Format, Parsed};

/// Values deeper than this are passed over.
const MAX_DEPTH: usize = 64;
/// Open objects and arrays for which no room has to be made.
const USUAL_DEPTH: usize = 8;
/// Fields beyond this are passed over.
const MAX_FIELDS: usize = 512;
/// A path longer than this is not kept: nested long keys would multiply the document's size.
const MAX_PATH: usize = 256;
/// Keys whose text may be a JSON document of its own.
const MESSAGE_KEYS: [&str; 8] = [
    "message",
    "msg",
    "log",
    "@message",
    "_raw",
    "body",
    "event.original",
    "MESSAGE",
];

/// The document that `text` is, if it is one: an object, or an array of objects.
pub(super) fn parse(text: &str) -> Option<Parsed<'_>> {
    if !looks_like_json(text.as_bytes()) {
        return None;
    }
    let mut reader = Reader::new(text, true);
    let end = reader.run();
    let whole = match end {
        End::Complete => text.as_bytes()[reader.at..]
            .iter()
            .all(u8::is_ascii_whitespace),
        End::CutOff => !reader.fields.is_empty(),
        End::Broken => false,
    };
    if !whole {
        return None;
    }
    let severity = reader.known.severity();
    let source = reader
        .known
        .source()
        .map(|place| reader.fields[place].1.clone());
    Some(Parsed {
        format: Format::Json,
        source,
        severity,
        body: text,
        fields: reader.fields,
    })
}

/// A cheap look, so that `[error] ...` and `{main} ...` do not start a reader.
fn looks_like_json(b: &[u8]) -> bool {
    let mut words = b.iter().filter(|c| !c.is_ascii_whitespace());
    match (words.next(), words.next()) {
        (Some(b'{'), Some(b'"' | b'}')) => true,
        (Some(b'['), Some(b'{')) => matches!(words.next(), Some(b'"' | b'}')),
        _ => false,
    }
}

/// How reading ended.
enum End {
    Complete,
    /// The text ends inside the document.
    CutOff,
    /// Something that JSON does not allow.
    Broken,
}

/// An object or array that is open.
struct Frame {
    object: bool,
    /// Length of the path that leads to it.
    path: usize,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// What leads to the value being read, apart from `top`.
    path: String,
    /// The key of an outermost member, where it could be borrowed: it is put into the path only when
    /// something is nested under it.
    top: Option<&'a str>,
    stack: SmallVec<[Frame; USUAL_DEPTH]>,
    fields: Fields<'a>,
    known: Known,
    /// True while a message that is itself JSON may be read: one level only.
    nested: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, nested: bool) -> Reader<'a> {
        Reader {
            text,
            at: 0,
            path: String::new(),
            top: None,
            stack: SmallVec::new(),
            fields: Fields::new(),
            known: Known::default(),
            nested,
        }
    }

    fn run(&mut self) -> End {
        loop {
            let opened = match self.value() {
                Ok(opened) => opened,
                Err(end) => return end,
            };
            match self.next(opened) {
                Ok(true) => {}
                Ok(false) => return End::Complete,
                Err(end) => return end,
            }
        }
    }

    /// Reads one scalar, or opens an object or array (then answers true).
    fn value(&mut self) -> Result<bool, End> {
        match self.peek()? {
            open @ (b'{' | b'[') => {
                self.at += 1;
                if let Some(top) = self.top.take() {
                    self.path.push_str(top);
                }
                self.stack.push(Frame {
                    object: open == b'{',
                    path: self.path.len(),
                });
                return Ok(true);
            }
            b'"' => {
                let raw = self.string()?;
                self.emit_text(unescape(raw));
            }
            _ => {
                let scalar = self.scalar()?;
                if scalar != "null" {
                    self.emit(Cow::Borrowed(scalar));
                }
            }
        }
        Ok(false)
    }

    /// Goes on to the next value; false when the outermost value has ended.
    fn next(&mut self, mut opened: bool) -> Result<bool, End> {
        loop {
            let Some(frame) = self.stack.last() else {
                return Ok(false);
            };
            let (object, path) = (frame.object, frame.path);
            self.path.truncate(path);
            let close = if object { b'}' } else { b']' };
            let next = self.peek()?;
            if next == close {
                self.at += 1;
                self.stack.pop();
                opened = false;
                continue;
            }
            if !opened {
                if next != b',' {
                    return Err(End::Broken);
                }
                self.at += 1;
            }
            if object {
                self.key()?;
            }
            return Ok(true);
        }
    }

    /// Reads `"key":` and adds it to the path.
    fn key(&mut self) -> Result<(), End> {
        if self.peek()? != b'"' {
            return Err(End::Broken);
        }
        let raw = self.string()?;
        if self.peek()? != b':' {
            return Err(End::Broken);
        }
        self.at += 1;
        let key = unescape(raw);
        if self.path.is_empty() {
            self.top = matches!(key, Cow::Borrowed(_)).then_some(raw);
            if self.top.is_some() {
                return Ok(());
            }
        } else {
            self.path.push('.');
        }
        // A path past the bound is not used; what is added only has to keep it past the bound.
        if self.path.len() <= MAX_PATH {
            self.path.push_str(&key);
        }
        Ok(())
    }

    /// The next byte that is not white space; `at` is then its place.
    fn peek(&mut self) -> Result<u8, End> {
        let rest = &self.text.as_bytes()[self.at..];
        let skip = rest
            .iter()
            .take_while(|c| matches!(c, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.at += skip;
        rest.get(skip).copied().ok_or(End::CutOff)
    }

    /// The text between the quotes at `at`, escapes as they stand.
    fn string(&mut self) -> Result<&'a str, End> {
        let rest = &self.text[self.at..];
        let close = closing_quote(rest.as_bytes()).ok_or(End::CutOff)?;
        self.at += close + 1;
        Ok(&rest[1..close])
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<&'a str, End> {
        let rest = &self.text[self.at..];
        let sign = |c: &u8| matches!(c, b'+' | b'-' | b'.');
        let len = rest
            .bytes()
            .take_while(|c| c.is_ascii_alphanumeric() || sign(c))
            .count();
        let word = &rest[..len];
        if len == rest.len() && len > 0 {
            return Err(End::CutOff);
        }
        let number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if !number && !matches!(word, "true" | "false" | "null") {
            return Err(End::Broken);
        }
        self.at += len;
        Ok(word)
    }

    fn emit_text(&mut self, value: Cow<'a, str>) {
        let inner = self.nested
            && value.starts_with('{')
            && MESSAGE_KEYS.contains(&self.name())
            && self.emit_inner(&value);
        if !inner {
            self.emit(value);
        }
    }

    /// Flattens a message that is a JSON document, its fields under the message's own path: text
    /// that somebody else wrote into a message cannot pass for a field of the document.
    fn emit_inner(&mut self, value: &str) -> bool {
        let mut inner = Reader::new(value, false);
        if !matches!(inner.run(), End::Complete) {
            return false;
        }
        for (name, value) in inner.fields {
            let name = format!("{}.{name}", self.name());
            if self.fields.len() >= MAX_FIELDS {
                break;
            }
            self.fields
                .push((Cow::Owned(name), Cow::Owned(value.into_owned())));
        }
        if let Some(severity) = inner.known.severity() {
            self.known.raise(severity);
        }
        true
    }

    /// The dotted path of the value being read.
    fn name(&self) -> &str {
        self.top.unwrap_or(&self.path)
    }

    fn emit(&mut self, value: Cow<'a, str>) {
        let room = self.fields.len() < MAX_FIELDS && self.stack.len() <= MAX_DEPTH;
        if !room || self.name().len() > MAX_PATH {
            return;
        }
        let name = match self.top {
            Some(top) => Cow::Borrowed(top),
            None => Cow::Owned(self.path.clone()),
        };
        self.known.see(self.fields.len(), &name, &value);
        self.fields.push((name, value));
    }
}
