//! Bundles swapped under load on a real volume: nothing fails, nothing is mixed, nothing grows.
//!
//! A few swaps in `make test`; `make test-swaps` does five hundred on the release build and shows the
//! figures.

mod common;

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::Copy;
use common::service::{Service, answer, connect, is, post};
use common::volume::Volume;
use logtriage::bundle::Proof;
use logtriage::pipeline::Detail;
use logtriage::record::Record;
use serde_json::{Value, json};

const CONNECTIONS: usize = 8;
/// Swaps after which memory must not grow any more.
const SETTLED: usize = 5;

type Files = Vec<(String, Vec<u8>)>;

/// A bundle that judges every line otherwise than its twin: another rule, and another temperature of
/// the classifier.
fn bundle(version: &str, category: &str, temperature: f64) -> Files {
    let copy = Copy::new();
    let rule = format!(
        "\n---\npack: swaps\nrules:\n  - {{id: swaps-probe, title: probe, category: {category}, confidence: 0.9, any: ['swap probe']}}\n"
    );
    let rules = [copy.read("rules.yaml"), rule.into_bytes()].concat();
    copy.replace("rules.yaml", &rules);
    copy.manifest(|manifest| {
        manifest["version"] = version.into();
        manifest["members"]["classifier"]["calibration"]["temperature"] = temperature.into();
    });
    record_golden(&copy);
    copy.files()
}

/// Records the golden samples anew, as the trainer does: by the bundle's own verdicts.
fn record_golden(copy: &Copy) {
    let snapshot = common::load(&copy.origin(), Proof::Skip).expect("a bundle");
    let golden = String::from_utf8(copy.read("golden.jsonl")).expect("text");
    let recorded = golden.lines().map(|line| {
        let mut sample: Value = serde_json::from_str(line).expect("a sample");
        let record = Record {
            message: sample["message"].as_str().expect("a message").into(),
            source: sample["source"].as_str().map(Into::into),
            severity: serde_json::from_value(sample["severity"].clone()).expect("a severity"),
            ..Record::default()
        };
        let judged = snapshot.judge(0, &[record], Detail::None);
        sample["verdict"] = serde_json::to_value(&judged[0].verdict).expect("JSON");
        sample.to_string() + "\n"
    });
    copy.replace("golden.jsonl", recorded.collect::<String>().as_bytes());
}

fn lines() -> Vec<Value> {
    let texts = [
        "swap probe 17 of unit alpha",
        "Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2",
        "session opened for user root by (uid=0)",
        "kernel: EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm ls: reading directory lblock 0",
        "GET /healthz HTTP/1.1 200 2 kube-probe",
        "connection to upstream timed out after 30000 ms, retrying",
    ];
    let repeated = texts.iter().cycle().take(30);
    repeated.map(|text| json!({"message": text})).collect()
}

/// What a bundle says of the lines, digests aside.
fn verdicts(answer: &Value) -> Vec<Value> {
    answer["results"].as_array().expect("results").clone()
}

fn digest_of(answer: &Value) -> String {
    answer["model"]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned()
}

/// Each bundle's verdicts, by its digest, from a service that serves it alone.
fn expected(bundles: &[Files]) -> HashMap<String, Vec<Value>> {
    let judged = bundles.iter().map(|files| {
        let volume = Volume::new(files);
        let service = serve(&volume);
        let (head, answer) = post(service.data, "/v1/classify", &json!(lines()).to_string());
        assert!(is(&head, 200), "{head}");
        (digest_of(&answer), verdicts(&answer))
    });
    judged.collect()
}

fn serve(volume: &Volume) -> Service {
    let path = volume.path().to_str().expect("text");
    Service::start(&[
        ("LOGTRIAGE__MODELS__DIR", path),
        ("LOGTRIAGE__MODELS__ON_START_FAILURE", "refuse"),
    ])
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    answers: AtomicUsize,
    by_digest: Mutex<HashMap<String, usize>>,
    latencies: Mutex<Vec<Duration>>,
}

/// Posts without pause on one connection and holds every answer to the bundle that it names.
fn client(service: std::net::SocketAddr, expected: &HashMap<String, Vec<Value>>, seen: &Seen) {
    let body = json!(lines()).to_string();
    let request = common::service::head("/v1/classify", body.len()) + &body;
    let mut stream = connect(service);
    while !seen.stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        stream.write_all(request.as_bytes()).expect("sent");
        let (head, body) = answer(&mut stream);
        seen.latencies
            .lock()
            .expect("no panic")
            .push(start.elapsed());
        assert!(is(&head, 200), "{head}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        let digest = digest_of(&answer);
        let wanted = expected.get(&digest).expect("one of the two bundles");
        assert_eq!(
            &verdicts(&answer),
            wanted,
            "verdicts of another bundle than {digest}"
        );
        *seen
            .by_digest
            .lock()
            .expect("no panic")
            .entry(digest)
            .or_default() += 1;
        seen.answers.fetch_add(1, Ordering::Relaxed);
    }
}

fn percentile(sorted: &[Duration], share: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// Publishes and waits until it serves; the time from the rename to then.
fn swap(service: &Service, volume: &mut Volume, files: &Files, digest: &str) -> Duration {
    let renamed = volume.publish(files);
    let start = Instant::now();
    while service.models()["serving"]["digest"] != digest {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{:#}",
            service.models()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    renamed.elapsed()
}

#[test]
fn swaps_under_load_fail_nothing_mix_nothing_and_keep_nothing() {
    let swaps = std::env::var("LOGTRIAGE_TEST_SWAPS");
    let swaps: usize = swaps.map_or(12, |text| text.parse().expect("a number"));
    let bundles = [bundle("a", "critical", 1.0), bundle("b", "routine", 1.2)];
    let expected = Arc::new(expected(&bundles));
    let digests: Vec<String> = bundles
        .iter()
        .map(|files| {
            let manifest = files.iter().find(|(name, _)| name == "manifest.json");
            let (_, manifest) = manifest.expect("a manifest");
            format!("sha256:{}", logtriage::bundle::sha256(manifest))
        })
        .collect();
    let [a, b] = [&expected[&digests[0]], &expected[&digests[1]]];
    assert!(
        a.iter().zip(b).all(|(a, b)| a["scores"] != b["scores"]),
        "a mix must show in each line"
    );

    let mut volume = Volume::new(&bundles[0]);
    let service = serve(&volume);
    let seen = Arc::new(Seen::default());
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (expected, seen, address) =
                (Arc::clone(&expected), Arc::clone(&seen), service.data);
            std::thread::spawn(move || client(address, &expected, &seen))
        })
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    let mut quiet = std::mem::take(&mut *seen.latencies.lock().expect("no panic"));
    let (mut times, mut resident) = (Vec::new(), Vec::new());
    for number in 1..=swaps {
        times.push(swap(
            &service,
            &mut volume,
            &bundles[number % 2],
            &digests[number % 2],
        ));
        resident.push(service.resident());
    }
    let mut busy = std::mem::take(&mut *seen.latencies.lock().expect("no panic"));
    seen.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client
            .join()
            .expect("no request failed and no answer was mixed");
    }
    assert_eq!(
        seen.by_digest.lock().expect("no panic").len(),
        2,
        "both bundles were seen at work"
    );

    times.sort();
    quiet.sort();
    busy.sort();
    let quarter = (swaps - SETTLED) / 4;
    let usual = |from: usize| {
        let mut some = resident[from..from + quarter.max(1)].to_vec();
        some.sort_unstable();
        some[some.len() / 2]
    };
    let (early, late) = (usual(SETTLED), usual(swaps - quarter.max(1)));
    // The allocator takes a few dozen swaps to have all that it will ever want.
    let allowed = if swaps >= 100 { 4 << 20 } else { 16 << 20 };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{swaps} swaps, {} answers, none failed, none mixed; rename to promotion: median {:.0?}, largest {:.0?}; \
         resident after {SETTLED} swaps {:.1} MiB, usual in the quarter after them {:.1} MiB, in the last \
         {:.1} MiB, highest {:.1} MiB; p99 latency \
         {:.1?} without swaps, {:.1?} with",
        seen.answers.load(Ordering::Relaxed),
        percentile(&times, 0.5),
        times[swaps - 1],
        mib(resident[SETTLED - 1]),
        mib(early),
        mib(late),
        mib(*resident.iter().max().expect("swaps")),
        percentile(&quiet, 0.99),
        percentile(&busy, 0.99),
    );
    assert!(
        late <= early + allowed,
        "memory grows from swap to swap: {:?} MiB",
        resident.iter().map(|r| mib(*r)).collect::<Vec<_>>()
    );
    let models = service.models();
    assert_eq!(
        models["kept"].as_array().map(Vec::len),
        Some(1),
        "the twin, once: {models:#}"
    );
    assert_eq!(models["last_rejection"], Value::Null);
}
