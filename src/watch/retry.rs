//! What sources do about failures: when to try again, and to say a thing once.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Sink;

/// Pauses between failures: each twice the one before, up to a bound, and a random part shorter, so
/// that the replicas of a deployment, which fail together, do not come back together.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(first: Duration, most: Duration) -> Backoff {
        Backoff {
            first: first.min(most),
            most,
            failures: 0,
        }
    }

    /// The pause after one more failure.
    pub(super) fn next(&mut self) -> Duration {
        // 2^20 times a second is past any bound.
        let factor = 1_u32 << self.failures.min(20);
        self.failures = self.failures.saturating_add(1);
        spread(self.first.saturating_mul(factor).min(self.most), 0.5)
    }

    /// After a success the next failure is a first one.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// `pause` less a random part of it, up to `share`.
pub(super) fn spread(pause: Duration, share: f64) -> Duration {
    pause.mul_f64(1.0 - share * fastrand::f64())
}

/// Tells a sink of one source's finds and troubles.
///
/// A trouble is told once, until it changes or the source is well again. That holds for each code by
/// itself, because two troubles may take turns: a list that finds nothing and a watch that is forbidden.
pub(super) struct Reporter {
    sink: Arc<dyn Sink>,
    source: String,
    told: BTreeMap<&'static str, String>,
}

impl Reporter {
    pub(super) fn new(sink: Arc<dyn Sink>, source: String) -> Reporter {
        Reporter {
            sink,
            source,
            told: BTreeMap::new(),
        }
    }

    pub(super) fn files(&self, files: BTreeMap<String, Bytes>) {
        self.sink.files(&self.source, files);
    }

    pub(super) fn archive(&self, bytes: Bytes) {
        self.sink.archive(&self.source, bytes);
    }

    /// The source can be read, whatever is in it: the next trouble is a new one.
    pub(super) fn well(&mut self) {
        if !self.told.is_empty() {
            self.told.clear();
            tracing::info!(
                source = self.source,
                "the source of bundles can be read again"
            );
        }
    }

    pub(super) fn trouble(&mut self, code: &'static str, detail: String) {
        if self.told.get(code) == Some(&detail) {
            tracing::debug!(source = self.source, code, detail, "the same trouble again");
            return;
        }
        self.told.insert(code, detail.clone());
        self.sink.trouble(&self.source, code, detail);
    }
}

/// An error and its causes in one line; a cause that is already told is left out.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !told.contains(&words) {
            told.push_str(": ");
            told.push_str(&words);
        }
        source = cause.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Find, listener};
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_begin_anew_after_a_success() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 10 * second);
        for full in [1, 2, 4, 8, 10, 10] {
            let pause = backoff.next();
            let full = full * second;
            assert!((full / 2..=full).contains(&pause), "{pause:?} of {full:?}");
        }
        backoff.failures = u32::MAX;
        assert!(backoff.next() <= 10 * second);
        backoff.reset();
        assert!(backoff.next() <= second);
        let mut short = Backoff::new(second, second / 100);
        assert!(short.next() <= second / 100);
    }

    #[tokio::test]
    async fn a_trouble_is_told_once_until_it_changes_or_is_over() {
        let (sink, mut heard) = listener();
        let mut report = Reporter::new(sink, "here".to_owned());
        let mut say = |report: &mut Reporter, code, detail: &str| {
            report.trouble(code, detail.to_owned());
            match heard.try_next() {
                Some(Find::Trouble(code, detail)) => Some(format!("{code} {detail}")),
                _ => None,
            }
        };
        let first = say(&mut report, "fetch_failed", "a");
        assert_eq!(first.as_deref(), Some("fetch_failed a"));
        assert_eq!(say(&mut report, "fetch_failed", "a"), None);
        assert!(say(&mut report, "fetch_failed", "b").is_some());
        // Two that take turns.
        assert!(say(&mut report, "forbidden", "c").is_some());
        assert_eq!(say(&mut report, "fetch_failed", "b"), None);
        assert_eq!(say(&mut report, "forbidden", "c"), None);
        report.well();
        assert!(say(&mut report, "forbidden", "c").is_some());
    }

    #[test]
    fn a_cause_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer: {told}")]
        struct Outer {
            told: &'static str,
            #[source]
            cause: std::io::Error,
        }
        let error = |told| Outer {
            told,
            cause: std::io::Error::other("inner"),
        };
        assert_eq!(causes(&error("inner")), "outer: inner");
        assert_eq!(causes(&error("x")), "outer: x: inner");
    }
}
