//! Spans on their way out: a bounded queue, and a count of those that are lost.
//!
//! The processor of the library drops spans without telling how many. So what waits is counted here, a
//! span that finds the queue full is dropped before it gets there, and one that cannot be sent is counted
//! as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};

/// Spans that were dropped since the start.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Spans that were dropped since the start: the queue was full, or they could not be sent.
pub(in crate::telemetry) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

fn drop_spans(count: usize) {
    DROPPED.fetch_add(count as u64, Ordering::Relaxed);
}

/// Hands spans to the library's processor while there is room.
#[derive(Debug)]
pub(super) struct Counted {
    inner: BatchSpanProcessor,
    waiting: Arc<AtomicUsize>,
    most: usize,
}

impl Counted {
    /// Sends spans to `exporter` from a queue of at most `most`; its other settings are those of the
    /// OTEL_BSP_ variables.
    pub(super) fn new<E: SpanExporter + 'static>(exporter: E, most: usize) -> Counted {
        let waiting = Arc::new(AtomicUsize::new(0));
        let exporter = Counting {
            inner: exporter,
            waiting: Arc::clone(&waiting),
            fails: AtomicBool::new(false),
        };
        let config = BatchConfigBuilder::default().with_max_queue_size(most);
        let inner = BatchSpanProcessor::builder(exporter).with_batch_config(config.build());
        Counted {
            inner: inner.build(),
            waiting,
            most,
        }
    }
}

impl SpanProcessor for Counted {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            drop_spans(1);
            return;
        }
        self.inner.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let ended = self.inner.shutdown_with_timeout(timeout);
        // What still waits will not be sent.
        drop_spans(self.waiting.swap(0, Ordering::Relaxed));
        ended
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Sends, and counts what could not be sent.
#[derive(Debug)]
struct Counting<E> {
    inner: E,
    waiting: Arc<AtomicUsize>,
    /// True from a batch that was lost until one that was not: only the change is logged.
    fails: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Counting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        // At the end it may have been given up already.
        let less = |waiting: usize| Some(waiting.saturating_sub(count));
        let _ = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let sent = self.inner.export(batch).await;
        let failed = sent.is_err();
        let failed_before = self.fails.swap(failed, Ordering::Relaxed);
        match &sent {
            Err(error) => {
                drop_spans(count);
                if !failed_before {
                    tracing::warn!(%error, "traces cannot be sent; their spans are dropped and counted");
                }
            }
            Ok(()) if failed_before => tracing::info!("traces are sent again"),
            Ok(()) => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
