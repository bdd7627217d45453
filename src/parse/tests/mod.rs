//! Hand-computed expectations for each format and its usual deviations, and properties that hold
//! for any text.

mod json;
mod plain;
mod properties;
mod structured;
mod syslog;

use super::*;

/// Format, source, severity, body.
type Expected<'a> = (Format, Option<&'a str>, Option<u8>, &'a str);

#[track_caller]
fn check(message: &str, expected: Expected<'_>) -> Vec<(String, String)> {
    let parsed = parse(message);
    let level = parsed.severity.map(Severity::level);
    let found = (parsed.format, parsed.source.as_deref(), level, parsed.body);
    assert_eq!(found, expected, "{message:?}");
    parsed
        .fields
        .into_iter()
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect()
}

#[track_caller]
fn has(fields: &[(String, String)], expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = fields.iter().any(|(k, v)| k == name && v == value);
        assert!(found, "{name}={value} not in {fields:?}");
    }
}

#[track_caller]
fn level(message: &str, expected: Option<u8>) {
    assert_eq!(
        parse(message).severity.map(Severity::level),
        expected,
        "{message:?}"
    );
}
