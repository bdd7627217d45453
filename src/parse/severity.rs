//! Severity by name and by number: one table for each scale that log writers use.
//!
//! Everything lands on the syslog scale, so that the rest of the program knows one scale only.

use super::Severity;

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
        Some(match number {
            0..=7 => Severity(u8::try_from(number).ok()?),
            10 | 20 => Severity::DEBUG,
            30 => Severity::INFO,
            40 => Severity::WARNING,
            50 => Severity::ERROR,
            60 => Severity::CRITICAL,
            100 => Severity::DEBUG,
            200 => Severity::INFO,
            250 => Severity::NOTICE,
            300 => Severity::WARNING,
            400 => Severity::ERROR,
            500 => Severity::CRITICAL,
            550 => Severity::ALERT,
            600 => Severity::EMERGENCY,
            _ => return None,
        })
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
            Some(0..=3) => Some(Severity::INFO),
            Some(4..=6) => Some(Severity::WARNING),
            Some(7..=8) => Some(Severity::ERROR),
            Some(9..=10) => Some(Severity::CRITICAL),
            Some(_) => None,
            None => Severity::from_name(text),
        }
    }

    /// `Level` of a Windows event: 1 critical, 2 error, 3 warning, 4 information, 5 verbose;
    /// 0 is "log always", which audit events carry.
    pub(super) fn from_windows(number: u64) -> Option<Severity> {
        Some(match number {
            1 => Severity::CRITICAL,
            2 => Severity::ERROR,
            3 => Severity::WARNING,
            0 | 4 => Severity::INFO,
            5 => Severity::DEBUG,
            _ => return None,
        })
    }

    /// `levelno` of Python's logging.
    pub(super) fn from_python(number: u64) -> Option<Severity> {
        Some(match number {
            1..=19 => Severity::DEBUG,
            20..=29 => Severity::INFO,
            30..=39 => Severity::WARNING,
            40..=49 => Severity::ERROR,
            50..=59 => Severity::CRITICAL,
            _ => return None,
        })
    }

    /// `SeverityNumber` of OpenTelemetry's log data model.
    pub(super) fn from_otel(number: u64) -> Option<Severity> {
        Some(match number {
            1..=8 => Severity::DEBUG,
            9..=12 => Severity::INFO,
            13..=16 => Severity::WARNING,
            17..=20 => Severity::ERROR,
            21..=24 => Severity::CRITICAL,
            _ => return None,
        })
    }

    /// `alert.severity` of Suricata: 1 is the most severe.
    pub(super) fn from_suricata(number: u64) -> Option<Severity> {
        Some(match number {
            1 => Severity::ERROR,
            2 => Severity::WARNING,
            3 | 4 => Severity::NOTICE,
            _ => return None,
        })
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
