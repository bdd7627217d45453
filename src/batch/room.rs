//! Room in the queue: so many records and so many bytes, and who may take it.

use std::ops::{AddAssign, SubAssign};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::record::Record;

/// How long a reservation outlives the Retry-After that was told: senders come a little late.
const RESERVED_LONGER: Duration = Duration::from_secs(2);

/// Records, and the bytes that they take in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// How many records.
    pub records: usize,
    /// How many bytes, those of text and of fields among them.
    pub bytes: usize,
}

impl Room {
    /// What records take while they wait, about.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Room {
        let mut room = Room::default();
        for record in records {
            let source = record.source.as_ref().map_or(0, |source| source.len());
            room.records += 1;
            room.bytes +=
                size_of::<Record>() + record.message.len() + source + record.fields_room();
        }
        room
    }

    /// The smaller of each.
    pub(super) fn min(self, other: Room) -> Room {
        Room {
            records: self.records.min(other.records),
            bytes: self.bytes.min(other.bytes),
        }
    }

    /// What is left of each when `other` is gone; never below nothing.
    pub(super) fn without(self, other: Room) -> Room {
        Room {
            records: self.records.saturating_sub(other.records),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// An eighth more of each.
    fn and_a_little(self) -> Room {
        Room {
            records: self.records + self.records / 8,
            bytes: self.bytes + self.bytes / 8,
        }
    }

    /// The same bytes, of so many records.
    pub(super) fn or_records(self, records: usize) -> Room {
        Room { records, ..self }
    }

    /// Half of each, and never nothing.
    pub(super) fn half(self) -> Room {
        Room {
            records: (self.records / 2).max(1),
            bytes: (self.bytes / 2).max(1),
        }
    }

    /// True where each is at least that of `other`.
    pub(super) fn covers(self, other: Room) -> bool {
        self.records >= other.records && self.bytes >= other.bytes
    }

    /// The share of it that `part` of `whole` records have.
    pub(super) fn share(self, part: usize, whole: usize) -> Room {
        let bytes = self.bytes as u128 * part as u128 / whole.max(1) as u128;
        Room {
            records: part,
            bytes: usize::try_from(bytes).unwrap_or(self.bytes),
        }
    }
}

impl AddAssign for Room {
    fn add_assign(&mut self, more: Room) {
        self.records += more.records;
        self.bytes += more.bytes;
    }
}

impl SubAssign for Room {
    fn sub_assign(&mut self, less: Room) {
        *self = self.without(less);
    }
}

/// What there is too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// As many records wait as may (`batch.queue_records`).
    Records,
    /// The records that wait take as many bytes as they may (`batch.queue_bytes`).
    Bytes,
    /// The room that is left is kept for a large request that was refused before.
    Reserved,
    /// One request that is larger than half of the queue is being judged already.
    Stream,
}

/// The queue has no room for the records of a request; none of them was accepted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("expected room for the request's records in the queue, found none ({full:?})")]
pub struct Overloaded {
    /// What there is too little of.
    pub full: Full,
    /// When the queue should have drained at the rate that was measured.
    pub retry_after: Duration,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// All of its records.
    pub(super) size: Room,
    /// What it would occupy now.
    pub(super) window: Room,
    /// True where it is larger than half of the queue: its records enter as room frees, so it never
    /// keeps the others out.
    pub(super) stream: bool,
}

impl Claim {
    pub(super) fn new(size: Room, bounds: Room) -> Claim {
        let half = bounds.half();
        Claim {
            size,
            window: size.min(half),
            stream: !half.covers(size),
        }
    }
}

/// Room kept for a large request that was refused, until it comes again or its time is over.
#[derive(Clone, Copy, Debug)]
struct Reservation {
    size: Room,
    until: Instant,
}

/// Gives the room of the queue out.
#[derive(Debug, Default)]
pub(super) struct Doorkeeper {
    /// What requests hold, apart from the stream.
    ordinary: Room,
    /// What is left of the one request that is larger than half of the queue.
    stream: Room,
    reservation: Option<Reservation>,
    /// When a request was last let in only for its size to become known.
    scouted: Option<Instant>,
}

impl Doorkeeper {
    /// What requests occupy. The bounds follow the workers' pace, and half of them is what a stream
    /// may have, as they are now: else a long one would keep the others out once they shrink.
    pub(super) fn occupied(&self, bounds: Room) -> Room {
        let mut occupied = self.ordinary;
        occupied += self.stream.min(bounds.half());
        occupied
    }

    /// Frees a part of what a request holds.
    pub(super) fn give_back(&mut self, room: Room, stream: bool) {
        if stream {
            self.stream -= room;
        } else {
            self.ordinary -= room;
        }
    }

    /// Takes the room that `claim` needs. A request as large as the one that a reservation is for
    /// redeems it. What was `held` for it is given back first; where it was about as much as the
    /// request needs, it is a promise, also if the bounds have become narrower since.
    pub(super) fn take(
        &mut self,
        claim: &Claim,
        held: Room,
        bounds: Room,
        now: Instant,
    ) -> Result<(), Full> {
        self.give_back(held, false);
        let promised = !claim.stream && held.and_a_little().covers(claim.size);
        if !promised {
            self.look(claim, bounds, now)?;
        }
        if claim.stream {
            self.stream = claim.size;
        } else {
            self.ordinary += claim.size;
        }
        if self
            .standing(now)
            .is_some_and(|r| claim.size.covers(r.size))
        {
            self.reservation = None;
        }
        Ok(())
    }

    /// Whether `claim` has room now.
    pub(super) fn look(&self, claim: &Claim, bounds: Room, now: Instant) -> Result<(), Full> {
        if claim.stream && self.stream.records > 0 {
            return Err(Full::Stream);
        }
        let free = bounds.without(self.occupied(bounds));
        if claim.window.records > free.records {
            return Err(Full::Records);
        }
        if claim.window.bytes > free.bytes {
            return Err(Full::Bytes);
        }
        let reserved = self.standing(now).filter(|r| !claim.size.covers(r.size));
        let free = free.without(
            reserved
                .map(|r| r.size.min(bounds.half()))
                .unwrap_or_default(),
        );
        if free.covers(claim.window) {
            Ok(())
        } else {
            Err(Full::Reserved)
        }
    }

    /// Takes what there is of the room that `claim` would occupy.
    pub(super) fn hold(&mut self, claim: &Claim, bounds: Room) -> Room {
        let held = claim.window.min(bounds.without(self.occupied(bounds)));
        self.ordinary += held;
        held
    }

    /// True where no room is kept for anybody, and a request may be read although it will be refused,
    /// so that some can be kept for it. That costs time, so it is one in a while.
    pub(super) fn sends_scout(&mut self, now: Instant) -> bool {
        let lately = self.scouted.is_some_and(|at| now < at + RESERVED_LONGER);
        let sends = !lately && self.standing(now).is_none();
        if sends {
            self.scouted = Some(now);
        }
        sends
    }

    /// True where room is kept for a request of so many records, or fewer.
    pub(super) fn is_redeemed_by(&self, records: usize, now: Instant) -> bool {
        self.standing(now)
            .is_some_and(|r| records >= r.size.records)
    }

    /// Keeps the next free room for a request like this one, which was refused, so that small
    /// requests that fit into every gap cannot keep it out. The largest refused one has the
    /// reservation, and loses it when it does not come in time. No more than half of the queue is
    /// ever kept, so what is kept costs no throughput.
    pub(super) fn reserve(&mut self, claim: &Claim, now: Instant, retry_after: Duration) {
        if self
            .standing(now)
            .is_some_and(|r| !claim.size.covers(r.size))
        {
            return;
        }
        self.reservation = Some(Reservation {
            size: claim.size,
            until: now + retry_after + RESERVED_LONGER,
        });
    }

    fn standing(&self, now: Instant) -> Option<&Reservation> {
        self.reservation.as_ref().filter(|r| now < r.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(records: usize) -> Room {
        let bytes = records * 10;
        Room { records, bytes }
    }

    fn ask(door: &mut Doorkeeper, records: usize, now: Instant) -> Result<(), Full> {
        let bounds = room(100);
        door.take(
            &Claim::new(room(records), bounds),
            Room::default(),
            bounds,
            now,
        )
    }

    #[test]
    fn records_and_bytes_are_both_bounds() {
        let (mut door, now) = (Doorkeeper::default(), Instant::now());
        assert_eq!(ask(&mut door, 50, now), Ok(()));
        assert_eq!(ask(&mut door, 40, now), Ok(()));
        assert_eq!(ask(&mut door, 11, now), Err(Full::Records));
        let heavy = Room {
            records: 1,
            bytes: 101,
        };
        let heavy = Claim::new(heavy, room(100));
        assert_eq!(
            door.take(&heavy, Room::default(), room(100), now),
            Err(Full::Bytes)
        );
        assert_eq!(
            door.occupied(room(100)),
            room(90),
            "what was refused took nothing"
        );
        door.give_back(room(50), false);
        assert_eq!(ask(&mut door, 50, now), Ok(()));
    }

    #[test]
    fn one_larger_than_the_queue_occupies_half_of_it_and_only_one_does_at_a_time() {
        let (mut door, now) = (Doorkeeper::default(), Instant::now());
        let stream = Claim::new(room(100_000), room(100));
        assert!(stream.stream);
        assert_eq!(door.take(&stream, Room::default(), room(100), now), Ok(()));
        assert_eq!(door.occupied(room(100)), room(50));
        assert_eq!(ask(&mut door, 40, now), Ok(()), "the others have the rest");
        assert_eq!(door.occupied(room(60)), room(70), "half of fewer");
        assert_eq!(ask(&mut door, 10, now), Ok(()));
        door.give_back(room(50), false);
        assert_eq!(
            door.take(&stream, Room::default(), room(100), now),
            Err(Full::Stream)
        );
    }

    #[test]
    fn small_requests_do_not_take_the_room_kept_for_a_large_one() {
        let (mut door, start) = (Doorkeeper::default(), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        let large = Claim::new(room(40), room(100));
        for _ in 0..8 {
            assert_eq!(ask(&mut door, 10, start), Ok(()));
        }
        assert_eq!(
            door.take(&large, Room::default(), room(100), start),
            Err(Full::Records)
        );
        door.reserve(&large, start, Duration::from_secs(1));
        assert_eq!(ask(&mut door, 10, later(1)), Err(Full::Reserved));
        door.give_back(room(30), false);
        assert_eq!(ask(&mut door, 10, later(1)), Ok(()), "beside what is kept");
        assert_eq!(ask(&mut door, 1, later(1)), Err(Full::Reserved));
        assert_eq!(ask(&mut door, 40, later(1)), Ok(()), "it came again");
        door.give_back(room(40), false);
        assert_eq!(ask(&mut door, 40, later(1)), Ok(()), "it is redeemed");
    }

    #[test]
    fn a_reservation_ends_by_itself_and_a_smaller_one_does_not_replace_it() {
        let (mut door, start) = (Doorkeeper::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(ask(&mut door, 50, start), Ok(()));
        assert_eq!(ask(&mut door, 20, start), Ok(()));
        door.reserve(&Claim::new(room(45), room(100)), start, second);
        door.reserve(&Claim::new(room(30), room(100)), start + second, 9 * second);
        door.give_back(room(20), false);
        assert_eq!(ask(&mut door, 6, start + 2 * second), Err(Full::Reserved));
        assert_eq!(ask(&mut door, 6, start + 3 * second), Ok(()));
    }

    #[test]
    fn what_was_held_is_a_promise_also_where_the_bounds_have_become_narrower() {
        let (mut door, now) = (Doorkeeper::default(), Instant::now());
        let claim = |records| Claim::new(room(records), room(100));
        assert_eq!(ask(&mut door, 50, now), Ok(()));
        let held = door.hold(&claim(40), room(100));
        assert_eq!(held, room(40));
        let taken = door.take(&claim(41), held, room(60), now);
        assert_eq!(taken, Ok(()), "a little more than was held");
        assert_eq!(door.occupied(room(100)), room(91));
        let held = door.hold(&claim(8), room(100));
        let taken = door.take(&claim(40), held, room(100), now);
        assert_eq!(taken, Err(Full::Records), "it is not what it seemed");
        assert_eq!(door.occupied(room(100)), room(91), "and holds nothing");
    }
}
