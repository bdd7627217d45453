//! What is kept of one record, however much it brings.

use serde_json::{Value, json};

use super::*;

/// Values in a tree, the outermost not counted.
fn values(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| 1 + values(item)).sum(),
        Value::Object(map) => map.values().map(|item| 1 + values(item)).sum(),
        _ => 0,
    }
}

#[test]
fn further_fields_are_kept_up_to_a_count() {
    let many = |n: usize| vec!["1"; n].join(",");
    let members = |n: usize| {
        let members: Vec<String> = (0..n).map(|i| format!(r#""k{i}":{i}"#)).collect();
        members.join(",")
    };
    let cases = [
        // The array is a value itself.
        (
            format!(r#"{{"message":"x","f":[{}]}}"#, many(511)),
            512,
            false,
        ),
        (
            format!(r#"{{"message":"x","f":[{}]}}"#, many(512)),
            512,
            true,
        ),
        (
            format!(r#"{{"f":[{}],"message":"x"}}"#, many(2_000_000)),
            512,
            true,
        ),
        // The message is one of the members read.
        (format!(r#"{{"message":"x",{}}}"#, members(511)), 511, false),
        (format!(r#"{{"message":"x",{}}}"#, members(900)), 511, true),
        (
            format!(r#"{{"message":"x","f":{{{}}},"g":1}}"#, members(900)),
            512,
            true,
        ),
        (
            format!(r#"{{"event":{{{},"original":"x"}}}}"#, members(900)),
            512,
            true,
        ),
    ];
    for (body, count, truncated) in cases {
        let r = record(&body);
        assert_eq!(r.message, "x");
        assert_eq!(r.truncated, truncated, "{}", &body[..60]);
        assert_eq!(values(&Value::Object(r.fields)), count, "{}", &body[..60]);
    }
}

#[test]
fn names_are_found_behind_any_number_of_members() {
    let members: Vec<String> = (0..2000).map(|i| format!(r#""k{i}":{i}"#)).collect();
    let body = format!(
        r#"{{{},"severity":3,"source":"sshd","id":7,"message":"x","message":"y"}}"#,
        members.join(",")
    );
    let r = record(&body);
    assert_eq!((&*r.message, r.truncated), ("x", true));
    assert_eq!(r.id, Some(RecordId::Number(7)));
    assert_eq!(r.source.as_deref(), Some("sshd"));
    assert_eq!(r.severity, Severity::new(3));
    assert_eq!(r.fields.len(), 512);
}

#[test]
fn further_fields_are_kept_up_to_their_text() {
    let limits = Limits {
        message: 20,
        ..limits()
    };
    let kept = |body: &str| match decode(body.as_bytes(), JSON, &limits).unwrap().remove(0) {
        Entry::Record(record) => (Value::Object(record.fields), record.truncated),
        Entry::Bad(bad) => panic!("expected a record, found {bad:?}"),
    };
    // Keys and strings together: 1 + 9, 1 + 9.
    let body = r#"{"message":"x","a":"123456789","b":"123456789"}"#;
    assert_eq!(
        kept(body),
        (json!({"a":"123456789","b":"123456789"}), false)
    );
    let body = r#"{"message":"x","a":"123456789","b":"1234567890","c":1}"#;
    assert_eq!(kept(body), (json!({"a":"123456789","c":1}), true));
    let body = r#"{"message":"x","a":{"a key that is too long":1,"k":2}}"#;
    assert_eq!(kept(body), (json!({"a":{"k":2}}), true));
    let body = r#"{"message":"x","msg":"another message, too long","event":{"original":"o"}}"#;
    assert_eq!(kept(body), (json!({"event":{},"event.original":"o"}), true));
}

#[test]
fn names_are_cut() {
    let long = "é".repeat(200);
    let body = json!({"message":"m","id":long,"source":long,"timestamp":long}).to_string();
    let r = record(&body);
    let half = "é".repeat(128);
    assert_eq!(r.id, Some(RecordId::Text(half.as_str().into())));
    assert_eq!(
        (r.source.as_deref(), r.timestamp.as_deref()),
        (Some(half.as_str()), Some(half.as_str()))
    );
    assert!(r.truncated && r.fields.is_empty());
}

#[test]
fn an_object_that_is_its_own_message_loses_nothing() {
    let members: Vec<String> = (0..900).map(|i| format!(r#""k{i}":{i}"#)).collect();
    let body = format!("{{{}}}", members.join(","));
    let r = record(&body);
    assert_eq!((&*r.message, r.truncated), (body.as_str(), false));
}
