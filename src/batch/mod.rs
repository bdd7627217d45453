//! The queue and its workers: records of many requests wait in a bounded queue, threads judge them
//! in batches.
//!
//! Judging is CPU work, so it leaves the async runtime. Every worker is a thread that owns one set
//! of models. A request pins one snapshot when it is admitted, whole or not at all; its records join
//! those of others in a batch, or fill batches of their own. The rules of the queue are in `state`
//! and `room`, the threads' part of it in `queue` and `worker`.

mod batches;
mod follow;
mod job;
mod pace;
mod queue;
mod room;
mod state;
#[cfg(test)]
mod tests;
mod ticket;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::trace::SpanContext;
use tokio::time::timeout_at;

use crate::bundle::{Identity, Store};
use crate::config::{BatchConfig, EngineConfig};
use crate::pipeline::{Baseline, Detail, Judgement, Snapshot, Timings};
use crate::record::Record;

pub use batches::Release;
use follow::Followed;
pub use follow::{Share, TracedBatch};
use job::{Answer, Job};
use queue::Queue;
pub use room::{Full, Overloaded, Room};
pub use ticket::Ticket;
pub use worker::Workers;

/// How long after the deadline a caller still waits for its workers.
const OVERDUE: Duration = Duration::from_secs(5);

/// Sees what the workers do. It is called on their threads, and not told of rehearsals.
pub trait Observer: Send + Sync {
    /// A batch with so many records of others was released, and is to be judged. `waits` says of each
    /// request that began in it how long it had waited.
    fn released(&self, release: Release, records: usize, waits: &mut dyn Iterator<Item = Duration>);

    /// Records were judged by that snapshot: those of a batch, or those of one request where the
    /// batch had failed. Their answers are not given yet.
    fn judged(&self, snapshot: &Snapshot, timings: &Timings);

    /// The span that the caller of a request works in, where it is traced. Asked on the caller's task.
    fn following(&self) -> Option<SpanContext> {
        None
    }

    /// As [`Observer::judged`], where the records are those of requests that are traced.
    fn traced(&self, _: &TracedBatch<'_>) {}
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// What the queue's bounds are held against.
    pub queued: Room,
    /// How long the oldest request in the queue has been there.
    pub oldest: Duration,
    /// Records that were admitted and not yet judged.
    pub held: usize,
    /// Batches judged since the start.
    pub judged: u64,
    /// Those of them in which the process only tried itself.
    pub rehearsed: u64,
}

/// Takes records in and gives judgements back. Clones share one queue, which ends with the last.
#[derive(Clone)]
pub struct Dispatcher {
    store: Arc<Store>,
    observer: Arc<dyn Observer>,
    queue: Arc<Open>,
}

/// The queue, as long as somebody may bring a request.
struct Open(Arc<Queue>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The judgements of one request.
#[derive(Debug)]
pub struct Judged {
    /// One a record, in the order of the records.
    pub judgements: Vec<Judgement>,
    /// The one bundle that judged all of them.
    pub model: Arc<Identity>,
    /// What that bundle's models were trained on.
    pub baseline: Arc<Baseline>,
}

/// Starts the workers.
///
/// # Errors
/// The system's word where a thread cannot be made.
pub fn start(
    store: Arc<Store>,
    batch: &BatchConfig,
    engine: &EngineConfig,
    observer: Arc<dyn Observer>,
) -> std::io::Result<(Dispatcher, Workers)> {
    let workers = engine.workers.get();
    let queue = Arc::new(Queue::new(batch, workers));
    let bench = worker::Bench {
        queue: Arc::clone(&queue),
        observer: Arc::clone(&observer),
        telling: batch.max_records.get() / 8,
    };
    // Made first, so that workers end also where not all of them can be started.
    let open = Arc::new(Open(queue));
    let workers = Workers::spawn(workers, &bench)?;
    let dispatcher = Dispatcher {
        store,
        observer,
        queue: open,
    };
    Ok((dispatcher, workers))
}

impl Dispatcher {
    /// A ticket for a request that has begun.
    pub fn ticket(&self) -> Ticket {
        Ticket::new(Arc::clone(&self.queue.0))
    }

    /// Judges the records of one request by one snapshot.
    ///
    /// What is not judged by `deadline` is answered by rules alone, flagged timeout; what a worker
    /// fails on is answered fail-open. Neither is an error. A caller that drops the future takes its
    /// waiting records out of the queue.
    ///
    /// # Errors
    /// Where the queue has no room for all of the records; none was taken then.
    pub async fn judge(
        &self,
        ticket: Ticket,
        records: Vec<Record>,
        detail: Detail,
        deadline: Instant,
    ) -> Result<Judged, Overloaded> {
        self.call(ticket, records, detail, deadline, false).await
    }

    /// Has one record judged all the way, by the models too, for nobody but the caller: observers are
    /// not told, so that the process may try itself without a trace in what is counted.
    ///
    /// # Errors
    /// Where the queue has no room for it.
    pub async fn rehearse(&self, record: Record, deadline: Instant) -> Result<Judged, Overloaded> {
        // Votes are asked for, so that no remembered one is taken.
        let (ticket, detail) = (self.ticket(), Detail::Votes);
        self.call(ticket, vec![record], detail, deadline, true)
            .await
    }

    async fn call(
        &self,
        ticket: Ticket,
        records: Vec<Record>,
        detail: Detail,
        deadline: Instant,
        rehearsal: bool,
    ) -> Result<Judged, Overloaded> {
        let snapshot = self.store.current();
        let knowledge = snapshot.knowledge();
        let mut judged = Judged {
            judgements: Vec::new(),
            model: Arc::clone(&knowledge.identity),
            baseline: Arc::clone(&knowledge.baseline),
        };
        let count = records.len();
        if count == 0 {
            return Ok(judged);
        }
        let answer = Arc::new(Answer::new(count));
        let job = Job {
            snapshot,
            records,
            detail,
            deadline,
            rehearsal,
            followed: self.observer.following().map(Followed::new),
            answer: Arc::clone(&answer),
        };
        self.queue.0.admit(ticket, job)?;
        let call = Call {
            queue: &self.queue.0,
            answer,
        };
        let done = call.answer.done();
        if timeout_at(deadline.into(), done).await.is_err() {
            call.queue.expire(&call.answer);
            // A worker that hangs must not hold its caller for ever.
            let _ = timeout_at((deadline + OVERDUE).into(), call.answer.done()).await;
        }
        judged.judgements = call.answer.collect(count);
        Ok(judged)
    }

    /// When what waits should be judged, at the rate that was measured: the Retry-After of a refusal.
    pub fn drained_in(&self) -> Duration {
        self.queue.0.drained_in()
    }

    /// The process is ending: nothing waits for company from now on.
    pub fn drain(&self) {
        self.queue.0.drain();
    }

    /// How much there is to do.
    pub fn load(&self) -> Load {
        self.queue.0.load()
    }
}

/// A caller that waits, until it has its answer or goes away.
struct Call<'a> {
    queue: &'a Queue,
    answer: Arc<Answer>,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.answer.leave();
        self.queue.leave(&self.answer);
    }
}
