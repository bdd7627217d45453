//! Whole bodies in, entries out: every accepted shape, and every kind of broken record among
//! good ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const JSON: Option<&str> = Some("application/json");
const NDJSON: Option<&str> = Some("application/x-ndjson");
const TEXT: Option<&str> = Some("text/plain; charset=utf-8");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn limits() -> Limits {
    Limits::default()
}

fn read(body: &str, content_type: Option<&str>) -> Vec<Entry> {
    decode(body.as_bytes(), content_type, &limits()).unwrap()
}

fn unreadable(body: &[u8], content_type: Option<&str>) -> Unreadable {
    decode(body, content_type, &limits()).unwrap_err()
}

/// The message of a good entry, `!code` of a bad one.
fn word(entry: &Entry) -> String {
    match entry {
        Entry::Record(record) => record.message.clone(),
        Entry::Bad(bad) => format!("!{}", bad.code),
    }
}

fn words(body: &str, content_type: Option<&str>) -> Vec<String> {
    let entries = read(body, content_type);
    for (place, entry) in entries.iter().enumerate() {
        let index = match entry {
            Entry::Record(record) => record.index,
            Entry::Bad(bad) => bad.index,
        };
        assert_eq!(index, place, "indexes follow the order");
    }
    entries.iter().map(word).collect()
}

fn record(body: &str) -> Record {
    match read(body, JSON).remove(0) {
        Entry::Record(record) => record,
        Entry::Bad(bad) => panic!("expected a record, found {bad:?}"),
    }
}

fn bad(body: &str, content_type: Option<&str>, place: usize) -> BadRecord {
    match read(body, content_type).remove(place) {
        Entry::Bad(bad) => bad,
        Entry::Record(record) => panic!("expected an error, found {record:?}"),
    }
}

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
fn each_kind_of_bad_record_keeps_its_place() {
    let body = r#"["first",{"message":" "},7,null,[1],{"a":},{"message":"mid"},{"a" 1},tru,{"message":"last"}]"#;
    assert_eq!(
        words(body, JSON),
        [
            "first",
            "!no_message",
            "!not_a_record",
            "!not_a_record",
            "!not_a_record",
            "!invalid_json",
            "mid",
            "!invalid_json",
            "!invalid_json",
            "last"
        ]
    );
    let detail = bad(body, JSON, 5).detail;
    // The closing brace of {"a":} is byte 41.
    assert_eq!(&body[36..42], r#"{"a":}"#);
    assert!(detail.contains("at byte 41"), "{detail}");
}

#[test]
fn an_unfinished_element_does_not_take_its_neighbours() {
    let cases: [(&str, &[&str]); 8] = [
        (
            r#"["x",{"message":"a"},{"message":"b},{"message":"c"}]"#,
            &["x", "a", "!invalid_json", "c"],
        ),
        (
            r#"[{"message":"a"},{"message":"b",{"message":"c"}]"#,
            &["a", "!invalid_json", "c"],
        ),
        (
            r#"[{"message":"he said "hi" there"},{"message":"c"}]"#,
            &["!invalid_json", "c"],
        ),
        (r#"[{"a":[1,2},{"message":"c"}]"#, &["!invalid_json", "c"]),
        (
            r#"{"logs":[{"message":"b},{"message":"c"}]}"#,
            &["!invalid_json", "c"],
        ),
        (
            "[{\"message\":\"b},\n{\"message\":\"c\"}\n]",
            &["!invalid_json", "c"],
        ),
        (
            r#"[{"message":"a"}oops,{"message":"c"}]"#,
            &["!invalid_json", "c"],
        ),
        (r#"[{"message":"a"} {"message":"c"},]"#, &["a", "c"]),
    ];
    for (body, expected) in cases {
        assert_eq!(words(body, JSON), expected, "{body}");
    }
}

#[test]
fn a_broken_tail_is_one_entry() {
    for (body, expected) in [
        (r#"[{"message":"a"},{"message":"b"#, ["a", "!invalid_json"]),
        (r#"[{"message":"a"},{"mess"#, ["a", "!invalid_json"]),
        (r#"[{"message":"a"},"#, ["a", "!invalid_json"]),
        (r#"{"logs":[{"message":"a"}"#, ["a", "!invalid_json"]),
        (r#"{"message":"a"}{"message":"#, ["a", "!invalid_json"]),
        ("{\"message\":\"a\"}\n{\"message\":", ["a", "!invalid_json"]),
    ] {
        assert_eq!(words(body, JSON), expected, "{body}");
    }
    assert_eq!(
        bad(r#"[{"message":"a"},{"message":"b"#, JSON, 1).detail,
        "expected the end of the record, found the end of the body at byte 30; the record is not valid json"
    );
}

#[test]
fn a_broken_line_costs_only_itself() {
    let body = "{\"message\":\"a\"}\n{\"message\":\"b\nnot json\n{\"message\":\"c\"}}\n{\"message\":\"d\"}\n";
    let expected = ["a", "!invalid_json", "!invalid_json", "!invalid_json", "d"];
    assert_eq!(words(body, NDJSON), expected);
    // Undeclared, a line that is no JSON is a message.
    assert_eq!(
        words(body, None),
        ["a", "!invalid_json", "not json", "!invalid_json", "d"]
    );
    let body = "{\"message\":\"a\"}\n{\"message\":\"b\"\n{\"message\":\"c\"}\n";
    assert_eq!(words(body, JSON), ["a", "!invalid_json", "c"]);
}

#[test]
fn depth_is_bounded_and_the_id_still_told() {
    let deep = |n: usize| {
        format!(
            r#"{{"id":"x","message":"m","d":{}{}}}"#,
            "[".repeat(n),
            "]".repeat(n)
        )
    };
    assert_eq!(words(&deep(63), JSON), ["m"]);
    let found = bad(&deep(64), JSON, 0);
    assert_eq!(
        (found.code, found.id),
        ("too_deep", Some(RecordId::Text("x".into())))
    );
    let body = format!("[{},\"ok\",{}]", deep(100), deep(3000));
    assert_eq!(words(&body, JSON), ["!too_deep", "ok", "!too_deep"]);
    assert_eq!(
        words(&"[".repeat(100_000), JSON.filter(|_| false)),
        ["[".repeat(65536)]
    );
}

#[test]
fn what_cannot_be_read_at_all_says_where_and_what_to_do() {
    let cases: [(&[u8], Option<&str>, usize, &str); 9] = [
        (b"", JSON, 0, "empty body"),
        (b" \n ", TEXT, 0, "empty body"),
        (b"{\"message\":}", JSON, 11, "expected value"),
        (b"{\"message\":\"a", JSON, 13, "end of the body"),
        (b"hello world", JSON, 0, "expected value"),
        (b"hello\nworld", NDJSON, 0, "expected value"),
        (b"\xff\xfe{\0}\0", JSON, 0, "utf-16"),
        (b"{\0\"\0a\0\"\0", None, 0, "utf-16"),
        (b"\x1f\x8b\x08\0\0", None, 0, "content-encoding: gzip"),
    ];
    for (body, content_type, offset, words) in cases {
        let found = unreadable(body, content_type);
        assert_eq!(found.offset, offset, "{body:?}: {found}");
        assert!(found.detail.contains(words), "{body:?}: {found}");
    }
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
        assert_eq!((r.message.as_str(), r.truncated), ("abcd", true));
    }
    for (line, message, truncated) in [("abcdé", "abcd", true), ("abcde", "abcde", false)] {
        let Entry::Record(r) = record_from_line(0, line.as_bytes(), &limits) else {
            panic!("expected a record");
        };
        assert_eq!((r.message.as_str(), r.truncated), (message, truncated));
    }
}

#[test]
fn values_make_the_same_records() {
    let value = json!({"id":7,"message":"m","host":"h","severity":"error"});
    let Entry::Record(a) = record_from_value(0, value.clone(), &limits()) else {
        panic!("expected a record");
    };
    assert_eq!(a, record(&value.to_string()));
    assert_eq!(
        word(&record_from_value(0, json!("text"), &limits())),
        "text"
    );
    assert_eq!(
        word(&record_from_value(0, json!(7), &limits())),
        "!not_a_record"
    );
    assert_eq!(
        word(&record_from_value(0, json!({"a":1}), &limits())),
        r#"{"a":1}"#
    );
}

#[test]
fn hostile_bodies_cost_a_bounded_multiple_of_their_length() {
    let started = std::time::Instant::now();
    for piece in [
        "{\"a\":[\n",
        "[{\"a\":\"},",
        "{\"a\":\"},{",
        "{\"a\" {\"",
        "},{\"",
        "{\n",
        "[",
        "\"",
        "{\"logs\":[",
        "{\"a\":1,\n",
    ] {
        let body = piece.repeat(200_000 / piece.len());
        for content_type in [None, JSON, NDJSON, TEXT] {
            let _ = decode(body.as_bytes(), content_type, &limits());
            let _ = decode(
                format!("[\"ok\",{body}").as_bytes(),
                content_type,
                &limits(),
            );
        }
    }
    assert!(
        started.elapsed().as_secs() < 20,
        "took {:?}",
        started.elapsed()
    );
}

/// A piece of a batch: JSON text, and the message if it is good.
fn piece() -> impl Strategy<Value = (String, Option<String>)> {
    let good = any::<String>().prop_filter("blank", |text| !text.trim().is_empty());
    let good = good.prop_map(|text| (json!({"message": &text}).to_string(), Some(text)));
    let plain = "[a-z{}\\[\\],:\" ]{1,20}".prop_filter("blank", |text| !text.trim().is_empty());
    let plain = plain.prop_map(|text| (json!(&text).to_string(), Some(text)));
    let broken = prop::sample::select(vec![
        r#"{"message":}"#,
        r#"{"message" "x"}"#,
        r#"{message:"x"}"#,
        r#"{"message":"x",}"#,
        "nul",
        "{\"a\":01}",
        r#"{"message":"a\x"}"#,
        r#"{"a":[1,2}"#,
        r#"{"message":"x"}}"#,
    ]);
    prop_oneof![3 => good, 2 => plain, 1 => broken.prop_map(|text| (text.to_owned(), None))]
}

fn check(body: &str, content_type: Option<&str>, pieces: &[(String, Option<String>)]) {
    let entries = match decode(body.as_bytes(), content_type, &limits()) {
        Ok(entries) => entries,
        Err(error) => {
            assert!(
                pieces.iter().all(|(_, message)| message.is_none()),
                "{error}"
            );
            return;
        }
    };
    assert_eq!(entries.len(), pieces.len(), "{body}");
    for (entry, (_, message)) in entries.iter().zip(pieces) {
        match (entry, message) {
            (Entry::Record(record), Some(message)) => assert_eq!(&record.message, message),
            (Entry::Bad(bad), None) => assert_eq!(bad.code, "invalid_json"),
            other => panic!("{other:?} in {body}"),
        }
    }
}

proptest! {
    #[test]
    fn good_and_broken_records_keep_their_places(pieces in prop::collection::vec(piece(), 1..12)) {
        let texts: Vec<&str> = pieces.iter().map(|(text, _)| text.as_str()).collect();
        check(&texts.join("\n"), NDJSON, &pieces);
        let balanced: Vec<_> = pieces.iter().filter(|(text, _)| !text.ends_with("2}") && !text.ends_with("}}")).cloned().collect();
        let texts: Vec<&str> = balanced.iter().map(|(text, _)| text.as_str()).collect();
        if !balanced.is_empty() {
            check(&format!("[{}]", texts.join(",")), JSON, &balanced);
            check(&format!("{{\"logs\":[{}]}}", texts.join(" ,\n ")), JSON, &balanced);
        }
    }

    #[test]
    fn any_bytes_are_decoded_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for content_type in [None, JSON, NDJSON, TEXT] {
            let _ = decode(&body, content_type, &limits());
        }
        let _ = decompress(bytes::Bytes::from(body), Some("gzip"), 1000);
    }

    #[test]
    fn any_brackets_are_decoded_without_a_panic(body in "[\\[\\]{}\",:a1 \n\\\\]{0,80}") {
        for content_type in [None, JSON, NDJSON, TEXT] {
            if let Ok(entries) = decode(body.as_bytes(), content_type, &limits()) {
                for (place, entry) in entries.iter().enumerate() {
                    let index = match entry { Entry::Record(r) => r.index, Entry::Bad(b) => b.index };
                    prop_assert_eq!(index, place);
                }
            }
        }
    }

    #[test]
    fn every_line_survives(lines in prop::collection::vec("[^\n\r\\{\\x00]{0,40}", 0..10)) {
        let kept: Vec<&str> = lines.iter().map(String::as_str).filter(|l| !l.trim().is_empty()).collect();
        match decode(lines.join("\n").as_bytes(), TEXT, &limits()) {
            Ok(entries) => {
                let messages: Vec<String> = entries.iter().map(word).collect();
                // A byte-order mark before the first line is not part of it.
                let joined = messages.join("\n");
                let kept = kept.join("\n");
                let bare = |text: &str| text.trim_start_matches('\u{feff}').to_owned();
                prop_assert_eq!(bare(&joined), bare(&kept));
            }
            Err(_) => {
                let nothing = kept.concat().trim_matches('\u{feff}').is_empty();
                prop_assert!(nothing);
            }
        }
    }
}
