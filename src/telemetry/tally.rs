//! Verdicts counted in plain numbers, so that a request costs a few metric look-ups and a record
//! none.

use crate::verdict::{Category, Verdict};

use super::labels::{FLAGS, REASONS};
use super::metrics::Metrics;

/// The verdicts of one request, by what the metrics tell apart.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By category, then by forward (false, true).
    categories: [[u64; 2]; Category::ALL.len()],
    reasons: [u64; REASONS.len()],
    flags: [u64; FLAGS.len()],
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, verdict: &Verdict) {
        self.categories[verdict.category.index()][usize::from(verdict.forward)] += 1;
        self.reasons[verdict.reason as usize] += 1;
        for flag in &verdict.flags {
            self.flags[*flag as usize] += 1;
        }
    }

    /// Adds what was counted to the metrics.
    pub fn report(&self, metrics: &Metrics) {
        for (category, counts) in Category::ALL.iter().zip(self.categories) {
            for (forward, count) in ["false", "true"].iter().zip(counts) {
                add(&metrics.records, &[category.as_str(), forward], count);
            }
        }
        for ((_, label), count) in REASONS.iter().zip(self.reasons) {
            add(&metrics.verdict_reason, &[label], count);
        }
        for ((_, label), count) in FLAGS.iter().zip(self.flags) {
            add(&metrics.verdict_flags, &[label], count);
        }
    }
}

fn add(counter: &prometheus::IntCounterVec, labels: &[&str], count: u64) {
    if count > 0 {
        counter.with_label_values(labels).inc_by(count);
    }
}
