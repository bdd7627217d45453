//! The log of a loaded service: no message of a record in it, and one line a request where that is
//! asked for.

mod common;

use std::io::Write;

use common::service::{Service, answer, connect, get, is, post};
use serde_json::{Value, json};

/// What no line of the log may hold.
const MARKER: &str = "xq7markerqx";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn send(service: &Service, heads: &str, body: &[u8]) -> (String, String) {
    let mut stream = connect(service.data);
    let length = body.len();
    let head = format!("POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n");
    write!(stream, "{head}{heads}\r\n").expect("sent");
    stream.write_all(body).expect("sent");
    answer(&mut stream)
}

fn lines(service: &Service) -> Vec<Value> {
    let log = service.log();
    let lines = log.iter().map(|line| serde_json::from_str(line));
    lines.map(|line| line.expect("the log is JSON")).collect()
}

fn requests<'a>(lines: &'a [Value], level: &str) -> Vec<&'a Value> {
    let of = |line: &&Value| line["message"] == "request" && line["level"] == level;
    lines.iter().filter(of).collect()
}

/// Every kind of body, whole and broken, with the marker in its messages.
fn load(service: &Service) {
    let message = format!("sshd[7]: Failed password for {MARKER} from 203.0.113.7 port 1 ssh2");
    let record = json!({"message": message, "source": MARKER, "id": MARKER, "user": MARKER});
    let many: Vec<&Value> = std::iter::repeat_n(&record, 2_000).collect();
    let many = serde_json::to_vec(&many).expect("JSON");
    let compressed = zstd::encode_all(many.as_slice(), 1).expect("zstd");
    let cut = &many[..many.len() - 7];
    let plain = format!("{message}\n{message}\n");
    let json_type = "content-type: application/json\r\n";
    for (heads, body) in [
        (json_type, many.as_slice()),
        (
            "content-type: application/json\r\ncontent-encoding: zstd\r\n",
            &compressed,
        ),
        (
            "content-type: application/json\r\ncontent-encoding: gzip\r\n",
            &compressed,
        ),
        (json_type, cut),
        (json_type, format!("{{\"message\": {MARKER}}}").as_bytes()),
        (
            json_type,
            format!("[{{\"id\": \"{MARKER}\"}}, 7, \"{message}\"]").as_bytes(),
        ),
        ("content-type: text/plain\r\n", plain.as_bytes()),
        (
            "content-type: application/x-ndjson\r\naccept: application/x-ndjson\r\n",
            &many,
        ),
        ("", plain.as_bytes()),
    ] {
        let (head, _) = send(service, heads, body);
        assert!(head.starts_with("HTTP/1.1 "), "{head}");
    }
    for path in [
        "/v1/classify?explain=true",
        "/classify",
        "/classify/batch",
        "/v1/feedback",
    ] {
        let (head, _) = post(service.data, path, &record.to_string());
        assert!(is(&head, 200) || is(&head, 400), "{path}: {head}");
    }
    let remark = json!({"message": message, "note": MARKER, "category": "noise",
        "digest": format!("sha256:{}", "0".repeat(64)), "correct": "critical"});
    assert!(is(
        &post(service.data, "/v1/feedback", &remark.to_string()).0,
        200
    ));
    // A caller that goes away while its records are judged.
    let mut stream = connect(service.data);
    let head = common::service::head("/v1/classify", many.len());
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(&many).expect("sent");
    drop(stream);
}

#[test]
fn no_message_of_a_record_is_logged_above_trace() {
    let settings = [
        ("LOGTRIAGE__LOG__LEVEL", "debug"),
        ("LOGTRIAGE__LOG__ACCESS", "1"),
        ("LOGTRIAGE__SERVER__REQUEST_TIMEOUT", "50ms"),
        ("LOGTRIAGE__SHUTDOWN__DELAY", "0s"),
    ];
    let unwritable = [("LOGTRIAGE__FEEDBACK__PATH", "/nowhere/feedback.ndjson")];
    let mut failing = Service::start(&[settings.as_slice(), &unwritable].concat());
    let unkept = json!({"message": MARKER, "category": "noise", "correct": "noise",
        "digest": format!("sha256:{}", "0".repeat(64))});
    assert!(is(
        &post(failing.data, "/v1/feedback", &unkept.to_string()).0,
        503
    ));
    failing.stop();
    let mut service = Service::start(&settings);
    load(&service);
    service.stop();

    let told = lines(&service);
    assert!(
        requests(&told, "INFO").len() >= 14,
        "the load is in the log: {told:#?}"
    );
    assert!(
        told.iter().any(|line| line["level"] == "DEBUG"),
        "debug is on"
    );
    let log = [failing.log(), service.log()].concat();
    let quoting: Vec<&String> = log.iter().filter(|line| line.contains(MARKER)).collect();
    assert!(quoting.is_empty(), "{quoting:#?}");
}

#[test]
fn the_access_log_is_off_unless_asked_for_and_says_what_a_request_was() {
    let mut quiet = Service::start(&[("LOGTRIAGE__SHUTDOWN__DELAY", "0s")]);
    assert!(is(&post(quiet.data, "/v1/classify", "[\"x\"]").0, 200));
    quiet.stop();
    assert_eq!(requests(&lines(&quiet), "INFO").len(), 0);

    let mut service = Service::start(&[
        ("LOGTRIAGE__LOG__ACCESS", "1"),
        ("LOGTRIAGE__SHUTDOWN__DELAY", "0s"),
    ]);
    let heads = format!("x-request-id: req-1\r\ntraceparent: {TRACEPARENT}\r\n");
    assert!(is(&send(&service, &heads, b"[\"x\",\"y\",7]").0, 200));
    assert!(is(&get(service.data, "/nope").0, 404));
    service.stop();
    let told = lines(&service);
    let told = requests(&told, "INFO");
    assert_eq!(told.len(), 2, "{told:#?}");
    let line = told[0];
    let expected = [
        ("route", json!("classify")),
        ("status", json!(200)),
        ("records", json!(3)),
        ("bytes", json!(11)),
        ("request_id", json!("req-1")),
        ("trace_id", json!("4bf92f3577b34da6a3ce929d0e0e4736")),
    ];
    for (field, value) in expected {
        assert_eq!(line[field], value, "{field} of {line}");
    }
    assert!(
        line["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0),
        "{line}"
    );
    assert_eq!(
        (&told[1]["route"], &told[1]["status"]),
        (&json!("other"), &json!(404))
    );
    assert_eq!(told[1]["records"], Value::Null);
}

#[test]
fn a_share_of_the_requests_has_a_line() {
    let mut service = Service::start(&[
        ("LOGTRIAGE__LOG__ACCESS", "0.25"),
        ("LOGTRIAGE__SHUTDOWN__DELAY", "0s"),
    ]);
    let mut stream = connect(service.data);
    for _ in 0..400 {
        write!(stream, "GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n").expect("sent");
        answer(&mut stream);
    }
    drop(stream);
    service.stop();
    let told = lines(&service);
    let count = requests(&told, "INFO").len();
    // 100 are expected, with a standard deviation of 9.
    assert!((50..=150).contains(&count), "{count} of 400");
}

#[test]
fn a_line_within_a_request_names_it_and_its_trace_at_any_level() {
    let mut service = Service::start(&[
        ("LOGTRIAGE__FEEDBACK__PATH", "/nowhere/feedback.ndjson"),
        ("LOGTRIAGE__SHUTDOWN__DELAY", "0s"),
    ]);
    let mut operations = connect(service.operations);
    let level = r#"{"level":"error"}"#;
    let head = "PUT /v1/log-level HTTP/1.1\r\nhost: x\r\ncontent-length: 17\r\n\r\n";
    write!(operations, "{head}{level}").expect("sent");
    assert!(is(&answer(&mut operations).0, 200));

    let remark = json!({"id": 1, "category": "noise", "correct": "noise",
        "digest": format!("sha256:{}", "0".repeat(64))});
    let (mut stream, body) = (connect(service.data), remark.to_string());
    let length = body.len();
    write!(
        stream,
        "POST /v1/feedback HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\
         x-request-id: req-9\r\ntraceparent: {TRACEPARENT}\r\n\r\n{body}"
    )
    .expect("sent");
    assert!(is(&answer(&mut stream).0, 503));
    drop(stream);
    service.stop();
    let told = lines(&service);
    let error = told
        .iter()
        .find(|line| line["message"] == "feedback could not be kept");
    let error = error.unwrap_or_else(|| panic!("no such line in {told:#?}"));
    assert_eq!(error["span"]["id"], "req-9", "{error}");
    assert_eq!(
        error["span"]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736",
        "{error}"
    );
}
