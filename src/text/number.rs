//! What a run of digits and letters stands for: a number, a duration, a size, a digest, an id.

/// The mask of a run of ASCII letters and digits, or `None` where it is a word.
pub(super) fn mask_of(run: &[u8]) -> Option<&'static str> {
    let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    if digits == run.len() {
        return Some(if is_epoch(run) { "<ts>" } else { "<num>" });
    }
    if is_prefixed_hex(run) {
        return Some("<hex>");
    }
    if run.iter().all(u8::is_ascii_hexdigit) && run.len() >= 8 {
        return Some(digest(run.len()));
    }
    quantity(run).or_else(|| is_identifier(run, digits).then_some("<id>"))
}

/// Seconds or milliseconds since 1970, from 2001 to 2033: ten or thirteen digits that begin with 1.
fn is_epoch(run: &[u8]) -> bool {
    matches!(run.len(), 10 | 13) && run[0] == b'1'
}

/// `0x` and at least one hexadecimal digit.
pub(super) fn is_prefixed_hex(run: &[u8]) -> bool {
    run.len() > 2
        && matches!(&run[..2], b"0x" | b"0X")
        && run[2..].iter().all(u8::is_ascii_hexdigit)
}

/// Digests by their length: MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
fn digest(length: usize) -> &'static str {
    match length {
        32 => "<hash32>",
        40 => "<hash40>",
        56 => "<hash56>",
        64 => "<hash64>",
        96 => "<hash96>",
        128 => "<hash128>",
        _ => "<hex>",
    }
}

/// A digest written in letters or digits alone is as much a digest.
pub(super) fn plain_digest(run: &[u8]) -> Option<&'static str> {
    let known = matches!(run.len(), 32 | 40 | 56 | 64 | 96 | 128);
    (known && run.iter().all(u8::is_ascii_hexdigit)).then(|| digest(run.len()))
}

/// `12ms`, `3.5s`, `1h30m`, `12KB`, `3MiB`: digits with at most one point, then a unit, perhaps again.
pub(super) fn quantity(run: &[u8]) -> Option<&'static str> {
    let mut rest = run;
    let mut mask = None;
    while !rest.is_empty() {
        let number = rest
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        if number == 0 || !rest[0].is_ascii_digit() {
            return None;
        }
        let unit = rest[number..]
            .iter()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let found = unit_mask(&rest[number..number + unit])?;
        if mask.is_some_and(|m| m != found) {
            return None;
        }
        mask = Some(found);
        rest = &rest[number + unit..];
    }
    mask
}

/// The mask of a number with this unit.
pub(super) fn unit_mask(unit: &[u8]) -> Option<&'static str> {
    match unit {
        b"ns" | b"us" | b"ms" | b"s" | b"m" | b"h" | b"d" | b"sec" | b"secs" | b"msec"
        | b"usec" | b"min" | b"mins" | b"hr" | b"hrs" | b"seconds" | b"second" | b"minutes"
        | b"hours" | b"days" | b"milliseconds" => Some("<dur>"),
        b"B" | b"b" | b"kB" | b"KB" | b"MB" | b"GB" | b"TB" | b"K" | b"k" | b"M" | b"G" | b"T"
        | b"kb" | b"mb" | b"gb" | b"KiB" | b"MiB" | b"GiB" | b"TiB" | b"Ki" | b"Mi" | b"Gi"
        | b"bytes" | b"Kbytes" | b"Mbytes" => Some("<size>"),
        _ => None,
    }
}

/// Units that also count when a blank stands between number and unit; single letters do not.
pub(super) fn spaced_unit_mask(unit: &[u8]) -> Option<&'static str> {
    if unit.len() < 2 {
        None
    } else {
        unit_mask(unit)
    }
}

/// Generated names: letters and digits that change places often, or a long mix.
fn is_identifier(run: &[u8], digits: usize) -> bool {
    let changes = run
        .windows(2)
        .filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit())
        .count();
    (run.len() >= 5 && changes >= 3) || (run.len() >= 16 && digits >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_apart() {
        for (run, mask) in [
            ("42", Some("<num>")),
            ("1700000000", Some("<ts>")),
            ("1700000000123", Some("<ts>")),
            ("0xC0000234", Some("<hex>")),
            ("d41d8cd98f00b204e9800998ecf8427e", Some("<hash32>")),
            ("7d4b9c6f5d", Some("<hex>")),
            ("12ms", Some("<dur>")),
            ("1h30m", Some("<dur>")),
            ("512MiB", Some("<size>")),
            ("x2x9z", Some("<id>")),
            ("AKIAIOSFODNN7EX4MPLE", Some("<id>")),
            ("sha256", None),
            ("ipv4", None),
            ("eth0", None),
            ("log4j", None),
            ("sshd", None),
        ] {
            assert_eq!(mask_of(run.as_bytes()), mask, "{run}");
        }
        assert_eq!(plain_digest("a".repeat(64).as_bytes()), Some("<hash64>"));
        assert_eq!(quantity(b"3.5s"), Some("<dur>"));
        assert_eq!(quantity(b"1h5MB"), None, "a duration and a size do not mix");
    }
}
