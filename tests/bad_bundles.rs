//! A corpus of bad bundles, each pushed to a running service on a volume as the kubelet writes it: each
//! is refused for its own reason, while the service stays ready and serves the one before.

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use common::Copy;
use common::service::{Service, get, is, post};
use common::volume::Volume;
use serde_json::{Value, json};

type Files = Vec<(String, Vec<u8>)>;

/// What is wrong, how it is made, the code of its refusal, and what the message must say.
struct Bad {
    name: &'static str,
    spoil: fn(&Copy),
    /// What is done to the directory itself.
    place: fn(&Path),
    code: &'static str,
    says: &'static str,
}

fn bad(name: &'static str, spoil: fn(&Copy), code: &'static str, says: &'static str) -> Bad {
    let place = |_: &Path| {};
    Bad {
        name,
        spoil,
        place,
        code,
        says,
    }
}

/// Changes the bytes behind the name of an attribute of a graph: a tag, then the first value.
fn surgery(copy: &Copy, attribute: &str, tag: u8, value: &[u8]) {
    let mut graph = copy.read("classifier.onnx");
    let name = attribute.as_bytes();
    let place = graph.windows(name.len()).position(|w| w == name);
    let place = place.expect("the attribute") + name.len();
    assert_eq!(graph[place], tag, "a list that is not packed");
    graph[place + 1..=place + value.len()].copy_from_slice(value);
    copy.replace("classifier.onnx", &graph);
}

const FLOAT: u8 = 0x3d;
const INTEGER: u8 = 0x40;

fn corpus() -> Vec<Bad> {
    vec![
        bad(
            "a missing file",
            |c| fs::remove_file(c.path("golden.jsonl")).expect("removed"),
            "missing_file",
            "golden.jsonl",
        ),
        bad(
            "a truncated file",
            |c| c.write("anomaly.onnx", &c.read("anomaly.onnx")[..1000]),
            "wrong_size",
            "anomaly.onnx: expected",
        ),
        bad(
            "a flipped bit",
            |c| {
                let mut bytes = c.read("vocabulary.json");
                bytes[1000] ^= 1;
                c.write("vocabulary.json", &bytes);
            },
            "wrong_digest",
            "vocabulary.json: expected SHA-256",
        ),
        bad(
            "another digest in the manifest",
            |c| c.manifest(|m| m["files"]["rules.yaml"]["sha256"] = "00".repeat(32).into()),
            "wrong_digest",
            "rules.yaml: expected SHA-256 0000",
        ),
        bad(
            "an unknown form",
            |c| c.manifest(|m| m["format"] = 99.into()),
            "unknown_format",
            "99",
        ),
        bad(
            "a wrong input width",
            |c| c.manifest(|m| m["members"]["classifier"]["input_width"] = 7.into()),
            "bad_setting",
            "members.classifier.input_width to be 7",
        ),
        bad(
            "a graph of another width",
            |c| c.replace("classifier.onnx", &c.read("anomaly.onnx")),
            "wrong_shape",
            "classifier.onnx",
        ),
        bad(
            "labels in another order",
            |c| c.manifest(|m| m["labels"] = json!(["noise", "routine", "suspicious", "critical"])),
            "golden_failed",
            "golden sample",
        ),
        bad(
            "a weight that is no number",
            |c| c.manifest(|m| m["members"]["rules"]["weight"] = Value::Null),
            "unreadable_file",
            "manifest.json",
        ),
        bad(
            "a leaf that is no number",
            |c| surgery(c, "target_weights", FLOAT, &f32::NAN.to_le_bytes()),
            "bad_graph",
            "NaN",
        ),
        bad(
            "a tree that goes in a circle",
            |c| surgery(c, "nodes_truenodeids", INTEGER, &[0]),
            "bad_graph",
            "circle",
        ),
        bad(
            "a tree that points out of range",
            |c| surgery(c, "nodes_featureids", INTEGER, &[0xff, 0x7f]),
            "bad_graph",
            "16383",
        ),
        bad(
            "a good graph with other answers",
            |c| surgery(c, "intercepts", FLOAT, &9.0_f32.to_le_bytes()),
            "golden_failed",
            "expected",
        ),
        bad(
            "a claim of 2 GB",
            |c| c.manifest(|m| m["files"]["rules.yaml"]["size"] = (2_u64 << 30).into()),
            "too_large",
            "2147483648",
        ),
        bad(
            "a zstd bomb",
            |c| {
                let zeros = vec![0; 256 << 20];
                let bomb = zstd::bulk::compress(&zeros, 1).expect("compressed");
                fs::remove_file(c.path("rules.yaml")).expect("removed");
                c.write("rules.yaml.zst", &bomb);
            },
            "wrong_size",
            "rules.yaml: expected",
        ),
        Bad {
            place: |directory| {
                fs::remove_file(directory.join("rules.yaml")).expect("removed");
                symlink("/etc/hostname", directory.join("rules.yaml")).expect("a link");
            },
            ..bad(
                "a link that leaves",
                |_| {},
                "outside_directory",
                "rules.yaml",
            )
        },
        bad(
            "a rule that does not compile",
            |c| {
                let pack = "pack: p\nrules:\n  - {id: broken, title: t, category: critical, confidence: 0.9, any: ['(']}\n";
                c.replace("rules.yaml", pack.as_bytes());
            },
            "bad_rules",
            "broken",
        ),
    ]
}

fn serve(volume: &Volume, more: &[(&str, &str)]) -> Service {
    let path = volume.path().to_str().expect("text");
    let usual = [
        ("LOGTRIAGE__MODELS__DIR", path),
        ("LOGTRIAGE__MODELS__SETTLE", "300ms"),
        ("LOGTRIAGE__MODELS__ON_START_FAILURE", "refuse"),
    ];
    Service::start(&[&usual, more].concat())
}

/// Publishes nothing itself: what was published is the `count`th refusal, with that code and message,
/// and changes nothing else.
fn is_refused(service: &Service, digest: &str, count: usize, name: &str, code: &str, says: &str) {
    let counted = format!("logtriage_model_swaps_total{{result=\"rejected\"}} {count}");
    service.models_when(name, |_| {
        let (_, text) = get(service.operations, "/metrics");
        text.lines().any(|line| line == counted)
    });
    // Told before it was counted.
    let models = service.models();
    let rejection = &models["last_rejection"];
    assert_eq!(rejection["code"], code, "{name}: {rejection}");
    let detail = rejection["detail"].as_str().expect("a detail");
    assert!(detail.contains(says), "{name}: {detail}");
    assert_eq!(models["serving"]["digest"], digest, "{name}");
    assert_eq!(models["candidate"], Value::Null, "{name}");
    assert!(is(&get(service.operations, "/readyz").0, 200), "{name}");
    let (head, answer) = post(service.data, "/v1/classify", r#"{"message":"disk failed"}"#);
    assert!(is(&head, 200), "{name}: {head}");
    assert_eq!(answer["model"]["digest"], digest, "{name}");
}

#[test]
fn each_bad_bundle_is_refused_for_its_own_reason_while_the_old_one_serves() {
    let mut volume = Volume::new(&Copy::new().files());
    let service = serve(&volume, &[]);
    let digest = service.models()["serving"]["digest"].clone();
    let digest = digest.as_str().expect("a digest");
    let corpus = corpus();
    for (number, bad) in corpus.iter().enumerate() {
        let copy = Copy::new();
        (bad.spoil)(&copy);
        volume.publish_spoiled(&copy.files(), bad.place);
        is_refused(&service, digest, number + 1, bad.name, bad.code, bad.says);
    }
    volume.publish(&[]);
    let (code, says) = ("missing_file", "manifest.json");
    is_refused(
        &service,
        digest,
        corpus.len() + 1,
        "an empty directory",
        code,
        says,
    );

    let good = Copy::new();
    good.manifest(|m| m["version"] = "2".into());
    volume.publish(&good.files());
    service.models_when("a good one serves after all of them", |models| {
        models["serving"]["version"] == "2"
    });
}

fn logtriage(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_logtriage"))
        .args(arguments)
        .output();
    let output = output.expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

#[test]
fn unsigned_wrongly_signed_and_replayed_bundles_are_refused() {
    let keys = tempfile::tempdir().expect("a directory");
    let path = |name: &str| keys.path().join(name).display().to_string();
    for name in ["site", "other"] {
        let (public, secret) = (path(&format!("{name}.pub")), path(&format!("{name}.key")));
        logtriage(&[
            "bundle",
            "keygen",
            "--no-password",
            "-p",
            &public,
            "-s",
            &secret,
        ]);
    }
    let signed = |version: &str, created: &str, key: &str| {
        let copy = Copy::new();
        copy.manifest(|m| {
            m["version"] = version.into();
            m["created"] = created.into();
        });
        let directory = copy.path("").display().to_string();
        logtriage(&["bundle", "sign", &directory, "-s", &path(key)]);
        copy
    };
    let now = "2026-11-22T00:00:00Z";
    let mut volume = Volume::new(&signed("1", now, "site.key").files());
    let service = serve(
        &volume,
        &[
            ("LOGTRIAGE__MODELS__TRUSTED_KEYS", &path("site.pub")),
            ("LOGTRIAGE__MODELS__MIN_CREATED", "2026-11-01T00:00:00Z"),
        ],
    );
    let serving = service.models()["serving"].clone();
    assert_eq!(
        serving["signed_by"].as_str().map(str::len),
        Some(16),
        "{serving}"
    );
    let digest = serving["digest"].as_str().expect("a digest");

    let changed = signed("2", now, "site.key");
    changed.manifest(|m| m["version"] = "2.1".into());
    let unsigned = signed("3", now, "site.key");
    fs::remove_file(unsigned.path("manifest.json.minisig")).expect("removed");
    let cases: [(&str, Files, &str, &str); 4] = [
        (
            "another key",
            signed("4", now, "other.key").files(),
            "bad_signature",
            "trusted key",
        ),
        (
            "changed since",
            changed.files(),
            "bad_signature",
            "changed since",
        ),
        (
            "no signature",
            unsigned.files(),
            "unsigned",
            "manifest.json",
        ),
        (
            "a replay",
            signed("0", "2026-10-01T00:00:00Z", "site.key").files(),
            "replayed",
            "2026-10-01T00:00:00Z",
        ),
    ];
    for (number, (name, files, code, says)) in cases.iter().enumerate() {
        volume.publish(files);
        is_refused(&service, digest, number + 1, name, code, says);
    }
    volume.publish(&signed("5", now, "site.key").files());
    service.models_when("a signed one serves", |models| {
        models["serving"]["version"] == "5"
    });
}
