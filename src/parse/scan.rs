//! Small scanners that several formats share: digits, timestamps, quoted text.
//!
//! All of them look at the start of a byte slice and answer how many bytes they recognise. They
//! stop only at ASCII bytes, so their answers are always char boundaries of the text.

use std::borrow::Cow;
use std::fmt;

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const ZONES: [&str; 21] = [
    "UTC", "GMT", "CEST", "CET", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "BST",
    "IST", "JST", "MSK", "EEST", "EET", "AEST", "AM", "PM",
];

/// How many ASCII digits the text starts with.
pub(super) fn digits(b: &[u8]) -> usize {
    b.iter().take_while(|c| c.is_ascii_digit()).count()
}

/// How many spaces and tabs the text starts with.
pub(super) fn blanks(b: &[u8]) -> usize {
    b.iter().take_while(|&&c| c == b' ' || c == b'\t').count()
}

/// The text without the blanks it starts with.
pub(super) fn skip_blanks(text: &str) -> &str {
    &text[blanks(text.as_bytes())..]
}

/// The bytes from `at` on, or nothing.
pub(super) fn from(b: &[u8], at: usize) -> &[u8] {
    b.get(at..).unwrap_or_default()
}

/// A month's English short name.
fn month(b: &[u8]) -> bool {
    b.get(..3)
        .is_some_and(|m| MONTHS.iter().any(|name| m == *name))
}

/// `hh:mm`, `hh:mm:ss`, with a fraction after a dot or a comma.
pub(super) fn time(b: &[u8]) -> Option<usize> {
    let hours = digits(b);
    if !(1..=2).contains(&hours) || b.get(hours) != Some(&b':') {
        return None;
    }
    let mut at = hours + 1;
    if digits(from(b, at)) != 2 {
        return None;
    }
    at += 2;
    if b.get(at) == Some(&b':') && digits(from(b, at + 1)) == 2 {
        at += 3;
        if matches!(b.get(at), Some(b'.' | b',')) {
            let fraction = digits(from(b, at + 1));
            if fraction > 0 {
                at += 1 + fraction;
            }
        }
    }
    Some(at)
}

/// `Z`, `+hh:mm`, `-hhmm`, or one of the usual names after a blank.
fn zone(b: &[u8]) -> usize {
    if b.first() == Some(&b'Z') {
        return 1;
    }
    let gap = usize::from(b.first() == Some(&b' '));
    let rest = from(b, gap);
    if matches!(rest.first(), Some(b'+' | b'-')) {
        let hours = digits(from(rest, 1));
        if hours == 4 {
            return gap + 5;
        }
        if hours == 2 {
            let minutes = rest.get(3) == Some(&b':') && digits(from(rest, 4)) == 2;
            return gap + if minutes { 6 } else { 3 };
        }
        return 0;
    }
    for name in ZONES {
        if rest.starts_with(name.as_bytes())
            && !rest.get(name.len()).is_some_and(u8::is_ascii_alphanumeric)
        {
            return gap + name.len();
        }
    }
    0
}

/// A date in one of the numeric forms, or with a month's name in the middle.
fn date(b: &[u8]) -> Option<usize> {
    let first = digits(b);
    let separator = *b.get(first)?;
    if first == 0 || !matches!(separator, b'-' | b'/' | b'.' | b' ') {
        return None;
    }
    let rest = from(b, first + 1);
    if month(rest) && first <= 2 && rest.get(3) == Some(&separator) {
        let year = digits(from(rest, 4));
        return matches!(year, 2 | 4).then_some(first + 5 + year);
    }
    let second = digits(rest);
    if separator == b' ' || !(1..=2).contains(&second) {
        return None;
    }
    let third = if rest.get(second) == Some(&separator) {
        digits(from(rest, second + 1))
    } else {
        0
    };
    match (first, third) {
        (4, 1 | 2) | (1 | 2, 2 | 4) => Some(first + second + third + 2),
        (2, 0) if separator == b'-' && second == 2 => Some(5),
        _ => None,
    }
}

/// `Mmm [d]d hh:mm:ss`, perhaps with a year before or after the time, a fraction, a zone: the
/// timestamp of RFC 3164 and its relatives.
pub(super) fn bsd_time(b: &[u8]) -> Option<usize> {
    if !month(b) {
        return None;
    }
    let mut at = 3 + blanks(from(b, 3));
    let day = digits(from(b, at));
    if at == 3 || !(1..=2).contains(&day) {
        return None;
    }
    at += day;
    at += usize::from(b.get(at) == Some(&b','));
    at += gap(b, at)?;
    if digits(from(b, at)) == 4 && b.get(at + 4) == Some(&b' ') {
        at += 5;
    }
    at += time(from(b, at))?;
    at += zone(from(b, at));
    if b.get(at) == Some(&b' ') && digits(from(b, at + 1)) == 4 && year(from(b, at + 1)) {
        at += 5;
    }
    Some(at)
}

/// One blank or more; `None` where there is none.
fn gap(b: &[u8], at: usize) -> Option<usize> {
    match blanks(from(b, at)) {
        0 => None,
        n => Some(n),
    }
}

/// A year of our days and its end: a process id or an address may stand in the same place.
fn year(b: &[u8]) -> bool {
    let end = matches!(
        b.get(4..6).unwrap_or(from(b, 4)),
        [] | [b' ' | b']', ..] | [b':', b' ']
    );
    end && (b.starts_with(b"19") || b.starts_with(b"20"))
}

/// A timestamp of RFC 3339.
pub(super) struct IsoTime {
    /// Length in bytes.
    pub len: usize,
    /// True with a `T`, six digits of fraction and a numeric zone: what syslog daemons write to
    /// files.
    pub precise: bool,
}

/// `YYYY-MM-DDThh:mm:ss[.fraction][zone]`; a blank may stand for the `T`.
pub(super) fn iso_time(b: &[u8]) -> Option<IsoTime> {
    let shape = digits(b) == 4 && b.get(4) == Some(&b'-') && matches!(b.get(10), Some(b'T' | b' '));
    if !shape || date(b) != Some(10) {
        return None;
    }
    let clock = time(from(b, 11))?;
    let at = 11 + clock;
    let offset = match b.get(at) {
        Some(b'Z' | b'+' | b'-') => zone(from(b, at)),
        _ => 0,
    };
    Some(IsoTime {
        len: at + offset,
        precise: b[10] == b'T' && clock == 15 && offset == 6,
    })
}

/// `dd/Mmm/yyyy:hh:mm:ss +zzzz`, the timestamp of access lines.
pub(super) fn clf_time(b: &[u8]) -> Option<usize> {
    let day = date(b)?;
    if !month(from(b, 3)) || b.get(day) != Some(&b':') {
        return None;
    }
    let at = day + 1 + time(from(b, day + 1))?;
    Some(at + zone(from(b, at)))
}

/// A timestamp in any usual form, or a date or a time alone.
pub(super) fn timestamp(b: &[u8]) -> Option<usize> {
    match b.first()? {
        b'0'..=b'9' => {}
        b'A'..=b'Z' => return named_timestamp(b),
        _ => return None,
    }
    let Some(mut at) = date(b) else {
        let clock = time(b)?;
        return Some(clock + zone(from(b, clock)));
    };
    let mut next = at + usize::from(b.get(at) == Some(&b','));
    next += match b.get(next) {
        Some(b'T' | b':' | b'-' | b'_') => 1,
        Some(b' ' | b'\t') => blanks(from(b, next)),
        _ => return Some(at),
    };
    if let Some(clock) = time(from(b, next)) {
        at = next + clock;
        at += zone(from(b, at));
        at += half_of_day(from(b, at));
    }
    Some(at)
}

/// ` AM` or ` PM` that follows the time.
fn half_of_day(b: &[u8]) -> usize {
    if b.starts_with(b" AM") || b.starts_with(b" PM") {
        3
    } else {
        0
    }
}

/// A timestamp that starts with a month or a weekday.
fn named_timestamp(b: &[u8]) -> Option<usize> {
    let weekday = b
        .get(..3)
        .is_some_and(|d| WEEKDAYS.iter().any(|name| d == *name));
    if !weekday {
        return bsd_time(b);
    }
    let mut at = 3 + usize::from(b.get(3) == Some(&b','));
    at += gap(b, at)?;
    let rest = from(b, at);
    let inner = if month(rest) {
        bsd_time(rest)
    } else {
        timestamp(rest)
    };
    inner.map(|n| at + n)
}

/// Where the text in double quotes that starts at `b[0] == '"'` ends: the index of the closing
/// quote. A backslash takes the next byte along.
pub(super) fn closing_quote(b: &[u8]) -> Option<usize> {
    let quote = *b.first()?;
    let mut at = 1;
    while let Some(found) = memchr::memchr2(quote, b'\\', from(b, at)) {
        let here = at + found;
        if b[here] == quote {
            return Some(here);
        }
        at = here + 2;
    }
    None
}

/// Undoes backslash escapes: `\n \r \t \b \f`, `\uXXXX`; any other escaped character stands for
/// itself. Borrows where there is nothing to undo.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // Writing into a String cannot fail.
    let _ = unescape_into(text, &mut out);
    Cow::Owned(out)
}

/// Writes the text that a JSON string stands for, given without its quotes. Half a surrogate pair
/// becomes the replacement character, and what JSON does not know stays as it is without its
/// backslash.
pub(crate) fn unescape_into(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    let mut rest = text;
    while let Some(place) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.write_str(&rest[..place])?;
        let mut chars = rest[place + 1..].chars();
        out.write_char(match chars.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => unicode_escape(&mut chars),
            Some(other) => other,
            None => '\\',
        })?;
        rest = chars.as_str();
    }
    out.write_str(rest)
}

/// The character of `XXXX`, or of a pair of surrogates; the replacement character otherwise.
fn unicode_escape(chars: &mut std::str::Chars<'_>) -> char {
    let Some(first) = hex4(chars) else {
        return char::REPLACEMENT_CHARACTER;
    };
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(second @ 0xdc00..0xe000) = hex4(&mut ahead)
    {
        *chars = ahead;
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    char::REPLACEMENT_CHARACTER
}

/// Four hexadecimal digits; takes nothing where they are not there.
fn hex4(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let digits = chars.as_str().get(..4)?;
    let code = digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16));
    let code = code?.ok()?;
    *chars = chars.as_str()[4..].chars();
    Some(code)
}
