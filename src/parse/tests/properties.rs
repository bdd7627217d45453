//! What holds for any text: no panic, linear time, a body that is part of the message.

use proptest::prelude::*;

use super::*;

#[test]
fn time_is_linear() {
    let started = std::time::Instant::now();
    for piece in [
        "<13>",
        "[",
        "{\"a\":",
        "a=",
        "a=b ",
        "CEF:0|",
        " \\",
        "\"",
        "[10/Oct/2025:13:55:36 -0700] ",
        "%ASA-",
        "{\"a\":[{\"b\":\"",
        "1: ",
        "Jan 1 00:00:00 ",
    ] {
        for head in [
            "",
            "<13>",
            "CEF:0|a|b|c|d|e|f|",
            "LEEF:2.0|a|b|c|d|^|",
            "<13>1 - a b c d ",
            "{\"message\":\"",
            "1.1.1.1 - ",
            "I0102 15:04:05.000000 1 ",
        ] {
            parse(&format!("{head}{}", piece.repeat(65_536 / piece.len())));
        }
    }
    assert!(
        started.elapsed().as_secs() < 20,
        "took {:?}",
        started.elapsed()
    );
}

/// Lines of every format, to be broken at random.
const REAL: [&str; 12] = [
    r#"<165>1 2003-10-11T22:14:15.003Z host1 evntslog 77 ID47 [ex@32473 iut="3" q="a\"]b"] An event é"#,
    "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed for lonvick on /dev/pts/8",
    "Jan  2 03:04:05 h kernel: [12345.678901] usb 1-1: new device",
    "<166>Jan 01 2024 10:00:00 fw01 : %ASA-4-106023: Deny tcp src outside:1.2.3.4/1",
    r"CEF:0|Check\|Point|FW\\1|R80|100|worm stopped|10|src=10.0.0.1 msg=a \= b\nc act=é",
    "LEEF:2.0|V|P|1|e1|^|src=1.2.3.4^sev=9^msg=a b é",
    r#"{"a":{"b":[{"c":1},{"c":-2.5e3}],"t":true},"message":"{\"x\":\"\\u00e9\"}","level":"error"}"#,
    r#"time=2026-01-02T03:04:05Z level=error msg="say \"hi\" é" empty= app=web"#,
    r#"203.0.113.9 - bob [10/Oct/2025:13:55:36 -0700] "GET /é HTTP/1.1" 401 2326 "-" "Mozilla/5.0""#,
    r#"E0102 15:04:05.000000    1234 pod_workers.go:191] "Error syncing pod" pod="ns/p""#,
    "[Wed Oct 11 14:32:52.123 2025] [core:error] [pid 1] text é",
    "2026-01-02T03:04:05.123456789+01:00 stderr F 2026-01-02 03:04:05,123 WARN [main] c.e.App - é",
];

/// The promises of [`parse`] that hold for any text.
fn promises(message: &str) {
    let parsed = parse(message);
    let (start, end) = (
        message.as_ptr() as usize,
        message.as_ptr() as usize + message.len(),
    );
    let body = parsed.body.as_ptr() as usize;
    assert!(
        body >= start && body + parsed.body.len() <= end,
        "body is part of {message:?}"
    );
    if !message.trim_matches(is_padding).is_empty() {
        assert!(
            !parsed.body.trim_matches(is_padding).is_empty(),
            "no body in {message:?}"
        );
    }
    assert_eq!(parsed, parse(message));
}

proptest! {
    #[test]
    fn any_text_keeps_the_promises(message in any::<String>()) {
        promises(&message);
    }

    #[test]
    fn text_of_signs_keeps_the_promises(message in "[<>\\[\\]{}()|=:\"'\\\\%. \t1aJné-]{0,60}") {
        promises(&message);
    }

    #[test]
    fn mutated_lines_keep_the_promises(
        line in prop::sample::select(REAL.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<Option<char>>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut chars: Vec<char> = line.chars().collect();
        for (place, edit) in edits {
            let at = place.index(chars.len());
            match edit {
                Some(c) => chars[at] = c,
                None => { chars.remove(at); }
            }
        }
        promises(&chars.iter().collect::<String>());
        chars.truncate(cut.index(chars.len()));
        promises(&chars.iter().collect::<String>());
    }

    #[test]
    fn joined_lines_keep_the_promises(
        a in prop::sample::select(REAL.to_vec()),
        b in prop::sample::select(REAL.to_vec()),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(a.len());
        if a.is_char_boundary(at) {
            promises(&format!("{}{b}", &a[..at]));
        }
    }
}
