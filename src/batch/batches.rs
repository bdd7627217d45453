//! Batches, and the requests that they are made of.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::job::Job;
use super::room::Room;
use crate::pipeline::{Detail, Group, Snapshot};

/// Why a batch was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// It was full.
    Size,
    /// Its oldest record had waited for `batch.max_delay`.
    Delay,
    /// No request was on its way that could have joined it.
    Complete,
    /// It is a chunk of a request that needs no company.
    Direct,
    /// Its records' deadline had passed: rules alone answer.
    Deadline,
    /// The process is ending, and nobody waits for company any more.
    Drain,
}

/// A request that waits, or what is left of it.
pub(super) struct Pending {
    pub(super) job: Arc<Job>,
    /// The first record that was not taken.
    pub(super) next: usize,
    pub(super) left: Room,
    /// True where it is larger than half of the queue.
    pub(super) stream: bool,
    pub(super) since: Instant,
}

impl Pending {
    /// Takes up to `most` records.
    pub(super) fn take(&mut self, most: usize, now: Instant) -> Part {
        let count = most.min(self.left.records);
        let range = self.next..self.next + count;
        self.left -= self.left.share(count, self.left.records);
        self.next = range.end;
        self.job.answer.taken(count);
        Part {
            job: Arc::clone(&self.job),
            wait: (range.start == 0).then(|| now.duration_since(self.since)),
            range,
        }
    }
}

/// Records of one request in a batch.
pub(super) struct Part {
    pub(super) job: Arc<Job>,
    pub(super) range: Range<usize>,
    /// How long the request waited, said with its first record.
    pub(super) wait: Option<Duration>,
}

/// What a worker judges at once.
pub(super) struct Batch {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) parts: Vec<Part>,
    pub(super) records: usize,
    pub(super) release: Release,
    /// Where it is late, when that was found.
    pub(super) late: Option<Instant>,
}

impl Batch {
    /// The part as the snapshot is to judge it.
    pub(super) fn group<'a>(&self, part: &'a Part) -> Group<'a> {
        let detail = match (self.late, part.job.detail) {
            (Some(_), Detail::Full) => Detail::Votes,
            (_, detail) => detail,
        };
        Group {
            records: &part.job.records[part.range.clone()],
            detail,
            deadline: Some(self.late.unwrap_or(part.job.deadline)),
        }
    }

    /// The parts that others sent: not those in which the process only tries itself.
    pub(super) fn of_others(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.job.rehearsal)
    }

    /// True where its time says how fast ordinary records are.
    pub(super) fn is_ordinary(&self) -> bool {
        let explains = |part: &Part| part.job.detail == Detail::Full;
        self.late.is_none() && !self.parts.iter().any(explains)
    }
}
