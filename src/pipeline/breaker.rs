//! A circuit breaker a member: a model that failed is left alone for a while, then tried again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// State of one member, shared by the workers of a snapshot.
#[derive(Debug)]
pub struct Breaker {
    started: Instant,
    /// Failures since the last success.
    streak: AtomicU64,
    /// Failures in all.
    failures: AtomicU64,
    /// Milliseconds after `started` before which the member is not asked.
    closed_until: AtomicU64,
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker {
            started: Instant::now(),
            streak: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            closed_until: AtomicU64::new(0),
        }
    }
}

impl Breaker {
    /// True where the member may be asked now.
    pub fn allows(&self) -> bool {
        self.streak.load(Ordering::Relaxed) == 0
            || self.now() >= self.closed_until.load(Ordering::Relaxed)
    }

    /// The member answered.
    pub fn succeeded(&self) {
        self.streak.store(0, Ordering::Relaxed);
    }

    /// The member failed: the pause doubles with each failure in a row, from 1 s to 60 s.
    pub fn failed(&self) {
        let streak = self.streak.fetch_add(1, Ordering::Relaxed);
        self.failures.fetch_add(1, Ordering::Relaxed);
        let pause = FIRST_PAUSE * 2u32.pow(streak.min(6) as u32);
        let until = self.now() + pause.min(LONGEST_PAUSE).as_millis() as u64;
        self.closed_until.store(until, Ordering::Relaxed);
    }

    /// Failures in all.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Breaker;

    #[test]
    fn a_failure_closes_it_and_a_success_opens_it() {
        let breaker = Breaker::default();
        assert!(breaker.allows());
        breaker.failed();
        assert!(!breaker.allows(), "the first pause is a second");
        assert_eq!(breaker.failures(), 1);
        breaker.succeeded();
        assert!(breaker.allows());
    }
}
