//! The field names under which structured logs keep their level and their source.
//!
//! JSON, logfmt and the records of a request all use the same names, so they share this table.

use std::borrow::Cow;

use super::Severity;
use super::severity::{more_severe, number};

/// Longest known field name; longer names are not looked up.
const LONGEST_NAME: usize = 36;
/// A source longer than this is some text, not a name.
const LONGEST_SOURCE: usize = 128;

/// What the fields of one document say about level and source, gathered while they pass by.
#[derive(Default)]
pub(crate) struct Known<'a> {
    /// By name: unambiguous, so it goes before numbers.
    named: Option<Severity>,
    /// By a number on the scale of its own key.
    numbered: Option<Severity>,
    /// A number under `level` or `severity`, whose scale depends on who wrote the document.
    plain_number: Option<u64>,
    /// True when the document is a Windows event.
    windows: bool,
    /// MongoDB's one-letter severity, which counts only beside a `ctx`.
    letter: Option<Severity>,
    context: bool,
    source: Option<(u8, Cow<'a, str>)>,
}

impl<'a> Known<'a> {
    /// Looks at one field; `name` is a dotted path in any case.
    pub(crate) fn see(&mut self, name: &str, value: &Cow<'a, str>) {
        let mut buffer = [0u8; LONGEST_NAME];
        let Some(lower) = buffer.get_mut(..name.len()) else {
            return;
        };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        self.see_level(lower, name, value);
        if let Some(rank) = source_rank(lower, value) {
            self.offer_source(rank, value);
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
        named.or(self.numbered).or_else(|| {
            let number = self.plain_number?;
            if self.windows {
                Severity::from_windows(number)
            } else {
                Severity::from_number(number)
            }
        })
    }

    /// The best name of a source seen so far.
    pub(crate) fn into_source(self) -> Option<Cow<'a, str>> {
        self.source.map(|(_, source)| source)
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
                self.see_value(value);
            }
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
                if name != "PRIORITY" =>
            {
                self.named = more_severe(self.named, Severity::from_name(value));
            }
            b"priority" => self.see_value(value),
            b"severitynumber" | b"severity_number" => {
                self.see_number(value, Severity::from_otel);
            }
            b"levelno" => self.see_number(value, Severity::from_python),
            b"alert.severity" => self.see_number(value, Severity::from_suricata),
            b"event.system.level" => self.see_number(value, Severity::from_windows),
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

    fn see_number(&mut self, value: &str, scale: fn(u64) -> Option<Severity>) {
        self.numbered = more_severe(self.numbered, number(value).and_then(scale));
    }

    fn offer_source(&mut self, rank: u8, value: &Cow<'a, str>) {
        let fits = !value.trim().is_empty() && value.len() <= LONGEST_SOURCE;
        if fits && self.source.as_ref().is_none_or(|(old, _)| rank < *old) {
            self.source = Some((rank, value.clone()));
        }
    }
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
