//! The spans of a batch: the time in the queue, the batch, and its stages.
//!
//! A batch may judge records of many requests. Its span and those of its stages stand in the trace of one
//! of them and are linked to all; each of the others has a span in its own trace that is linked to the
//! first one. Stages that take turns over blocks of records are shown one after another, each with its
//! whole time.

use std::time::{Duration, Instant, SystemTime};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};

use super::told::Told;
use crate::batch::{Share, TracedBatch};
use crate::telemetry::labels::{MODELS, RELEASES, STAGES, Stage};

/// Batches of one request that have spans. A large body goes in hundreds, which would push the spans of
/// others out of the queue and show nothing new.
const MOST_BATCHES: usize = 32;

/// Tells what a batch was, to the requests that are traced.
pub(in crate::telemetry) fn batch(batch: &TracedBatch<'_>) {
    let now = (Instant::now(), SystemTime::now());
    let began = now.1 - now.0.duration_since(batch.started);
    let told = batch.shares.iter();
    let told: Vec<&Share<'_>> = told.filter(|share| share.before < MOST_BATCHES).collect();
    for share in &told {
        if let Some(waited) = share.waited {
            let queue = Told::new(label(Stage::Queue), began - waited, began);
            queue.tell(&below(share.span));
        }
    }
    let Some((first, others)) = told.split_first() else {
        return;
    };
    let spans = told.iter().map(|share| share.span.clone()).collect();
    let span = spans_of(batch, first, began, now.1).linked(spans);
    let Some(context) = span.tell(&below(first.span)) else {
        return;
    };
    stages(batch, began, &context);
    let shared = context.span().span_context().clone();
    for share in others {
        let span = spans_of(batch, share, began, now.1).linked(vec![shared.clone()]);
        span.tell(&below(share.span));
    }
}

/// The batch, as one of its requests sees it.
fn spans_of(batch: &TracedBatch<'_>, share: &Share<'_>, from: SystemTime, to: SystemTime) -> Told {
    Told::new("batch", from, to)
        .with("logtriage.batch.records", whole(batch.records))
        .with("logtriage.batch.records_of_request", whole(share.records))
        .with("logtriage.batch.traced_requests", whole(batch.shares.len()))
        .with(
            "logtriage.batch.release",
            RELEASES[batch.release as usize].1,
        )
        .bundle(&batch.snapshot.knowledge().identity)
}

fn stages(batch: &TracedBatch<'_>, began: SystemTime, parent: &Context) {
    let timings = batch.timings;
    let mut from = began;
    let mut tell = |stage: Stage, took: Duration, more: &dyn Fn(Told) -> Told| {
        let to = from + took;
        more(Told::new(label(stage), from, to)).tell(parent);
        from = to;
    };
    tell(Stage::ParseAndRules, timings.rules, &|told| told);
    tell(Stage::Features, timings.features, &|told| told);
    let runs = timings.runs.into_iter().zip(batch.snapshot.model_infos());
    let models = [Stage::Classifier, Stage::Anomaly].into_iter().zip(MODELS);
    for ((run, info), (stage, member)) in runs.zip(models) {
        // Every vote was known, or the member is left out.
        let Some(run) = run else { continue };
        tell(stage, run.took, &|told| {
            let told = told
                .with("logtriage.member", member)
                .with("logtriage.engine", info.engine)
                .with("logtriage.provider", info.provider);
            match run.failed {
                true => told.with("error.type", "inference_failed").failed(true),
                false => told,
            }
        });
    }
    tell(Stage::Decide, timings.decide, &|told| told);
}

fn below(span: &SpanContext) -> Context {
    Context::new().with_remote_span_context(span.clone())
}

fn label(stage: Stage) -> &'static str {
    STAGES[stage as usize].1
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
