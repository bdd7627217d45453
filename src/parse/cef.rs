//! ArcSight common event format: `CEF:0|vendor|product|version|class|name|severity|extension`.

use std::borrow::Cow;

use super::scan::unescape;
use super::{Fields, Format, Parsed, Severity};

/// Names of the header's parts, in their order.
const HEADER: [&str; 6] = [
    "deviceVendor",
    "deviceProduct",
    "deviceVersion",
    "deviceEventClassId",
    "name",
    "severity",
];
/// No event of a real product has more; the bound keeps a hostile line cheap.
pub(super) const MAX_FIELDS: usize = 512;

/// The event that `text` holds, if it starts with a CEF header.
pub(super) fn parse(text: &str) -> Option<Parsed<'_>> {
    let rest = text.strip_prefix("CEF:")?;
    let (version, mut rest) = header_part(rest.trim_start())?;
    if version.is_empty() || !version.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let mut fields = Fields::new();
    for (place, name) in HEADER.iter().enumerate() {
        let last = place + 1 == HEADER.len();
        let (part, tail) = match header_part(rest) {
            Some(found) => found,
            // The bar after the severity is often left out when no extension follows.
            None if last => (rest, ""),
            None => return None,
        };
        fields.push((Cow::Borrowed(*name), unescape(part.trim())));
        rest = tail;
    }
    let source = product_name(&fields[0].1, &fields[1].1);
    let severity = Severity::from_rating(&fields[5].1);
    extension(rest, &mut fields);
    Some(Parsed {
        format: Format::Cef,
        source,
        severity,
        body: text,
        fields,
    })
}

/// `vendor product`, or whichever of them is there.
pub(super) fn product_name<'a>(vendor: &str, product: &str) -> Option<Cow<'a, str>> {
    match (vendor, product) {
        ("", "") => None,
        ("", one) | (one, "") => Some(Cow::Owned(one.to_owned())),
        (vendor, product) => Some(Cow::Owned(format!("{vendor} {product}"))),
    }
}

/// The text up to the next bar that no backslash escapes, and what follows the bar.
pub(super) fn header_part(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'|', b'\\', bytes.get(at..)?) {
        let here = at + found;
        if bytes[here] == b'|' {
            return Some((&text[..here], &text[here + 1..]));
        }
        at = here + 2;
    }
    None
}

/// `key=value` pairs set apart by blanks. Values hold blanks too, so a pair ends where the next
/// key starts; an equals sign without a key before it belongs to the value (senders forget to
/// escape those of URLs).
pub(super) fn extension<'a>(text: &'a str, fields: &mut Fields<'a>) {
    let bytes = text.as_bytes();
    let mut open: Option<(&'a str, usize)> = None;
    let mut at = 0;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|b| memchr::memchr2(b'=', b'\\', b))
    {
        let here = at + found;
        if bytes[here] == b'\\' {
            at = here + 2;
            continue;
        }
        at = here + 1;
        let floor = open.map_or(0, |(_, value)| value);
        let Some(start) = key_start(bytes, floor, here, open.is_none()) else {
            continue;
        };
        if let Some((key, value)) = open {
            push(fields, key, &text[value..start]);
        }
        if fields.len() >= MAX_FIELDS {
            return;
        }
        open = Some((&text[start..here], here + 1));
    }
    if let Some((key, value)) = open {
        push(fields, key, &text[value..]);
    }
}

/// Where the key that ends at `end` starts: letters, digits and a few signs, after a blank.
fn key_start(bytes: &[u8], floor: usize, end: usize, first: bool) -> Option<usize> {
    let key = bytes[floor..end]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']'))
        .count();
    let start = end - key;
    let apart = if start == floor {
        first
    } else {
        bytes[start - 1].is_ascii_whitespace()
    };
    (key > 0 && apart).then_some(start)
}

fn push<'a>(fields: &mut Fields<'a>, key: &'a str, value: &'a str) {
    fields.push((Cow::Borrowed(key), unescape(value.trim())));
}
