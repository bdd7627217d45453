//! Where the process stands between its start and its end, and how many requests it holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The phases of a process that serves, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Requests are wanted.
    Serving,
    /// Readiness says no, requests are still accepted: whoever routes to us needs a while to hear.
    Leaving,
    /// New requests are refused, those in flight are finished.
    Draining,
}

/// The phase, shared by the two ports and by whoever ends the process.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    in_flight: AtomicUsize,
    idle: Notify,
    moved: Notify,
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Shared>);

impl Lifecycle {
    /// The phase now.
    pub fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::SeqCst) {
            0 => Phase::Serving,
            1 => Phase::Leaving,
            _ => Phase::Draining,
        }
    }

    /// Goes on to a later phase; there is no way back.
    pub fn enter(&self, phase: Phase) {
        self.0.phase.fetch_max(phase as u8, Ordering::SeqCst);
        self.0.moved.notify_waiters();
    }

    /// Waits until requests are no longer wanted here.
    pub(super) async fn left(&self) {
        loop {
            let moved = self.0.moved.notified();
            if self.phase() > Phase::Serving {
                return;
            }
            moved.await;
        }
    }

    /// Waits until no request is in flight.
    pub async fn idle(&self) {
        loop {
            let changed = self.0.idle.notified();
            if self.0.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Admits a request, unless the process is draining.
    ///
    /// The request is counted before the phase is looked at, so that one that slips in beside
    /// [`Lifecycle::enter`] is waited for by [`Lifecycle::idle`].
    pub(super) fn admit(&self) -> Option<InFlight> {
        self.0.in_flight.fetch_add(1, Ordering::SeqCst);
        let admitted = InFlight(Arc::clone(&self.0));
        (self.phase() < Phase::Draining).then_some(admitted)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn draining_admits_nobody_and_waits_for_those_inside() {
        let lifecycle = Lifecycle::default();
        let inside = lifecycle.admit().expect("serving");
        lifecycle.enter(Phase::Leaving);
        let late = lifecycle.admit().expect("leaving still accepts");
        lifecycle.enter(Phase::Draining);
        lifecycle.enter(Phase::Serving);
        assert_eq!(lifecycle.phase(), Phase::Draining);
        assert!(lifecycle.admit().is_none());

        let waiting = tokio::spawn({
            let lifecycle = lifecycle.clone();
            async move { lifecycle.idle().await }
        });
        tokio::task::yield_now().await;
        drop(inside);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(late);
        waiting.await.expect("the wait ends");
    }
}
