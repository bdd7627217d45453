//! The field names under which structured logs keep their level and their source.
//!
//! JSON, logfmt and the records of a request all use the same names, so they share this table.

use super::Severity;
use super::scale::{self, Scale};
use super::severity::{more_severe, number, whole_part};

/// Longest known field name; longer names are not looked up.
const LONGEST_NAME: usize = 36;
/// A source longer than this is some text, not a name.
const LONGEST_SOURCE: usize = 128;

/// What the fields of one document say about level and source, gathered while they pass by.
#[derive(Default)]
pub(crate) struct Known {
    /// By name: unambiguous, so it goes before numbers.
    named: Option<Severity>,
    /// By a number on the scale of its own key.
    numbered: Option<Severity>,
    /// A number under `level` or `severity`, whose scale depends on who wrote the document.
    plain_number: Option<u64>,
    /// True when the document is a Windows event.
    windows: bool,
    /// The number under `severity`, and whether the document is a finding of GuardDuty, which has a
    /// scale of its own there.
    finding_number: Option<u64>,
    finding: bool,
    /// The number under `priority`, and which of the two fields beside it mark an alert of Snort.
    priority_number: Option<u64>,
    generator: bool,
    signature: bool,
    /// MongoDB's one-letter severity, which counts only beside a `ctx`.
    letter: Option<Severity>,
    context: bool,
    /// Rank and place of the field that names the source best.
    source: Option<(u8, usize)>,
}

impl Known {
    /// Looks at the field at `place`; `name` is a dotted path in any case.
    pub(crate) fn see(&mut self, place: usize, name: &str, value: &str) {
        let mut buffer = [0u8; LONGEST_NAME];
        let Some(lower) = buffer.get_mut(..name.len()) else {
            return;
        };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        self.see_level(lower, name, value);
        if let Some(rank) = source_rank(lower, value) {
            self.offer_source(rank, place, value);
        }
    }

    /// Raises the severity to that of a message inside the document.
    pub(crate) fn raise(&mut self, severity: Severity) {
        let stated = self.severity();
        self.named = more_severe(stated, Some(severity));
    }

    /// The severity that the fields seen so far state.
    pub(crate) fn severity(&self) -> Option<Severity> {
        let letter = if self.context { self.letter } else { None };
        let named = more_severe(self.named, letter);
        if let (true, Some(number), None) = (self.finding, self.finding_number, named) {
            return scale::GUARDDUTY.severity(number);
        }
        named.or(self.numbered).or_else(|| self.by_company())
    }

    /// What a number means whose scale only its company tells.
    fn by_company(&self) -> Option<Severity> {
        if let (true, true, Some(number)) = (self.generator, self.signature, self.priority_number) {
            return scale::INTRUSION.severity(number);
        }
        let number = self.plain_number?;
        let scale = if self.windows {
            &scale::WINDOWS
        } else {
            &scale::PLAIN
        };
        scale.severity(number)
    }

    /// The place of the field that names the source best.
    pub(crate) fn source(&self) -> Option<usize> {
        self.source.map(|(_, place)| place)
    }

    fn see_level(&mut self, lower: &[u8], name: &str, value: &str) {
        match lower {
            b"severity"
            | b"level"
            | b"lvl"
            | b"loglevel"
            | b"log_level"
            | b"log.level"
            | b"levelname"
            | b"level_name"
            | b"severity_text"
            | b"severitytext"
            | b"@l"
            | b"log.severity"
            | b"properties.level"
            | b"properties.severity"
            | b"log.syslog.severity.code"
            | b"syslog.severity"
            | b"syslog_severity" => {
                if lower == b"severity" {
                    self.finding_number = whole_part(value.trim());
                }
                self.see_value(value);
            }
            b"detail.severity" => self.finding_number = whole_part(value.trim()),
            // A number under these is a ticket's priority or a vendor's own scale.
            b"priority"
            | b"eventseverity"
            | b"event_severity"
            | b"leveldisplayname"
            | b"severity_label"
            | b"severity.label"
            | b"alertseverity"
            | b"alert_severity"
            | b"log.syslog.severity.name"
            | b"winlog.level"
            | b"severity_name"
            | b"severityname"
            | b"event.severityname"
            | b"detail.findings.severity.label"
            | b"findings.severity.label"
            | b"kibana.alert.severity"
            | b"alert_level"
            | b"risk_level"
            | b"loglevelname"
            | b"threat_level"
                if name != "PRIORITY" =>
            {
                if lower == b"priority" {
                    self.priority_number = number(value.trim());
                }
                self.named = more_severe(self.named, Severity::from_name(value));
            }
            b"priority" => self.see_value(value),
            b"severitynumber" | b"severity_number" => self.see_number(value, &scale::OTEL),
            b"levelno" => self.see_number(value, &scale::PYTHON),
            b"level_value" | b"levelvalue" => self.see_number(value, &scale::LOGBACK),
            b"severityvalue" => self.see_number(value, &scale::NXLOG),
            b"severity_id" | b"severityid" => self.see_number(value, &scale::OCSF),
            b"alert.severity" => self.see_number(value, &scale::INTRUSION),
            b"severity.normalized" | b"detail.findings.severity.normalized" => {
                self.see_number(value, &scale::HUNDRED);
            }
            b"event.system.level" => self.see_number(value, &scale::WINDOWS),
            b"gid" => self.generator = true,
            b"sid" => self.signature = true,
            b"type" | b"detail.type" => self.finding |= is_finding_type(value),
            b"eventid" | b"event_id" | b"eventrecordid" | b"providername" | b"sourcename"
            | b"providerguid" => self.windows |= name.starts_with(|c: char| c.is_ascii_uppercase()),
            b"winlog.event_id" | b"winlog.channel" => self.windows = true,
            b"s" => self.letter = mongodb_letter(value),
            b"ctx" => self.context = true,
            _ => {}
        }
    }

    fn see_value(&mut self, value: &str) {
        match number(value.trim()) {
            // Of several plain numbers the lowest is kept: the most severe of syslog's scale.
            Some(n) => self.plain_number = Some(self.plain_number.map_or(n, |old| old.min(n))),
            None => self.named = more_severe(self.named, Severity::from_name(value)),
        }
    }

    fn see_number(&mut self, value: &str, scale: &Scale) {
        let stated = number(value).and_then(|number| scale.severity(number));
        self.numbered = more_severe(self.numbered, stated);
    }

    fn offer_source(&mut self, rank: u8, place: usize, value: &str) {
        let fits = !value.trim().is_empty() && value.len() <= LONGEST_SOURCE;
        if fits && self.source.as_ref().is_none_or(|(old, _)| rank < *old) {
            self.source = Some((rank, place));
        }
    }
}

/// The type of a GuardDuty finding, as `Recon:EC2/PortProbeUnprotectedPort`.
fn is_finding_type(value: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    value.split_once(':').is_some_and(|(purpose, rest)| {
        let resource = rest.split_once('/').map(|(resource, _)| resource);
        letters(purpose) && resource.is_some_and(letters)
    })
}

/// `F`, `E`, `W`, `I`, `D` and `D1` to `D5`.
fn mongodb_letter(value: &str) -> Option<Severity> {
    match value.as_bytes() {
        [letter @ (b'F' | b'E' | b'W' | b'I' | b'D')] => Severity::from_letter(*letter),
        [b'D', b'1'..=b'5'] => Some(Severity::DEBUG),
        _ => None,
    }
}

/// How good a name for the source this field holds, 0 being the best.
fn source_rank(lower: &[u8], value: &str) -> Option<u8> {
    Some(match lower {
        b"eventsource" | b"syslog_identifier" | b"protopayload.servicename" => 0,
        b"apiversion" if value.starts_with("audit.k8s.io") => 0,
        b"sourcename"
        | b"providername"
        | b"provider_name"
        | b"winlog.provider_name"
        | b"event.system.provider.name"
        | b"event.system.provider.#attributes.name"
        | b"event.provider" => 1,
        b"program" | b"ident" | b"appname" | b"app_name" | b"deviceproduct" | b"programname" => 2,
        b"service" | b"service.name" | b"service_name" | b"servicename" => 3,
        b"app" | b"application" | b"app.name" | b"product" => 4,
        b"source" => 5,
        b"process.name" | b"process_name" | b"kubernetes.container_name" | b"container_name" => 6,
        b"logger" | b"logger_name" | b"loggername" | b"log.logger" | b"component" => 7,
        b"channel" | b"winlog.channel" | b"event.system.channel" | b"provider" => 8,
        b"sourcetype" | b"event.module" | b"module" | b"tag" => 9,
        _ => return None,
    })
}
