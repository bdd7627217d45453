//! Traces over OTLP: spans of requests, of the batches that judge them, and of swaps.
//!
//! They are configured by the standard OTEL_ variables alone. Without an endpoint or an exporter
//! nothing is built: the spans of a request are disabled where they stand, and the workers ask one
//! question a batch. What the service waits for itself is a span of `tracing` with the target
//! [`SPANS`], which the log does not write; what is known only afterwards, on the threads that judge,
//! is told with the times that it took (`batch`).

mod batch;
mod client;
mod export;
mod setup;
mod swap;
mod told;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TracerProvider};
use opentelemetry::{Context, Value};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Level;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

use crate::config::LogConfig;

use super::labels::{STAGES, Stage};
use super::logs;
use setup::Wanted;

pub(in crate::telemetry) use batch::batch;
pub(in crate::telemetry) use export::dropped;
pub(in crate::telemetry) use swap::swap;

/// The target of spans that are traced.
pub const SPANS: &str = "logtriage::spans";

/// What makes the spans that are told afterwards; unset where nothing is traced.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What makes and sends spans.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

/// Sets up the log, and traces where the environment asks for them. To be called once, on an async
/// runtime, which sends them. What is wrong with their variables is no reason not to judge records:
/// it is logged, and nothing is traced.
pub fn start(config: &LogConfig) -> Option<Traces> {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (provider, wrong) = match setup::wanted(&environment) {
        Wanted::Nothing => (None, None),
        Wanted::Unknown(detail) => (None, Some(detail)),
        Wanted::Over(protocol) => match setup::provider(protocol, &environment) {
            Ok(provider) => (Some(provider), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        },
    };
    logs::init_with(config, provider.as_ref().map(layer));
    if let Some(detail) = wrong {
        tracing::error!(detail, "nothing is traced");
    }
    let provider = provider?;
    // The log is set up once in a process, and so are they.
    let _ = TRACER.set(provider.tracer(env!("CARGO_PKG_NAME")));
    tracing::info!("requests, batches and swaps are traced as the OTEL_ variables say");
    Some(Traces(provider))
}

/// Takes the spans of [`SPANS`], and what is logged within them as their events.
fn layer(provider: &SdkTracerProvider) -> Box<dyn Layer<Registry> + Send + Sync> {
    let ours = filter_fn(|metadata| match metadata.is_span() {
        true => metadata.target() == SPANS,
        false => *metadata.level() <= Level::INFO && metadata.target().starts_with("logtriage"),
    });
    let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_context_activation(false)
        .with_tracked_inactivity(false)
        .with_location(false)
        .with_threads(false)
        .with_target(false);
    Box::new(layer.with_filter(ours))
}

impl Traces {
    /// Sends what waits, for so long at most. Blocks.
    pub fn end(self, patience: Duration) {
        if let Err(error) = self.0.shutdown_with_timeout(patience) {
            tracing::warn!(%error, "not all traces were sent before the end");
        }
    }
}

/// What a caller says of the trace that its request belongs to, as W3C's traceparent and tracestate.
#[derive(Clone, Debug, Default)]
pub struct Caller(Option<Context>);

impl Caller {
    /// Reads the headers; nothing where they say nothing that can be read.
    pub fn read(headers: &dyn Extractor) -> Caller {
        if headers.get("traceparent").is_none() {
            return Caller(None);
        }
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), headers);
        let valid = context.span().span_context().is_valid();
        Caller(valid.then_some(context))
    }

    /// The id of the trace, in hexadecimal.
    pub fn trace_id(&self) -> Option<String> {
        let context = self.0.as_ref()?;
        Some(context.span().span_context().trace_id().to_string())
    }

    /// Makes `span` a part of the caller's trace.
    pub fn adopt(&self, span: &tracing::Span) {
        if let Some(context) = &self.0 {
            // It fails where nothing is traced, and then nothing is to be done.
            let _ = span.set_parent(context.clone());
        }
    }
}

/// The ids of a span, where it is one that is sent: of its trace, and its own.
pub fn ids(span: &tracing::Span) -> Option<(String, String)> {
    let context = followed(span)?;
    let span = context.span();
    let ids = span.span_context();
    Some((ids.trace_id().to_string(), ids.span_id().to_string()))
}

/// Says more of a span; nothing where it is not sent.
pub fn note(span: &tracing::Span, key: &'static str, value: impl Into<Value>) {
    if TRACER.get().is_some() {
        span.set_attribute(key, value);
    }
}

/// Says that what a span stands for has failed.
pub fn failed(span: &tracing::Span) {
    if TRACER.get().is_some() {
        span.set_status(Status::error(""));
    }
}

/// The span of a stage of the request that is worked on; disabled where nothing is traced.
pub(super) fn stage(stage: Stage) -> tracing::Span {
    tracing::trace_span!(target: SPANS, "stage", otel.name = STAGES[stage as usize].1)
}

/// The span that is worked in, where it is sent.
pub(super) fn following() -> Option<SpanContext> {
    // Asked first, for it is the usual case.
    TRACER.get()?;
    let context = followed(&tracing::Span::current())?;
    Some(context.span().span_context().clone())
}

/// The context of a span that is sent; `None` where it is not sampled, or nothing is traced.
fn followed(span: &tracing::Span) -> Option<Context> {
    TRACER.get()?;
    let context = span.context();
    let sampled = context.span().span_context().is_sampled();
    sampled.then_some(context)
}
