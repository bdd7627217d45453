//! Finds network addresses and UUIDs at a position; each looks at a bounded number of bytes.

/// The end of a MAC address at `at`: six pairs with `:` or `-`.
pub(super) fn mac_end(bytes: &[u8], at: usize) -> Option<usize> {
    let separator = *bytes.get(at + 2).filter(|b| matches!(b, b':' | b'-'))?;
    let window = bytes.get(at..at + 17)?;
    let fits = window.iter().enumerate().all(|(i, b)| {
        if i % 3 == 2 {
            *b == separator
        } else {
            b.is_ascii_hexdigit()
        }
    });
    let glued = bytes
        .get(at + 17)
        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == separator);
    (fits && !glued).then_some(at + 17)
}

/// The end of an IPv6 address at `at`: two colons or more, at most 45 bytes (RFC 4291 section 2.2).
pub(super) fn ipv6_end(bytes: &[u8], at: usize) -> Option<usize> {
    let lead = bytes
        .get(at..)?
        .iter()
        .take(5)
        .take_while(|b| b.is_ascii_hexdigit())
        .count();
    if lead > 4 || bytes.get(at + lead) != Some(&b':') {
        return None;
    }
    let window = &bytes[at..bytes.len().min(at + 46)];
    let length = window
        .iter()
        .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
        .count();
    let text = std::str::from_utf8(&window[..length]).ok()?;
    let text = text.trim_end_matches(['.', ':']);
    // `::` is an address, but so short that it is mostly punctuation.
    let text = if text.len() < 3 { return None } else { text };
    let substantial = text.bytes().any(|b| b.is_ascii_digit());
    let glued = bytes
        .get(at + text.len())
        .is_some_and(u8::is_ascii_alphanumeric);
    let valid = substantial && !glued && text.parse::<std::net::Ipv6Addr>().is_ok();
    valid.then_some(at + text.len())
}

/// True for four decimal parts of at most 255.
pub(super) fn is_ipv4(run: &[u8]) -> bool {
    run.len() <= 15
        && std::str::from_utf8(run).is_ok_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok())
}

/// True for 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4).
pub(super) fn is_uuid(run: &[u8]) -> bool {
    run.len() == 36
        && run.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Last labels that make a dotted name a host name. Endings that are file types rather than
/// countries in logs (`sh`, `py`, `so`, `pl`, `md`, `rs`, `cc`) are left out.
const HOST_ENDINGS: &[&str] = &[
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "mil",
    "int",
    "io",
    "dev",
    "app",
    "cloud",
    "info",
    "biz",
    "local",
    "internal",
    "lan",
    "corp",
    "svc",
    "home",
    "localdomain",
    "intranet",
    "arpa",
    "test",
    "example",
    "invalid",
    "onion",
    "xyz",
    "top",
    "online",
    "site",
    "tech",
    "us",
    "uk",
    "de",
    "fr",
    "nl",
    "eu",
    "ch",
    "at",
    "it",
    "es",
    "se",
    "no",
    "fi",
    "dk",
    "be",
    "jp",
    "cn",
    "ru",
    "br",
    "in",
    "au",
    "ca",
    "kr",
    "tv",
    "co",
];

/// True where the dotted run is a host name; names of public cloud APIs (`iam.amazonaws.com`) are
/// not, since the service in them means something.
pub(super) fn is_host(run: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(run) else {
        return false;
    };
    let Some((front, last)) = text.rsplit_once('.') else {
        return false;
    };
    let known = HOST_ENDINGS.iter().any(|e| e.eq_ignore_ascii_case(last));
    let labels_fit = front.split('.').all(|l| {
        !l.is_empty()
            && !l.starts_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let cloud_api = front
        .split_once('.')
        .is_some_and(|(_, domain)| matches!(domain, "amazonaws" | "googleapis"));
    known && labels_fit && !cloud_api
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_look_alikes() {
        assert_eq!(mac_end(b"00:1a:2B:33:44:55 x", 0), Some(17));
        assert_eq!(mac_end(b"00:1a:2B:33:44:55:66", 0), None);
        assert_eq!(ipv6_end(b"fe80::1%eth0", 0), Some(7));
        assert_eq!(ipv6_end(b"2001:db8::8a2e:370:7334.", 0), Some(23));
        assert_eq!(ipv6_end(b"::1", 0), Some(3));
        assert_eq!(ipv6_end(b"12:34:56", 0), None);
        assert_eq!(
            ipv6_end(b"abc::def", 0),
            None,
            "a C++ or Perl name has no digit"
        );
        assert!(is_ipv4(b"10.0.0.1") && !is_ipv4(b"10.0.0.256") && !is_ipv4(b"1.2.3"));
        assert!(is_uuid(b"123e4567-e89b-12d3-a456-426614174000"));
        assert!(is_host(b"web-1.example.com") && is_host(b"db.default.svc"));
        assert!(!is_host(b"java.lang.OutOfMemoryError") && !is_host(b"setup.py"));
        assert!(!is_host(b"iam.amazonaws.com") && is_host(b"a.b.amazonaws.com"));
    }
}
