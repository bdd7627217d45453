//! Severity by name and by number; `scale` has the numbers.
//!
//! Everything lands on the syslog scale, so that the rest of the program knows one scale only.

use super::Severity;
use super::scale::{PLAIN, RATING};

/// Names of log levels are short; anything longer is not a level.
const LONGEST_NAME: usize = 16;

impl Severity {
    const EMERGENCY: Severity = Severity(0);
    const ALERT: Severity = Severity(1);
    pub(super) const CRITICAL: Severity = Severity(2);
    pub(super) const ERROR: Severity = Severity(3);
    pub(super) const WARNING: Severity = Severity(4);
    pub(super) const NOTICE: Severity = Severity(5);
    pub(super) const INFO: Severity = Severity(6);
    pub(super) const DEBUG: Severity = Severity(7);

    /// From the name of a log level or of a rating (`low` to `very-high`), in any case.
    pub fn from_name(name: &str) -> Option<Severity> {
        let mut buffer = [0u8; LONGEST_NAME];
        let lower = lower_case(name.trim(), &mut buffer)?;
        level(lower).or_else(|| rating(lower))
    }

    /// From a level word alone: ratings such as `high` are ordinary words in free text.
    pub(super) fn from_level_word(word: &str) -> Option<Severity> {
        let mut buffer = [0u8; LONGEST_NAME];
        level(lower_case(word, &mut buffer)?)
    }

    /// From a number in a field called level or severity: 0 to 7 is syslog, 10 to 60 in tens is
    /// bunyan and pino, 100 to 600 is Monolog. Other numbers have no agreed meaning.
    pub fn from_number(number: u64) -> Option<Severity> {
        PLAIN.severity(number)
    }

    /// From a name, or a whole number written in digits (see [`Severity::from_number`]).
    pub fn from_text(text: &str) -> Option<Severity> {
        let text = text.trim();
        match number(text) {
            Some(number) => Severity::from_number(number),
            None => Severity::from_name(text),
        }
    }

    /// CEF (0 to 10) and LEEF (1 to 10): the numbers of a rating mean what its name means
    /// (Low 0-3, Medium 4-6, High 7-8, Very-High 9-10).
    pub(super) fn from_rating(text: &str) -> Option<Severity> {
        let text = text.trim();
        match number(text) {
            Some(number) => RATING.severity(number),
            None => Severity::from_name(text),
        }
    }

    /// The one letter that klog, Android, MongoDB and others write.
    pub(super) fn from_letter(letter: u8) -> Option<Severity> {
        Some(match letter {
            b'F' | b'C' => Severity::CRITICAL,
            b'E' => Severity::ERROR,
            b'W' => Severity::WARNING,
            b'I' => Severity::INFO,
            b'D' | b'V' | b'T' => Severity::DEBUG,
            _ => return None,
        })
    }
}

/// The more severe of two, where a missing one says nothing.
pub(super) fn more_severe(a: Option<Severity>, b: Option<Severity>) -> Option<Severity> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The whole part of a number that may have a fraction, as `7` of `7.5`.
pub(super) fn whole_part(text: &str) -> Option<u64> {
    match text.split_once('.') {
        Some((whole, fraction)) => number(fraction).and(number(whole)),
        None => number(text),
    }
}

/// A whole number of up to nine digits, and nothing else.
pub(super) fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn lower_case<'b>(name: &str, buffer: &'b mut [u8; LONGEST_NAME]) -> Option<&'b [u8]> {
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    Some(lower)
}

fn level(lower: &[u8]) -> Option<Severity> {
    Some(match lower {
        b"emerg" | b"emergency" | b"panic" | b"dpanic" => Severity::EMERGENCY,
        b"alert" => Severity::ALERT,
        b"crit" | b"critical" | b"fatal" | b"ftl" => Severity::CRITICAL,
        b"err" | b"error" | b"eror" | b"severe" => Severity::ERROR,
        b"warn" | b"warning" | b"wrn" => Severity::WARNING,
        b"notice" => Severity::NOTICE,
        b"info" | b"informational" | b"information" | b"inf" | b"note" | b"log" => Severity::INFO,
        b"debug" | b"dbg" | b"dbug" | b"trace" | b"trc" | b"trce" | b"verbose" | b"vrb" => {
            Severity::DEBUG
        }
        b"debug1" | b"debug2" | b"debug3" | b"debug4" | b"debug5" => Severity::DEBUG,
        b"fine" | b"finer" | b"finest" => Severity::DEBUG,
        _ => return None,
    })
}

fn rating(lower: &[u8]) -> Option<Severity> {
    Some(match lower {
        b"very-high" | b"very high" | b"very_high" | b"veryhigh" => Severity::CRITICAL,
        b"high" => Severity::ERROR,
        b"medium" | b"moderate" => Severity::WARNING,
        b"low" => Severity::INFO,
        _ => return None,
    })
}
