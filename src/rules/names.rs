//! The small texts of a pack: ids, tags, references, field names, levels; each with its check.

use crate::parse::Severity;

/// An id: kebab-case, so that it can be typed, linked to and used as a label.
pub(super) fn check_id(text: &str) -> Result<String, String> {
    let kebab = !text.is_empty()
        && text.len() <= 80
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
    if kebab {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "expected an id in kebab-case (a-z, 0-9, single hyphens, at most 80 characters), found `{text}`"
        ))
    }
}

/// A tag: `attack.tNNNN` or `attack.tNNNN.NNN`.
pub(super) fn check_tag(text: &str) -> Result<String, String> {
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let technique =
        text.strip_prefix("attack.t")
            .is_some_and(|number| match number.split_once('.') {
                Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
                None => digits(number, 4),
            });
    if technique {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "expected a MITRE technique as attack.tNNNN or attack.tNNNN.NNN, found `{text}`"
        ))
    }
}

/// A reference: something a browser opens.
pub(super) fn check_reference(text: &str) -> Result<String, String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "expected a URL with https:// or http://, found `{text}`"
        ))
    }
}

/// A field's name; kept in lower case because names compare without case.
pub(super) fn check_field(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_whitespace) {
        Err(format!(
            "expected the name of a field (a dotted path without spaces), found `{text}`"
        ))
    } else {
        Ok(text.to_ascii_lowercase())
    }
}

/// The names of RFC 5424's levels, each with its usual other spellings.
///
/// A closed list: in a rule a level such as "verbose" would be a guess at what its author meant.
const LEVELS: [&[&str]; 8] = [
    &["emerg", "emergency"],
    &["alert"],
    &["crit", "critical"],
    &["error", "err"],
    &["warning", "warn"],
    &["notice"],
    &["info", "informational"],
    &["debug"],
];

/// A level of the syslog scale, by name or number.
pub(super) fn read_level(text: &str) -> Result<Severity, String> {
    let level = match text.parse::<u8>() {
        Ok(number) => Some(number),
        Err(_) => (0..8).find(|&level| LEVELS[level as usize].contains(&text)),
    };
    level.and_then(Severity::new).ok_or_else(|| {
        format!(
            "expected a syslog level (emerg, alert, crit, error, warning, notice, info, debug, or 0 to 7), found `{text}`"
        )
    })
}

/// A pattern of source names: `*` stands for any run of characters; case does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<u8>);

impl std::fmt::Display for Glob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Glob {
        let mut bytes = pattern.as_bytes().to_ascii_lowercase();
        bytes.dedup_by(|a, b| *a == b'*' && *b == b'*');
        Glob(bytes)
    }

    /// True where the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_slice(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where to go on after the last star has swallowed one more byte.
        let mut retry: Option<(usize, usize)> = None;
        while t < text.len() {
            if pattern.get(p) == Some(&b'*') {
                retry = Some((p + 1, t));
                p += 1;
            } else if pattern.get(p) == Some(&text[t].to_ascii_lowercase()) {
                p += 1;
                t += 1;
            } else if let Some((after_star, from)) = retry {
                retry = Some((after_star, from + 1));
                (p, t) = (after_star, from + 1);
            } else {
                return false;
            }
        }
        pattern[p..].iter().all(|b| *b == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_fits_the_whole_name_without_case() {
        for (pattern, text, fits) in [
            ("sshd", "SSHD", true),
            ("sshd", "sshd-session", false),
            ("sshd*", "sshd-session", true),
            ("*auditing", "Microsoft-Windows-Security-Auditing", true),
            ("*security*", "Microsoft-Windows-Security-Auditing", true),
            ("a*b*c", "a--b-b--c", true),
            ("a*b*c", "a--c--b", false),
            ("*", "", true),
            ("a", "", false),
            ("**x", "x", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(text),
                fits,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn tags_are_techniques() {
        for good in ["attack.t1110", "attack.t1110.001"] {
            assert!(check_tag(good).is_ok(), "{good}");
        }
        for bad in [
            "T1110",
            "attack.T1110",
            "attack.t110",
            "attack.t1110.1",
            "attack.t1110.001.2",
            "attack.initial_access",
        ] {
            assert!(check_tag(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_kebab_case() {
        for good in ["sshd-failed-password", "a", "k8s-exec"] {
            assert!(check_id(good).is_ok(), "{good}");
        }
        for bad in ["", "Sshd", "a--b", "-a", "a_b", "a b"] {
            assert!(check_id(bad).is_err(), "{bad}");
        }
    }
}
