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
#[path = "drift_tests.rs"]
mod tests;
