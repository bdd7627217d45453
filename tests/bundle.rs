//! Bundles that must not serve: each is refused for its own reason, and the message says what to do.

mod common;

use std::sync::Arc;

use common::Copy;
use logtriage::bundle::{BundleError, Loader, Origin, Promoter, Proof};
use logtriage::config::Config;
use logtriage::pipeline::Detail;
use logtriage::telemetry::Metrics;
use logtriage::verdict::Flag;

fn refusal(copy: &Copy) -> BundleError {
    match common::load(&copy.origin(), Proof::Golden) {
        Ok(_) => panic!("a spoiled bundle was accepted"),
        Err(error) => error,
    }
}

/// A name, how to spoil the bundle, the reason code, and what the message must say.
type Case = (&'static str, fn(&Copy), &'static str, &'static str);

#[test]
fn each_kind_of_bad_bundle_is_refused_for_its_own_reason() {
    let cases: [Case; 14] = [
        (
            "a missing graph",
            |c| std::fs::remove_file(c.path("classifier.onnx")).expect("removed"),
            "missing_file",
            "classifier.onnx",
        ),
        (
            "no manifest",
            |c| std::fs::remove_file(c.path("manifest.json")).expect("removed"),
            "missing_file",
            "manifest.json",
        ),
        (
            "a truncated graph",
            |c| {
                let bytes = c.read("classifier.onnx");
                c.write("classifier.onnx", &bytes[..bytes.len() / 2]);
            },
            "wrong_size",
            "classifier.onnx",
        ),
        (
            "a flipped bit",
            |c| {
                let mut bytes = c.read("anomaly.onnx");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                c.write("anomaly.onnx", &bytes);
            },
            "wrong_digest",
            "anomaly.onnx: expected SHA-256",
        ),
        (
            "a changed card",
            |c| c.write("MODEL_CARD.md", b"trust me"),
            "wrong_size",
            "MODEL_CARD.md",
        ),
        (
            "a later format",
            |c| c.manifest(|m| m["format"] = 2.into()),
            "unknown_format",
            "expected format to be 1, found 2",
        ),
        (
            "another tokeniser",
            |c| c.manifest(|m| m["text"]["tokenizer"] = 9.into()),
            "bad_setting",
            "text.tokenizer",
        ),
        (
            "an unknown key",
            |c| c.manifest(|m| m["surprise"] = true.into()),
            "unreadable_file",
            "surprise",
        ),
        (
            "a wrong input width",
            |c| c.manifest(|m| m["members"]["classifier"]["input_width"] = 3.into()),
            "bad_setting",
            "members.classifier.input_width",
        ),
        (
            "labels in another order",
            |c| {
                c.manifest(|m| {
                    m["labels"] = serde_json::json!(["noise", "routine", "suspicious", "critical"]);
                });
            },
            "golden_failed",
            "golden sample",
        ),
        (
            "a graph that is none",
            |c| c.replace("classifier.onnx", b"not a graph"),
            "bad_graph",
            "classifier.onnx",
        ),
        (
            "graphs exchanged",
            |c| {
                let anomaly = c.read("anomaly.onnx");
                c.replace("classifier.onnx", &anomaly);
            },
            "wrong_shape",
            "classifier.onnx: expected",
        ),
        (
            "a rule that does not compile",
            |c| {
                c.replace("rules.yaml", b"pack: x\nabout: y\nrules:\n  - id: x-1\n    title: t\n    category: noise\n    confidence: 0.5\n    any: ['(']\n    examples: {match: ['a', 'b'], no_match: ['c']}\n");
            },
            "bad_rules",
            "x-1",
        ),
        (
            "a path that leaves the bundle",
            |c| {
                c.manifest(|m| {
                    m["files"]["../secret"] = serde_json::json!({"sha256": "0", "size": 1});
                });
            },
            "bad_setting",
            "../secret",
        ),
    ];
    for (name, spoil, code, says) in cases {
        let copy = Copy::new();
        spoil(&copy);
        let error = refusal(&copy);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(says), "{name}: {error}");
    }
}

#[test]
fn files_may_be_compressed() {
    let copy = Copy::new();
    let bytes = copy.read("classifier.onnx");
    let compressed = zstd::encode_all(bytes.as_slice(), 3).expect("compressed");
    copy.write("classifier.onnx.zst", &compressed);
    std::fs::remove_file(copy.path("classifier.onnx")).expect("removed");
    assert!(common::load(&copy.origin(), Proof::Golden).is_ok());
}

#[test]
fn a_bad_bundle_at_start_is_stood_in_for_or_refused() {
    let copy = Copy::new();
    copy.write("anomaly.onnx", b"");
    let Origin::Directory(directory) = copy.origin() else {
        unreachable!("a directory")
    };
    let config = |policy: &str| {
        let environment = [
            (
                "LOGTRIAGE__MODELS__DIR".to_owned(),
                directory.display().to_string(),
            ),
            (
                "LOGTRIAGE__MODELS__ON_START_FAILURE".to_owned(),
                policy.to_owned(),
            ),
        ];
        Config::load(None, environment.into_iter()).expect("a valid configuration")
    };
    let open = |config: &Config| {
        let loader = Loader::new(config).expect("a loader");
        let origin = config.models.dir.clone().map(Origin::Directory);
        let metrics = Arc::new(Metrics::new().expect("distinct names"));
        let promoter = Promoter::start(&config.models, loader, Ok(origin), metrics.clone());
        promoter.map(|promoter| (Arc::clone(promoter.store()), metrics))
    };

    let (store, metrics) = open(&config("builtin")).expect("the built-in bundle stands in");
    let text = metrics.render().expect("text");
    let counted = "logtriage_model_rejections_total{code=\"wrong_size\"} 1";
    assert!(text.contains(counted), "{text}");
    let status = store.status();
    assert!(status.serving.stand_in);
    let rejection = status.last_rejection.expect("the reason is kept");
    assert_eq!(rejection.code, "wrong_size");
    let line = common::record(
        0,
        "Jan  2 03:04:05 web1 CRON[42]: (root) CMD (run-parts /etc/cron.hourly)",
    );
    let judged = store.current().judge(0, &[line], Detail::None);
    assert!(judged[0].verdict.forward && judged[0].verdict.flags.contains(&Flag::Degraded));

    assert!(open(&config("refuse")).is_err());
}

#[test]
fn a_target_needs_a_curve_that_reaches_it() {
    let load = |copy: &Copy, key: &str, share: &str| {
        let environment = [(
            format!("LOGTRIAGE__DECISION__TARGET__{key}"),
            share.to_owned(),
        )];
        let config = Config::load(None, environment.into_iter()).expect("a valid configuration");
        let loader = Loader::new(&config).expect("a loader");
        let loaded = loader.load(&copy.origin(), Proof::Golden, false);
        loaded.map(|loaded| loaded.snapshot.knowledge().policy.forward_at)
    };
    let point = |threshold: f32, recall: f32, forwarded: f32| {
        serde_json::json!({
            "threshold": threshold, "critical_recall": recall, "forwarded": forwarded
        })
    };
    let copy = Copy::new();
    copy.manifest(|m| {
        m["decision"]["curve"] = vec![point(0.25, 0.75, 0.5), point(0.5, 0.5, 0.25)].into();
    });
    let at = |key, share| load(&copy, key, share).expect("the curve reaches it");
    assert_eq!(at("CRITICAL_RECALL", "0.7"), Some(0.25));
    assert_eq!(at("MAX_FORWARD", "0.3"), Some(0.5));
    let error = load(&copy, "MAX_FORWARD", "0.2").expect_err("out of reach");
    assert_eq!(error.code(), "target_out_of_reach");

    copy.manifest(|m| m["decision"]["curve"] = vec![point(0.5, 0.5, 0.2); 2].into());
    let error = load(&copy, "MAX_FORWARD", "0.3").expect_err("thresholds that do not ascend");
    assert_eq!(error.code(), "bad_setting");
    assert!(error.to_string().contains("decision.curve"), "{error}");

    copy.manifest(|m| {
        let decision = m["decision"].as_object_mut().expect("a mapping");
        decision.remove("curve");
    });
    let error = load(&copy, "MAX_FORWARD", "0.3").expect_err("no curve");
    assert_eq!(error.code(), "target_out_of_reach");
    assert!(error.to_string().contains("expected a bundle with a curve"));
    assert!(common::load(&copy.origin(), Proof::Golden).is_ok());
}
