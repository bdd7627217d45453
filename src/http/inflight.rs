//! The bytes of request bodies that are held at once, compressed or not, against one limit.
//!
//! Without it a few large bodies would end a small pod. What does not fit is refused, not waited
//! for: the sender retries elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the bytes that all requests hold.
#[derive(Clone, Debug)]
pub(super) struct Ledger(Arc<Account>);

#[derive(Debug)]
struct Account {
    capacity: usize,
    used: AtomicUsize,
}

/// The bytes that one request holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Charge {
    account: Arc<Account>,
    bytes: usize,
}

/// Why bytes cannot be held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// Not now: other requests hold them.
    Full,
    /// Never: the request alone needs more than there are.
    Never {
        /// How many there are.
        capacity: usize,
    },
}

impl Ledger {
    pub(super) fn new(capacity: usize) -> Ledger {
        let used = AtomicUsize::new(0);
        Ledger(Arc::new(Account { capacity, used }))
    }

    /// A charge of nothing yet.
    pub(super) fn open(&self) -> Charge {
        Charge {
            account: Arc::clone(&self.0),
            bytes: 0,
        }
    }
}

impl Charge {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most that this request could ever hold.
    pub(super) fn capacity(&self) -> usize {
        self.account.capacity
    }

    /// Whether `more` bytes would fit now, without taking them.
    pub(super) fn would_fit(&self, more: usize) -> Result<(), Denied> {
        self.fits(self.account.used.load(Ordering::Relaxed), more)
            .map(|_| ())
    }

    /// Takes `more` bytes.
    pub(super) fn grow(&mut self, more: usize) -> Result<(), Denied> {
        let take = |used| self.fits(used, more).ok();
        let taken = self
            .account
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        match taken {
            Ok(_) => {
                self.bytes += more;
                Ok(())
            }
            Err(used) => self.fits(used, more).map(|_| ()),
        }
    }

    /// Gives back all but `bytes`.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        self.account.used.fetch_sub(back, Ordering::Relaxed);
        self.bytes -= back;
    }

    /// Holds exactly `bytes` from now on. They exist already, so they count even where they go
    /// beyond the capacity: then it is others that are refused.
    pub(super) fn settle(&mut self, bytes: usize) {
        self.shrink_to(bytes);
        let more = bytes - self.bytes;
        self.account.used.fetch_add(more, Ordering::Relaxed);
        self.bytes = bytes;
    }

    fn fits(&self, used: usize, more: usize) -> Result<usize, Denied> {
        let capacity = self.account.capacity;
        if self.bytes.saturating_add(more) > capacity {
            return Err(Denied::Never { capacity });
        }
        let total = used.saturating_add(more);
        if total > capacity {
            Err(Denied::Full)
        } else {
            Ok(total)
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_and_given_back() {
        let ledger = Ledger::new(100);
        let (mut a, mut b) = (ledger.open(), ledger.open());
        assert_eq!(a.grow(60), Ok(()));
        assert_eq!(b.grow(41), Err(Denied::Full));
        assert_eq!(b.grow(101), Err(Denied::Never { capacity: 100 }));
        assert_eq!(b.would_fit(40), Ok(()));
        assert_eq!(b.grow(40), Ok(()));
        assert_eq!(a.grow(41), Err(Denied::Never { capacity: 100 }));
        a.shrink_to(10);
        assert_eq!(b.grow(50), Ok(()));
        a.settle(5);
        assert_eq!(b.would_fit(6), Err(Denied::Full));
        a.settle(300);
        assert_eq!(b.would_fit(0), Err(Denied::Full));
        drop((a, b));
        assert_eq!(ledger.open().grow(100), Ok(()));
    }
}
