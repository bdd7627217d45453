//! The queue and its workers: records wait in a bounded queue, threads judge them in batches.
//!
//! Judging is CPU work, so it leaves the async runtime: a request's records are cut into chunks, each
//! chunk is one job, and every worker owns one set of models. A request pins one snapshot when it is
//! admitted, and all of its chunks carry it.

#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use crate::bundle::{Identity, Store};
use crate::config::{BatchConfig, EngineConfig};
use crate::pipeline::{Detail, Judgement, Snapshot};
use crate::record::Record;

pub use worker::Workers;

/// How long after the deadline a caller still waits for its workers.
const OVERDUE: Duration = Duration::from_secs(5);

/// Takes records in and gives judgements back. Clones share one queue.
#[derive(Clone)]
pub struct Dispatcher {
    store: Arc<Store>,
    jobs: flume::Sender<Job>,
    shared: Arc<Shared>,
    chunk: usize,
    capacity: usize,
}

/// What dispatcher and workers both see.
struct Shared {
    /// Records admitted and not yet judged.
    waiting: AtomicUsize,
    /// Chunks judged since the start: it moves while work is done.
    judged: AtomicU64,
    /// Nanoseconds of one worker that a record took lately.
    record_nanos: AtomicUsize,
    workers: usize,
}

/// A chunk of one request.
struct Job {
    snapshot: Arc<Snapshot>,
    records: Vec<Record>,
    detail: Detail,
    deadline: Instant,
    answer: oneshot::Sender<Vec<Judgement>>,
}

/// The judgements of one request.
#[derive(Debug)]
pub struct Judged {
    /// One a record, in the order of the records.
    pub judgements: Vec<Judgement>,
    /// The one bundle that judged all of them.
    pub model: Arc<Identity>,
}

/// The queue has no room for the records of a request; none of them was accepted.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("expected room for the request's records in the queue, found it full")]
pub struct Overloaded {
    /// When the queue should have drained at the present rate.
    pub retry_after: Duration,
}

/// Starts the workers.
///
/// # Errors
/// The system's word where a thread cannot be made.
pub fn start(
    store: Arc<Store>,
    batch: &BatchConfig,
    engine: &EngineConfig,
) -> std::io::Result<(Dispatcher, Workers)> {
    let shared = Arc::new(Shared {
        waiting: AtomicUsize::new(0),
        judged: AtomicU64::new(0),
        record_nanos: AtomicUsize::new(20_000),
        workers: engine.workers.get(),
    });
    // The bound is in records, and `admit` keeps it.
    let (jobs, inbox) = flume::unbounded();
    let workers = Workers::spawn(&inbox, &shared)?;
    let dispatcher = Dispatcher {
        store,
        jobs,
        shared,
        chunk: batch.max_records.get(),
        capacity: batch.queue_records.get(),
    };
    Ok((dispatcher, workers))
}

impl Dispatcher {
    /// Judges the records of one request by one snapshot.
    ///
    /// What is not judged by `deadline` is answered by rules alone, flagged timeout; what a worker
    /// fails on is answered fail-open. Neither is an error.
    pub async fn judge(
        &self,
        records: Vec<Record>,
        detail: Detail,
        deadline: Instant,
    ) -> Result<Judged, Overloaded> {
        self.admit(records.len())?;
        let snapshot = self.store.current();
        let model = snapshot.knowledge().identity.clone();
        let mut pending = Vec::with_capacity(records.len() / self.chunk + 1);
        for records in chunks(records, self.chunk) {
            let count = records.len();
            let (answer, receiver) = oneshot::channel();
            let job = Job {
                snapshot: snapshot.clone(),
                records,
                detail,
                deadline,
                answer,
            };
            if self.jobs.send(job).is_err() {
                self.shared.waiting.fetch_sub(count, Ordering::Relaxed);
            }
            pending.push((count, receiver));
        }
        let mut judgements = Vec::new();
        for (count, receiver) in pending {
            // A worker that hangs must not hold its caller for ever.
            let answered = timeout_at((deadline + OVERDUE).into(), receiver).await;
            match answered {
                Ok(Ok(chunk)) => judgements.extend(chunk),
                _ => judgements.extend(std::iter::repeat_n(Judgement::fail_open(), count)),
            }
        }
        Ok(Judged { judgements, model })
    }

    /// Records that are admitted and not yet judged.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Chunks judged since the start.
    pub fn judged(&self) -> u64 {
        self.shared.judged.load(Ordering::Relaxed)
    }

    /// Reserves room for a whole request. One that is larger than the queue is admitted when nothing
    /// else waits, so that no body within the size limits is refused for ever.
    fn admit(&self, count: usize) -> Result<(), Overloaded> {
        let admitted =
            self.shared
                .waiting
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                    (waiting == 0 || waiting + count <= self.capacity).then_some(waiting + count)
                });
        admitted.map(|_| ()).map_err(|waiting| Overloaded {
            retry_after: self.shared.drain_time(waiting),
        })
    }
}

impl Shared {
    fn drain_time(&self, waiting: usize) -> Duration {
        let nanos = self.record_nanos.load(Ordering::Relaxed) as u64 * waiting as u64;
        Duration::from_nanos(nanos / self.workers as u64).max(Duration::from_secs(1))
    }
}

fn chunks(records: Vec<Record>, size: usize) -> impl Iterator<Item = Vec<Record>> {
    let mut rest = records.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<Record> = rest.by_ref().take(size).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}
