//! The queue as threads see it: callers bring requests, workers sleep until a batch is due.
//!
//! At most one worker sleeps with a timer, until the oldest record's delay has passed; the others
//! sleep without one. Whoever leaves something behind wakes one more, so a burst wakes as many as it
//! keeps busy, one after the other, and an idle process wakes nobody.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Load;
use super::batches::Batch;
use super::job::{Answer, Job};
use super::pace::Pace;
use super::room::{Full, Overloaded, Room};
use super::state::{Chance, Due, Rules, State};
use super::ticket::{Redeemed, Ticket};
use crate::config::BatchConfig;

/// Work that may wait where `batch.queue_records` is auto. Half a second to two of it pass before a
/// record's turn comes, by what else waits: well within any sender's patience and the deadline.
const AUTO_WORK: Duration = Duration::from_secs(1);
/// The least that auto comes to, in full batches.
const AUTO_AT_LEAST: usize = 4;
/// The longest Retry-After; by then nothing that was measured holds any more.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// Requests on their way from their callers to the workers.
pub(super) struct Queue {
    guarded: Mutex<Guarded>,
    /// Where workers sleep while nothing is due at a known time, or another one sees to that.
    idle: Condvar,
    /// Where one worker sleeps until the oldest record's delay has passed.
    timer: Condvar,
    pub(super) pace: Pace,
    queue_records: Option<NonZeroUsize>,
    queue_bytes: usize,
    max_records: usize,
    /// Requests that have begun and not arrived: company that the records in the queue may expect.
    coming: AtomicUsize,
    /// Records that workers hold.
    judging: AtomicUsize,
    /// Batches judged since the start: it moves while work is done.
    judged: AtomicU64,
    /// Those of them that were rehearsals.
    rehearsed: AtomicU64,
}

struct Guarded {
    state: State,
    /// Workers that sleep without a timer.
    idle: usize,
    /// True while one sleeps with a timer.
    timed: bool,
    /// True from when a worker is woken until it runs: meanwhile no other needs to be.
    waking: bool,
    closed: bool,
}

impl Queue {
    pub(super) fn new(config: &BatchConfig, workers: usize) -> Queue {
        let max_records = config.max_records.get();
        Queue {
            guarded: Mutex::new(Guarded {
                state: State::new(Rules {
                    max_records,
                    max_delay: config.max_delay,
                }),
                idle: 0,
                timed: false,
                waking: false,
                closed: false,
            }),
            idle: Condvar::new(),
            timer: Condvar::new(),
            pace: Pace::new(workers),
            queue_records: config.queue_records,
            queue_bytes: config.queue_bytes,
            max_records,
            coming: AtomicUsize::new(0),
            judging: AtomicUsize::new(0),
            judged: AtomicU64::new(0),
            rehearsed: AtomicU64::new(0),
        }
    }

    /// Takes a whole request in, or refuses all of it.
    pub(super) fn admit(&self, ticket: Ticket, job: Job) -> Result<(), Overloaded> {
        let now = Instant::now();
        let bounds = self.bounds();
        // Measured before the lock, and where it is refused freed after it: others wait for neither.
        let (size, job) = (job.size(), Arc::new(job));
        let mut guarded = self.lock();
        let ticket = ticket.redeem();
        self.arrived(&ticket);
        if let Err(refused) = guarded.state.admit(&job, size, ticket.held, bounds, now) {
            let overloaded = self.overloaded(&guarded.state, refused.full);
            let retry_after = overloaded.retry_after;
            guarded.state.reserve(&refused, bounds, now, retry_after);
            self.wake(&mut guarded, now);
            return Err(overloaded);
        }
        self.wake(&mut guarded, now);
        Ok(())
    }

    /// Refuses a request of at least that size, and of at most so many records, that would be refused
    /// whatever it holds.
    pub(super) fn look(&self, least: Room, most: usize) -> Result<Chance, Overloaded> {
        let now = Instant::now();
        let bounds = self.bounds();
        let state = &mut self.lock().state;
        let looked = state.look(least, most, bounds, now);
        looked.map_err(|full| self.overloaded(state, full))
    }

    /// Holds room for a request of about that size; what is held may be less, where it is a stream
    /// or where its size has to be known before it can be refused.
    pub(super) fn hold(&self, size: Room, most: usize) -> Result<Room, Overloaded> {
        let now = Instant::now();
        let bounds = self.bounds();
        let state = &mut self.lock().state;
        let held = state.hold(size, most, bounds, now);
        held.map_err(|full| self.overloaded(state, full))
    }

    /// A request has begun, and the rest of it is waited for.
    pub(super) fn announce(&self) {
        self.coming.fetch_add(1, Ordering::Relaxed);
    }

    /// A request will not come.
    pub(super) fn give_up(&self, ticket: &Redeemed) {
        let mut guarded = self.lock();
        self.arrived(ticket);
        guarded.state.give_back(ticket.held);
        self.wake(&mut guarded, Instant::now());
    }

    /// Called under the lock, so that no worker counts a request as coming that stands in the queue.
    fn arrived(&self, ticket: &Redeemed) {
        self.coming
            .fetch_sub(usize::from(ticket.announced), Ordering::Relaxed);
    }

    fn overloaded(&self, state: &State, full: Full) -> Overloaded {
        Overloaded {
            full,
            retry_after: self.time_to_drain(state),
        }
    }

    /// When what waits should be judged.
    pub(super) fn drained_in(&self) -> Duration {
        self.time_to_drain(&self.lock().state)
    }

    fn time_to_drain(&self, state: &State) -> Duration {
        let work = state.waiting() + self.judging.load(Ordering::Relaxed);
        let time = self.pace.time_for(work);
        time.clamp(Duration::from_secs(1), LONGEST_RETRY)
    }

    /// The bounds as they are now.
    fn bounds(&self) -> Room {
        let auto = || {
            let least = AUTO_AT_LEAST * self.max_records;
            self.pace.records_in(AUTO_WORK).max(least)
        };
        Room {
            records: self.queue_records.map_or_else(auto, NonZeroUsize::get),
            bytes: self.queue_bytes,
        }
    }

    /// The next batch, when it is due; `None` when the queue is closed and empty. Blocks.
    pub(super) fn next(&self) -> Option<Batch> {
        let mut guarded = self.lock();
        loop {
            let now = Instant::now();
            match guarded.state.due(now, self.is_company_coming()) {
                Due::Now(line) => {
                    let idle = guarded.idle + usize::from(guarded.timed);
                    if let Some(batch) = guarded.state.take(line, now, idle) {
                        self.judging.fetch_add(batch.records, Ordering::Relaxed);
                        self.wake(&mut guarded, now);
                        return Some(batch);
                    }
                }
                Due::Never if guarded.closed => return None,
                Due::At(due) if !guarded.timed => {
                    guarded.timed = true;
                    let woken = self.timer.wait_timeout(guarded, due - now);
                    guarded = woken.unwrap_or_else(PoisonError::into_inner).0;
                    guarded.timed = false;
                    guarded.waking = false;
                }
                Due::At(_) | Due::Never => {
                    guarded.idle += 1;
                    let woken = self.idle.wait(guarded);
                    guarded = woken.unwrap_or_else(PoisonError::into_inner);
                    guarded.idle -= 1;
                    guarded.waking = false;
                }
            }
        }
    }

    /// Wakes one worker, if one is needed and none is on its way.
    fn wake(&self, guarded: &mut Guarded, now: Instant) {
        if guarded.waking {
            return;
        }
        let sleeper = match guarded.state.due(now, self.is_company_coming()) {
            Due::Now(_) if guarded.timed => &self.timer,
            Due::Now(_) | Due::At(_) if guarded.idle > 0 && !guarded.timed => &self.idle,
            _ => return,
        };
        guarded.waking = true;
        sleeper.notify_one();
    }

    fn is_company_coming(&self) -> bool {
        self.coming.load(Ordering::Relaxed) > 0
    }

    /// So many records of a batch are judged, or will not be.
    pub(super) fn judged(&self, records: usize, rehearsal: bool) {
        self.judging.fetch_sub(records, Ordering::Relaxed);
        self.rehearsed
            .fetch_add(u64::from(rehearsal), Ordering::Relaxed);
        self.judged.fetch_add(1, Ordering::Relaxed);
    }

    /// What waits of a request leaves the queue.
    pub(super) fn leave(&self, answer: &Arc<Answer>) {
        if answer.waits() {
            let left = self.lock().state.leave(answer);
            // Its records are freed when the lock is not held any more.
            drop(left);
        }
    }

    /// What waits of a request is to be answered by rules alone.
    pub(super) fn expire(&self, answer: &Arc<Answer>) {
        if answer.waits() {
            let mut guarded = self.lock();
            guarded.state.expire(answer);
            self.wake(&mut guarded, Instant::now());
        }
    }

    /// Nothing waits for company from now on.
    pub(super) fn drain(&self) {
        let mut guarded = self.lock();
        guarded.state.drain();
        self.wake(&mut guarded, Instant::now());
    }

    /// No more requests come: workers end when they have judged what waits.
    pub(super) fn close(&self) {
        let mut guarded = self.lock();
        guarded.state.drain();
        guarded.closed = true;
        drop(guarded);
        self.timer.notify_all();
        self.idle.notify_all();
    }

    pub(super) fn load(&self) -> Load {
        let guarded = self.lock();
        let state = &guarded.state;
        Load {
            queued: state.occupied(self.bounds()),
            oldest: state
                .oldest()
                .map_or(Duration::ZERO, |since| since.elapsed()),
            held: state.waiting() + self.judging.load(Ordering::Relaxed),
            judged: self.judged.load(Ordering::Relaxed),
            rehearsed: self.rehearsed.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
