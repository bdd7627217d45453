//! Every kind of broken record among good ones, and bodies that cannot be read at all.

use super::*;

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
fn half_a_surrogate_pair_is_replaced() {
    for (escaped, message) in [
        (r"a\ud83d", "a\u{fffd}"),
        (r"\ude00\ud83d\ud83d\ude00.", "\u{fffd}\u{fffd}\u{1f600}."),
        (r"\\ud83d\ud83dx", "\\ud83d\u{fffd}x"),
        (r"\ud83d\n\udC00", "\u{fffd}\n\u{fffd}"),
    ] {
        let object = format!(r#"{{"id":"i","message":"{escaped}","k":"{escaped}","{escaped}":1}}"#);
        let r = record(&object);
        assert_eq!(r.message, message, "{escaped}");
        assert_eq!(r.fields["k"], message, "{escaped}");
        assert_eq!(r.fields[message], 1, "{escaped}");
        assert_eq!(words(&format!(r#"["{escaped}"]"#), JSON), [message]);
        assert_eq!(words(&object, TEXT), [message]);
    }
    assert_eq!(words(r#"["a","\ud83d\x"]"#, JSON), ["a", "!invalid_json"]);
}

#[test]
fn offsets_count_in_the_bytes_of_the_body() {
    // The number is too large, which shows only when it is read on its own; its text starts at 24
    // in the first body. Each byte that is not UTF-8 is one byte of the body.
    let cases: [(&[u8], usize); 5] = [
        (b"[1,{\"message\":\"m\",\"n\":  1e999}]", 24),
        (b"[1,{\"message\":\"m\xff\xff\",\"n\":1e999}]", 24),
        (b"[1,{\"message\":\"m\",\n\"n\":[\n1e999]}]", 25),
        (
            b"[1,{\"message\":\"\xe2\x82\",\"s\":\"\\ud83d\",\"n\":1e999}]",
            36,
        ),
        (b"[1,{\"message\":\"\xff\",}]", 18),
    ];
    for (body, start) in cases {
        let Entry::Bad(found) = decode(body, JSON, &limits()).unwrap().remove(1) else {
            panic!("expected an error");
        };
        let number = body[start..].starts_with(b"1e999");
        let at = if number { start + 4 } else { start };
        assert!(
            found.detail.contains(&format!(" at byte {at};")),
            "{start}: {}",
            found.detail
        );
    }
}
