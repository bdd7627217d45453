//! Series whose labels are all known beforehand: there from the start, so that a rate over them has
//! something to begin from, and found once, so that recording costs no look-up.

use std::array::from_fn;
use std::time::{Duration, Instant};

use opentelemetry::trace::SpanContext;
use prometheus::{Histogram, IntCounter};

use super::feedback::FeedbackRefusal;
use super::labels::{FLAGS, MODELS, Overload, REASONS, RELEASES, STAGES, Stage};
use super::metrics::{Metrics, Table};
use super::swaps::RESULTS;
use super::traces;
use crate::batch::{Observer, Release, TracedBatch};
use crate::pipeline::{Snapshot, Timings};
use crate::verdict::Category;

/// A counter by category, then by forward (false, true).
pub(super) type ByVerdict = [[IntCounter; 2]; Category::ALL.len()];

/// What requests and batches record into.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) records: ByVerdict,
    pub(super) bytes: ByVerdict,
    pub(super) reasons: [IntCounter; REASONS.len()],
    pub(super) flags: [IntCounter; FLAGS.len()],
    released: [IntCounter; RELEASES.len()],
    stages: [Histogram; STAGES.len()],
}

impl Series {
    pub(super) fn of(table: &Table) -> Series {
        for overload in Overload::ALL {
            table.overload.with_label_values(&[overload.label()]);
        }
        for result in RESULTS {
            table.swaps.with_label_values(&[result]);
        }
        for member in MODELS {
            table.inference_errors.with_label_values(&[member]);
        }
        for judged in Category::ALL {
            for correct in Category::ALL {
                table
                    .feedback
                    .with_label_values(&[judged.as_str(), correct.as_str()]);
            }
        }
        for refusal in FeedbackRefusal::ALL {
            table
                .feedback_rejected
                .with_label_values(&[refusal.label()]);
        }
        Series {
            records: by_verdict(&table.records),
            bytes: by_verdict(&table.record_bytes),
            reasons: from_fn(|i| table.verdict_reason.with_label_values(&[REASONS[i].1])),
            flags: from_fn(|i| table.verdict_flags.with_label_values(&[FLAGS[i].1])),
            released: from_fn(|i| table.batch_released.with_label_values(&[RELEASES[i].1])),
            stages: from_fn(|i| table.stage_duration.with_label_values(&[STAGES[i].1])),
        }
    }

    fn stage(&self, stage: Stage, took: Duration) {
        self.stages[stage as usize].observe(took.as_secs_f64());
    }
}

fn by_verdict(counter: &prometheus::IntCounterVec) -> ByVerdict {
    from_fn(|i| {
        let category = Category::ALL[i].as_str();
        ["false", "true"].map(|forward| counter.with_label_values(&[category, forward]))
    })
}

/// Records a stage's time when it is dropped, however the stage ends, and is its span.
#[derive(Debug)]
pub struct StageTimer<'a> {
    histogram: &'a Histogram,
    started: Instant,
    _span: tracing::Span,
}

impl Drop for StageTimer<'_> {
    fn drop(&mut self) {
        self.histogram.observe(self.started.elapsed().as_secs_f64());
    }
}

impl Metrics {
    /// Measures a stage of a request until the timer is dropped.
    pub fn stage(&self, stage: Stage) -> StageTimer<'_> {
        StageTimer {
            histogram: &self.series().stages[stage as usize],
            started: Instant::now(),
            _span: traces::stage(stage),
        }
    }
}

impl Observer for Metrics {
    fn released(
        &self,
        release: Release,
        records: usize,
        waits: &mut dyn Iterator<Item = Duration>,
    ) {
        let series = self.series();
        series.released[release as usize].inc();
        // Exact: a batch is far smaller than 2^53.
        self.batch_records.observe(records as f64);
        for wait in waits {
            self.queue_wait.observe(wait.as_secs_f64());
            series.stage(Stage::Queue, wait);
        }
    }

    fn following(&self) -> Option<SpanContext> {
        traces::following()
    }

    fn traced(&self, batch: &TracedBatch<'_>) {
        traces::batch(batch);
    }

    fn judged(&self, snapshot: &Snapshot, timings: &Timings) {
        let series = self.series();
        series.stage(Stage::ParseAndRules, timings.rules);
        series.stage(Stage::Features, timings.features);
        series.stage(Stage::Decide, timings.decide);
        let stages = [Stage::Classifier, Stage::Anomaly];
        let members = MODELS.into_iter().zip(snapshot.model_infos()).zip(stages);
        for (((member, info), stage), run) in members.zip(timings.runs) {
            let Some(run) = run else { continue };
            series.stage(stage, run.took);
            self.inference_duration
                .with_label_values(&[member, info.engine, info.provider])
                .observe(run.took.as_secs_f64());
            if run.failed {
                self.inference_errors.with_label_values(&[member]).inc();
            }
        }
    }
}
