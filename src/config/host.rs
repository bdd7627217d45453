//! What `auto` means on this host: the memory and the processors that the container may use.

use std::num::NonZeroUsize;

use super::cgroup::Cgroup;

/// Bytes in flight where no memory limit is set.
const INFLIGHT_WITHOUT_LIMIT: usize = 256 << 20;
/// Fewer would refuse ordinary batches.
const INFLIGHT_AT_LEAST: usize = 4 << 20;

/// Bytes in the queue where no memory limit is set.
const QUEUE_WITHOUT_LIMIT: usize = 128 << 20;
/// Fewer would refuse ordinary batches.
const QUEUE_AT_LEAST: usize = 2 << 20;

/// A quarter of the memory limit, so that bodies alone can never end the process.
pub(super) fn auto_inflight_bytes() -> usize {
    share_of_memory(4).map_or(INFLIGHT_WITHOUT_LIMIT, |b| b.max(INFLIGHT_AT_LEAST))
}

/// An eighth of the memory limit: half of what bodies may hold in all, so that a full queue leaves
/// room for bodies that are being read and for answers that are being sent.
pub(super) fn auto_queue_bytes() -> usize {
    share_of_memory(8).map_or(QUEUE_WITHOUT_LIMIT, |b| b.max(QUEUE_AT_LEAST))
}

/// A 32nd of the memory limit at a kilobyte for both inputs of a line, which few come to; 32,768
/// without one.
pub(super) fn auto_cache_entries() -> NonZeroUsize {
    const WITHOUT_LIMIT: usize = 32_768;
    const ENTRY: usize = 1024;
    let entries = share_of_memory(32).map_or(WITHOUT_LIMIT, |bytes| bytes / ENTRY);
    NonZeroUsize::new(entries.min(WITHOUT_LIMIT)).unwrap_or(NonZeroUsize::MIN)
}

fn share_of_memory(part: u64) -> Option<usize> {
    let share = Cgroup::default().memory_limit()? / part;
    usize::try_from(share).ok()
}

/// Whole processors that this process may use, at least 1: the smaller of its affinity and its
/// control group's quota (of version 2 or 1). The standard library reads both and rounds the quota
/// down, so half a core counts as 1 and one and a half as 1: a thread more than the quota feeds
/// would spend the quota early in each period and stand still, with all others, for the rest of it.
pub fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
