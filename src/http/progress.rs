//! Whether held work gets done: what tells a busy process from a stuck one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Records that wait for so long, with nothing judged meanwhile, are stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the liveness probe saw last.
#[derive(Debug, Default)]
pub struct Progress {
    seen: Mutex<Option<Seen>>,
}

/// A moment at which records were waiting.
#[derive(Clone, Copy, Debug)]
struct Seen {
    judged: u64,
    at: Instant,
}

impl Progress {
    /// True where records were held, waiting or being judged, at each look of the last 30 s and more,
    /// and `judged`, the workers' count of what they have done, did not move in that time.
    pub(super) fn stalled(&self, held: usize, judged: u64, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if held == 0 {
            *seen = None;
            return false;
        }
        let since = seen.filter(|seen| seen.judged == judged);
        let since = since.unwrap_or(Seen { judged, at: now });
        *seen = Some(since);
        now.duration_since(since.at) > PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_long_while_nothing_is_judged_is_a_stall() {
        let progress = Progress::default();
        let start = Instant::now();
        let stalled = |waiting, judged, seconds| {
            progress.stalled(waiting, judged, start + Duration::from_secs(seconds))
        };
        assert!(!stalled(5, 7, 0), "the first look cannot know");
        assert!(!stalled(5, 7, 30));
        assert!(stalled(5, 7, 31));
        assert!(!stalled(5, 8, 32), "something was done");
        assert!(!stalled(0, 8, 50), "nothing waits");
        assert!(!stalled(5, 8, 100), "it has only now begun to wait");
        assert!(stalled(5, 8, 131));
    }
}
