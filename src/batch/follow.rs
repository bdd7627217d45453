//! Requests that are traced, on their way through the queue.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use opentelemetry::trace::SpanContext;

use super::batches::{Part, Release};
use crate::pipeline::{Snapshot, Timings};

/// The span that a request's caller works in.
pub(super) struct Followed {
    span: SpanContext,
    /// Batches that held records of it and were told.
    batches: AtomicUsize,
}

impl Followed {
    pub(super) fn new(span: SpanContext) -> Followed {
        Followed {
            span,
            batches: AtomicUsize::new(0),
        }
    }

    /// The id of its trace, in hexadecimal.
    pub(super) fn trace_id(&self) -> String {
        self.span.trace_id().to_string()
    }
}

/// What a traced request has in a batch.
pub struct Share<'a> {
    /// The span of its caller.
    pub span: &'a SpanContext,
    /// Records of it.
    pub records: usize,
    /// How long it had waited, where it began in this batch.
    pub waited: Option<Duration>,
    /// How many batches with records of it were told before this one.
    pub before: usize,
}

/// A batch, or the one request of it that was judged alone because the batch had failed.
pub struct TracedBatch<'a> {
    /// What judged it.
    pub snapshot: &'a Snapshot,
    /// Why it was released.
    pub release: Release,
    /// Its records, those of requests that are not traced included.
    pub records: usize,
    /// When a worker began with it.
    pub started: Instant,
    /// Where its time went since then.
    pub timings: &'a Timings,
    /// The requests that are traced: one at least.
    pub shares: Vec<Share<'a>>,
}

/// What the traced ones of these requests have in a batch. Without any it costs a look at each.
pub(super) fn shares(parts: &[Part]) -> Vec<Share<'_>> {
    let traced = parts.iter().filter_map(|part| {
        let followed = part.job.followed.as_ref()?;
        Some(Share {
            span: &followed.span,
            records: part.range.len(),
            waited: part.wait,
            before: followed.batches.fetch_add(1, Ordering::Relaxed),
        })
    });
    traced.collect()
}
