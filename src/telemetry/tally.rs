//! Verdicts counted in plain numbers, so that a request costs a few additions to shared counters and a
//! record none.

use prometheus::IntCounter;

use crate::verdict::{Category, Verdict};

use super::labels::{FLAGS, REASONS};
use super::metrics::Metrics;

/// The verdicts of one request, by what the metrics tell apart.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By category, then by forward (false, true).
    records: [[u64; 2]; Category::ALL.len()],
    /// Bytes of messages, in the same order.
    bytes: [[u64; 2]; Category::ALL.len()],
    reasons: [u64; REASONS.len()],
    flags: [u64; FLAGS.len()],
}

impl Tally {
    /// Counts one verdict, on a message of so many bytes.
    pub fn add(&mut self, verdict: &Verdict, bytes: usize) {
        let (category, forward) = (verdict.category.index(), usize::from(verdict.forward));
        self.records[category][forward] += 1;
        self.bytes[category][forward] += bytes as u64;
        self.reasons[verdict.reason as usize] += 1;
        for flag in &verdict.flags {
            self.flags[*flag as usize] += 1;
        }
    }

    /// Adds what was counted to the metrics.
    pub fn report(&self, metrics: &Metrics) {
        let series = metrics.series();
        add(series.records.as_flattened(), self.records.as_flattened());
        add(series.bytes.as_flattened(), self.bytes.as_flattened());
        add(&series.reasons, &self.reasons);
        add(&series.flags, &self.flags);
    }
}

fn add(counters: &[IntCounter], counts: &[u64]) {
    for (counter, count) in counters.iter().zip(counts) {
        if *count > 0 {
            counter.inc_by(*count);
        }
    }
}
