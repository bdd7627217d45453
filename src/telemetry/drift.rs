//! Drift: whether the records that come still look like those that the bundle was trained on.
//!
//! What the last records showed is kept as sums in [`BUCKETS`] buckets, the oldest of which is
//! forgotten when a new one is begun: a window that slides, in constant memory. A bucket ends after
//! [`BUCKET_TIME`] if it holds [`BUCKET_RECORDS`] by then, and after [`LONGEST_BUCKET`] in any case.
//! So the window covers the last hour of a busy service, up to the last day of a quiet one, and is
//! begun anew with each bundle. `docs/drift.md` says how to read it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::pipeline::{Baseline, DECILES, Judgement};
use crate::verdict::{Category, Member};

use super::metrics::Metrics;

/// Buckets of the window.
const BUCKETS: usize = 6;
/// How long a bucket lasts where many records come.
const BUCKET_TIME: Duration = Duration::from_secs(10 * 60);
/// How many records it waits for where few come.
const BUCKET_RECORDS: u64 = 1_000;
/// How long it waits for them.
const LONGEST_BUCKET: Duration = Duration::from_secs(4 * 60 * 60);
/// Records below which a distribution says nothing: without drift an index of b bins over n records
/// is (b - 1) / n on average (Yurdakul and Naranjo, Statistical properties of the population
/// stability index, 2020), so 0.009 for the tenths of the scores.
const TELLING: u64 = 1_000;
/// Stands for a share of the training data that is 0, or nearly: it has no logarithm.
const LEAST_SHARE: f64 = 1e-4;

/// What has an index, as the metric's label names it.
pub(super) const SIGNALS: [&str; 2] = ["category", "score"];

const TENTHS: usize = DECILES + 1;

/// What some records showed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    records: u64,
    categories: [u64; Category::ALL.len()],
    tenths: [u64; TENTHS],
    abstained: [u64; Member::ALL.len()],
    /// Records that have words, and the sum of their shares of unknown ones.
    worded: u64,
    unknown: f64,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        fn add<const N: usize>(to: &mut [u64; N], from: &[u64; N]) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
        self.records += other.records;
        add(&mut self.categories, &other.categories);
        add(&mut self.tenths, &other.tenths);
        add(&mut self.abstained, &other.abstained);
        self.worded += other.worded;
        self.unknown += other.unknown;
    }
}

/// What the records of one request showed. Gathered without a lock, then added to the window at once.
#[derive(Debug)]
pub struct Sample {
    baseline: Arc<Baseline>,
    sums: Sums,
}

impl Sample {
    /// A sample of records that the bundle of this baseline judged.
    pub fn of(baseline: Arc<Baseline>) -> Sample {
        let sums = Sums::default();
        Sample { baseline, sums }
    }

    /// Takes one in. What not all members looked at is left out: it would show the failure or the
    /// overload, not the data.
    pub fn add(&mut self, judgement: &Judgement) {
        let Some(signs) = &judgement.signs else {
            return;
        };
        let (verdict, sums) = (&judgement.verdict, &mut self.sums);
        sums.records += 1;
        sums.categories[verdict.category.index()] += 1;
        sums.tenths[self.baseline.tenth(verdict.confidence)] += 1;
        for (sum, abstained) in sums.abstained.iter_mut().zip(signs.abstained) {
            *sum += u64::from(abstained);
        }
        if let Some(share) = signs.unknown_words {
            sums.worded += 1;
            sums.unknown += f64::from(share);
        }
    }
}

/// The window over what the serving bundle judged.
#[derive(Debug, Default)]
pub(super) struct Drift(Mutex<Option<Window>>);

#[derive(Debug)]
struct Window {
    baseline: Arc<Baseline>,
    buckets: [Sums; BUCKETS],
    /// The bucket that takes samples.
    open: usize,
    opened: Instant,
}

impl Drift {
    /// Takes a sample in. One of another bundle begins a new window where that bundle is the newer
    /// one, and is forgotten where it is older: its request came before the swap.
    pub(super) fn add(&self, sample: &Sample, now: Instant) {
        if sample.sums.records == 0 {
            return;
        }
        let mut window = self.lock();
        let is_newer = |w: &Window| sample.baseline.loaded > w.baseline.loaded;
        if window.as_ref().is_none_or(is_newer) {
            *window = Some(Window::new(Arc::clone(&sample.baseline), now));
        }
        if let Some(window) = window.as_mut()
            && Arc::ptr_eq(&window.baseline, &sample.baseline)
        {
            window.rotate(now);
            window.buckets[window.open].add(&sample.sums);
        }
    }

    /// Sets the gauges.
    pub(super) fn show(&self, metrics: &Metrics, now: Instant) {
        let mut window = self.lock();
        let (sums, baseline) = match window.as_mut() {
            Some(window) => {
                window.rotate(now);
                (window.sums(), Some(Arc::clone(&window.baseline)))
            }
            None => (Sums::default(), None),
        };
        drop(window);
        let baseline = baseline.as_deref();
        let indices = baseline.map_or([0.0; 2], |baseline| sums.indices(baseline));
        for (signal, index) in SIGNALS.into_iter().zip(indices) {
            metrics.drift_psi.with_label_values(&[signal]).set(index);
        }
        let baseline_rate = baseline.map_or(0.0, |baseline| baseline.unknown_words);
        metrics.drift_baseline_unknown.set(baseline_rate);
        metrics
            .drift_unknown
            .set(sums.unknown / at_least_one(sums.worded));
        for (member, abstained) in Member::ALL.into_iter().zip(sums.abstained) {
            let rate = count(abstained) / at_least_one(sums.records);
            let gauge = metrics
                .drift_abstention
                .with_label_values(&[member.as_str()]);
            gauge.set(rate);
        }
        let records = i64::try_from(sums.records).unwrap_or(i64::MAX);
        metrics.drift_records.set(records);
    }

    /// Begins anew: another bundle serves.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn new(baseline: Arc<Baseline>, now: Instant) -> Window {
        Window {
            baseline,
            buckets: [Sums::default(); BUCKETS],
            open: 0,
            opened: now,
        }
    }

    /// Ends the open bucket where its time has come.
    fn rotate(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.opened);
        let enough = self.buckets[self.open].records >= BUCKET_RECORDS;
        if (age >= BUCKET_TIME && enough) || age >= LONGEST_BUCKET {
            self.open = (self.open + 1) % BUCKETS;
            self.buckets[self.open] = Sums::default();
            self.opened = now;
        }
    }

    fn sums(&self) -> Sums {
        let mut all = Sums::default();
        self.buckets.iter().for_each(|bucket| all.add(bucket));
        all
    }
}

impl Sums {
    /// The population stability indices of categories and scores; 0 where there are too few records.
    fn indices(&self, baseline: &Baseline) -> [f64; 2] {
        if self.records < TELLING {
            return [0.0; 2];
        }
        [
            stability_index(&self.categories, &baseline.categories),
            stability_index(&self.tenths, &shares_of_tenths(baseline)),
        ]
    }
}

/// The share of the training data in each tenth. It is a tenth, but where deciles are equal: nothing
/// can fall between them, and what equals them falls below the first of them.
fn shares_of_tenths(baseline: &Baseline) -> [f64; TENTHS] {
    let mut shares = [0.0; TENTHS];
    for place in 0..TENTHS {
        // The last of the tenths reaches up to 1.
        let end = baseline.deciles.get(place).copied().unwrap_or(f32::MAX);
        shares[baseline.tenth(end)] += 0.1;
    }
    shares
}

/// Population stability index: the sum over the bins of (a - e) ln(a / e), of the actual and the
/// expected share (Siddiqi, Credit Risk Scorecards, 2006); Jeffreys' divergence between the two. Half a
/// record is added to each bin, so that an empty one has a logarithm.
fn stability_index(counts: &[u64], expected: &[f64]) -> f64 {
    let records: u64 = counts.iter().sum();
    let all = count(records) + 0.5 * count(counts.len() as u64);
    let bins = counts.iter().zip(expected);
    // What cannot be in the training data and was not seen says nothing.
    let telling = bins.filter(|(counted, expected)| **counted > 0 || **expected > 0.0);
    let part = |(counted, expected): (&u64, &f64)| {
        let (actual, expected) = ((count(*counted) + 0.5) / all, expected.max(LEAST_SHARE));
        (actual - expected) * (actual / expected).ln()
    };
    telling.map(part).sum()
}

/// Exact: no window holds 2^53 records.
fn count(records: u64) -> f64 {
    records as f64
}

fn at_least_one(records: u64) -> f64 {
    count(records.max(1))
}

#[cfg(test)]
mod tests {
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
}
