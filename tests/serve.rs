//! The service as a process: its commands' exit codes, its answers over real sockets, and its end.

mod common;

use std::io::Write;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use common::service::{PATIENCE, Service, answer, connect, get, head, is, output, post};
use serde_json::{Value, json};

#[test]
fn a_bad_configuration_ends_with_64() {
    for arguments in [&["serve"][..], &["config", "check"]] {
        let output = output(arguments, &[("LOGTRIAGE__SERVER__LISTN", "127.0.0.1:0")]);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains("unknown key server.listn"), "{said}");
        assert!(said.contains("did you mean server.listen?"), "{said}");
    }
    let output = output(&["config", "check", "--config", "/none.yaml"], &[]);
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn config_check_prints_what_holds() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("c.yaml");
    std::fs::write(&file, "batch: {max_records: '${RECORDS:-64}'}\n").expect("a file");
    let file = file.to_str().expect("text");
    for environment in [&[("LOGTRIAGE_CONFIG", file)][..], &[]] {
        let named = ["config", "check", "--config", file];
        let arguments = if environment.is_empty() {
            &named[..]
        } else {
            &named[..2]
        };
        let output = output(arguments, environment);
        assert_eq!(output.status.code(), Some(0));
        let printed: Value = serde_yaml::from_slice(&output.stdout).expect("YAML");
        assert_eq!(printed["batch"]["max_records"], 64);
        assert_eq!(printed["server"]["body_limit"], "20MiB");
    }
}

#[test]
fn a_batch_with_every_kind_of_bad_record_is_answered() {
    let service = Service::start(&[]);
    assert!(
        service.serving["bundle_digest"]
            .as_str()
            .is_some_and(|d| d.starts_with("sha256:"))
    );
    assert_eq!(service.serving["engine"], "native");
    let failed = "Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2";
    let deep = format!("{}1{}", "[".repeat(80), "]".repeat(80));
    let body = format!(
        "{{\"id\":\"a\",\"message\":{failed:?}}}\n{{\"id\":\"b\",\"message\":\n5\n{{\"id\":\"d\",\"x\":{deep}}}\n\
         {{\"id\":\"e\",\"message\":\"session opened for user root\"}}\n"
    );
    let mut stream = connect(service.data);
    write!(
        stream,
        "POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    let (head, body) = answer(&mut stream);
    assert!(is(&head, 200), "{head}");
    let json: Value = serde_json::from_str(&body).expect("JSON");
    let results = json["results"].as_array().expect("results");
    assert_eq!(results.len(), 5, "{json}");
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["index"], index);
        let good = index == 0 || index == 4;
        assert_eq!(result["category"].is_string(), good, "{result}");
        assert_eq!(result["error"]["detail"].is_string(), !good, "{result}");
        assert!(good || result["forward"] == true, "{result}");
    }
    assert_eq!(results[0]["id"], "a");
    assert_eq!(results[0]["forward"], true);
    assert_eq!(json["model"]["digest"], service.serving["bundle_digest"]);
}

#[test]
fn every_answer_of_the_real_service() {
    let service = Service::start(&[]);
    let failed = "Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2";
    let one = json!({"message": failed, "source": "sshd"}).to_string();
    let (head, explained) = post(service.data, "/v1/classify?explain=true", &one);
    assert!(is(&head, 200), "{explained}");
    let explanation = &explained["results"][0]["explanation"];
    assert_eq!(
        explanation["votes"].as_array().map(Vec::len),
        Some(3),
        "{explained}"
    );
    let (_, older) = post(service.data, "/classify", &one);
    assert_eq!(older["category"], explained["results"][0]["category"]);
    assert!(older["explanation"]["matched_rules"].is_array(), "{older}");
    let (_, batch) = post(
        service.data,
        "/classify/batch",
        &format!("{{\"logs\":[{one},{one}]}}"),
    );
    assert_eq!(batch["total_logs"], 2);
    let (head, empty) = post(service.data, "/v1/classify", "{\"logs\":[]}");
    assert!(is(&head, 200) && empty["results"] == json!([]), "{empty}");

    assert!(is(&get(service.data, "/v1/health").0, 200));
    assert!(is(&get(service.data, "/openapi.json").0, 200));
    for path in ["/livez", "/readyz", "/startupz", "/version"] {
        assert!(is(&get(service.operations, path).0, 200), "{path}");
    }
    let (_, models) = get(service.operations, "/v1/models");
    let models: Value = serde_json::from_str(&models).expect("JSON");
    assert_eq!(models["serving"]["digest"], explained["model"]["digest"]);
    let (_, metrics) = get(service.operations, "/metrics");
    assert!(metrics.contains("logtriage_http_requests_total{code=\"200\",route=\"classify\"} 2"));
    assert!(metrics.contains("logtriage_model_info{"), "{metrics}");
    assert!(metrics.contains("logtriage_queue_records 0"), "{metrics}");
}

/// The value of a metric without labels.
fn metric(service: &Service, name: &str) -> f64 {
    let (_, metrics) = get(service.operations, "/metrics");
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    let value = line.unwrap_or_else(|| panic!("{name} is missing in {metrics}"));
    value.trim().parse().expect("a number")
}

#[test]
fn requests_of_many_connections_share_batches_and_each_has_its_own_answer() {
    const CONNECTIONS: usize = 64;
    const REQUESTS: usize = 5;
    // A record waits for requests that have begun. Each round all of them begin before one is whole, and
    // the delay is long enough for all to come, however slow the machine; a batch of all is full.
    let full = CONNECTIONS.to_string();
    let service = Service::start(&[
        ("LOGTRIAGE__BATCH__MAX_RECORDS", &full),
        ("LOGTRIAGE__BATCH__MAX_DELAY", "2s"),
        ("LOGTRIAGE__ENGINE__WORKERS", "1"),
    ]);
    let begun = Barrier::new(CONNECTIONS);
    let talk = |connection: usize| {
        let mut stream = connect(service.data);
        for request in 0..REQUESTS {
            let suspicious = (connection + request).is_multiple_of(2);
            let message = if suspicious {
                "Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2"
            } else {
                "203.0.113.7 - - [22/Nov/2026:03:04:05 +0000] \"GET /healthz HTTP/1.1\" 200 2 \
                 \"-\" \"kube-probe/1.31\""
            };
            let id = format!("{connection}-{request}");
            let body = json!({"id": id, "message": message}).to_string();
            let sent = head("/v1/classify", body.len()) + &body;
            let (start, rest) = sent.split_at(sent.len() - 5);
            stream.write_all(start.as_bytes()).expect("sent");
            begun.wait();
            // Time for the service to have read what was begun.
            std::thread::sleep(Duration::from_millis(100));
            stream.write_all(rest.as_bytes()).expect("sent");
            let (head, body) = answer(&mut stream);
            assert!(is(&head, 200), "{head}");
            let json: Value = serde_json::from_str(&body).expect("JSON");
            let results = json["results"].as_array().expect("results");
            assert_eq!(
                (results.len(), &results[0]["id"]),
                (1, &json!(id)),
                "{json}"
            );
            assert_eq!(results[0]["forward"], suspicious, "{json}");
        }
    };
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let talk = &talk;
            scope.spawn(move || talk(connection));
        }
    });
    let requests = (CONNECTIONS * REQUESTS) as f64;
    assert_eq!(metric(&service, "logtriage_batch_records_sum"), requests);
    assert_eq!(
        metric(&service, "logtriage_queue_wait_seconds_count"),
        requests
    );
    let batches = metric(&service, "logtriage_batch_records_count");
    assert!(
        batches <= requests / 4.0,
        "{batches} batches for {requests} requests"
    );
    assert_eq!(metric(&service, "logtriage_queue_records"), 0.0);
}

#[test]
fn the_signal_to_end_drains_in_order() {
    let mut service = Service::start(&[
        ("LOGTRIAGE__SHUTDOWN__DELAY", "1s"),
        ("LOGTRIAGE__SHUTDOWN__GRACE", "20s"),
    ]);
    let body = "[\"session opened for user root\"]";
    let mut upload = connect(service.data);
    upload
        .write_all(head("/v1/classify", body.len()).as_bytes())
        .expect("sent");
    upload.write_all(&body.as_bytes()[..5]).expect("sent");
    let mut idle = connect(service.data);
    service.signal();

    let unready = wait_for(|| is(&get(service.operations, "/readyz").0, 503));
    assert!(unready, "readiness fails at once");
    assert!(
        is(&post(service.data, "/v1/classify", body).0, 200),
        "the delay still accepts"
    );
    assert!(is(&get(service.data, "/v1/health").0, 200));

    assert!(wait_for(|| is(&get(service.data, "/v1/health").0, 503)));
    let request = head("/v1/classify", body.len()) + body;
    idle.write_all(request.as_bytes()).expect("sent");
    let (refused, _) = answer(&mut idle);
    assert!(is(&refused, 503), "{refused}");
    assert!(refused.contains("connection: close"), "{refused}");
    assert!(refused.contains("retry-after: "), "{refused}");
    assert!(
        service.process.try_wait().expect("a child").is_none(),
        "a request is in flight"
    );

    upload.write_all(&body.as_bytes()[5..]).expect("sent");
    let (finished, _) = answer(&mut upload);
    assert!(is(&finished, 200), "{finished}");
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut service = Service::start(&[("LOGTRIAGE__SHUTDOWN__DELAY", "60s")]);
    service.signal();
    assert!(wait_for(|| is(&get(service.operations, "/readyz").0, 503)));
    service.signal();
    assert_eq!(service.wait().code(), Some(1));
}

#[test]
fn a_port_in_use_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = output(&["serve"], &[("LOGTRIAGE__SERVER__LISTEN", &address)]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(
        said.contains(&format!("cannot listen on {address}")),
        "{said}"
    );
}

fn wait_for(mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
