//! QRadar log event extended format, 1.0 (pairs set apart by tabs) and 2.0 (by a sign of the
//! sender's choice, named in the header).

use std::borrow::Cow;

use super::cef::{self, MAX_FIELDS, header_part, product_name};
use super::{Fields, Format, Parsed, Severity};

/// Names of the header's parts, as CEF has them: rules then fit both formats.
const HEADER: [&str; 4] = [
    "deviceVendor",
    "deviceProduct",
    "deviceVersion",
    "deviceEventClassId",
];

/// The event that `text` holds, if it starts with a LEEF header.
pub(super) fn parse(text: &str) -> Option<Parsed<'_>> {
    let (version, mut rest) = header_part(text.strip_prefix("LEEF:")?)?;
    let second = match version.trim() {
        "1.0" | "1" => false,
        "2.0" | "2" => true,
        _ => return None,
    };
    let mut fields = Fields::new();
    for (place, name) in HEADER.iter().enumerate() {
        let (part, tail) = match header_part(rest) {
            Some(found) => found,
            None if place + 1 == HEADER.len() => (rest, ""),
            None => return None,
        };
        fields.push((Cow::Borrowed(*name), Cow::Borrowed(part.trim())));
        rest = tail;
    }
    let source = product_name(&fields[0].1, &fields[1].1);
    let (delimiter, attributes) = if second {
        own_delimiter(rest)
    } else {
        ('\t', rest)
    };
    pairs(attributes, delimiter, &mut fields);
    let severity = fields
        .iter()
        .skip(HEADER.len())
        .filter(|(name, _)| is_severity(name));
    let severity = severity
        .filter_map(|(_, value)| Severity::from_rating(value))
        .min();
    Some(Parsed {
        format: Format::Leef,
        source,
        severity,
        body: text,
        fields,
    })
}

fn is_severity(name: &str) -> bool {
    name.eq_ignore_ascii_case("sev") || name.eq_ignore_ascii_case("severity")
}

/// The delimiter that LEEF 2.0 names before the attributes, and the attributes. Where the part is
/// empty or left out, a tab.
fn own_delimiter(text: &str) -> (char, &str) {
    let Some((part, rest)) = header_part(text) else {
        return ('\t', text);
    };
    let mut chars = part.chars();
    match (chars.next(), chars.next()) {
        (None, _) => ('\t', rest),
        (Some(only), None) => (only, rest),
        _ => match hex_delimiter(part) {
            Some(delimiter) => (delimiter, rest),
            // Not a delimiter: the part was left out and this is the first attribute.
            None => ('\t', text),
        },
    }
}

/// `0x5e`, `x5E`, `\x5e`, or the two signs `\t`.
fn hex_delimiter(part: &str) -> Option<char> {
    if part == "\\t" {
        return Some('\t');
    }
    let digits = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
    let digits = digits.or_else(|| part.strip_prefix("\\x"));
    let digits = digits
        .or_else(|| part.strip_prefix('x'))
        .or_else(|| part.strip_prefix('X'))?;
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

fn pairs<'a>(text: &'a str, delimiter: char, fields: &mut Fields<'a>) {
    if !text.contains(delimiter) && text.matches('=').count() > 1 {
        // Relays turn tabs into blanks; such attributes read like a CEF extension.
        cef::extension(text, fields);
        return;
    }
    for pair in text.split(delimiter) {
        if fields.len() >= MAX_FIELDS {
            return;
        }
        if let Some((key, value)) = pair.split_once('=') {
            let key = key.trim();
            if !key.is_empty() {
                fields.push((Cow::Borrowed(key), Cow::Borrowed(value.trim())));
            }
        }
    }
}
