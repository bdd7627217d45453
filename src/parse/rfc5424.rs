//! RFC 5424: a header of fixed parts, structured data, and a message.

use std::borrow::Cow;

use super::Fields;
use super::cef::MAX_FIELDS;
use super::scan::{closing_quote, digits, iso_time, skip_blanks, unescape};
use super::syslog::{Header, LONGEST_HOST};

/// `VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]`.
pub(super) fn header(text: &str) -> Option<Header<'_>> {
    let version = digits(text.as_bytes());
    if !(1..=2).contains(&version) || text.starts_with('0') {
        return None;
    }
    let rest = text[version..].strip_prefix(' ')?;
    let (stamp, mut rest) = word(rest)?;
    if stamp != "-" && iso_time(stamp.as_bytes()).is_none_or(|time| time.len != stamp.len()) {
        return None;
    }
    let mut header = Header::default();
    for name in ["hostname", "appname", "procid", "msgid"] {
        let (value, tail) = word(rest)?;
        header.push(name, value);
        if name == "appname" && value != "-" {
            header.source = Some(Cow::Borrowed(value));
        }
        rest = tail;
    }
    header.rest = structured_data(rest, &mut header.fields);
    header.rest = header.rest.trim_start_matches('\u{feff}');
    Some(header)
}

/// The text up to the next space, and what follows the space.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    if text.is_empty() {
        return None;
    }
    Some(text.split_once(' ').unwrap_or((text, "")))
}

/// `-`, or elements `[id name="value" ...]`. Answers the message after them; where the elements
/// are broken, they count as part of the message.
fn structured_data<'a>(text: &'a str, fields: &mut Fields<'a>) -> &'a str {
    let text = text.trim_start_matches(' ');
    if let Some(rest) = text.strip_prefix('-')
        && (rest.is_empty() || rest.starts_with(' '))
    {
        return skip_blanks(rest);
    }
    let kept = fields.len();
    let mut rest = text;
    while rest.starts_with('[') {
        match element(rest, fields) {
            Some(tail) => rest = tail,
            None => {
                fields.truncate(kept);
                return text;
            }
        }
    }
    let message = skip_blanks(rest);
    // Some senders have nothing but structured data: then it is the message.
    if message.is_empty() { text } else { message }
}

/// One element; answers what follows its closing bracket.
fn element<'a>(text: &'a str, fields: &mut Fields<'a>) -> Option<&'a str> {
    let rest = text.strip_prefix('[')?;
    let id_len = rest.find([' ', ']', '=', '"', '['])?;
    let (id, mut rest) = rest.split_at(id_len);
    if id.is_empty() {
        return None;
    }
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(tail) = rest.strip_prefix(']') {
            return Some(tail);
        }
        let (name, tail) = rest.split_once('=')?;
        if name.is_empty() || name.contains([' ', ']', '"']) {
            return None;
        }
        let close = closing_quote(tail.as_bytes()).filter(|_| tail.starts_with('"'))?;
        if fields.len() < MAX_FIELDS && name.len() + id.len() <= LONGEST_HOST {
            let value = unescape(&tail[1..close]);
            fields.push((Cow::Owned(format!("{id}.{name}")), value));
        }
        rest = &tail[close + 1..];
    }
}
