//! The threads that judge.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use super::Observer;
use super::batches::{Batch, Part};
use super::follow::{self, Followed, TracedBatch};
use super::queue::Queue;
use crate::pipeline::{Group, Judgement, Timed, Timings};

/// The running workers. They end when the last [`super::Dispatcher`] is dropped.
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
}

/// What a worker needs.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) queue: Arc<Queue>,
    pub(super) observer: Arc<dyn Observer>,
    /// Batches of fewer records say nothing of how fast a full one is.
    pub(super) telling: usize,
}

impl Workers {
    pub(super) fn spawn(count: usize, bench: &Bench) -> std::io::Result<Workers> {
        let threads = (0..count).map(|number| {
            let bench = bench.clone();
            let name = format!("judge-{number}");
            std::thread::Builder::new().name(name).spawn(move || {
                while let Some(batch) = bench.queue.next() {
                    bench.work(number, batch);
                }
            })
        });
        Ok(Workers {
            threads: threads.collect::<std::io::Result<_>>()?,
        })
    }

    /// Waits until every request is answered and the threads have ended. Blocks.
    pub fn join(self) {
        for thread in self.threads {
            // A batch's panic is caught, so a thread ends only with its queue.
            let _ = thread.join();
        }
    }
}

impl Bench {
    fn work(&self, number: usize, mut batch: Batch) {
        let told: usize = batch.of_others().map(|part| part.range.len()).sum();
        let observer = (told > 0).then_some(self.observer.as_ref());
        if let Some(observer) = observer {
            let mut waits = batch.of_others().filter_map(|part| part.wait);
            observer.released(batch.release, told, &mut waits);
        }
        let taken = batch.records;
        // Callers that went away want no answer.
        batch.parts.retain(|part| !part.job.answer.is_gone());
        batch.records = batch.parts.iter().map(|part| part.range.len()).sum();
        let start = Instant::now();
        let answers = judge(number, &batch, observer);
        if batch.is_ordinary() && batch.records >= self.telling {
            self.queue.pace.learn(batch.records, start.elapsed());
        }
        self.queue.judged(taken, observer.is_none());
        for (part, judgements) in batch.parts.into_iter().zip(answers) {
            let all = part.job.records.len();
            part.job.answer.put(part.range, all, judgements);
        }
    }
}

/// An answer a part. Where a batch panics, each request is judged by itself, so that only the one
/// that is to blame is answered fail-open.
fn judge(number: usize, batch: &Batch, observer: Option<&dyn Observer>) -> Vec<Vec<Judgement>> {
    if batch.parts.is_empty() {
        return Vec::new();
    }
    let attempt = |parts: &[Part]| {
        let started = Instant::now();
        let timed = attempt(number, batch, parts)?;
        if let Some(observer) = observer {
            tell(observer, batch, parts, started, &timed.timings);
        }
        Some(timed.answers)
    };
    let all = attempt(&batch.parts);
    all.unwrap_or_else(|| {
        let alone = batch.parts.iter().map(|part| {
            let several = batch.parts.len() > 1;
            let answer = several.then(|| attempt(std::slice::from_ref(part)));
            let answer = answer.flatten().and_then(|mut answers| answers.pop());
            answer.unwrap_or_else(|| fail_open(part))
        });
        alone.collect()
    })
}

fn attempt(number: usize, batch: &Batch, parts: &[Part]) -> Option<Timed> {
    let groups: Vec<Group<'_>> = parts.iter().map(|part| batch.group(part)).collect();
    catch_unwind(AssertUnwindSafe(|| {
        batch.snapshot.judge_timed(number, &groups)
    }))
    .ok()
}

fn tell(
    observer: &dyn Observer,
    batch: &Batch,
    parts: &[Part],
    started: Instant,
    timings: &Timings,
) {
    observer.judged(&batch.snapshot, timings);
    let shares = follow::shares(parts);
    if !shares.is_empty() {
        observer.traced(&TracedBatch {
            snapshot: &batch.snapshot,
            release: batch.release,
            records: parts.iter().map(|part| part.range.len()).sum(),
            started,
            timings,
            shares,
        });
    }
}

fn fail_open(part: &Part) -> Vec<Judgement> {
    let records = part.range.len();
    let trace_id = part.job.followed.as_ref().map(Followed::trace_id);
    tracing::error!(
        records,
        trace_id,
        "a worker panicked; the request's records are answered fail-open and forwarded"
    );
    vec![Judgement::fail_open(); records]
}
