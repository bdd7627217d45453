//! `logtriage bench`: what it measures is what happened, and what went wrong cannot look fast.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

fn bench(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logtriage"));
    // What the caller has set for itself must not change what is tested.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("LOGTRIAGE_") || text.starts_with("ONNX_") {
            command.env_remove(&name);
        }
    }
    command.arg("bench").args(arguments);
    let output = command.envs(environment.iter().copied()).output();
    output.expect("the program runs")
}

fn report(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {errors}"))
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

/// A server that answers as it is told: `answer` gets the number of the request, from 0.
fn fake(answer: impl Fn(u64) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (answer, asked) = (Arc::new(answer), Arc::new(AtomicU64::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (answer, asked) = (answer.clone(), asked.clone());
            std::thread::spawn(move || {
                let next = || answer(asked.fetch_add(1, Ordering::Relaxed));
                // The client goes away when it has measured enough.
                let _ = serve(&stream, next);
            });
        }
    });
    address
}

fn serve(mut stream: &TcpStream, next: impl Fn() -> String) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        stream.write_all(next().as_bytes())?;
    }
}

fn verdicts(count: usize) -> String {
    let verdict = json!({"index": 0, "category": "routine", "confidence": 0.5, "forward": false});
    let body = json!({"results": vec![verdict; count]}).to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[test]
fn a_real_service_is_measured() {
    let arguments = ["--serve", "--batch", "20", "--connections", "2", "--json"];
    let times = ["--duration", "700ms", "--warmup", "100ms"];
    let output = bench(&[&arguments[..], &times].concat(), &[]);
    assert_eq!(output.status.code(), Some(0));
    let report = report(&output);
    assert_eq!(report["mode"], "serve");
    assert_eq!(report["workload"], "unseen");
    assert_eq!(report["errors"], json!({}));
    assert_eq!(report["wrong"], 0);
    assert!(
        number(&report["checked"]) >= 2.0,
        "the first of each connection"
    );
    assert_eq!(report["unsent"], 0);
    assert_eq!(report["overloaded"], false);
    let records = number(&report["records"]);
    assert!(records > 0.0);
    assert_eq!(records, 20.0 * number(&report["requests"]));
    let rate = records / number(&report["seconds"]);
    assert!((rate - number(&report["records_per_second"])).abs() < 1.0);
    assert!((130.0..150.0).contains(&number(&report["line_bytes"])));
    let times = &report["latency_ms"];
    let steps = ["p50", "p90", "p99", "p99.9", "max"].map(|name| number(&times[name]));
    assert!(steps[0] > 0.0 && steps.is_sorted(), "{times}");
    if cfg!(target_os = "linux") {
        let server = &report["server"];
        assert!(number(&server["records_per_cpu_second"]) > 0.0);
        assert!(number(&server["start_ms"]) > 0.0);
        assert!(number(&server["memory_before"]["resident"]) > 1e6);
        assert!(!server["looks"].as_array().expect("looks").is_empty());
    }
}

#[test]
fn the_library_is_measured() {
    let arguments = [
        "--library",
        "--connections",
        "1",
        "--records",
        "400",
        "--json",
    ];
    let more = ["--workload", "repetitive", "--warmup", "0s"];
    let output = bench(&[&arguments[..], &more].concat(), &[]);
    assert_eq!(output.status.code(), Some(0));
    let report = report(&output);
    assert_eq!(report["records"], 400);
    assert_eq!(report["mode"], "library");
    assert_eq!(report["workload"], "repetitive");
}

#[test]
fn a_stall_is_charged_for_every_request_that_was_due_meanwhile() {
    let stalled = fake(|request| {
        if request == 20 {
            std::thread::sleep(Duration::from_millis(600));
        }
        verdicts(1)
    });
    let url = url(stalled);
    let arguments = [
        "--url",
        &url,
        "--batch",
        "1",
        "--connections",
        "1",
        "--json",
    ];
    let times = ["--rate", "100", "--duration", "1s", "--warmup", "0s"];
    let report = report(&bench(&[&arguments[..], &times].concat(), &[]));
    assert_eq!(
        report["requests"], 100,
        "all that were due were sent in the end"
    );
    // 60 requests were due in the stall and waited 300 ms on average. Whoever counts from when they
    // were sent sees one slow request in a hundred.
    let (latency, service) = (&report["latency_ms"], &report["service_ms"]);
    assert!(number(&latency["p99"]) >= 550.0, "{latency}");
    assert!(number(&latency["p90"]) >= 450.0, "{latency}");
    assert!(number(&latency["p50"]) >= 50.0, "{latency}");
    assert!(number(&service["p90"]) < 450.0, "{service}");
    assert!(number(&service["max"]) >= 600.0, "{service}");
}

#[test]
fn what_was_never_sent_counts_as_overload() {
    let slow = fake(|_| {
        std::thread::sleep(Duration::from_millis(500));
        verdicts(1)
    });
    let url = url(slow);
    let arguments = [
        "--url",
        &url,
        "--batch",
        "1",
        "--connections",
        "1",
        "--json",
    ];
    let times = ["--rate", "50", "--duration", "1s", "--warmup", "0s"];
    let report = report(&bench(&[&arguments[..], &times].concat(), &[]));
    assert_eq!(report["overloaded"], true);
    let (sent, unsent) = (number(&report["requests"]), number(&report["unsent"]));
    assert_eq!(sent + unsent, 50.0, "none is forgotten");
    assert!(unsent >= 40.0);
    assert!(number(&report["latency_ms"]["p50"]) >= 1_000.0);
}

#[test]
fn a_wrong_answer_fails_the_run() {
    let short = fake(|_| verdicts(4));
    let url = url(short);
    let arguments = ["--url", &url, "--batch", "5", "--records", "50", "--json"];
    let output = bench(&[&arguments[..], &["--warmup", "0s"]].concat(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(number(&report(&output)["wrong"]) >= 1.0);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("expected 5 verdicts, found 4"), "{errors}");
}

#[test]
fn refusals_are_counted_by_status() {
    let busy = fake(|request| {
        if request % 2 == 0 {
            return verdicts(2);
        }
        "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n".to_owned()
    });
    let url = url(busy);
    let arguments = ["--url", &url, "--batch", "2", "--records", "40", "--json"];
    let more = ["--warmup", "0s", "--connections", "1"];
    let report = report(&bench(&[&arguments[..], &more].concat(), &[]));
    assert_eq!(report["errors"], json!({"429": 10}));
    assert_eq!(report["records"], 20);
}

#[test]
fn a_sweep_draws_latency_against_load() {
    let url = url(fake(|_| verdicts(1)));
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("plot.svg");
    let path = path.to_str().expect("a path");
    let arguments = [
        "--url",
        &url,
        "--batch",
        "1",
        "--connections",
        "1",
        "--json",
    ];
    let more = ["--plot", path, "--duration", "50ms", "--warmup", "10ms"];
    let output = bench(&[&arguments[..], &more].concat(), &[]);
    let points = report(&output)["points"].as_array().map(Vec::len);
    assert_eq!(points, Some(9));
    assert!(
        std::fs::read_to_string(path)
            .expect("a plot")
            .starts_with("<svg")
    );
}

#[test]
fn nobody_there_is_a_failure_and_bad_arguments_are_64() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = url(free.local_addr().expect("an address"));
    drop(free);
    let short = [
        "--url",
        &url,
        "--duration",
        "200ms",
        "--warmup",
        "0s",
        "--json",
    ];
    let output = bench(&short, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(number(&report(&output)["errors"]["connect"]) >= 1.0);

    for arguments in [
        &["--duration", "1s"][..],
        &["--serve", "--library"],
        &["--url", "https://example.com"],
        &["--url", "http://127.0.0.1:1/v1"],
        &["--library", "--rate", "5"],
        &["--serve", "--rate", "0"],
        &["--serve", "--batch", "0"],
        &["--serve", "--file", "x", "--workload", "unseen"],
    ] {
        let output = bench(arguments, &[]);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
    }
    let refused = bench(&["--serve"], &[("LOGTRIAGE__BATCH__MAX_RECORDS", "none")]);
    assert_eq!(refused.status.code(), Some(64));
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("batch.max_records"), "{words}");
}
