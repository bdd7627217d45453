//! What holds for any body: no panic, bounded work, records in their places.

use proptest::prelude::*;
use serde_json::json;

use super::*;

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

/// The line without a byte-order mark, where it is the first.
fn strip_first(place: usize, line: &str) -> &str {
    line.strip_prefix('\u{feff}')
        .filter(|_| place == 0)
        .unwrap_or(line)
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
        // A byte-order mark before the first line is not part of it.
        let bare = |(place, line)| strip_first(place, line);
        let kept: Vec<&str> = lines.iter().map(String::as_str).enumerate().map(bare).filter(|l| !l.trim().is_empty()).collect();
        match decode(lines.join("\n").as_bytes(), TEXT, &limits()) {
            Ok(entries) => {
                let messages: Vec<String> = entries.iter().map(word).collect();
                prop_assert_eq!(messages.join("\n"), kept.join("\n"));
            }
            Err(_) => prop_assert!(kept.is_empty()),
        }
    }
}
