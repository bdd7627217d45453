//! What is taken when, by whom, and what is refused: no threads, and a clock that the test turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::batches::{Batch, Release};
use super::super::job::{Answer, Job};
use super::super::room::{Full, Room};
use super::super::state::{Chance, Due, Line, Rules, State};
use crate::pipeline::tests::{Stage, record};
use crate::pipeline::{Detail, Snapshot};
use crate::verdict::Flag;

const DELAY: Duration = Duration::from_millis(1);
const WIDE: Room = Room {
    records: 1000,
    bytes: 1 << 20,
};

/// A queue with batches of 4, and the hour.
struct Desk {
    state: State,
    snapshot: Arc<Snapshot>,
    now: Instant,
    bounds: Room,
}

impl Desk {
    fn new() -> Desk {
        let rules = Rules {
            max_records: 4,
            max_delay: DELAY,
        };
        Desk {
            state: State::new(rules),
            snapshot: Arc::new(Stage::new().snapshot),
            now: Instant::now(),
            bounds: WIDE,
        }
    }

    fn ask(&mut self, records: usize) -> Result<Arc<Answer>, Full> {
        self.ask_for(records, Detail::None)
    }

    fn ask_for(&mut self, records: usize, detail: Detail) -> Result<Arc<Answer>, Full> {
        let answer = Arc::new(Answer::new(records));
        let job = Job {
            snapshot: Arc::clone(&self.snapshot),
            records: vec![record("disk replaced"); records],
            detail,
            deadline: self.now + Duration::from_secs(5),
            rehearsal: false,
            followed: None,
            answer: Arc::clone(&answer),
        };
        let (size, job) = (job.size(), Arc::new(job));
        let admitted = self
            .state
            .admit(&job, size, Room::default(), self.bounds, self.now);
        admitted.map(|()| answer).map_err(|refused| {
            let second = Duration::from_secs(1);
            self.state.reserve(&refused, self.bounds, self.now, second);
            refused.full
        })
    }

    /// The batch that is due now.
    fn take(&mut self) -> Option<Batch> {
        match self.state.due(self.now, true) {
            Due::Now(line) => self.state.take(line, self.now, 0),
            Due::At(_) | Due::Never => None,
        }
    }

    /// The next batches: why each was released, and the records that each request has in it.
    fn batches(&mut self) -> Vec<(Release, Vec<usize>)> {
        std::iter::from_fn(|| self.take())
            .map(|batch| (batch.release, sizes(&batch)))
            .collect()
    }
}

fn sizes(batch: &Batch) -> Vec<usize> {
    let sizes: Vec<usize> = batch.parts.iter().map(|part| part.range.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), batch.records);
    sizes
}

#[test]
fn requests_join_until_the_delay_of_the_oldest_has_passed() {
    let mut desk = Desk::new();
    assert_eq!(desk.state.due(desk.now, true), Due::Never);
    let start = desk.now;
    desk.ask(1).expect("room");
    desk.now += DELAY / 2;
    desk.ask(2).expect("room");
    assert_eq!(desk.state.due(desk.now, true), Due::At(start + DELAY));
    desk.now = start + DELAY;
    let batch = desk.take().expect("it is due");
    assert_eq!((batch.release, sizes(&batch)), (Release::Delay, vec![1, 2]));
    let waits: Vec<_> = batch.parts.iter().map(|part| part.wait).collect();
    assert_eq!(waits, [Some(DELAY), Some(DELAY / 2)]);
    assert_eq!(desk.state.due(desk.now, true), Due::Never);
    assert_eq!(desk.state.occupied(desk.bounds), Room::default());
}

#[test]
fn a_full_batch_waits_for_nobody_and_what_does_not_fit_is_first_in_the_next() {
    let mut desk = Desk::new();
    for records in [3, 3, 1] {
        desk.ask(records).expect("room");
    }
    let batches = desk.batches();
    assert_eq!(batches, [(Release::Size, vec![3, 1])]);
    desk.now += DELAY;
    assert_eq!(desk.batches(), [(Release::Delay, vec![2, 1])]);
}

#[test]
fn without_a_delay_or_at_the_end_nothing_waits() {
    let mut desk = Desk::new();
    desk.state = State::new(Rules {
        max_records: 4,
        max_delay: Duration::ZERO,
    });
    desk.ask(1).expect("room");
    assert_eq!(desk.batches(), [(Release::Delay, vec![1])]);

    let mut desk = Desk::new();
    desk.ask(1).expect("room");
    assert!(desk.take().is_none());
    desk.state.drain();
    assert_eq!(desk.batches(), [(Release::Drain, vec![1])]);
}

#[test]
fn a_large_request_goes_in_chunks_and_its_tail_takes_company() {
    let mut desk = Desk::new();
    desk.ask(10).expect("room");
    desk.ask(3).expect("room");
    let direct = |parts: &[usize]| (Release::Direct, parts.to_vec());
    let batches = desk.batches();
    assert_eq!(batches, [direct(&[4]), direct(&[4]), direct(&[2, 2])]);
    desk.now += DELAY;
    assert_eq!(desk.batches(), [(Release::Delay, vec![1])]);
}

#[test]
fn small_requests_slip_in_between_the_chunks_of_large_ones_which_take_turns() {
    let mut desk = Desk::new();
    let large = [desk.ask(8).expect("room"), desk.ask(8).expect("room")];
    desk.ask(1).expect("room");
    desk.now += DELAY;
    let mut order = Vec::new();
    while let Some(batch) = desk.take() {
        let whose = &batch.parts[0].job.answer;
        order.push(large.iter().position(|l| Arc::ptr_eq(l, whose)));
    }
    assert_eq!(order, [Some(0), None, Some(1), Some(0), Some(1)]);
}

#[test]
fn only_a_few_large_requests_take_turns_so_that_some_are_done_early() {
    let mut desk = Desk::new();
    let large: Vec<_> = (0..6).map(|_| desk.ask(8).expect("room")).collect();
    let mut order = Vec::new();
    while let Some(batch) = desk.take() {
        let whose = &batch.parts[0].job.answer;
        order.extend(large.iter().position(|l| Arc::ptr_eq(l, whose)));
    }
    assert_eq!(order, [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 4, 5]);
}

#[test]
fn an_explained_request_neither_waits_nor_holds_others_up() {
    let mut desk = Desk::new();
    desk.ask(1).expect("room");
    desk.ask_for(2, Detail::Full).expect("room");
    assert_eq!(desk.batches(), [(Release::Direct, vec![2])]);
}

#[test]
fn a_batch_holds_records_of_one_snapshot() {
    let mut desk = Desk::new();
    desk.ask(1).expect("room");
    let old = std::mem::replace(&mut desk.snapshot, Arc::new(Stage::new().snapshot));
    desk.ask(1).expect("room");
    desk.ask(1).expect("room");
    desk.now += DELAY;
    let batches: Vec<Batch> = std::iter::from_fn(|| desk.take()).collect();
    assert_eq!(
        batches.iter().map(sizes).collect::<Vec<_>>(),
        [vec![1], vec![1, 1]]
    );
    assert!(Arc::ptr_eq(&batches[0].snapshot, &old));
    assert!(Arc::ptr_eq(&batches[1].snapshot, &desk.snapshot));
}

#[test]
fn who_goes_away_takes_the_records_that_wait_along() {
    let mut desk = Desk::new();
    let (small, large) = (desk.ask(2).expect("room"), desk.ask(8).expect("room"));
    assert_eq!(desk.take().map(|batch| sizes(&batch)), Some(vec![4]));
    assert!(small.waits() && large.waits());
    desk.state.leave(&small);
    desk.state.leave(&large);
    assert_eq!(
        (desk.state.waiting(), desk.state.occupied(desk.bounds)),
        (0, Room::default())
    );
    assert_eq!(desk.state.due(desk.now, true), Due::Never);
    assert_eq!(desk.state.oldest(), None);
}

#[test]
fn what_is_late_is_answered_by_rules_beside_the_others_and_before_them() {
    let mut desk = Desk::new();
    let late = desk.ask(100).expect("room");
    desk.ask(4).expect("room");
    desk.ask_for(1, Detail::Full).expect("room");
    desk.state.expire(&late);
    assert_eq!(desk.state.waiting(), 105, "it still waits");
    let batch = desk.take().expect("it is due");
    assert_eq!((batch.release, batch.records), (Release::Deadline, 16));
    let group = batch.group(&batch.parts[0]);
    let judged = desk.snapshot.judge_groups(0, &[group]).remove(0);
    assert!(
        judged
            .iter()
            .all(|j| j.verdict.flags.contains(&Flag::Timeout))
    );
    let releases: Vec<Release> = desk
        .batches()
        .into_iter()
        .map(|(release, _)| release)
        .collect();
    use Release::{Deadline, Direct};
    assert_eq!(releases[..4], [Direct, Deadline, Direct, Deadline]);
    assert_eq!(desk.state.occupied(desk.bounds), Room::default());
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    let mut desk = Desk::new();
    desk.bounds.records = 5;
    for _ in 0..2 {
        desk.ask(2).expect("room");
    }
    assert_eq!(desk.ask(2).err(), Some(Full::Records));
    assert_eq!(desk.state.waiting(), 4, "nothing of it was taken");
    desk.ask(1).expect("five fit");

    desk.bounds = Room { bytes: 1, ..WIDE };
    assert_eq!(desk.ask(1).err(), Some(Full::Bytes));
}

#[test]
fn a_request_larger_than_the_queue_enters_as_room_frees() {
    let mut desk = Desk::new();
    desk.bounds.records = 20;
    desk.ask(100).expect("nothing else waits");
    assert_eq!(
        desk.state.occupied(desk.bounds).records,
        10,
        "half of the queue"
    );
    assert_eq!(desk.ask(30).err(), Some(Full::Stream), "one at a time");
    desk.bounds.records = 10;
    desk.ask(3)
        .expect("also where the bounds have become narrow");
    assert_eq!(desk.state.occupied(desk.bounds).records, 5 + 3);
    desk.bounds.records = 20;
    desk.now += DELAY;
    assert_eq!(desk.batches().len(), 25 + 1);
    assert_eq!(desk.state.occupied(desk.bounds), Room::default());
    desk.ask(30).expect("the other is done");
}

#[test]
fn steady_small_requests_do_not_keep_a_large_one_out() {
    let mut desk = Desk::new();
    desk.bounds.records = 12;
    for _ in 0..4 {
        desk.ask(3).expect("room");
    }
    assert_eq!(desk.ask(6).err(), Some(Full::Records));
    for taken in [4, 4] {
        assert_eq!(desk.take().map(|batch| batch.records), Some(taken));
        desk.now += DELAY;
        assert_eq!(desk.ask(3).err(), Some(Full::Reserved));
    }
    desk.ask(6).expect("room was kept");
    assert_eq!(desk.ask(3).err(), Some(Full::Records));

    // A small one that is refused has no room kept for it: its like take what frees.
    while desk.take().is_some() {}
    desk.now += DELAY;
    while desk.take().is_some() {}
    desk.ask(3).expect("room");
    assert_eq!(
        desk.state.due(desk.now + DELAY, true),
        Due::Now(Line::Joined)
    );
}

#[test]
fn without_company_on_its_way_nothing_waits() {
    let mut desk = Desk::new();
    desk.ask(1).expect("room");
    desk.ask(2).expect("room");
    assert_eq!(desk.state.due(desk.now, false), Due::Now(Line::Joined));
    let batch = desk.state.take(Line::Joined, desk.now, 0).expect("records");
    assert_eq!(
        (batch.release, sizes(&batch)),
        (Release::Complete, vec![1, 2])
    );
    assert_eq!(desk.state.due(desk.now, false), Due::Never);
}

#[test]
fn room_is_held_for_one_of_those_that_find_the_same_gap() {
    let mut desk = Desk::new();
    desk.bounds.records = 12;
    let three = Room {
        records: 3,
        bytes: 0,
    };
    desk.ask(3).expect("room");
    desk.ask(3).expect("room");
    let held = desk.state.hold(three, 3, desk.bounds, desk.now);
    assert_eq!(held, Ok(three));
    assert_eq!(desk.state.hold(three, 3, desk.bounds, desk.now), Ok(three));
    let refused = desk.state.hold(three, 3, desk.bounds, desk.now);
    assert_eq!(refused, Err(Full::Records));
    assert_eq!(desk.ask(3).err(), Some(Full::Records), "held from all");
    desk.state.give_back(three);
    desk.ask(3).expect("what was held");
}

#[test]
fn one_that_may_be_owed_room_is_read_before_it_is_refused() {
    let mut desk = Desk::new();
    desk.bounds.records = 12;
    let room = |records| Room { records, bytes: 0 };
    for _ in 0..4 {
        desk.ask(3).expect("room");
    }
    let look = |desk: &mut Desk, least, most| {
        let (bounds, now) = (desk.bounds, desk.now);
        desk.state.look(room(least), most, bounds, now)
    };
    assert_eq!(look(&mut desk, 1, 4), Err(Full::Records), "a small one");
    assert_eq!(look(&mut desk, 3, 6), Ok(Chance::Scout));
    assert_eq!(look(&mut desk, 3, 6), Err(Full::Records), "one in a while");
    assert_eq!(desk.ask(6).err(), Some(Full::Records));
    desk.now += Duration::from_millis(2500);
    assert_eq!(look(&mut desk, 3, 6), Err(Full::Records), "room is kept");
    while desk.take().is_some() {}
    assert_eq!(look(&mut desk, 7, 7), Ok(Chance::Fits));
    desk.ask(3).expect("beside what is kept");
    desk.ask(3).expect("beside what is kept");
    assert_eq!(look(&mut desk, 1, 4), Err(Full::Reserved));
    let owner = look(&mut desk, 3, 6);
    assert_eq!(owner, Ok(Chance::Fits), "it may be the one it is kept for");
}
