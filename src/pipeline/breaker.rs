//! A circuit breaker a member: a model that failed is left alone for a while, then tried again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// State of one member, shared by the workers of a snapshot.
#[derive(Debug)]
pub(super) struct Breaker {
    started: Instant,
    /// False while the member is well: the usual case costs one load.
    failing: AtomicBool,
    pause: Mutex<Pause>,
    failures: AtomicU64,
}

/// How long a failing member is left alone.
#[derive(Debug, Default)]
struct Pause {
    /// Tries in a row that failed.
    streak: u32,
    /// Time since the start before which it is not asked.
    blocked_until: Duration,
}

impl Pause {
    /// A failure at `now`. Workers that were running when the first one failed say nothing new.
    fn fail(&mut self, now: Duration) {
        if now < self.blocked_until {
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(self.streak));
        self.blocked_until = now + pause.min(LONGEST_PAUSE);
        self.streak += 1;
    }
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker {
            started: Instant::now(),
            failing: AtomicBool::new(false),
            pause: Mutex::default(),
            failures: AtomicU64::new(0),
        }
    }
}

impl Breaker {
    /// True where the member may be asked now.
    pub(super) fn allows(&self) -> bool {
        if !self.failing.load(Ordering::Relaxed) {
            return true;
        }
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        self.started.elapsed() >= pause.blocked_until
    }

    /// True from a failed run until one that works.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// The member answered.
    pub(super) fn succeeded(&self) {
        if self.failing.swap(false, Ordering::Relaxed) {
            *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Pause::default();
        }
    }

    /// The member failed: the pause doubles with each try in a row that fails, from 1 s to 60 s.
    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.fail(self.started.elapsed());
        self.failing.store(true, Ordering::Relaxed);
    }

    /// Failures in all.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_to_a_minute_and_failures_within_it_do_not_count() {
        let mut pause = Pause::default();
        let mut now = Duration::from_secs(10);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            pause.fail(now);
            pause.fail(now + Duration::from_millis(1));
            assert_eq!(pause.blocked_until, now + Duration::from_secs(seconds));
            now = pause.blocked_until;
        }
    }

    #[test]
    fn a_failure_blocks_and_a_success_frees() {
        let breaker = Breaker::default();
        assert!(breaker.allows());
        breaker.failed();
        assert!(!breaker.allows() && breaker.is_failing());
        assert_eq!(breaker.failures(), 1);
        breaker.succeeded();
        assert!(breaker.allows() && !breaker.is_failing());
    }
}
