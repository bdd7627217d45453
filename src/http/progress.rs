//! Whether held work gets done: what tells a busy process from a stuck one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Records that wait for so long, with not one request judged meanwhile, are stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many requests were judged, and what the liveness probe saw last.
#[derive(Debug, Default)]
pub struct Progress {
    requests: AtomicU64,
    seen: Mutex<Option<Seen>>,
}

/// A moment at which records were waiting.
#[derive(Clone, Copy, Debug)]
struct Seen {
    requests: u64,
    at: Instant,
}

impl Progress {
    /// A request was judged.
    pub(super) fn judged(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// True where records were waiting at each look of the last 30 s and more, and no request was
    /// judged in that time.
    pub(super) fn stalled(&self, waiting: usize, now: Instant) -> bool {
        let requests = self.requests.load(Ordering::Relaxed);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting == 0 {
            *seen = None;
            return false;
        }
        let since = seen.filter(|seen| seen.requests == requests);
        let since = since.unwrap_or(Seen { requests, at: now });
        *seen = Some(since);
        now.duration_since(since.at) > PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_long_without_a_judged_request_is_a_stall() {
        let progress = Progress::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!progress.stalled(5, start), "the first look cannot know");
        assert!(!progress.stalled(5, after(30)));
        assert!(progress.stalled(5, after(31)));
        progress.judged();
        assert!(!progress.stalled(5, after(32)), "something was done");
        assert!(!progress.stalled(0, after(50)), "nothing waits");
        assert!(
            !progress.stalled(5, after(100)),
            "it has only now begun to wait"
        );
        assert!(progress.stalled(5, after(131)));
    }
}
