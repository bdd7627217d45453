//! CEF, LEEF, logfmt, access lines, klog.

use super::*;

#[test]
fn cef_header_and_extension() {
    let line = r"CEF:0|Check\|Point|FW\\1|R80|100|worm stopped|10|src=10.0.0.1 msg=a \= b\nc act=blocked request=http://x/?a=b&c=d cs1Label=Rule Name cs1=x y";
    let fields = check(
        line,
        (Format::Cef, Some(r"Check|Point FW\1"), Some(2), line),
    );
    has(
        &fields,
        &[
            ("deviceVendor", "Check|Point"),
            ("deviceProduct", r"FW\1"),
            ("deviceVersion", "R80"),
            ("deviceEventClassId", "100"),
            ("name", "worm stopped"),
            ("severity", "10"),
            ("src", "10.0.0.1"),
            ("msg", "a = b\nc"),
            ("act", "blocked"),
            ("request", "http://x/?a=b&c=d"),
            ("cs1Label", "Rule Name"),
            ("cs1", "x y"),
        ],
    );
    assert_eq!(fields.len(), 12);
    for (severity, expected) in [
        ("0", Some(6)),
        ("3", Some(6)),
        ("4", Some(4)),
        ("6", Some(4)),
        ("7", Some(3)),
        ("8", Some(3)),
        ("9", Some(2)),
        ("Low", Some(6)),
        ("Medium", Some(4)),
        ("High", Some(3)),
        ("Very-High", Some(2)),
        ("Unknown", None),
        ("11", None),
        ("", None),
    ] {
        level(&format!("CEF:0|V|P|1|2|n|{severity}|a=b"), expected);
        level(&format!("CEF:0|V|P|1|2|n|{severity}"), expected);
    }
    check("CEF:0|V|P|1", (Format::Plain, None, None, "CEF:0|V|P|1"));
}

#[test]
fn leef_with_its_delimiters() {
    let expected = [
        ("deviceVendor", "V"),
        ("deviceEventClassId", "e1"),
        ("src", "1.2.3.4"),
        ("sev", "9"),
        ("msg", "a b"),
    ];
    for line in [
        "LEEF:1.0|V|P|1|e1|src=1.2.3.4\tsev=9\tmsg=a b",
        "LEEF:1.0|V|P|1|e1|src=1.2.3.4 sev=9 msg=a b",
        "LEEF:2.0|V|P|1|e1|^|src=1.2.3.4^sev=9^msg=a b",
        "LEEF:2.0|V|P|1|e1|0x5E|src=1.2.3.4^sev=9^msg=a b",
        "LEEF:2.0|V|P|1|e1|x5e|src=1.2.3.4^sev=9^msg=a b",
        "LEEF:2.0|V|P|1|e1|0x09|src=1.2.3.4\tsev=9\tmsg=a b",
        "LEEF:2.0|V|P|1|e1||src=1.2.3.4\tsev=9\tmsg=a b",
        "LEEF:2.0|V|P|1|e1|src=1.2.3.4\tsev=9\tmsg=a b",
    ] {
        let fields = check(line, (Format::Leef, Some("V P"), Some(2), line));
        has(&fields, &expected);
        assert_eq!(fields.len(), 7, "{line}");
    }
    check(
        "LEEF:1.0|V|P|1|e1",
        (Format::Leef, Some("V P"), None, "LEEF:1.0|V|P|1|e1"),
    );
}

#[test]
fn logfmt_is_pairs_and_nothing_else() {
    let line = r#"time=2026-01-02T03:04:05Z level=error msg="say \"hi\"" empty= app=web err='a b'"#;
    let fields = check(line, (Format::Logfmt, Some("web"), Some(3), line));
    has(
        &fields,
        &[
            ("msg", "say \"hi\""),
            ("empty", ""),
            ("err", "a b"),
            ("level", "error"),
        ],
    );
    assert_eq!(fields.len(), 6);
    let forti = r#"date=2026-01-02 time=03:04:05 logid="1" type="event" level="alert" vd="root""#;
    check(forti, (Format::Logfmt, None, Some(1), forti));
    for line in ["a=b", "a=b c", "a=b c=\"d", "key=value is text", "=x y=z"] {
        assert_eq!(parse(line).format, Format::Plain, "{line}");
    }
}

#[test]
fn access_lines() {
    let line = r#"203.0.113.9 - bob [10/Oct/2025:13:55:36 -0700] "GET /a?b=\"c HTTP/1.1" 401 2326 "https://x/" "Mozilla/5.0 (X11)" 0.005 "extra""#;
    let fields = check(line, (Format::Access, None, None, line));
    let expected = [
        ("remote_addr", "203.0.113.9"),
        ("remote_user", "bob"),
        ("method", "GET"),
        ("path", r#"/a?b=\"c"#),
        ("protocol", "HTTP/1.1"),
        ("status", "401"),
        ("bytes", "2326"),
        ("referer", "https://x/"),
        ("user_agent", "Mozilla/5.0 (X11)"),
    ];
    let found: Vec<(&str, &str)> = fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(found, expected);
    let common = r#"::1 - - [10/Oct/2025:13:55:36 -0700] "HEAD / HTTP/1.0" 500 -"#;
    has(
        &check(common, (Format::Access, None, None, common)),
        &[("status", "500"), ("bytes", "-")],
    );
    let vhost =
        r#"www.example.com:443 10.0.0.1 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/2.0" 200 5"#;
    let fields = check(vhost, (Format::Access, None, None, vhost));
    has(
        &fields,
        &[
            ("vhost", "www.example.com:443"),
            ("remote_addr", "10.0.0.1"),
            ("remote_user", "-"),
        ],
    );
    let junk = r#"10.0.0.1 - - [10/Oct/2025:13:55:36 -0700] "\x16\x03\x01 \x02" 400 226"#;
    has(
        &check(junk, (Format::Access, None, None, junk)),
        &[("path", r"\x16\x03\x01 \x02")],
    );
    // Words of a visitor do not become a level.
    level(
        r#"10.0.0.1 - - [10/Oct/2025:13:55:36 -0700] "GET /ERROR HTTP/1.1" 500 1 "-" "[FATAL] level=emerg""#,
        None,
    );
    level(
        r#"10.0.0.1 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" - 1"#,
        None,
    );
}

#[test]
fn klog_lines() {
    let fields = check(
        r#"E0102 15:04:05.000000    1234 pod_workers.go:191] "Error syncing pod" pod="ns/p" err="x \"y\"""#,
        (
            Format::Klog,
            None,
            Some(3),
            r#""Error syncing pod" pod="ns/p" err="x \"y\"""#,
        ),
    );
    has(
        &fields,
        &[
            ("procid", "1234"),
            ("file", "pod_workers.go"),
            ("line", "191"),
            ("pod", "ns/p"),
            ("err", "x \"y\""),
        ],
    );
    level("I0102 15:04:05.000000 1 a.go:1] x", Some(6));
    level("W0102 15:04:05.000000 1 a.go:1] x", Some(4));
    level("F0102 15:04:05.000000 1 a.go:1] x", Some(2));
    let empty = "I0102 15:04:05.000000 1 a.go:1]";
    check(empty, (Format::Klog, None, Some(6), empty));
}
