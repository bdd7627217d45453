//! The threads that judge.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;

use super::{Job, Shared};
use crate::pipeline::Judgement;

/// The running workers. They end when the last [`super::Dispatcher`] is dropped.
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(super) fn spawn(
        inbox: &flume::Receiver<Job>,
        shared: &Arc<Shared>,
    ) -> std::io::Result<Workers> {
        let threads = (0..shared.workers).map(|number| {
            let (inbox, shared) = (inbox.clone(), shared.clone());
            let name = format!("judge-{number}");
            std::thread::Builder::new().name(name).spawn(move || {
                for job in &inbox {
                    work(number, job, &shared);
                }
            })
        });
        Ok(Workers {
            threads: threads.collect::<std::io::Result<_>>()?,
        })
    }

    /// Waits until every job is answered and the threads have ended. Blocks.
    pub fn join(self) {
        for thread in self.threads {
            // A job's panic is caught, so a thread ends only with its queue.
            let _ = thread.join();
        }
    }
}

fn work(number: usize, job: Job, shared: &Shared) {
    let count = job.records.len();
    // A caller that went away wants no answer.
    let judgements = (!job.answer.is_closed()).then(|| {
        let start = Instant::now();
        let judgements = catch_unwind(AssertUnwindSafe(|| judge(number, &job)));
        shared.learn(count, start);
        judgements.unwrap_or_else(|_| {
            tracing::error!(
                records = count,
                "a worker panicked; its records are answered fail-open and forwarded"
            );
            vec![Judgement::fail_open(); count]
        })
    });
    shared.judged.fetch_add(1, Ordering::Relaxed);
    shared.waiting.fetch_sub(count, Ordering::Relaxed);
    if let Some(judgements) = judgements {
        // The caller may have gone away meanwhile.
        let _ = job.answer.send(judgements);
    }
}

fn judge(number: usize, job: &Job) -> Vec<Judgement> {
    job.snapshot
        .judge_until(number, &job.records, job.detail, job.deadline)
}

impl Shared {
    /// Keeps a moving average of a record's time: seven parts of what was known, one of the new.
    fn learn(&self, count: usize, start: Instant) {
        let nanos = start.elapsed().as_nanos() as usize / count.max(1);
        let known = self.record_nanos.load(Ordering::Relaxed);
        self.record_nanos
            .store((known * 7 + nanos) / 8, Ordering::Relaxed);
    }
}
