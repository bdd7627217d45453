//! Kubernetes component logs: `I0102 15:04:05.000000    1234 file.go:56] text`.

use std::borrow::Cow;

use super::scan::{blanks, closing_quote, digits, from, time};
use super::{Fields, Format, Parsed, Severity, logfmt};

/// The line that `text` holds, if it starts with a klog header. The body is what follows it.
pub(super) fn parse(text: &str) -> Option<Parsed<'_>> {
    let b = text.as_bytes();
    let severity = match b.first()? {
        letter @ (b'I' | b'W' | b'E' | b'F') => Severity::from_letter(*letter),
        _ => return None,
    };
    if digits(from(b, 1)) != 4 || b.get(5) != Some(&b' ') {
        return None;
    }
    let mut at = 6 + time(from(b, 6))?;
    at += blanks(from(b, at));
    let thread = digits(from(b, at));
    let pid = at..at + thread;
    at += thread + blanks(from(b, at + thread));
    let place = memchr::memchr(b']', from(b, at).get(..160.min(b.len() - at))?)?;
    let (file, line) = text.get(at..at + place)?.rsplit_once(':')?;
    if thread == 0 || file.is_empty() || digits(line.as_bytes()) != line.len() {
        return None;
    }
    let known = [("procid", &text[pid]), ("file", file), ("line", line)];
    let known = known.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
    let mut fields: Fields<'_> = known.into_iter().collect();
    let body = text[at + place + 1..].trim_start();
    structured(body, &mut fields);
    Some(Parsed {
        format: Format::Klog,
        source: None,
        severity,
        body,
        fields,
    })
}

/// klog's structured form: a quoted message, then `key=value` pairs.
fn structured<'a>(body: &'a str, fields: &mut Fields<'a>) {
    if !body.starts_with('"') {
        return;
    }
    let Some(end) = closing_quote(body.as_bytes()) else {
        return;
    };
    if let Some(pairs) = logfmt::pairs(&body[end + 1..]) {
        fields.extend(pairs);
    }
}
