//! Tests of the drift.

use super::*;
use crate::pipeline::Signs;
use crate::verdict::Scores;

fn baseline() -> Arc<Baseline> {
    Arc::new(Baseline {
        loaded: Instant::now(),
        categories: [0.1, 0.2, 0.3, 0.4],
        deciles: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
        unknown_words: 0.125,
    })
}

fn judgement(category: Category, confidence: f32) -> Judgement {
    let mut judgement = Judgement::fail_open();
    judgement.verdict.category = category;
    judgement.verdict.confidence = confidence;
    judgement.verdict.scores = Scores::peaked(category, confidence);
    judgement.signs = Some(Signs {
        abstained: [true, false, category == Category::Noise],
        unknown_words: Some(0.5),
    });
    judgement
}

/// So many records just as the baseline has them, whole tens.
fn usual(baseline: &Arc<Baseline>, records: usize) -> Sample {
    let mut sample = Sample::of(Arc::clone(baseline));
    for number in 0..records {
        let category = match number % 10 {
            0 => Category::Critical,
            1..=2 => Category::Suspicious,
            3..=5 => Category::Routine,
            _ => Category::Noise,
        };
        // Each tenth once, whatever the category.
        let tenth = (number / 10 + number) % 10;
        sample.add(&judgement(category, tenth as f32 / 10.0 + 0.05));
    }
    sample
}

fn changed(baseline: &Arc<Baseline>, records: usize) -> Sample {
    let mut sample = Sample::of(Arc::clone(baseline));
    (0..records).for_each(|_| sample.add(&judgement(Category::Critical, 0.95)));
    sample
}

struct Bench {
    metrics: Metrics,
    start: Instant,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            metrics: Metrics::new().expect("distinct names"),
            start: Instant::now(),
        }
    }

    fn after(&self, minutes: u64) -> Instant {
        self.start + Duration::from_secs(60 * minutes)
    }

    fn add(&self, sample: &Sample, minutes: u64) {
        self.metrics.drift.add(sample, self.after(minutes));
    }

    /// Index of categories, index of scores, records.
    fn shown(&self, minutes: u64) -> (f64, f64, i64) {
        self.metrics.drift.show(&self.metrics, self.after(minutes));
        let psi = |signal| self.metrics.drift_psi.with_label_values(&[signal]).get();
        let records = self.metrics.drift_records.get();
        (psi("category"), psi("score"), records)
    }
}

#[test]
fn the_index_is_the_hand_computed_one() {
    // (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5) = 0.04055
    let index = stability_index(&[60_000, 40_000], &[0.5, 0.5]);
    assert!((index - 0.04055).abs() < 1e-4, "{index}");
    assert!(stability_index(&[5_000, 5_000], &[0.5, 0.5]) < 1e-9);
    let emptied = stability_index(&[0, 1_000], &[0.5, 0.5]);
    assert!(emptied.is_finite() && emptied > 1.0, "{emptied}");
    let appeared = stability_index(&[500, 500], &[0.0, 1.0]);
    assert!(appeared.is_finite() && appeared > 1.0, "{appeared}");
    assert!(stability_index(&[0, 1_000], &[0.0, 1.0]) < 1e-6);
}

#[test]
fn equal_deciles_share_what_equals_them() {
    let mut tied = (*baseline()).clone();
    tied.deciles = [0.1, 0.2, 0.3, 0.4, 0.5, 0.9, 0.9, 0.9, 0.9];
    let shares = shares_of_tenths(&tied);
    let expected = [0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.0, 0.0, 0.0, 0.1];
    let near = shares
        .iter()
        .zip(expected)
        .all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(near, "{shares:?}");
}

#[test]
fn records_like_the_training_data_have_no_index_and_others_do() {
    let (bench, baseline) = (Bench::new(), baseline());
    assert_eq!(bench.shown(0), (0.0, 0.0, 0));
    bench.add(&changed(&baseline, 990), 0);
    assert_eq!(bench.shown(0), (0.0, 0.0, 990), "too few to tell");
    bench.add(&changed(&baseline, 10), 0);
    let (category, score, records) = bench.shown(0);
    assert!(category > 0.25 && score > 0.25 && records == 1_000);

    let bench = Bench::new();
    bench.add(&usual(&baseline, 2_000), 0);
    let (category, score, _) = bench.shown(0);
    assert!(category < 1e-3 && score < 1e-3, "{category} {score}");
    let rate = |member| {
        bench
            .metrics
            .drift_abstention
            .with_label_values(&[member])
            .get()
    };
    assert_eq!(
        [rate("rules"), rate("classifier"), rate("anomaly")],
        [1.0, 0.0, 0.4]
    );
    assert_eq!(bench.metrics.drift_unknown.get(), 0.5);
    assert_eq!(bench.metrics.drift_baseline_unknown.get(), 0.125);
}

#[test]
fn the_window_slides_by_time_and_records() {
    let (bench, baseline) = (Bench::new(), baseline());
    bench.add(&changed(&baseline, 1_000), 0);
    for bucket in 1..=5 {
        bench.add(&usual(&baseline, 1_000), 10 * bucket);
        assert_eq!(bench.shown(10 * bucket).2, 1_000 * (bucket as i64 + 1));
    }
    assert!(
        bench.shown(59).0 > 0.1,
        "the changed records are in the window"
    );
    let (category, _, records) = bench.shown(60);
    assert!(category < 1e-3, "the changed records have left: {category}");
    assert_eq!(records, 5_000);

    // A quiet service: a bucket waits for its records, but not for ever.
    let bench = Bench::new();
    bench.add(&usual(&baseline, 100), 0);
    bench.add(&usual(&baseline, 100), 200);
    let window = |bench: &Bench| bench.metrics.drift.lock().as_ref().map(|w| w.open);
    assert_eq!(window(&bench), Some(0));
    bench.add(&usual(&baseline, 100), 240);
    assert_eq!(window(&bench), Some(1));
    for bucket in 2..=6 {
        bench.shown(240 * bucket);
    }
    assert_eq!(bench.shown(240 * 6).2, 100, "a day is the longest");
}

#[test]
fn a_swap_begins_a_new_window_and_late_records_of_the_old_bundle_are_left_out() {
    let (bench, old) = (Bench::new(), baseline());
    bench.add(&changed(&old, 5_000), 0);
    let new = baseline();
    assert!(new.loaded > old.loaded, "a clock that stands still");
    bench.add(&usual(&new, 1_000), 1);
    bench.add(&changed(&old, 5_000), 1);
    let (category, _, records) = bench.shown(1);
    assert!(category < 1e-3 && records == 1_000, "{category} {records}");
    bench.metrics.drift.forget();
    assert_eq!(bench.shown(1).2, 0);
}

#[test]
fn what_not_all_members_looked_at_is_left_out() {
    let (bench, baseline) = (Bench::new(), baseline());
    let mut sample = usual(&baseline, 10);
    sample.add(&Judgement::fail_open());
    bench.add(&sample, 0);
    assert_eq!(bench.shown(0).2, 10);
}
