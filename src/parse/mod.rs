//! From a message to what its header says: format, source, severity, body and fields.
//!
//! Hand-written scanners, one file a format, because they borrow from the message and run in
//! linear time whatever the message holds. Only what stands in a header's place is believed:
//! text that a visitor can choose must not pass for a level or a program.

mod access;
mod cef;
mod json;
mod klog;
pub(crate) mod known;
mod leef;
mod logfmt;
mod plain;
mod rfc5424;
mod scale;
pub(crate) mod scan;
mod severity;
mod syslog;
#[cfg(test)]
mod tests;
mod vendor;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use utoipa::ToSchema;

/// Severity on the syslog scale (RFC 5424 section 6.2.1): 0 emergency to 7 debug.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct Severity(u8);

impl Severity {
    /// From a number of the syslog scale; `None` above 7.
    pub fn new(level: u8) -> Option<Severity> {
        (level <= 7).then_some(Severity(level))
    }

    /// 0 (emergency) to 7 (debug).
    pub fn level(self) -> u8 {
        self.0
    }
}

/// What shape a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Free text, perhaps with a level token.
    Plain,
    /// RFC 5424 or RFC 3164, with free text inside.
    Syslog,
    /// ArcSight common event format.
    Cef,
    /// QRadar log event extended format.
    Leef,
    /// A JSON object.
    Json,
    /// key=value pairs.
    Logfmt,
    /// Apache or nginx access line.
    Access,
    /// Kubernetes component log.
    Klog,
}

/// Named values of a message: dotted JSON paths, CEF keys, header parts. One name may occur often.
pub type Fields<'a> = SmallVec<[Field<'a>; USUAL_FIELDS]>;
/// A field's name and value.
pub type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Fields for which no room has to be made.
const USUAL_FIELDS: usize = 16;

/// What a message's header says, and what is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<'a> {
    /// The innermost format recognised.
    pub format: Format,
    /// Program, product or logger that wrote it.
    pub source: Option<Cow<'a, str>>,
    /// The most severe level that header and body state.
    pub severity: Option<Severity>,
    /// The message without its transport header; never empty unless the message is.
    pub body: &'a str,
    /// Named values, in the order found.
    pub fields: Fields<'a>,
}

/// What of a header the models see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The innermost format recognised.
    pub format: Format,
    /// The most severe level that header and body state.
    pub severity: Option<Severity>,
}

impl Parsed<'_> {
    /// What of it the models see beside the body.
    pub fn header(&self) -> Header {
        Header {
            format: self.format,
            severity: self.severity,
        }
    }
}

/// White space, NUL padding and byte-order marks around a message mean nothing.
fn is_padding(c: char) -> bool {
    c.is_whitespace() || c == '\0' || c == '\u{feff}'
}

/// Reads the header of a message: never fails, since what nobody knows is plain text.
///
/// A syslog message that holds another format is read one level deeper: `format` is then the
/// inner one, `body` the syslog message, `severity` the more severe of both.
pub fn parse(message: &str) -> Parsed<'_> {
    let text = message.trim_matches(is_padding);
    if text.is_empty() {
        return plain_text(message);
    }
    let mut parsed = match syslog::header(text) {
        Some(header) => enveloped(header),
        None => match container_line(text) {
            Some(rest) => document(rest),
            None => document(text),
        },
    };
    if parsed.body.trim_matches(is_padding).is_empty() {
        parsed.body = text;
    }
    parsed
}

fn plain_text(body: &str) -> Parsed<'_> {
    Parsed {
        format: Format::Plain,
        source: None,
        severity: None,
        body,
        fields: Fields::new(),
    }
}

/// What a syslog header and the message under it say together.
fn enveloped(header: syslog::Header<'_>) -> Parsed<'_> {
    let mut inner = document(event_in(header.rest, header.source.is_some()));
    if inner.format == Format::Plain {
        inner.format = Format::Syslog;
    }
    inner.severity = severity::more_severe(header.severity, inner.severity);
    // An event names its product; otherwise the program that syslog names is the better word.
    if header.source.is_some() && !matches!(inner.format, Format::Cef | Format::Leef) {
        inner.source = header.source;
    }
    let mut fields = header.fields;
    fields.append(&mut inner.fields);
    inner.fields = fields;
    inner
}

/// The event in a syslog message that words without a colon precede (some relays put the product
/// there), or behind the cookie that marks JSON. A program's own text is not searched: words that
/// a visitor chose could then pass for an event.
fn event_in(text: &str, has_program: bool) -> &str {
    let text = text.strip_prefix("@cee:").map_or(text, str::trim_start);
    if has_program {
        return text;
    }
    let mut rest = text;
    for _ in 0..4 {
        if rest.starts_with("CEF:") || rest.starts_with("LEEF:") {
            return rest;
        }
        match rest.split_once(' ') {
            Some((word, tail)) if !word.contains([':', '=', '"']) => rest = tail.trim_start(),
            _ => break,
        }
    }
    text
}

/// The line that a container runtime wraps: `TIMESTAMP stdout|stderr F|P line`.
fn container_line(text: &str) -> Option<&str> {
    let time = scan::iso_time(text.as_bytes())?;
    let rest = text[time.len..].strip_prefix(" std")?;
    let rest = rest
        .strip_prefix("out ")
        .or_else(|| rest.strip_prefix("err "))?;
    let rest = rest
        .strip_prefix("F ")
        .or_else(|| rest.strip_prefix("P "))?;
    (!rest.trim().is_empty()).then_some(rest)
}

/// Reads text that has no transport header. Its first byte tells which formats to try.
fn document(text: &str) -> Parsed<'_> {
    let special = match text.as_bytes().first() {
        Some(b'{' | b'[') => json::parse(text),
        Some(b'C') => cef::parse(text),
        Some(b'L') => leef::parse(text),
        Some(b'I' | b'W' | b'E' | b'F') => klog::parse(text),
        _ => None,
    };
    special
        .or_else(|| logfmt::parse(text))
        .or_else(|| access::parse(text))
        .unwrap_or_else(|| plain::parse(text))
}
