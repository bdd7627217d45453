//! What makers put between the syslog header and the text: Cisco and Huawei mnemonics, the
//! kernel's own clock, the mark of structured events.

use std::borrow::Cow;

use super::scan::{blanks, bsd_time, digits, from};
use super::severity::more_severe;
use super::{Severity, syslog::Header};

/// How far into the text a mnemonic may start: a sequence number and a clock stand before it.
const MNEMONIC_HEAD: usize = 80;

/// True where a structured event or a mnemonic starts, so that no host and no tag is left.
pub(super) fn starts_event(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'C') => text.starts_with("CEF:"),
        Some(b'L') => text.starts_with("LEEF:"),
        Some(b'{') => true,
        Some(b'%' | b':') => is_mnemonic(text),
        _ => false,
    }
}

/// Takes the kernel's clock (`[12345.678901] `) off the message.
pub(super) fn kernel_stamp(header: &mut Header<'_>) {
    if header
        .source
        .as_deref()
        .is_some_and(|source| source != "kernel")
    {
        return;
    }
    if let Some(rest) = without_kernel_stamp(header.rest) {
        header.rest = rest;
        header.source = Some(Cow::Borrowed("kernel"));
    }
}

/// The text after `[   12.345678] `, if it starts so.
pub(super) fn without_kernel_stamp(text: &str) -> Option<&str> {
    let b = text.as_bytes();
    if b.first() != Some(&b'[') {
        return None;
    }
    let mut at = 1 + blanks(from(b, 1));
    let seconds = digits(from(b, at));
    at += seconds;
    let fraction = digits(from(b, at + 1));
    if seconds == 0 || b.get(at) != Some(&b'.') || !(3..=6).contains(&fraction) {
        return None;
    }
    at += 1 + fraction;
    (b.get(at) == Some(&b']')).then(|| text[at + 1..].trim_start())
}

/// True where the text starts with a mnemonic, a colon and blanks aside.
pub(super) fn is_mnemonic(text: &str) -> bool {
    mnemonic_at(text.trim_start_matches([' ', ':'])).is_some()
}

/// Reads the mnemonic at the start of the message; what stands before it is device chatter.
pub(super) fn mnemonic(header: &mut Header<'_>) {
    let rest = header.rest;
    let head = &rest.as_bytes()[..rest.len().min(MNEMONIC_HEAD)];
    let Some(start) = memchr::memchr(b'%', head) else {
        return;
    };
    if !is_chatter(&rest[..start]) {
        return;
    }
    let Some(found) = mnemonic_at(&rest[start..]) else {
        return;
    };
    header.severity = more_severe(header.severity, Some(found.severity));
    header.push("msgid", found.name);
    header.rest = &rest[start..];
    if header.source.is_none() || found.cisco {
        let maker = if found.cisco { "Cisco" } else { "Huawei" };
        header.source = Some(Cow::Owned(format!("{maker} {}", found.facility)));
    }
}

/// True of a sequence number, a clock and signs between them: nothing that anybody could choose.
fn is_chatter(text: &str) -> bool {
    let mut rest = text.trim_start_matches([' ', ':', '*', '.']);
    while !rest.is_empty() {
        let b = rest.as_bytes();
        let n = match bsd_time(b) {
            Some(n) => n,
            None => digits(b),
        };
        if n == 0 {
            return false;
        }
        rest = rest[n..].trim_start_matches([' ', ':', '*', '.']);
    }
    true
}

struct Mnemonic<'a> {
    /// All between the percent sign and the colon.
    name: &'a str,
    facility: &'a str,
    severity: Severity,
    cisco: bool,
}

/// `%FACILITY-SEVERITY-NAME:` (Cisco), `%%01FACILITY/SEVERITY/NAME` (Huawei, H3C).
fn mnemonic_at(text: &str) -> Option<Mnemonic<'_>> {
    let name = text.strip_prefix('%')?;
    let (name, separator) = match name.strip_prefix('%') {
        Some(rest) if digits(rest.as_bytes()) >= 2 => (&rest[2..], '/'),
        Some(_) => return None,
        None => (name, '-'),
    };
    let cisco = separator == '-';
    let sign = |c: u8| matches!(c, b'_' | b'-' | b'/');
    let len = name
        .bytes()
        .take_while(|c| c.is_ascii_alphanumeric() || sign(*c))
        .count();
    let name = &name[..len];
    if cisco && text.as_bytes().get(len + 1) != Some(&b':') {
        return None;
    }
    let mut start = 0;
    for part in name.split(separator) {
        if let [level @ b'0'..=b'7'] = part.as_bytes()
            && start > 0
            && start + 1 < len
        {
            let severity = Severity::new(level - b'0')?;
            return Some(Mnemonic {
                name,
                facility: &name[..start - 1],
                severity,
                cisco,
            });
        }
        start += part.len() + 1;
    }
    None
}
