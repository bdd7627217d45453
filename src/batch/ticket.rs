//! A request on its way to the queue: others know that it is coming, and room may be held for it.

use std::sync::Arc;

use super::queue::Queue;
use super::room::{Overloaded, Room};
use super::state::Chance;

/// What the queue knows of a request until it is admitted, refused or given up.
///
/// While one is on its way, records that wait may expect company, within `batch.max_delay`. With
/// none on its way they are released at once: nobody is there who could join them.
#[derive(Default)]
pub struct Ticket {
    queue: Option<Arc<Queue>>,
    announced: bool,
    /// True where it is read only for its size to become known.
    scout: bool,
    held: Room,
}

/// What a ticket gives back to the queue.
pub(super) struct Redeemed {
    /// True where the request was counted as on its way.
    pub(super) announced: bool,
    /// The room that was held for it.
    pub(super) held: Room,
}

impl Ticket {
    pub(super) fn new(queue: Arc<Queue>) -> Ticket {
        Ticket {
            queue: Some(queue),
            ..Ticket::default()
        }
    }

    /// Says that the request is on its way: it has begun, and what is left of it is waited for.
    pub fn announce(&mut self) {
        if let Some(queue) = self.queue.as_ref().filter(|_| !self.announced) {
            queue.announce();
            self.announced = true;
        }
    }

    /// Refuses a request of at least that size, and of at most so many records, if the queue would
    /// refuse it now whatever it holds: what is refused so costs nothing to read.
    ///
    /// # Errors
    /// Where the queue has no room for it.
    pub fn look(&mut self, least: Room, most: usize) -> Result<(), Overloaded> {
        if let Some(queue) = &self.queue {
            self.scout = queue.look(least, most)? == Chance::Scout;
        }
        Ok(())
    }

    /// Holds room for about that size, of at most so many records, so that of many requests that find the same gap only one is
    /// decoded for it. To be called when the whole body is there: what is held is held for
    /// milliseconds, whatever the sender does.
    ///
    /// # Errors
    /// Where the queue has no room of that size.
    pub fn hold(&mut self, size: Room, most: usize) -> Result<(), Overloaded> {
        if let Some(queue) = self.queue.as_ref().filter(|_| !self.scout) {
            self.held = queue.hold(size, most)?;
        }
        Ok(())
    }

    /// What the queue gives back together with whatever follows.
    pub(super) fn redeem(mut self) -> Redeemed {
        self.queue = None;
        self.redeemed()
    }

    fn redeemed(&self) -> Redeemed {
        Redeemed {
            announced: self.announced,
            held: self.held,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.give_up(&self.redeemed());
        }
    }
}
