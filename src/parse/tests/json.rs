//! JSON documents: flattening, bounds, levels, sources.

use super::*;

#[test]
fn json_is_flattened() {
    let line = r#"{"a":{"b":[{"c":1},{"c":-2.5e3}],"t":true,"n":null},"e":"x\u00e9\ud83d\ude00\n","k\"":"v","l":["p",["q"]]}"#;
    let fields = check(line, (Format::Json, None, None, line));
    let expected = [
        ("a.b.c", "1"),
        ("a.b.c", "-2.5e3"),
        ("a.t", "true"),
        ("e", "xé😀\n"),
        ("k\"", "v"),
        ("l", "p"),
        ("l", "q"),
    ];
    let found: Vec<(&str, &str)> = fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(found, expected);
    // A message that is JSON itself is read once, under its own path.
    let line = r#"{"message":"{\"level\":\"fatal\",\"message\":\"{\\\"x\\\":1}\"}"}"#;
    let fields = check(line, (Format::Json, None, Some(2), line));
    has(
        &fields,
        &[
            ("message.level", "fatal"),
            ("message.message", r#"{"x":1}"#),
        ],
    );
    // Cut off: what was read stays.
    let line = r#"{"level":"error","text":"cut of"#;
    has(
        &check(line, (Format::Json, None, Some(3), line)),
        &[("level", "error")],
    );
    for line in [
        r#"{"a":1} x"#,
        "{main} x",
        r#"{"a" 1}"#,
        r#"{"a":1,}"#,
        "[1,2]",
        "{",
        "[error] x",
    ] {
        assert_eq!(parse(line).format, Format::Plain, "{line}");
    }
    assert_eq!(parse("[{\"a\":1},{\"a\":2}]").fields.len(), 2);
    assert_eq!(parse("{}").format, Format::Json);
}

#[test]
fn json_is_bounded() {
    let many = format!(
        "{{{}\"z\":1}}",
        (0..2000)
            .map(|n| format!("\"k{n}\":1,"))
            .collect::<String>()
    );
    assert_eq!(parse(&many).fields.len(), 512);
    let deep = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
    assert_eq!(parse(&deep(64)).fields.len(), 1);
    assert_eq!(parse(&deep(65)).fields.len(), 0);
    assert_eq!(parse(&deep(10_000)).format, Format::Json);
    let wide = format!("{{\"{}\":{{\"a\":1}},\"b\":2}}", "k".repeat(300));
    assert_eq!(*parse(&wide).fields, [("b".into(), "2".into())]);
}

#[test]
fn json_levels_of_many_loggers() {
    for (line, expected) in [
        (r#"{"level":"warn"}"#, Some(4)),
        (r#"{"severity":"CRITICAL"}"#, Some(2)),
        (r#"{"severity":"DEFAULT"}"#, None),
        (r#"{"log":{"level":"Error"}}"#, Some(3)),
        (r#"{"log.level":"error"}"#, Some(3)),
        (r#"{"@l":"Fatal"}"#, Some(2)),
        (r#"{"level":3}"#, Some(3)),
        (r#"{"level":"3"}"#, Some(3)),
        (r#"{"level":30}"#, Some(6)),
        (r#"{"level":60}"#, Some(2)),
        (r#"{"level":35}"#, None),
        (r#"{"level":400,"level_name":"ERROR"}"#, Some(3)),
        (r#"{"levelno":50}"#, Some(2)),
        (r#"{"levelname":"WARNING","levelno":30}"#, Some(4)),
        (r#"{"PRIORITY":"2"}"#, Some(2)),
        (r#"{"priority":2}"#, None),
        (r#"{"priority":"Critical"}"#, Some(2)),
        (r#"{"severityNumber":17}"#, Some(3)),
        (r#"{"EventID":7031,"Level":2}"#, Some(3)),
        (r#"{"EventID":4625,"Level":0}"#, Some(6)),
        (r#"{"Level":4,"ProviderName":"x"}"#, Some(6)),
        (r#"{"Event":{"System":{"Level":1}}}"#, Some(2)),
        (r#"{"alert":{"severity":1}}"#, Some(3)),
        (r#"{"s":"E","c":"NETWORK","ctx":"conn1"}"#, Some(3)),
        (r#"{"s":"E"}"#, None),
        (r#"{"kind":"Event","level":"RequestResponse"}"#, None),
        (r#"{"severity":"HIGH"}"#, Some(3)),
        (r#"{"level":"info","severity":"error"}"#, Some(3)),
    ] {
        level(line, expected);
    }
}

#[test]
fn json_sources_of_many_products() {
    for (line, expected) in [
        (
            r#"{"eventSource":"iam.amazonaws.com","source":"x"}"#,
            Some("iam.amazonaws.com"),
        ),
        (
            r#"{"Channel":"Security","SourceName":"Microsoft-Windows-Security-Auditing"}"#,
            Some("Microsoft-Windows-Security-Auditing"),
        ),
        (
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1"}"#,
            Some("audit.k8s.io/v1"),
        ),
        (r#"{"apiVersion":"v1"}"#, None),
        (r#"{"logger":"http","service":{"name":"api"}}"#, Some("api")),
        (r#"{"source":{"ip":"1.2.3.4"}}"#, None),
        (r#"{"app":""}"#, None),
    ] {
        assert_eq!(parse(line).source.as_deref(), expected, "{line}");
    }
}

#[test]
fn a_number_is_read_on_the_scale_of_its_product() {
    for (document, expected) in [
        // GuardDuty counts upwards to 10, with a fraction; 2 is low there, not critical.
        (
            r#"{"type":"Recon:EC2/PortProbeUnprotectedPort","severity":2}"#,
            Some(5),
        ),
        (r#"{"severity":5.3,"type":"Recon:EC2/PortProbe"}"#, Some(4)),
        (
            r#"{"detail":{"type":"CryptoCurrency:EC2/BitcoinTool.B","severity":8.0}}"#,
            Some(3),
        ),
        (
            r#"{"detail":{"severity":9.5,"type":"AttackSequence:IAM/CompromisedCredentials"}}"#,
            Some(2),
        ),
        // The same fields of another product are not on that scale.
        (r#"{"type":"http://example.org/a","severity":2}"#, Some(2)),
        (r#"{"detail":{"type":"x","severity":8.0}}"#, None),
        // Snort: 1 is the most severe, and only beside its two numbers.
        (r#"{"gid":1,"sid":2000,"priority":1}"#, Some(3)),
        (r#"{"gid":1,"sid":2000,"priority":3}"#, Some(5)),
        (r#"{"ticket":7,"priority":1}"#, None),
        (r#"{"severity_id":5}"#, Some(2)),
        (r#"{"SeverityValue":4,"x":1}"#, Some(3)),
        (r#"{"level_value":30000,"message":"a"}"#, Some(4)),
        (r#"{"Severity":{"Normalized":70}}"#, Some(3)),
        (r#"{"SeverityName":"High"}"#, Some(3)),
        // A name goes before every number.
        (r#"{"severity":"INFO","severity_id":5}"#, Some(6)),
        // Cloud severities by name.
        (r#"{"severity":"EMERGENCY"}"#, Some(0)),
        (r#"{"severity":"NOTICE"}"#, Some(5)),
        (r#"{"severity":"DEFAULT"}"#, None),
        (r#"{"Level":"Informational"}"#, Some(6)),
    ] {
        level(document, expected);
    }
}
