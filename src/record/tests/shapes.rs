//! Every accepted shape of a body, and which of its parts becomes what.

use serde_json::{Value, json};

use super::*;

#[test]
fn one_object_with_all_its_parts() {
    let r = record(
        r#"{"id":7,"source":"sshd","timestamp":"2026-01-02T03:04:05Z","severity":"warning","message":"hello","host":"web1","n":[1,2]}"#,
    );
    assert_eq!(r.id, Some(RecordId::Number(7)));
    assert_eq!(r.source.as_deref(), Some("sshd"));
    assert_eq!(r.timestamp.as_deref(), Some("2026-01-02T03:04:05Z"));
    assert_eq!(r.severity, Severity::new(4));
    assert_eq!(r.message, "hello");
    assert_eq!(Value::Object(r.fields), json!({"host":"web1","n":[1,2]}));
    assert!(!r.truncated);
}

#[test]
fn the_same_records_in_every_shape() {
    let expected = ["a", "b"];
    let shapes = [
        (r#"[{"message":"a"},{"message":"b"}]"#, JSON),
        (r#"["a","b"]"#, JSON),
        (r#"{"logs":[{"message":"a"},"b"]}"#, JSON),
        (
            r#"{"source":{"x":[1]}, "logs" : ["a", {"msg":"b"}], "n":1}"#,
            JSON,
        ),
        ("{\"message\":\"a\"}\n{\"message\":\"b\"}\n", JSON),
        (r#"{"message":"a"}{"message":"b"}"#, JSON),
        (r#"{"message":"a"} {"message":"b"}"#, JSON),
        ("{\"message\":\"a\"}\r\n\r\n\"b\"\r\n", NDJSON),
        (
            "{\n  \"message\": \"a\"\n}\n{\n  \"message\": \"b\"\n}",
            NDJSON,
        ),
        ("[\n{\"message\":\"a\"},\n{\"message\":\"b\"}\n]\n", NDJSON),
        (
            "\u{1e}{\"message\":\"a\"}\n\u{1e}{\"message\":\"b\"}\n",
            Some("application/json-seq"),
        ),
        ("a\nb", TEXT),
        ("a\r\n\n  \nb\r\n", TEXT),
        ("{\"message\":\"a\"}\nb\n", TEXT),
        ("a\nb\n", None),
        ("{\"message\":\"a\"}\nb\n", None),
        ("a\n{\"message\":\"b\"}\n", FORM),
        (r#"[{"message":"a"},{"message":"b"}]"#, FORM),
        (r#"{"logs":["a","b"]}"#, Some("application/octet-stream")),
        ("\u{feff}[\"a\",\"b\"]", JSON),
        ("\u{feff}a\nb", TEXT),
    ];
    for (body, content_type) in shapes {
        assert_eq!(
            words(body, content_type),
            expected,
            "{body:?} as {content_type:?}"
        );
    }
}

#[test]
fn empty_batches_are_no_errors() {
    for body in ["[]", " [ ] ", r#"{"logs":[]}"#, r#"{"logs":[],"x":1}"#] {
        assert_eq!(read(body, JSON), [], "{body}");
        assert_eq!(read(body, None), [], "{body}");
    }
}

#[test]
fn the_message_is_the_first_of_the_known_keys_that_holds_text() {
    let cases = [
        (r#"{"msg":"b","message":"a"}"#, "a", json!({"msg":"b"})),
        (
            r#"{"message":{"x":1},"log":"c"}"#,
            "c",
            json!({"message":{"x":1}}),
        ),
        (
            r#"{"event":{"original":"raw","kind":"alert"}}"#,
            "raw",
            json!({"event":{"kind":"alert"}}),
        ),
        (
            r#"{"event.original":"raw","event":"x"}"#,
            "raw",
            json!({"event":"x"}),
        ),
        (r#"{"event":"text"}"#, "text", json!({})),
        (r#"{"MESSAGE":"j","_raw":"r"}"#, "r", json!({"MESSAGE":"j"})),
        (r#"{"@message":"w"}"#, "w", json!({})),
        (r#"{"message":"","text":"t"}"#, "t", json!({})),
        (r#"{"message":"old","message":"new"}"#, "new", json!({})),
        (
            r#"{"message":"tab\tquote\" \u00e9"}"#,
            "tab\tquote\" é",
            json!({}),
        ),
    ];
    for (body, message, fields) in cases {
        let r = record(body);
        assert_eq!(r.message, message, "{body}");
        assert_eq!(Value::Object(r.fields), fields, "{body}");
    }
}

#[test]
fn an_object_without_a_message_is_its_own_message() {
    let body = r#"{"eventName":"ConsoleLogin", "id":"x1","source":"aws.signin"}"#;
    let r = record(body);
    assert_eq!(r.message, body);
    assert!(r.fields.is_empty());
    assert_eq!(r.id, Some(RecordId::Text("x1".into())));
    assert_eq!(r.source.as_deref(), Some("aws.signin"));
}

#[test]
fn ids_timestamps_and_severities_of_other_kinds() {
    let r = record(r#"{"message":"m","id":1.5,"timestamp":1700000000,"severity":3}"#);
    assert_eq!(r.id, Some(RecordId::Text("1.5".into())));
    assert_eq!(r.timestamp.as_deref(), Some("1700000000"));
    assert_eq!(r.severity, Severity::new(3));
    let r =
        record(r#"{"message":"m","id":18446744073709551615,"severity":"odd","source":{"ip":"x"}}"#);
    assert_eq!(r.id, Some(RecordId::Text("18446744073709551615".into())));
    assert_eq!(r.severity, None);
    assert_eq!(
        Value::Object(r.fields),
        json!({"severity":"odd","source":{"ip":"x"}})
    );
    let r = record(r#"{"message":"m","id":null,"severity":null}"#);
    assert_eq!((r.id, r.severity), (None, None));
    assert!(r.fields.is_empty());
}

#[test]
fn severity_and_source_under_the_names_that_shippers_use() {
    let r = record(r#"{"MESSAGE":"Failed password","SYSLOG_IDENTIFIER":"sshd","PRIORITY":"3"}"#);
    assert_eq!(
        (r.source.as_deref(), r.severity),
        (Some("sshd"), Severity::new(3))
    );
    let r = record(r#"{"message":"m","log":{"level":"error"},"service":{"name":"api"}}"#);
    assert_eq!(
        (r.source.as_deref(), r.severity),
        (Some("api"), Severity::new(3))
    );
    let r = record(r#"{"msg":"m","level":50}"#);
    assert_eq!(r.severity, Severity::new(3));
    let r = record(r#"{"msg":"m","level":"error","severity":"info"}"#);
    assert_eq!(r.severity, Severity::new(6), "the record's own word stands");
}

#[test]
fn odd_bytes_in_lines_are_kept_or_replaced() {
    let entries = decode(b"a\0b\nc\xffd\r\n\xc3", TEXT, &limits()).unwrap();
    let messages: Vec<String> = entries.iter().map(word).collect();
    assert_eq!(messages, ["a\0b", "c\u{fffd}d", "\u{fffd}"]);
    let entries = decode(b"[{\"message\":\"a\xffb\"}]", JSON, &limits()).unwrap();
    assert_eq!(word(&entries[0]), "a\u{fffd}b");
}

#[test]
fn text_that_only_looks_like_json_is_text() {
    for line in [
        "[error] x",
        "{main} thrown",
        "[2026-01-01 00:00:00] x",
        "\"quoted\" text",
        "{\"a\":1",
        "[1] x",
    ] {
        assert_eq!(words(line, TEXT), [line]);
    }
    for line in [
        "[error] x",
        "{main} thrown",
        "[2026-01-01 00:00:00] x",
        "\"quoted\" text",
        "[1] x",
    ] {
        assert_eq!(words(line, None), [line]);
    }
}

#[test]
fn long_messages_are_cut_at_a_char() {
    let limits = Limits {
        message: 5,
        ..limits()
    };
    for body in [r#"["abcdé"]"#, r#"[{"message":"abcdé"}]"#] {
        let Entry::Record(r) = decode(body.as_bytes(), JSON, &limits).unwrap().remove(0) else {
            panic!("expected a record");
        };
        assert_eq!((&*r.message, r.truncated), ("abcd", true));
    }
    for (line, message, truncated) in [("abcdé", "abcd", true), ("abcde", "abcde", false)] {
        let Entry::Record(r) = record_from_line(0, &line.into(), &limits) else {
            panic!("expected a record");
        };
        assert_eq!((&*r.message, r.truncated), (message, truncated));
    }
}
