//! The scales of numbers that log writers use for severity, one table each.
//!
//! Which scale a number is on follows from the field that holds it and from what stands beside it
//! (`known`); what a number means on that scale is here, and nowhere else.

use super::Severity;

/// A scale: ranges of whole numbers, both ends included, each with its place on the syslog scale.
/// A number in no range means nothing.
#[derive(Debug)]
pub(super) struct Scale(&'static [(u64, u64, Severity)]);

impl Scale {
    /// What `number` means on this scale.
    pub(super) fn severity(&self, number: u64) -> Option<Severity> {
        let ranges = self.0.iter();
        let mut found = ranges.filter(|(from, to, _)| (*from..=*to).contains(&number));
        found.next().map(|(_, _, severity)| *severity)
    }
}

const EMERGENCY: Severity = Severity(0);
const ALERT: Severity = Severity(1);
const CRITICAL: Severity = Severity::CRITICAL;
const ERROR: Severity = Severity::ERROR;
const WARNING: Severity = Severity::WARNING;
const NOTICE: Severity = Severity::NOTICE;
const INFO: Severity = Severity::INFO;
const DEBUG: Severity = Severity::DEBUG;

/// A field called level or severity, of nobody in particular: RFC 5424 from 0 to 7, bunyan and pino
/// in tens, Monolog from 100 in hundreds. Other numbers have no agreed meaning.
pub(super) const PLAIN: Scale = Scale(&[
    (0, 0, EMERGENCY),
    (1, 1, ALERT),
    (2, 2, CRITICAL),
    (3, 3, ERROR),
    (4, 4, WARNING),
    (5, 5, NOTICE),
    (6, 6, INFO),
    (7, 7, DEBUG),
    (10, 10, DEBUG),
    (20, 20, DEBUG),
    (30, 30, INFO),
    (40, 40, WARNING),
    (50, 50, ERROR),
    (60, 60, CRITICAL),
    (100, 100, DEBUG),
    (200, 200, INFO),
    (250, 250, NOTICE),
    (300, 300, WARNING),
    (400, 400, ERROR),
    (500, 500, CRITICAL),
    (550, 550, ALERT),
    (600, 600, EMERGENCY),
]);

/// CEF (0 to 10) and LEEF (1 to 10), where a number means what the rating of its range means: low to
/// 3, medium to 6, high to 8, very high above.
pub(super) const RATING: Scale = Scale(&[
    (0, 3, INFO),
    (4, 6, WARNING),
    (7, 8, ERROR),
    (9, 10, CRITICAL),
]);

/// Findings of Amazon GuardDuty, 1.0 to 10.0 (the user guide, "Severity levels"): low below 4, medium
/// below 7, high below 9, critical from there.
pub(super) const GUARDDUTY: Scale = Scale(&[
    (0, 3, NOTICE),
    (4, 6, WARNING),
    (7, 8, ERROR),
    (9, 10, CRITICAL),
]);

/// `Level` of a Windows event; 0 is "log always", which audit events carry.
pub(super) const WINDOWS: Scale = Scale(&[
    (0, 0, INFO),
    (1, 1, CRITICAL),
    (2, 2, ERROR),
    (3, 3, WARNING),
    (4, 4, INFO),
    (5, 5, DEBUG),
]);

/// `SeverityValue` of NXLog, which counts upwards.
pub(super) const NXLOG: Scale = Scale(&[
    (1, 1, DEBUG),
    (2, 2, INFO),
    (3, 3, WARNING),
    (4, 4, ERROR),
    (5, 5, CRITICAL),
]);

/// `levelno` of Python's logging, with levels of one's own between the named ones.
pub(super) const PYTHON: Scale = Scale(&[
    (1, 19, DEBUG),
    (20, 29, INFO),
    (30, 39, WARNING),
    (40, 49, ERROR),
    (50, 59, CRITICAL),
]);

/// `level_value` of Logback, as its JSON encoder writes it.
pub(super) const LOGBACK: Scale = Scale(&[
    (5_000, 19_999, DEBUG),
    (20_000, 29_999, INFO),
    (30_000, 39_999, WARNING),
    (40_000, 49_999, ERROR),
]);

/// `SeverityNumber` of OpenTelemetry's log data model.
pub(super) const OTEL: Scale = Scale(&[
    (1, 8, DEBUG),
    (9, 12, INFO),
    (13, 16, WARNING),
    (17, 20, ERROR),
    (21, 24, CRITICAL),
]);

/// `severity_id` of the Open Cybersecurity Schema: informational, low, medium, high, critical, fatal.
pub(super) const OCSF: Scale = Scale(&[
    (1, 1, INFO),
    (2, 2, NOTICE),
    (3, 3, WARNING),
    (4, 4, ERROR),
    (5, 6, CRITICAL),
]);

/// `alert.severity` of Suricata and the priority of Snort: 1 is the most severe.
pub(super) const INTRUSION: Scale = Scale(&[(1, 1, ERROR), (2, 2, WARNING), (3, 4, NOTICE)]);

/// `Severity.Normalized` of AWS Security Hub, 0 to 100.
pub(super) const HUNDRED: Scale = Scale(&[
    (0, 0, INFO),
    (1, 39, NOTICE),
    (40, 69, WARNING),
    (70, 89, ERROR),
    (90, 100, CRITICAL),
]);

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &Scale); 11] = [
        ("plain", &PLAIN),
        ("rating", &RATING),
        ("guardduty", &GUARDDUTY),
        ("windows", &WINDOWS),
        ("nxlog", &NXLOG),
        ("python", &PYTHON),
        ("logback", &LOGBACK),
        ("otel", &OTEL),
        ("ocsf", &OCSF),
        ("intrusion", &INTRUSION),
        ("hundred", &HUNDRED),
    ];

    #[test]
    fn ranges_ascend_and_do_not_overlap() {
        for (name, scale) in ALL {
            for pair in scale.0.windows(2) {
                assert!(pair[0].1 < pair[1].0, "{name}: {pair:?}");
            }
            for (from, to, _) in scale.0 {
                assert!(from <= to, "{name}: {from} to {to}");
            }
        }
    }

    #[test]
    fn numbers_mean_what_their_makers_say() {
        for (scale, number, level) in [
            (&PLAIN, 0, Some(0)),
            (&PLAIN, 8, None),
            (&PLAIN, 50, Some(3)),
            (&PLAIN, 550, Some(1)),
            (&RATING, 6, Some(4)),
            (&RATING, 11, None),
            (&GUARDDUTY, 2, Some(5)),
            (&GUARDDUTY, 8, Some(3)),
            (&GUARDDUTY, 9, Some(2)),
            (&WINDOWS, 0, Some(6)),
            (&WINDOWS, 1, Some(2)),
            (&NXLOG, 1, Some(7)),
            (&NXLOG, 5, Some(2)),
            (&PYTHON, 35, Some(4)),
            (&LOGBACK, 20_000, Some(6)),
            (&LOGBACK, 40_000, Some(3)),
            (&OTEL, 24, Some(2)),
            (&OCSF, 6, Some(2)),
            (&INTRUSION, 1, Some(3)),
            (&INTRUSION, 3, Some(5)),
            (&HUNDRED, 69, Some(4)),
        ] {
            let found = scale.severity(number).map(Severity::level);
            assert_eq!(found, level, "{number} on {scale:?}");
        }
    }
}
