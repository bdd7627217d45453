//! Feedback through a running service: who may give it, what is kept of it, and what happens where it
//! cannot be kept.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::service::{Service, answer, connect, get, is, program};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn remark(message: &str) -> Value {
    json!({"message": message, "source": "sshd", "category": "noise", "digest": DIGEST,
           "correct": "critical", "note": "it was \"root\"\nfrom outside"})
}

/// Gives feedback with these further header lines.
fn say(service: &Service, heads: &str, body: &Value) -> (String, Value) {
    use std::io::Write;
    let (mut stream, body) = (connect(service.data), body.to_string());
    let length = body.len();
    let head = format!("POST /v1/feedback HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n");
    write!(stream, "{head}{heads}\r\n{body}").expect("sent");
    let (head, body) = answer(&mut stream);
    (head, serde_json::from_str(&body).expect("JSON"))
}

fn metric(service: &Service, series: &str) -> f64 {
    let (_, text) = get(service.operations, "/metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.map_or(0.0, |value| value.trim().parse().expect("a number"))
}

fn rejected(service: &Service, reason: &str) -> f64 {
    metric(
        service,
        &format!("logtriage_feedback_rejected_total{{reason=\"{reason}\"}}"),
    )
}

fn taken(service: &Service) -> f64 {
    let labels = "{correct=\"critical\",judged=\"noise\"}";
    metric(service, &format!("logtriage_feedback_total{labels}"))
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the file");
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "a torn line: {text:?}"
    );
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a whole line of JSON"))
        .collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn it_is_kept_as_the_trainer_reads_it() {
    let volume = tempfile::tempdir().expect("a directory");
    let path = volume.path().join("feedback.ndjson");
    let service = Service::start(&[("LOGTRIAGE__FEEDBACK__PATH", text(&path))]);
    let (head, answer) = say(&service, "", &remark("Failed password for root"));
    assert!(is(&head, 200), "{head} {answer}");
    assert_eq!(answer, json!({"kept": true}));
    // It is on the disk by then, whatever becomes of the process.
    let kept = lines(&path);
    let time = kept[0]["time"].as_str().expect("a time");
    humantime::parse_rfc3339(time).expect("RFC 3339");
    let expected = json!({"time": time, "message": "Failed password for root", "source": "sshd",
        "label": "critical", "judged": "noise", "digest": DIGEST,
        "note": "it was \"root\"\nfrom outside"});
    assert_eq!(kept, [expected]);

    let by_id = json!({"id": 7, "category": "routine", "digest": DIGEST, "correct": "routine"});
    let (head, answer) = say(&service, "", &by_id);
    assert!(is(&head, 200), "{head} {answer}");
    assert_eq!(lines(&path)[1]["id"], 7);
    assert_eq!(taken(&service), 1.0);
    let right = "logtriage_feedback_total{correct=\"routine\",judged=\"routine\"}";
    assert_eq!(metric(&service, right), 1.0);

    // A file that was moved away is begun anew.
    fs::rename(&path, volume.path().join("taken")).expect("moved");
    say(&service, "", &remark("again"));
    assert_eq!(lines(&path).len(), 1);
}

#[test]
fn it_needs_the_token_or_loopback_and_a_body_that_can_be_read() {
    let site = tempfile::tempdir().expect("a directory");
    let token = site.path().join("token");
    fs::write(&token, "s3cret\n").expect("a token");
    let service = Service::start(&[("LOGTRIAGE__FEEDBACK__TOKEN_FILE", text(&token))]);
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    for (heads, status) in [
        (String::new(), 403),
        (bearer("other"), 403),
        (bearer("s3cret"), 200),
    ] {
        let (head, body) = say(&service, &heads, &remark("x"));
        assert!(is(&head, status), "{heads}: {head} {body}");
    }
    assert_eq!(rejected(&service, "forbidden"), 2.0);
    assert_eq!(
        taken(&service),
        1.0,
        "what is refused is not counted as taken"
    );

    let open = Service::start(&[]);
    let (head, answer) = say(&open, "", &remark("x"));
    assert!(is(&head, 200), "loopback: {head}");
    assert_eq!(answer, json!({"kept": false}), "no file is configured");
    for elsewhere in [
        "origin: http://a.example",
        "x-forwarded-for: 10.0.0.1",
        "forwarded: for=a",
    ] {
        let (head, _) = say(&open, &format!("{elsewhere}\r\n"), &remark("x"));
        assert!(is(&head, 403), "{elsewhere}: {head}");
    }
    let spoilt = |change: fn(&mut Value)| {
        let mut remark = remark("x");
        change(&mut remark);
        say(&open, "", &remark)
    };
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 5] = [
        ("message", |r| r["message"] = Value::Null),
        ("digest", |r| r["digest"] = "sha256:12".into()),
        ("loud", |r| r["correct"] = "loud".into()),
        ("unknown", |r| r["unknown"] = 1.into()),
        ("at most", |r| r["note"] = "x".repeat(600 << 10).into()),
    ];
    for (said, change) in cases {
        let (head, problem) = spoilt(change);
        assert!(is(&head, 400) || is(&head, 413), "{said}: {head}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(said), "{said}: {detail}");
    }
    assert_eq!(rejected(&open, "invalid"), 5.0);
    assert_eq!(taken(&open), 1.0);
}

#[test]
fn a_full_file_is_told_and_keeps_its_lines() {
    let volume = tempfile::tempdir().expect("a directory");
    let path = volume.path().join("feedback.ndjson");
    let service = Service::start(&[
        ("LOGTRIAGE__FEEDBACK__PATH", text(&path)),
        ("LOGTRIAGE__FEEDBACK__MAX_BYTES", "1KiB"),
    ]);
    let mut kept = 0;
    let (head, problem) = loop {
        let (head, body) = say(&service, "", &remark("x"));
        if !is(&head, 200) {
            break (head, body);
        }
        kept += 1;
        assert!(kept < 10, "more than 1 KiB was taken");
    };
    assert!(is(&head, 507), "{head}");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("feedback.max_bytes"), "{detail}");
    assert_eq!(lines(&path).len(), kept);
    assert_eq!(
        (rejected(&service, "full"), taken(&service)),
        (1.0, kept as f64)
    );
}

/// The kernel refuses to let a file grow past RLIMIT_FSIZE as it refuses on a full disk: in the middle
/// of a write. The signal that comes with it is ignored, as a full disk sends none.
#[test]
fn a_disk_that_is_full_is_told_and_no_line_is_torn() {
    let volume = tempfile::tempdir().expect("a directory");
    let path = volume.path().join("feedback.ndjson");
    let limited = "trap '' XFSZ; ulimit -f 2; exec \"$@\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", limited, "sh"])
        .arg(program())
        .arg("serve");
    let service = Service::of(command, &[("LOGTRIAGE__FEEDBACK__PATH", text(&path))]);
    let mut kept = 0;
    let (head, problem) = loop {
        let (head, body) = say(&service, "", &remark(&"x".repeat(300)));
        if !is(&head, 200) {
            break (head, body);
        }
        kept += 1;
        assert!(kept < 20, "the limit does not hold");
    };
    assert!(kept > 0 && is(&head, 507), "after {kept}: {head}");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("no room"), "{detail}");
    assert_eq!(
        lines(&path).len(),
        kept,
        "the part that was written is taken back"
    );
    assert_eq!(
        (rejected(&service, "full"), taken(&service)),
        (1.0, kept as f64)
    );
    // Records are judged on.
    let (head, _) = common::service::post(service.data, "/v1/classify", "[\"x\"]");
    assert!(is(&head, 200), "{head}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_until_it_can() {
    let volume = tempfile::tempdir().expect("a directory");
    let directory = volume.path().join("later");
    let path = directory.join("feedback.ndjson");
    let service = Service::start(&[("LOGTRIAGE__FEEDBACK__PATH", text(&path))]);
    let (head, problem) = say(&service, "", &remark("x"));
    assert!(is(&head, 503), "{head} {problem}");
    assert!(head.contains("retry-after: "), "{head}");
    assert_eq!(
        (rejected(&service, "unwritable"), taken(&service)),
        (1.0, 0.0)
    );
    fs::create_dir(&directory).expect("a directory");
    let (head, _) = say(&service, "", &remark("x"));
    assert!(is(&head, 200), "{head}");
    assert_eq!(lines(&path).len(), 1);
}
