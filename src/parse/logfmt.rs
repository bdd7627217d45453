//! logfmt: the whole line is `key=value` pairs, values quoted where they hold blanks.

use std::borrow::Cow;

use super::cef::MAX_FIELDS;
use super::known::Known;
use super::scan::{closing_quote, unescape};
use super::{Fields, Format, Parsed};

/// The pairs of a line that is made of at least two of them and of nothing else.
pub(super) fn parse(text: &str) -> Option<Parsed<'_>> {
    let fields = pairs(text)?;
    if fields.len() < 2 {
        return None;
    }
    let mut known = Known::default();
    for (place, (name, value)) in fields.iter().enumerate() {
        known.see(place, name, value);
    }
    let severity = known.severity();
    let source = known.source().map(|place| fields[place].1.clone());
    Some(Parsed {
        format: Format::Logfmt,
        source,
        severity,
        body: text,
        fields,
    })
}

/// All pairs of `text`, or `None` where anything else stands among them.
pub(super) fn pairs(text: &str) -> Option<Fields<'_>> {
    let mut fields = Fields::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let key = key_len(rest.as_bytes());
        if key == 0 || rest.as_bytes().get(key) != Some(&b'=') {
            return None;
        }
        let (value, len) = value(&rest[key + 1..])?;
        if fields.len() < MAX_FIELDS {
            fields.push((Cow::Borrowed(&rest[..key]), value));
        }
        rest = &rest[key + 1 + len..];
        let next = rest.trim_start();
        if next.len() == rest.len() && !next.is_empty() {
            return None;
        }
        rest = next;
    }
    Some(fields)
}

fn key_len(b: &[u8]) -> usize {
    if !b
        .first()
        .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, b'_' | b'@'))
    {
        return 0;
    }
    let sign = |c: &u8| matches!(c, b'_' | b'.' | b'-' | b'/' | b'@' | b'[' | b']');
    b.iter()
        .take_while(|c| c.is_ascii_alphanumeric() || sign(c))
        .count()
}

/// The value at the start of `text`, without its quotes, and the bytes it takes. Single quotes
/// count too: audit records have them around a group of pairs.
fn value(text: &str) -> Option<(Cow<'_, str>, usize)> {
    let b = text.as_bytes();
    if let Some(b'"' | b'\'') = b.first() {
        let end = closing_quote(b)?;
        return Some((unescape(&text[1..end]), end + 1));
    }
    let len = b
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(b.len());
    Some((Cow::Borrowed(&text[..len]), len))
}
