//! How many Events may be told: a few at once, then one in a while, and the same one seldom.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// A bucket of tokens, and when each thing was told last.
#[derive(Debug)]
pub(super) struct Quota<K> {
    burst: u32,
    /// Time in which one token comes back.
    every: Duration,
    /// Time in which the same thing is not told again.
    same: Duration,
    tokens: u32,
    /// Since when tokens come back; of no meaning while the bucket is full.
    since: Instant,
    told: HashMap<K, Instant>,
}

impl<K: Eq + Hash> Quota<K> {
    pub(super) fn new(burst: u32, every: Duration, same: Duration) -> Quota<K> {
        Quota {
            burst,
            every,
            same,
            tokens: burst,
            since: Instant::now(),
            told: HashMap::new(),
        }
    }

    /// Whether it may be told now. Without a key it is never the same as another.
    pub(super) fn take(&mut self, key: Option<K>) -> bool {
        let now = Instant::now();
        self.refill(now);
        let same = self.same;
        // What is old is dropped here, so no more is kept than one time span lets through.
        self.told.retain(|_, told| now.duration_since(*told) < same);
        let again = key.as_ref().is_some_and(|key| self.told.contains_key(key));
        if again || self.tokens == 0 {
            return false;
        }
        if self.tokens == self.burst {
            self.since = now;
        }
        self.tokens -= 1;
        if let Some(key) = key {
            self.told.insert(key, now);
        }
        true
    }

    fn refill(&mut self, now: Instant) {
        while self.tokens < self.burst && now.duration_since(self.since) >= self.every {
            self.tokens += 1;
            self.since += self.every;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn quota() -> Quota<u8> {
        Quota::new(3, Duration::from_secs(30), Duration::from_secs(300))
    }

    fn taken(quota: &mut Quota<u8>) -> usize {
        (0..10).filter(|_| quota.take(None)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_one_in_a_while() {
        let mut quota = quota();
        assert_eq!(taken(&mut quota), 3);
        advance(Duration::from_secs(29)).await;
        assert_eq!(taken(&mut quota), 0);
        advance(Duration::from_secs(1)).await;
        assert_eq!(taken(&mut quota), 1);
        // The time after a token counts for the next one.
        advance(Duration::from_secs(45)).await;
        assert_eq!(taken(&mut quota), 1);
        advance(Duration::from_secs(15)).await;
        assert_eq!(taken(&mut quota), 1);
        advance(Duration::from_secs(3600)).await;
        assert_eq!(taken(&mut quota), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_is_told_again_only_much_later_and_costs_nothing() {
        let mut quota = quota();
        assert!(quota.take(Some(1)));
        assert!(!quota.take(Some(1)));
        assert!(quota.take(Some(2)));
        advance(Duration::from_secs(299)).await;
        assert!(!quota.take(Some(1)));
        advance(Duration::from_secs(1)).await;
        assert!(quota.take(Some(1)));
        assert_eq!(quota.told.len(), 1);
        assert_eq!(taken(&mut quota), 2);
    }
}
