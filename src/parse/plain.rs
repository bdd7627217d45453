//! Free text: a level token where loggers put it.
//!
//! Only the header part of a line is searched: timestamps, bracketed groups, process ids and
//! logger names may stand before the level, ordinary words may not. Text that a visitor chose
//! comes after that part, so it cannot state a level.

use std::borrow::Cow;

use super::scan::{blanks, digits, from, timestamp};
use super::vendor::without_kernel_stamp;
use super::{Parsed, Severity};

/// How many bytes, and how many words and groups, a header has at most.
const HEAD_BYTES: usize = 240;
const HEAD_PARTS: usize = 14;
/// Longest bracketed group that is looked into.
const GROUP_BYTES: usize = 120;

/// The text as it is, with the level that its header states.
pub(super) fn parse(text: &str) -> Parsed<'_> {
    let mut parsed = super::plain_text(text);
    if let Some(rest) = without_kernel_stamp(text) {
        parsed.body = rest;
        parsed.source = Some(Cow::Borrowed("kernel"));
        return parsed;
    }
    parsed.severity = redis_level(text).or_else(|| level(text));
    parsed
}

/// What the scan has met so far.
#[derive(Default)]
struct Header {
    /// A timestamp stands before this place.
    dated: bool,
    /// Ordinary words passed: one is let through after a timestamp (a host or a program).
    words: usize,
    /// The last word passed ended in a colon, as a category does.
    category: bool,
    /// Plain numbers passed (process and thread ids).
    numbers: usize,
}

/// The level that the header part of a line states.
fn level(text: &str) -> Option<Severity> {
    let text = head(text);
    let b = text.as_bytes();
    let mut header = Header::default();
    let mut at = 0;
    for _ in 0..HEAD_PARTS {
        at += b[at..].iter().take_while(|c| is_separator(**c)).count();
        let rest = &text[at..];
        if let Some(len) = timestamp(rest.as_bytes()) {
            header.dated = true;
            at += len;
            continue;
        }
        let step = match rest.as_bytes().first()? {
            b'[' | b'(' | b'{' | b'<' => group(rest, &mut header),
            _ => word(rest, &mut header),
        };
        match step {
            Step::Level(severity) => return Some(severity),
            Step::Skip(len) => at += len,
            Step::Stop => return None,
        }
    }
    None
}

/// The first bytes of the text, cut at a char boundary.
fn head(text: &str) -> &str {
    let mut end = text.len().min(HEAD_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn is_separator(c: u8) -> bool {
    matches!(
        c,
        b' ' | b'\t' | b'|' | b'-' | b':' | b',' | b'*' | b']' | b'=' | b';'
    )
}

enum Step {
    Level(Severity),
    /// Part of a header: go on this many bytes further.
    Skip(usize),
    /// The message itself has begun.
    Stop,
}

/// A group in brackets: a level, or header matter such as a thread, a logger or an address.
fn group(rest: &str, header: &mut Header) -> Step {
    let close = match rest.as_bytes()[0] {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        _ => b'>',
    };
    let b = rest.as_bytes();
    let Some(end) = memchr::memchr(close, &b[..b.len().min(GROUP_BYTES)]) else {
        return Step::Stop;
    };
    let inside = &rest[1..end];
    match group_level(inside) {
        Some(severity) => Step::Level(severity),
        None => {
            header.dated |= timestamp(inside.trim_start().as_bytes()).is_some();
            Step::Skip(end + 1)
        }
    }
}

/// `ERROR`, `E`, `core:error`, `:error`, `TIMESTAMP ERROR module`, `TIMESTAMP: WARNING/MainProcess`.
fn group_level(inside: &str) -> Option<Severity> {
    let inside = inside.trim();
    if let [letter] = inside.as_bytes() {
        return Severity::from_letter(*letter);
    }
    if let Some(severity) = Severity::from_level_word(inside) {
        return Some(severity);
    }
    if let Some(len) = timestamp(inside.as_bytes()) {
        let rest = inside[len..].trim_start_matches([' ', ':', ',', '\t']);
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        return Severity::from_level_word(&rest[..end]);
    }
    // Erlang's `[module:level,timestamp,...` goes on after a comma.
    let inside = inside.split_once(',').map_or(inside, |(first, _)| first);
    let (module, word) = inside.rsplit_once(':')?;
    if module.contains(' ') {
        None
    } else {
        Severity::from_level_word(word)
    }
}

/// A word up to a blank, a bar or an opening bracket.
fn word(rest: &str, header: &mut Header) -> Step {
    let b = rest.as_bytes();
    let len = b
        .iter()
        .position(|c| matches!(c, b' ' | b'\t' | b'|' | b'['))
        .unwrap_or(b.len());
    let whole = &rest[..len];
    let after = from(b, len);
    if let Some(severity) = word_level(whole, after, header) {
        return Step::Level(severity);
    }
    if is_number(whole) {
        header.numbers += 1;
        return Step::Skip(len);
    }
    if is_header_word(whole, after) {
        return Step::Skip(len);
    }
    header.words += 1;
    header.category = whole.ends_with(':');
    if header.dated && header.words == 1 {
        Step::Skip(len)
    } else {
        Step::Stop
    }
}

/// The level that a word states, given where it stands.
fn word_level(whole: &str, after: &[u8], header: &Header) -> Option<Severity> {
    let end = whole
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(whole.len());
    let (first, tail) = whole.split_at(end);
    if let Some(value) = tail.strip_prefix('=') {
        return key_level(first, value);
    }
    let Some(severity) = Severity::from_level_word(first) else {
        return indirect_level(whole, after, header);
    };
    let upper = first.bytes().all(|c| !c.is_ascii_lowercase());
    let marked = tail.starts_with([':', '/', ']', '!', ',']);
    let alone = tail.is_empty();
    let columns = matches!(after.first(), None | Some(b'\t' | b'|')) || after.starts_with(b"  ");
    let fatal = first.eq_ignore_ascii_case("fatal") && after.starts_with(b" error");
    // `LOG`, `NOTE` and the like are ordinary words unless a colon marks them.
    let sure = !matches!(first, "LOG" | "NOTE" | "FINE" | "log" | "note" | "fine");
    let passes = if header.words > 0 {
        // Behind a word that may be anybody's, small letters can only raise.
        upper && (marked || alone) || header.category && marked && severity <= Severity::WARNING
    } else {
        marked || fatal || alone && sure && (upper || header.dated || columns)
    };
    passes.then_some(severity)
}

/// `level=error`, also in the middle of a line that is logfmt only in its first part.
fn key_level(key: &str, value: &str) -> Option<Severity> {
    let known = ["level", "lvl", "severity", "loglevel"];
    if !known.iter().any(|name| key.eq_ignore_ascii_case(name)) {
        return None;
    }
    let value = value.trim_matches(['"', '\'', ',', ';']);
    Severity::from_level_word(value)
}

/// Levels in other clothes: `local.WARNING:`, `ERR!`, one letter after a timestamp.
fn indirect_level(whole: &str, after: &[u8], header: &Header) -> Option<Severity> {
    if let [letter] = whole.as_bytes()
        && header.dated
        && after.get(1).is_some_and(u8::is_ascii_alphabetic)
    {
        let shout = after[1..]
            .iter()
            .take_while(|c| **c != b' ')
            .all(|c| !c.is_ascii_lowercase());
        let proof = header.numbers >= 2 || shout && after.len() > 3;
        return if proof {
            Severity::from_letter(*letter)
        } else {
            None
        };
    }
    if whole.contains(',') {
        return topics_level(whole);
    }
    let (_, word) = whole.strip_suffix(':')?.rsplit_once('.')?;
    let upper = word.bytes().all(|c| c.is_ascii_uppercase());
    if upper {
        Severity::from_level_word(word)
    } else {
        None
    }
}

/// RouterOS writes its topics before the text: `system,error,critical`.
fn topics_level(word: &str) -> Option<Severity> {
    let small = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b',' | b'-');
    if !word.bytes().all(small) {
        return None;
    }
    word.split(',').filter_map(Severity::from_level_word).min()
}

/// Redis marks its lines with one sign: `12345:M 01 Jan 2024 00:00:00.000 # text`.
fn redis_level(text: &str) -> Option<Severity> {
    let pid = digits(text.as_bytes());
    let rest = text[pid..]
        .strip_prefix(':')?
        .strip_prefix(['M', 'S', 'C', 'X'])?;
    let rest = rest.strip_prefix(' ').filter(|_| pid > 0)?;
    let len = timestamp(rest.as_bytes())?;
    match rest.as_bytes().get(len + 1)? {
        b'#' => Some(Severity::WARNING),
        b'*' => Some(Severity::NOTICE),
        b'-' | b'.' => Some(Severity::DEBUG),
        _ => None,
    }
}

/// Process ids and counters: digits with signs around them, as in `298#298:` or `0x7f1c`.
fn is_number(word: &str) -> bool {
    let trimmed = word.trim_matches(['#', ':', ',', '*', '.', '+', '"']);
    let hex = trimmed.strip_prefix("0x").unwrap_or(trimmed);
    digits(trimmed.as_bytes()) > 0 && trimmed.bytes().all(|c| !c.is_ascii_alphabetic())
        || hex.len() < trimmed.len() && hex.bytes().all(|c| c.is_ascii_hexdigit())
}

/// Words that loggers write before the level: logger names, files, addresses, one letter and a
/// comma, a name set off by dashes, `key=value`.
fn is_header_word(word: &str, after: &[u8]) -> bool {
    let gap = blanks(after);
    let dash = from(after, gap);
    let set_off = gap > 0 && (dash.starts_with(b"- ") || dash.starts_with(b"| "));
    // A quote left open goes on over the next words, which may be anybody's.
    let closed = word.matches('"').count().is_multiple_of(2);
    let pair = word.find('=').is_some_and(|at| at > 0) && closed;
    let name = word.len() <= 64
        && (word.contains("::")
            || word.contains(['@', '$', '/', '\\'])
            || word.trim_end_matches(['.', ':', ',']).contains('.'));
    let letter = word.len() == 2 && word.ends_with(',');
    set_off
        || pair
        || name
        || letter
        || after.first() == Some(&b'|')
        || word == "PHP"
        || word == "npm"
}
