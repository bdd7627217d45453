//! Drift over the built-in bundle: lines like those of a baseline show none, other lines do.

mod common;

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::time::Instant;

use logtriage::pipeline::{Baseline, Detail, Judgement, Snapshot};
use logtriage::record::Record;
use logtriage::telemetry::{Metrics, Sample};
use logtriage::verdict::Category;
use serde_json::Value;

/// Lines of the corpus' templates, and mutations of them, as the trainer recorded them.
fn corpus() -> Vec<Record> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/parity.jsonl.zst");
    let file = std::fs::File::open(path).expect("the recorded predictions");
    let lines = BufReader::new(zstd::Decoder::new(file).expect("zstd")).lines();
    let records = lines.skip(1).enumerate().map(|(index, line)| {
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        Record {
            source: line["source"].as_str().map(Into::into),
            ..common::record(index, line["message"].as_str().expect("a message"))
        }
    });
    records.collect()
}

/// A baseline as the trainer takes it: how the snapshot judges these records.
fn baseline_of(judged: &[Judgement]) -> Baseline {
    let count = judged.len() as f64;
    let share = |category| {
        let of = judged.iter().filter(|j| j.verdict.category == category);
        of.count() as f64 / count
    };
    let mut scores: Vec<f32> = judged.iter().map(|j| j.verdict.confidence).collect();
    scores.sort_by(f32::total_cmp);
    let signs = judged.iter().filter_map(|j| j.signs);
    let unknown: Vec<f64> = signs
        .filter_map(|signs| signs.unknown_words.map(f64::from))
        .collect();
    Baseline {
        loaded: Instant::now(),
        categories: Category::ALL.map(share),
        deciles: std::array::from_fn(|place| scores[(place + 1) * scores.len() / 10]),
        unknown_words: unknown.iter().sum::<f64>() / unknown.len() as f64,
    }
}

fn judge(snapshot: &Snapshot, records: &[Record]) -> Vec<Judgement> {
    let chunks = records.chunks(256);
    let judged = chunks.flat_map(|chunk| snapshot.judge(0, chunk, Detail::None));
    judged.collect()
}

/// The drift figures after these verdicts, as Prometheus would read them.
fn figures(baseline: &Arc<Baseline>, judged: &[Judgement]) -> impl Fn(&str) -> f64 + use<> {
    let metrics = Metrics::new().expect("distinct names");
    let mut sample = Sample::of(Arc::clone(baseline));
    judged.iter().for_each(|judgement| sample.add(judgement));
    metrics.sampled(&sample);
    let text = metrics.render().expect("text");
    move |name| {
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix(&format!("logtriage_drift_{name} ")));
        let value = line.unwrap_or_else(|| panic!("{name} is missing in\n{text}"));
        value.parse().expect("a number")
    }
}

#[test]
fn lines_like_the_baselines_show_no_drift_and_a_stream_of_one_kind_does() {
    let snapshot = common::builtin();
    // Lines of one template stand together: every other one is as good as the ones between.
    let mut judged = judge(&snapshot, &corpus()).into_iter();
    let (mut trained, mut served) = (Vec::new(), Vec::new());
    while let (Some(one), Some(other)) = (judged.next(), judged.next()) {
        trained.push(one);
        served.push(other);
    }
    let baseline = Arc::new(baseline_of(&trained));
    let figure = figures(&baseline, &served);
    assert_eq!(figure("records"), served.len() as f64);
    for signal in ["category", "score"] {
        let index = figure(&format!("psi{{signal=\"{signal}\"}}"));
        assert!(index < 0.1, "{signal}: {index}");
    }
    let (found, expected) = (
        figure("unknown_token_rate"),
        figure("baseline_unknown_token_rate"),
    );
    assert!((found - expected).abs() < 0.05, "{found}, not {expected}");

    let strange: Vec<Record> = (0..2_000)
        .map(|n| common::record(n, &format!("qzx{n} wyv{n}: blorf gnarp {n}")))
        .collect();
    let figure = figures(&baseline, &judge(&snapshot, &strange));
    for signal in ["category", "score"] {
        let index = figure(&format!("psi{{signal=\"{signal}\"}}"));
        assert!(index > 0.25, "{signal}: {index}");
    }
    assert!(figure("unknown_token_rate") > 0.5);
    assert!(figure("abstention_rate{member=\"rules\"}") > 0.99);
}

/// The manifest's baseline is read: the recorded lines are of the corpus that it was taken from, half of
/// them mutated, so that neither categories nor scores have moved much.
#[test]
fn the_built_in_bundle_has_a_baseline() {
    let snapshot = common::builtin();
    let baseline = snapshot.knowledge().baseline.clone();
    let figure = figures(&baseline, &judge(&snapshot, &corpus()));
    let index = |signal| figure(&format!("psi{{signal=\"{signal}\"}}"));
    assert!(index("category") < 0.1, "{}", index("category"));
    assert!(index("score") < 0.25, "{}", index("score"));
    assert!(figure("baseline_unknown_token_rate") > 0.0);
}
