//! One request in the queue: its records, and the place where its answers come together.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::follow::Followed;
use super::room::Room;
use crate::pipeline::{Detail, Judgement, Snapshot};
use crate::record::Record;

/// What the workers need of a request. They drop it, so that a large request's records are freed
/// on their threads and not on the caller's.
pub(super) struct Job {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) records: Vec<Record>,
    pub(super) detail: Detail,
    pub(super) deadline: Instant,
    /// True where the process only tries itself.
    pub(super) rehearsal: bool,
    /// Where the request is traced.
    pub(super) followed: Option<Followed>,
    pub(super) answer: Arc<Answer>,
}

impl Job {
    pub(super) fn size(&self) -> Room {
        Room::of(&self.records)
    }
}

/// What the caller waits for.
#[derive(Default)]
pub(super) struct Answer {
    judged: Mutex<Vec<Option<Judgement>>>,
    /// Records without a judgement.
    missing: AtomicUsize,
    /// Records that still wait in the queue.
    waiting: AtomicUsize,
    gone: AtomicBool,
    done: Notify,
}

impl Answer {
    pub(super) fn new(records: usize) -> Answer {
        Answer {
            missing: AtomicUsize::new(records),
            waiting: AtomicUsize::new(records),
            ..Answer::default()
        }
    }

    /// Waits for the last judgement.
    pub(super) async fn done(&self) {
        self.done.notified().await;
    }

    /// Takes the judgements of a part of the records.
    pub(super) fn put(&self, range: Range<usize>, all: usize, judgements: Vec<Judgement>) {
        let mut judged = self.lock();
        // Made by the first part, on a worker's thread.
        judged.resize_with(all, || None);
        let count = range.len();
        for (place, judgement) in judged[range].iter_mut().zip(judgements) {
            *place = Some(judgement);
        }
        drop(judged);
        if self.missing.fetch_sub(count, Ordering::AcqRel) == count {
            self.done.notify_one();
        }
    }

    /// All judgements, in the order of the records; what is missing is answered fail-open.
    pub(super) fn collect(&self, all: usize) -> Vec<Judgement> {
        let mut judged = std::mem::take(&mut *self.lock());
        judged.resize_with(all, || None);
        let judged = judged.into_iter();
        judged
            .map(|judgement| judgement.unwrap_or_else(Judgement::fail_open))
            .collect()
    }

    /// The caller went away and wants no answer.
    pub(super) fn leave(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// A part of the records left the queue.
    pub(super) fn taken(&self, records: usize) {
        self.waiting.fetch_sub(records, Ordering::Relaxed);
    }

    /// True while records of it may wait in the queue.
    pub(super) fn waits(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Judgement>>> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
