//! Parity: what is served equals what the trainer's own libraries predict, on the same features.
//!
//! `make model` records XGBoost's and scikit-learn's predictions in Python, for lines that were not
//! trained on; this test judges those lines by the built-in bundle, end to end from the text.

mod common;

use std::io::{BufRead, BufReader};

use logtriage::bundle::{Loader, Origin, Proof};
use logtriage::config::Config;
use logtriage::pipeline::{Detail, Judgement, Snapshot};
use logtriage::record::Record;
use logtriage::verdict::Member;
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: f32 = 1e-6;
const LEAST_LINES: usize = 5_000;

#[derive(Deserialize)]
struct Prediction {
    message: String,
    #[serde(default)]
    source: Option<String>,
    probabilities: [f32; 4],
    calibrated: [f32; 4],
    anomaly: f32,
}

/// The recorded predictions; they must belong to the built-in bundle.
fn predictions() -> Vec<Prediction> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/parity.jsonl.zst");
    let file =
        std::fs::File::open(path).expect("the recorded predictions; `make model` writes them");
    let mut lines = BufReader::new(zstd::Decoder::new(file).expect("zstd"))
        .lines()
        .map(|l| l.expect("a line"));
    let header: Value =
        serde_json::from_str(&lines.next().expect("a header")).expect("a JSON header");
    let manifest = Origin::Builtin.read("manifest.json").expect("a manifest");
    assert_eq!(
        header["manifest_sha256"],
        logtriage::bundle::sha256(&manifest),
        "the predictions were recorded for another bundle; run `make model`"
    );
    lines
        .map(|line| serde_json::from_str(&line).expect("a prediction"))
        .collect()
}

fn records(predictions: &[Prediction]) -> Vec<Record> {
    let record = |(index, p): (usize, &Prediction)| Record {
        source: p.source.as_deref().map(Into::into),
        ..common::record(index, &p.message)
    };
    predictions.iter().enumerate().map(record).collect()
}

/// What was found over all lines.
#[derive(Debug, Default)]
struct Report {
    compared: usize,
    abstained: usize,
    worst_probability: f32,
    worst_calibrated: f32,
    worst_anomaly: f32,
    argmax_differs: usize,
}

impl Report {
    fn of(
        snapshot: &Snapshot,
        predictions: &[Prediction],
        records: &[Record],
        batch: usize,
    ) -> Report {
        let mut report = Report::default();
        for (expected, records) in predictions.chunks(batch).zip(records.chunks(batch)) {
            let judgements = snapshot.judge(0, records, Detail::Votes);
            for (expected, judgement) in expected.iter().zip(&judgements) {
                report.add(expected, judgement);
            }
        }
        report
    }

    fn add(&mut self, expected: &Prediction, judgement: &Judgement) {
        let votes = &judgement
            .explanation
            .as_ref()
            .expect("votes were asked for")
            .votes;
        let vote = |member| {
            votes
                .iter()
                .find(|v| v.member == member)
                .expect("every member is listed")
        };
        let anomaly = vote(Member::Anomaly)
            .raw
            .as_ref()
            .expect("the anomaly detector always measures");
        self.worst_anomaly = self
            .worst_anomaly
            .max((anomaly[0] - expected.anomaly).abs());
        let classifier = vote(Member::Classifier);
        let (Some(raw), Some(scores)) = (&classifier.raw, classifier.scores) else {
            self.abstained += 1;
            return;
        };
        self.compared += 1;
        self.worst_probability = self
            .worst_probability
            .max(distance(raw, &expected.probabilities));
        self.worst_calibrated = self
            .worst_calibrated
            .max(distance(&scores.to_array(), &expected.calibrated));
        self.argmax_differs += usize::from(argmax(raw) != argmax(&expected.probabilities));
    }

    fn holds(&self) -> bool {
        self.worst_probability <= TOLERANCE
            && self.worst_calibrated <= TOLERANCE
            && self.worst_anomaly <= TOLERANCE
            && self.argmax_differs == 0
    }
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

#[test]
fn served_equals_trained_on_both_engines_at_every_batch_size() {
    let predictions = predictions();
    let records = records(&predictions);
    let distinct: std::collections::HashSet<&str> =
        predictions.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        distinct.len(),
        predictions.len(),
        "every line is another one"
    );
    for engine in ["native", "onnxruntime"] {
        let snapshot = on_engine(engine);
        let used = snapshot.model_infos().each_ref().map(|info| info.engine);
        assert_eq!(used, [engine; 2]);
        for batch in [1, 7, 256] {
            let report = Report::of(&snapshot, &predictions, &records, batch);
            eprintln!("{engine}, batches of {batch}: {report:?}");
            assert!(
                report.compared >= LEAST_LINES,
                "{engine} {batch}: {report:?}"
            );
            assert!(report.holds(), "{engine} {batch}: {report:?}");
        }
    }
}

/// The built-in bundle with both models on one engine.
fn on_engine(engine: &str) -> Snapshot {
    let environment = [("LOGTRIAGE__ENGINE__KIND".to_owned(), engine.to_owned())];
    let config = Config::load(None, environment.into_iter()).expect("a valid configuration");
    let loader = Loader::new(&config).expect("the default packs are valid");
    let loaded = loader.load(&Origin::Builtin, Proof::Golden, false);
    loaded.expect("the built-in bundle loads").snapshot
}

#[test]
fn the_wrong_value_for_absent_columns_is_caught() {
    let predictions = predictions();
    let records = records(&predictions);
    let copy = common::Copy::new();
    copy.manifest(|manifest| {
        let missing = &mut manifest["members"]["classifier"]["missing"];
        *missing = if *missing == "nan" { "zero" } else { "nan" }.into();
    });
    let spoiled =
        common::load(&copy.origin(), Proof::Skip).expect("it loads: only the proof can tell");
    let report = Report::of(&spoiled, &predictions, &records, 256);
    assert!(!report.holds(), "{report:?}");
    assert!(report.argmax_differs > 0, "{report:?}");
    let refused = common::load(&copy.origin(), Proof::Golden);
    assert_eq!(refused.err().map(|e| e.code()), Some("golden_failed"));
}
