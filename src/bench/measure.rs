//! What is counted while a load runs, by each connection for itself and summed at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest time that is told apart from longer ones, in microseconds: ten minutes.
const LONGEST: u64 = 600_000_000;

/// Times, kept to three significant digits.
#[derive(Clone)]
pub struct Times(Histogram<u64>);

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    /// Half of the times are at most this.
    pub p50: f64,
    /// Nine in ten.
    pub p90: f64,
    /// Ninety-nine in a hundred.
    pub p99: f64,
    /// 999 in a thousand.
    #[serde(rename = "p99.9")]
    pub p999: f64,
    /// The longest.
    pub max: f64,
    /// The average.
    pub mean: f64,
}

impl Default for Times {
    fn default() -> Times {
        let Ok(histogram) = Histogram::new_with_bounds(1, LONGEST, 3) else {
            unreachable!("the bounds are valid");
        };
        Times(histogram)
    }
}

impl Times {
    /// Adds one time.
    pub fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST);
        self.0.saturating_record(micros.max(1));
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Times) {
        // Both have the same bounds, so nothing can be out of them.
        let _ = self.0.add(&other.0);
    }

    /// The usual percentiles.
    pub fn percentiles(&self) -> Percentiles {
        let at = |share| self.0.value_at_quantile(share) as f64 / 1e3;
        Percentiles {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: self.0.max() as f64 / 1e3,
            mean: self.0.mean() / 1e3,
        }
    }
}

/// What became of the requests.
#[derive(Clone, Default)]
pub struct Counts {
    /// Requests answered 200 from the end of the warm-up on.
    pub answered: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of their lines.
    pub line_bytes: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// Requests answered otherwise by status, or not at all by kind (`connect`, `broken`, `timeout`).
    pub errors: BTreeMap<String, u64>,
    /// Answers looked into, those of the warm-up as well.
    pub checked: u64,
    /// Answers without one verdict a record.
    pub wrong: u64,
    /// What was wrong with the first of them.
    pub first_wrong: Option<String>,
    /// Requests that were due and never sent, since no connection was free for them.
    pub unsent: u64,
    /// From when a request was due to its answer; what was unsent counts as long as it had waited.
    pub latency: Times,
    /// From when a request was sent to its answer.
    pub service: Times,
}

impl Counts {
    /// Counts a request that had no good answer.
    pub fn failed(&mut self, kind: impl Into<String>) {
        *self.errors.entry(kind.into()).or_default() += 1;
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: Counts) {
        self.answered += other.answered;
        self.records += other.records;
        self.line_bytes += other.line_bytes;
        self.body_bytes += other.body_bytes;
        for (kind, count) in other.errors {
            *self.errors.entry(kind).or_default() += count;
        }
        self.checked += other.checked;
        self.wrong += other.wrong;
        if self.first_wrong.is_none() {
            self.first_wrong = other.first_wrong;
        }
        self.unsent += other.unsent;
        self.latency.merge(&other.latency);
        self.service.merge(&other.service);
    }
}
