//! Syslog headers: RFC 3164 with and without a priority, and what daemons and relays make of it;
//! RFC 5424 has its own file.
//!
//! Without a priority the header has to prove itself (timestamp and tag), because a plain
//! application line starts with a timestamp too.

use std::borrow::Cow;

use super::scan::{blanks, bsd_time, digits, from, iso_time, skip_blanks};
use super::{Fields, Severity};
use super::{rfc5424, vendor};

/// Longest program name that is taken for a tag.
const LONGEST_TAG: usize = 64;
/// Longest host name (RFC 5424 section 6).
pub(super) const LONGEST_HOST: usize = 255;

/// What a syslog header says.
#[derive(Default)]
pub(super) struct Header<'a> {
    /// From the priority, or from a mnemonic that carries a level.
    pub severity: Option<Severity>,
    /// The program.
    pub source: Option<Cow<'a, str>>,
    /// Header parts and structured data.
    pub fields: Fields<'a>,
    /// The message after the header.
    pub rest: &'a str,
}

impl<'a> Header<'a> {
    pub(super) fn push(&mut self, name: &'static str, value: &'a str) {
        if !value.is_empty() && value != "-" {
            self.fields
                .push((Cow::Borrowed(name), Cow::Borrowed(value)));
        }
    }

    fn program(&mut self, tag: &Tag<'a>) {
        let name = tag.name;
        let short = if name.starts_with('/') {
            name.rsplit('/').next()
        } else {
            None
        };
        self.source = Some(Cow::Borrowed(
            short.filter(|s| !s.is_empty()).unwrap_or(name),
        ));
        self.push("appname", name);
        self.push("procid", tag.pid);
        self.rest = tag.rest;
    }
}

/// The header that `text` starts with, if it has one.
pub(super) fn header(text: &str) -> Option<Header<'_>> {
    let first = *text.as_bytes().first()?;
    if !(first == b'<' || first.is_ascii_alphanumeric() || matches!(first, b'(' | b'_' | b'/')) {
        return None;
    }
    let mut header = match priority(skip_frame_length(text)) {
        Some((severity, rest)) => {
            let rest = skip_blanks(rest);
            let mut header = rfc5424::header(rest)
                .or_else(|| dated(rest, true))
                .unwrap_or_else(|| bare(rest));
            header.severity = Some(severity);
            header
        }
        None => rfc5424::header(text)
            .or_else(|| dated(text, false))
            .or_else(|| tag_alone(text))?,
    };
    vendor::kernel_stamp(&mut header);
    vendor::mnemonic(&mut header);
    Some(header)
}

/// RFC 6587 puts the length of a frame before it.
fn skip_frame_length(text: &str) -> &str {
    let n = digits(text.as_bytes());
    match text[n..].strip_prefix(' ') {
        Some(frame) if (1..=6).contains(&n) && frame.starts_with('<') => frame,
        _ => text,
    }
}

/// `<PRI>`: facility times eight plus severity, at most 191.
fn priority(text: &str) -> Option<(Severity, &str)> {
    let rest = text.strip_prefix('<')?;
    let n = digits(rest.as_bytes());
    if !(1..=3).contains(&n) {
        return None;
    }
    let value: u16 = rest[..n].parse().ok()?;
    let rest = rest[n..].strip_prefix('>')?;
    let severity = Severity::new(u8::try_from(value % 8).ok()?)?;
    (value <= 191).then_some((severity, rest))
}

/// How sure a timestamp makes us that a syslog header follows.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Proof {
    /// A priority: whatever follows is a header.
    Priority,
    /// The timestamp of RFC 3164, or the precise form that syslog daemons write.
    Timestamp,
    /// A timestamp that applications write as well: a tag has to come with a process id, or a
    /// host has to look like one.
    Weak,
    /// A timestamp with a blank in it, which is mostly an application's: only a tag with a process
    /// id counts.
    Weakest,
}

/// `TIMESTAMP [HOST] [TAG[pid]:] message`.
fn dated(text: &str, priority: bool) -> Option<Header<'_>> {
    let start = if priority {
        sequence_number(text)
    } else {
        text
    };
    let b = start.as_bytes();
    let (len, proof) = match bsd_time(b) {
        Some(len) => (len, Proof::Timestamp),
        None => {
            let time = iso_time(b)?;
            let proof = match (time.precise, b[10]) {
                (true, _) => Proof::Timestamp,
                (_, b'T') => Proof::Weak,
                _ => Proof::Weakest,
            };
            (time.len, proof)
        }
    };
    let proof = if priority { Proof::Priority } else { proof };
    let mut rest = &start[len..];
    rest = rest.strip_prefix(':').unwrap_or(rest);
    if !rest.is_empty() && blanks(rest.as_bytes()) == 0 {
        return None;
    }
    after_timestamp(skip_blanks(rest), proof)
}

/// Cisco counts its messages (`123: `) and marks clocks that are not in step (`*`, `.`).
fn sequence_number(text: &str) -> &str {
    let n = digits(text.as_bytes());
    let rest = match text[n..].strip_prefix(": ") {
        Some(rest) if n > 0 => rest.trim_start(),
        _ => text,
    };
    rest.trim_start_matches(['*', '.'])
}

fn after_timestamp(rest: &str, proof: Proof) -> Option<Header<'_>> {
    let mut header = Header {
        rest,
        ..Header::default()
    };
    if vendor::starts_event(rest) {
        return Some(header);
    }
    if let Some(tag) = tag(rest) {
        if proof >= Proof::Weak && tag.pid.is_empty() {
            return None;
        }
        if vendor::is_mnemonic(tag.rest) && tag.pid.is_empty() {
            // `host: %ASA-...`: the word before the mnemonic is the device.
            header.push("hostname", tag.name);
            header.rest = tag.rest;
        } else {
            header.program(&tag);
        }
        return Some(header);
    }
    let (host, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    if !is_host(host) {
        return (proof == Proof::Priority).then_some(header);
    }
    let tail = skip_blanks(tail);
    if vendor::starts_event(tail) {
        header.push("hostname", host);
        header.rest = tail;
        return Some(header);
    }
    match tag(tail).or_else(|| tag_after_second_host(host, tail)) {
        Some(tag)
            if !tag.pid.is_empty()
                || proof < Proof::Weak
                || proof == Proof::Weak && looks_like_device(host) =>
        {
            header.push("hostname", host);
            header.program(&tag);
        }
        Some(_) => return None,
        None if looks_like_device(host) && proof < Proof::Weak => {
            header.push("hostname", host);
            header.rest = tail;
        }
        None if proof == Proof::Priority => {}
        None => return None,
    }
    Some(header)
}

/// Relays put their own host before the one that is there. An ordinary word is no second host: a
/// name that follows it could then pass for a program.
fn tag_after_second_host<'a>(first: &str, text: &'a str) -> Option<Tag<'a>> {
    let (host, tail) = text.split_once(' ')?;
    let is_second = is_host(host) && (host == first || looks_like_device(host));
    tag(tail).filter(|tag| is_second && !tag.pid.is_empty() && tag.colon)
}

/// A priority and no timestamp: perhaps a tag, perhaps nothing.
fn bare(rest: &str) -> Header<'_> {
    let mut header = Header {
        rest,
        ..Header::default()
    };
    if vendor::starts_event(rest) {
        return header;
    }
    if let Some(tag) = tag(rest) {
        header.program(&tag);
    }
    header
}

/// `sshd[123]: message` with nothing before it, as journal viewers and relays print it.
fn tag_alone(text: &str) -> Option<Header<'_>> {
    let tag = tag(text)?;
    if tag.pid.is_empty() || digits(tag.pid.as_bytes()) != tag.pid.len() || !tag.colon {
        return None;
    }
    let mut header = Header::default();
    header.program(&tag);
    Some(header)
}

struct Tag<'a> {
    name: &'a str,
    pid: &'a str,
    colon: bool,
    rest: &'a str,
}

/// `name: `, `name[pid]: ` or `name[pid] ` at the start. A level word is no program.
fn tag(text: &str) -> Option<Tag<'_>> {
    let b = text.as_bytes();
    let sign = |c: &u8| {
        matches!(
            c,
            b'_' | b'-' | b'.' | b'/' | b'(' | b')' | b'@' | b'+' | b'*' | b'#'
        )
    };
    let len = b
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || sign(c))
        .count();
    let named = b[..len].iter().any(u8::is_ascii_alphabetic);
    if !(1..=LONGEST_TAG).contains(&len)
        || !named
        || Severity::from_level_word(&text[..len]).is_some()
    {
        return None;
    }
    let mut at = len;
    let mut pid = "";
    if b.get(at) == Some(&b'[') {
        let close = memchr::memchr(b']', &b[at..b.len().min(at + LONGEST_TAG)])?;
        pid = &text[at + 1..at + close];
        at += close + 1;
    }
    let colon = b.get(at) == Some(&b':');
    at += usize::from(colon);
    let ends = matches!(b.get(at), None | Some(b' ' | b'\t'));
    let numeric = !pid.is_empty() && digits(pid.as_bytes()) == pid.len();
    if !ends || !(colon || numeric) {
        return None;
    }
    Some(Tag {
        name: &text[..len],
        pid,
        colon,
        rest: skip_blanks(&text[at..]),
    })
}

/// A word that may be a host name or an address, and is no level.
fn is_host(word: &str) -> bool {
    let sign = |c: u8| matches!(c, b'.' | b':' | b'-' | b'_' | b'/' | b'@' | b'%');
    let shape = (1..=LONGEST_HOST).contains(&word.len())
        && word.bytes().all(|c| c.is_ascii_alphanumeric() || sign(c));
    shape && Severity::from_level_word(word.trim_end_matches(':')).is_none()
}

/// Addresses, numbered and dotted names: words that ordinary text does not start with.
fn looks_like_device(host: &str) -> bool {
    let lower = || host.bytes().all(|c| !c.is_ascii_uppercase());
    let upper = || host.bytes().all(|c| !c.is_ascii_lowercase());
    !host.ends_with([':', '.'])
        && (host.bytes().any(|c| c.is_ascii_digit())
            || host.contains('.')
            || host.contains(['-', '_']) && (lower() || upper()))
        && from(host.as_bytes(), 0)
            .first()
            .is_some_and(|c| c.is_ascii_alphanumeric() || *c == b':')
}
