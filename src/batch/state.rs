//! What waits, in which order it is taken, and when a batch is due: the rules of the queue, without
//! threads or clocks.
//!
//! Three lines stand side by side. Requests smaller than a batch *join* others. Larger ones, and
//! those that ask for explanations, go *direct*: chunk by chunk, in turn. What is *late* is answered
//! by rules alone. Workers serve the lines in turn, so a body of a hundred thousand lines delays a
//! single record by one chunk and not by all of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batches::{Batch, Pending, Release};
use super::job::{Answer, Job};
use super::room::{Claim, Doorkeeper, Full, Room};
use crate::pipeline::Detail;

/// Late records in one batch, in full batches: without models they take a good deal less time.
const LATE_BATCHES: usize = 4;

/// Large requests that take turns; the others wait for a place. If all took turns, all of a full
/// queue would be answered at its end.
const IN_TURN: usize = 4;

/// Records below which a batch is not shared between idle workers: a call of the models has a cost of
/// its own.
const SHARED: usize = 8;

/// Why a request is worth reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chance {
    /// There may be room for it.
    Fits,
    /// There is none, but its true size is to reserve some.
    Scout,
}

/// The lines, in the order in which they are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Late,
    Direct,
    Joined,
}

const LINES: [Line; 3] = [Line::Late, Line::Direct, Line::Joined];

/// When there is something for a worker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Now(Line),
    At(Instant),
    Never,
}

/// How batches are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) max_records: usize,
    pub(super) max_delay: Duration,
}

/// Everything that waits.
pub(super) struct State {
    rules: Rules,
    lines: [VecDeque<Pending>; 3],
    door: Doorkeeper,
    /// Records that wait, all of a stream too.
    waiting: usize,
    /// Records in the line of those that join.
    joined: usize,
    /// The line that was served last.
    served: Line,
    draining: bool,
}

impl State {
    pub(super) fn new(rules: Rules) -> State {
        State {
            rules,
            lines: Default::default(),
            door: Doorkeeper::default(),
            waiting: 0,
            joined: 0,
            served: Line::Joined,
            draining: false,
        }
    }

    /// Records that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// What the queue's bounds are held against.
    pub(super) fn occupied(&self, bounds: Room) -> Room {
        self.door.occupied(bounds)
    }

    /// When the request came that has waited longest.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.lines
            .iter()
            .flatten()
            .map(|pending| pending.since)
            .min()
    }

    /// Nothing waits for company from now on.
    pub(super) fn drain(&mut self) {
        self.draining = true;
    }

    /// Takes a whole request in, or nothing of it. What was held for it is given back in either case.
    pub(super) fn admit(
        &mut self,
        job: &Arc<Job>,
        size: Room,
        held: Room,
        bounds: Room,
        now: Instant,
    ) -> Result<(), Refused> {
        let claim = Claim::new(size, bounds);
        let taken = self.door.take(&claim, held, bounds, now);
        taken.map_err(|full| Refused { full, claim })?;
        let line = if claim.size.records >= self.rules.max_records || job.detail == Detail::Full {
            Line::Direct
        } else {
            self.joined += claim.size.records;
            Line::Joined
        };
        self.waiting += claim.size.records;
        self.lines[line as usize].push_back(Pending {
            job: Arc::clone(job),
            next: 0,
            left: claim.size,
            stream: claim.stream,
            since: now,
        });
        Ok(())
    }

    /// Whether some request of at least that size, and of at most so many records, would be taken in,
    /// or has to be read because its size, once known, is to reserve room.
    pub(super) fn look(
        &mut self,
        least: Room,
        most: usize,
        bounds: Room,
        now: Instant,
    ) -> Result<Chance, Full> {
        let large = self.is_large(least.or_records(most), bounds);
        match self.door.look(&Claim::new(least, bounds), bounds, now) {
            Ok(()) => Ok(Chance::Fits),
            // It may be smaller than it seems, or the very one that the room is kept for.
            Err(Full::Stream) => Ok(Chance::Fits),
            Err(Full::Reserved) if self.door.is_redeemed_by(most, now) => Ok(Chance::Fits),
            Err(Full::Records | Full::Bytes) if large && self.door.sends_scout(now) => {
                Ok(Chance::Scout)
            }
            Err(full) => Err(full),
        }
    }

    /// Takes room for a request of about that size until it is given back.
    pub(super) fn hold(
        &mut self,
        size: Room,
        most: usize,
        bounds: Room,
        now: Instant,
    ) -> Result<Room, Full> {
        let claim = Claim::new(size, bounds);
        match self.look(size, most, bounds, now)? {
            Chance::Fits => Ok(self.door.hold(&claim, bounds)),
            Chance::Scout => Ok(Room::default()),
        }
    }

    /// Frees what was held.
    pub(super) fn give_back(&mut self, held: Room) {
        self.door.give_back(held, false);
    }

    /// True of a request that small ones could keep out: it is larger than a batch, or takes a good
    /// part of the bytes.
    fn is_large(&self, size: Room, bounds: Room) -> bool {
        size.records > self.rules.max_records || size.bytes > bounds.bytes / 16
    }

    /// Keeps room for a large request that was refused. One that waits for a stream to end is kept
    /// out by that alone.
    pub(super) fn reserve(
        &mut self,
        refused: &Refused,
        bounds: Room,
        now: Instant,
        retry_after: Duration,
    ) {
        if refused.full != Full::Stream && self.is_large(refused.claim.size, bounds) {
            self.door.reserve(&refused.claim, now, retry_after);
        }
    }

    /// When a worker is needed next, and for what; `company` says that a request is on its way.
    pub(super) fn due(&self, now: Instant, company: bool) -> Due {
        let place = LINES.iter().position(|line| *line == self.served);
        let first = place.map_or(0, |place| place + 1);
        for turn in 0..LINES.len() {
            let line = LINES[(first + turn) % LINES.len()];
            if self.is_due(line, now, company) {
                return Due::Now(line);
            }
        }
        match self.lines[Line::Joined as usize].front() {
            Some(pending) => Due::At(pending.since + self.rules.max_delay),
            None => Due::Never,
        }
    }

    fn is_due(&self, line: Line, now: Instant, company: bool) -> bool {
        let Some(front) = self.lines[line as usize].front() else {
            return false;
        };
        line != Line::Joined
            || !company
            || self.draining
            || self.joined >= self.rules.max_records
            || self.has_waited(front.since, now)
    }

    fn has_waited(&self, since: Instant, now: Instant) -> bool {
        now.duration_since(since) >= self.rules.max_delay
    }

    /// The batch that is due in `line`, for one worker where `idle` others have nothing to do: those
    /// that joined are shared with them.
    pub(super) fn take(&mut self, line: Line, now: Instant, idle: usize) -> Option<Batch> {
        let front = self.lines[line as usize].front()?;
        let alone = front.job.detail == Detail::Full;
        let waited = self.has_waited(front.since, now);
        let full = self.joined >= self.rules.max_records;
        let mut batch = Batch {
            snapshot: Arc::clone(&front.job.snapshot),
            parts: Vec::new(),
            records: 0,
            release: Release::Delay,
            late: (line == Line::Late).then_some(now),
        };
        self.served = line;
        let most = self.rules.max_records;
        match line {
            Line::Late => self.fill(line, most * LATE_BATCHES, &mut batch, now),
            Line::Joined => {
                let share = self.joined.div_ceil(idle + 1).max(SHARED).min(most);
                self.fill(line, share, &mut batch, now);
            }
            Line::Direct => {
                self.chunk(most, &mut batch, now);
                if !alone {
                    self.fill(Line::Joined, most, &mut batch, now);
                }
            }
        }
        batch.release = match line {
            Line::Late => Release::Deadline,
            _ if self.draining => Release::Drain,
            Line::Direct => Release::Direct,
            Line::Joined if full => Release::Size,
            Line::Joined if waited => Release::Delay,
            Line::Joined => Release::Complete,
        };
        Some(batch)
    }

    /// One chunk of the request whose turn it is; what is left of it goes behind the others that
    /// take turns.
    fn chunk(&mut self, most: usize, batch: &mut Batch, now: Instant) {
        let Some(mut front) = self.lines[Line::Direct as usize].pop_front() else {
            return;
        };
        self.move_over(&mut front, most, batch, now);
        if front.left.records > 0 {
            let line = &mut self.lines[Line::Direct as usize];
            line.insert(line.len().min(IN_TURN - 1), front);
        }
    }

    /// Requests of one line, up to `most` records, as long as they are for the batch's snapshot.
    fn fill(&mut self, line: Line, most: usize, batch: &mut Batch, now: Instant) {
        while batch.records < most {
            let Some(mut front) = self.lines[line as usize].pop_front() else {
                return;
            };
            let same = Arc::ptr_eq(&front.job.snapshot, &batch.snapshot);
            if same {
                let before = front.left.records;
                self.move_over(&mut front, most, batch, now);
                if line == Line::Joined {
                    self.joined -= before - front.left.records;
                }
            }
            if front.left.records > 0 {
                self.lines[line as usize].push_front(front);
                return;
            }
        }
    }

    fn move_over(&mut self, pending: &mut Pending, most: usize, batch: &mut Batch, now: Instant) {
        let before = pending.left;
        let part = pending.take(most - batch.records, now);
        self.door
            .give_back(before.without(pending.left), pending.stream);
        self.waiting -= part.range.len();
        batch.records += part.range.len();
        batch.parts.push(part);
    }

    /// What waits of the request leaves the queue: its caller went away. It is given back, to be freed
    /// by whoever holds no lock.
    pub(super) fn leave(&mut self, answer: &Arc<Answer>) -> Option<Arc<Job>> {
        let pending = self.remove(answer)?;
        self.door.give_back(pending.left, pending.stream);
        self.waiting -= pending.left.records;
        Some(pending.job)
    }

    /// What waits of the request is to be answered by rules alone: its deadline has passed.
    pub(super) fn expire(&mut self, answer: &Arc<Answer>) {
        if let Some(pending) = self.remove(answer) {
            self.lines[Line::Late as usize].push_back(pending);
        }
    }

    fn remove(&mut self, answer: &Arc<Answer>) -> Option<Pending> {
        // What is late is seldom looked for, and may be many.
        for line in [Line::Joined, Line::Direct, Line::Late] {
            let pending = &mut self.lines[line as usize];
            let place = pending
                .iter()
                .position(|p| Arc::ptr_eq(&p.job.answer, answer));
            if let Some(found) = place.and_then(|place| pending.remove(place)) {
                if line == Line::Joined {
                    self.joined -= found.left.records;
                }
                return Some(found);
            }
        }
        None
    }
}

/// Why a request was not taken in, and what it had asked for.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) full: Full,
    claim: Claim,
}
