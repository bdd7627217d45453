//! Whether a verdict can be given: while nothing is judged, a real line is sent all the way, through
//! queue, worker, models and ensemble.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::batch::Dispatcher;
use crate::record::Record;

/// How often is looked whether something was judged meanwhile.
const BEAT: Duration = Duration::from_secs(5);
/// How long a line may take.
const LONGEST: Duration = Duration::from_secs(5);
/// Lines in a row that did not come back before the check fails: one may have met a long batch.
const MISSES: u32 = 2;

/// What the rules know and the models are asked about.
const LINE: &str =
    "<86>Jan  2 03:04:05 logtriage selftest[1]: session opened for user selftest by (uid=0)";

/// A trial that is on its way: true where a verdict came.
pub type Trial<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// What a line is sent through.
pub trait Way: Send + Sync {
    /// Counts what was judged for others: it moves while work is done.
    fn judged(&self) -> u64;

    /// Has a line judged, of which nothing is counted.
    fn try_line(&self, by: Instant) -> Trial<'_>;
}

impl Way for Dispatcher {
    fn judged(&self) -> u64 {
        let load = self.load();
        load.judged.saturating_sub(load.rehearsed)
    }

    fn try_line(&self, by: Instant) -> Trial<'_> {
        let record = Record {
            message: LINE.into(),
            ..Record::default()
        };
        Box::pin(async move {
            let judged = self.rehearse(record, by.into_std()).await;
            judged.is_ok_and(|judged| judged.judgements.len() == 1)
        })
    }
}

/// What was found last. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Beat>>);

#[derive(Clone, Copy, Debug, Default)]
struct Beat {
    /// Lines in a row that did not come back.
    misses: u32,
    /// How long the last line took.
    took: Duration,
}

impl Pulse {
    /// True where a verdict can be given, as far as is known; and how long the last line took.
    pub(super) fn feel(&self) -> (bool, Duration) {
        let beat = *self.lock();
        (beat.misses < MISSES, beat.took)
    }

    /// Looks and tries until `stop` is dropped.
    pub async fn keep(self, way: impl Way, mut stop: oneshot::Receiver<()>) {
        let mut seen = way.judged();
        // Nobody knows yet how it is.
        let mut idle = true;
        loop {
            let begun = Instant::now();
            let round = async {
                let came = !idle || self.attempt(&way, begun).await;
                // Others may have had their verdicts while ours did not come.
                self.note(came || way.judged() != seen);
                sleep_until(begun + BEAT).await;
                let judged = way.judged();
                (idle, seen) = (judged == seen, judged);
            };
            tokio::select! {
                () = round => {}
                _ = &mut stop => return,
            }
        }
    }

    async fn attempt(&self, way: &impl Way, begun: Instant) -> bool {
        let by = begun + LONGEST;
        let came = timeout_at(by, way.try_line(by)).await.unwrap_or(false);
        self.lock().took = begun.elapsed();
        came
    }

    fn note(&self, verdict: bool) {
        let mut beat = self.lock();
        beat.misses = match verdict {
            true => 0,
            false => beat.misses.saturating_add(1),
        };
        if !verdict {
            tracing::warn!(
                misses = beat.misses,
                "no verdict came for a line of our own, and nothing else was judged meanwhile"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use tokio::time::sleep;

    use super::*;

    /// Judges at once, or never.
    #[derive(Clone, Default)]
    struct Scripted {
        hangs: Arc<AtomicBool>,
        judged: Arc<AtomicU64>,
        tried: Arc<AtomicU64>,
    }

    impl Way for Scripted {
        fn judged(&self) -> u64 {
            self.judged.load(Ordering::Relaxed)
        }

        fn try_line(&self, _: Instant) -> Trial<'_> {
            self.tried.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                if self.hangs.load(Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
                sleep(Duration::from_millis(2)).await;
                true
            })
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn two_lines_that_do_not_come_back_fail_it_and_one_that_does_heals_it() {
        let path = Scripted::default();
        let pulse = Pulse::default();
        let (stop, stopped) = oneshot::channel();
        let keeping = tokio::spawn(pulse.clone().keep(path.clone(), stopped));
        sleep(seconds(1)).await;
        assert_eq!(pulse.feel(), (true, Duration::from_millis(2)));
        path.hangs.store(true, Ordering::Relaxed);
        // Tried at 5 s and at 10 s.
        sleep(seconds(13)).await;
        assert!(pulse.feel().0, "one may have met a long batch");
        sleep(seconds(2)).await;
        assert_eq!(pulse.feel(), (false, LONGEST));
        path.hangs.store(false, Ordering::Relaxed);
        sleep(seconds(5)).await;
        assert_eq!(pulse.feel(), (true, Duration::from_millis(2)));
        drop(stop);
        keeping.await.expect("it ends");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_tried_while_others_are_judged_and_their_verdicts_heal_it() {
        let path = Scripted::default();
        let pulse = Pulse::default();
        let (_stop, stopped) = oneshot::channel();
        tokio::spawn(pulse.clone().keep(path.clone(), stopped));
        sleep(seconds(1)).await;
        for _ in 0..5 {
            path.judged.fetch_add(1, Ordering::Relaxed);
            sleep(seconds(5)).await;
        }
        assert_eq!(path.tried.load(Ordering::Relaxed), 1, "the first alone");
        path.hangs.store(true, Ordering::Relaxed);
        sleep(seconds(15)).await;
        assert!(!pulse.feel().0);
        path.judged.fetch_add(1, Ordering::Relaxed);
        sleep(seconds(6)).await;
        assert!(pulse.feel().0, "somebody had a verdict");
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_on_its_way_does_not_hold_up_the_end() {
        let path = Scripted::default();
        path.hangs.store(true, Ordering::Relaxed);
        let (stop, stopped) = oneshot::channel();
        let keeping = tokio::spawn(Pulse::default().keep(path, stopped));
        sleep(seconds(1)).await;
        let begun = Instant::now();
        drop(stop);
        keeping.await.expect("it ends");
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
