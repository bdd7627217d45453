//! Sizes in bytes as people write them: `20MiB`, `64KiB`, `1048576`.

/// Units from the largest; the binary ones first, so that printing prefers them.
const UNITS: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
    ("", 1),
];

/// Whole number and unit to bytes; `None` for anything else, or where it does not fit.
pub(super) fn parse(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim_start();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    usize::try_from(number.checked_mul(*factor)?).ok()
}

/// Bytes in the largest binary unit that keeps the number whole.
pub(crate) fn display(bytes: usize) -> String {
    let bytes = bytes as u64;
    for (name, factor) in &UNITS[..3] {
        if bytes >= *factor && bytes.is_multiple_of(*factor) {
            return format!("{}{name}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("20MiB", 20 << 20),
            ("64 KiB", 64 << 10),
            ("128Mi", 128 << 20),
            ("10MB", 10_000_000),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in [
            "",
            "MiB",
            "-1",
            "1.5MiB",
            "5 apples",
            "99999999999GiB",
            "20mib",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        for bytes in [1, 1000, 1 << 10, 20 << 20, 3 << 30, (1 << 20) + 1] {
            assert_eq!(parse(&display(bytes)), Some(bytes));
        }
        assert_eq!(display(20 << 20), "20MiB");
    }
}
