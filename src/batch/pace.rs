//! How fast the workers are: what the queue's bound and Retry-After are made of.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Taken for a record's time until some are measured: ONNX Runtime on one core. The native engine is
/// several times faster; a wrong guess is forgotten within a few thousand records.
const ASSUMED_NANOS: u64 = 20_000;
/// Records after which what was known counts for half.
const MEMORY: u64 = 4096;

/// A moving average of a record's time on one worker.
pub(super) struct Pace {
    nanos: AtomicU64,
    workers: u64,
}

impl Pace {
    pub(super) fn new(workers: usize) -> Pace {
        Pace {
            nanos: AtomicU64::new(ASSUMED_NANOS),
            workers: workers.max(1) as u64,
        }
    }

    /// Learns from a batch. Time is the clock's, so a worker that has to share its core, or is held
    /// by a quota, is as slow as it seems.
    pub(super) fn learn(&self, records: usize, took: Duration) {
        let records = records as u64;
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX / 2);
        let known = self.nanos.load(Ordering::Relaxed).saturating_mul(MEMORY);
        let nanos = known.saturating_add(took) / (MEMORY + records);
        // Two workers at once may lose one lesson; the next batch brings another.
        self.nanos.store(nanos.max(1), Ordering::Relaxed);
    }

    /// How long all workers together take for so many records.
    pub(super) fn time_for(&self, records: usize) -> Duration {
        let nanos = self.nanos.load(Ordering::Relaxed);
        Duration::from_nanos(nanos.saturating_mul(records as u64) / self.workers)
    }

    /// How many records all workers together judge in that time.
    pub(super) fn records_in(&self, time: Duration) -> usize {
        let nanos = u128::from(self.nanos.load(Ordering::Relaxed));
        let records = time.as_nanos() * u128::from(self.workers) / nanos;
        usize::try_from(records).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_what_is_measured_in_proportion_to_the_records() {
        let pace = Pace::new(2);
        assert_eq!(pace.records_in(Duration::from_secs(1)), 100_000);
        assert_eq!(pace.time_for(100_000), Duration::from_secs(1));
        pace.learn(1, Duration::from_millis(1));
        assert!(
            pace.records_in(Duration::from_secs(1)) > 98_000,
            "one says little"
        );
        for _ in 0..1000 {
            pace.learn(256, 256 * Duration::from_micros(100));
        }
        let found = pace.records_in(Duration::from_secs(1));
        assert!((19_900..20_200).contains(&found), "{found}");
        assert_eq!(pace.time_for(20_000).as_secs_f64().round(), 1.0);
    }
}
