//! Overload told at the door: a body that the queue has no room for is refused before it is read.
//!
//! Reading and decoding a body costs a good part of judging it with fast models. Under four times
//! the load that can be judged, three quarters of that would be wasted, and with it the goodput.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use http_body_util::BodyExt;

use crate::batch::{Overloaded, Room, Ticket};

use super::Service;

/// Taken for the bytes of a record on the wire until some bodies were read: plain, compressed.
const ASSUMED_BYTES: [f64; 2] = [160.0, 20.0];
/// What is left of the sums with each body.
const KEPT: f64 = 0.9;
/// How far a body may be from what is usual: it is refused unread only where even a part of what it
/// seems to hold would not fit. The queue itself refuses the rest, once it knows.
const DOUBT: usize = 2;

/// How large records are on the wire, plain and compressed. Both sums of a pair shrink with each body,
/// so that a body counts by its size, and tiny ones do not outvote a large one.
#[derive(Debug)]
pub(super) struct UsualRecords(Mutex<[Sums; 2]>);

/// Sums over the bodies seen lately.
#[derive(Clone, Copy, Debug)]
struct Sums {
    /// Bytes on the wire.
    wire: f64,
    records: f64,
    /// Bytes in the queue.
    bytes: f64,
}

impl Default for UsualRecords {
    fn default() -> UsualRecords {
        UsualRecords(Mutex::new(ASSUMED_BYTES.map(|bytes| Sums {
            wire: bytes,
            records: 1.0,
            bytes: 2.0 * ASSUMED_BYTES[0],
        })))
    }
}

impl UsualRecords {
    /// Learns from a body of so many bytes on the wire, and the room that its records take.
    pub(super) fn learn(&self, compressed: bool, wire: usize, room: Room) {
        let sums = &mut self.lock()[usize::from(compressed)];
        // Exact: no body is near 2^53 bytes.
        sums.wire = sums.wire * KEPT + wire as f64;
        sums.records = sums.records * KEPT + room.records as f64;
        sums.bytes = sums.bytes * KEPT + room.bytes as f64;
    }

    fn lock(&self) -> MutexGuard<'_, [Sums; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a body of so many bytes on the wire holds, as far as one can tell.
    pub(super) fn expected(&self, compressed: bool, wire: usize) -> Room {
        let sums = self.lock()[usize::from(compressed)];
        let bodies = wire as f64 / sums.wire.max(1.0);
        Room {
            records: ((bodies * sums.records) as usize).max(1),
            bytes: (bodies * sums.bytes) as usize,
        }
    }
}

/// Refuses a body of so many bytes on the wire, where the queue has no room for it.
pub(super) fn look(
    service: &Service,
    ticket: &mut Ticket,
    compressed: bool,
    declared: usize,
) -> Result<(), Overloaded> {
    let expected = service.usual.expected(compressed, declared);
    let least = Room {
        records: (expected.records / DOUBT).max(1),
        bytes: expected.bytes / DOUBT,
    };
    service.judge.look(ticket, least, expected.records * DOUBT)
}

/// Holds room for a body of so many bytes that was read and is to be decoded.
pub(super) fn hold(
    service: &Service,
    ticket: &mut Ticket,
    compressed: bool,
    read: usize,
) -> Result<(), Overloaded> {
    let expected = service.usual.expected(compressed, read);
    ticket.hold(expected, expected.records * DOUBT)
}

/// Reads a refused body to its end and keeps nothing. A connection that is closed with bytes unread
/// is reset, and then the client may never see why; this way it stays open. Who asked whether to send
/// at all is not made to.
pub(super) async fn discard(service: &Service, expects_word: bool, mut body: Body) {
    if expects_word {
        return;
    }
    let reading = async {
        let mut left = service.limits.body_limit;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, |data| data.len());
            let Some(rest) = left.checked_sub(read) else {
                return;
            };
            left = rest;
        }
    };
    // What takes too long ends with the connection.
    let _ = tokio::time::timeout(service.body_timeout, reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_how_large_records_are() {
        let room = |records, bytes| Room { records, bytes };
        let usual = UsualRecords::default();
        assert_eq!(usual.expected(false, 32_000).records, 200);
        for _ in 0..100 {
            usual.learn(false, 100_000, room(100, 130_000));
            usual.learn(false, 3, room(1, 200));
        }
        let found = usual.expected(false, 200_000);
        assert!((198..=202).contains(&found.records), "{found:?}");
        assert!((260_000..=261_000).contains(&found.bytes), "{found:?}");
        assert_eq!(usual.expected(true, 4000).records, 200, "learnt apart");
        assert_eq!(usual.expected(false, 0).records, 1);
    }
}
