//! The one table of metrics. The comment on a row is its HELP text.

use std::time::{Duration, Instant};

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

use crate::batch::{Load, Observer, Release};
use crate::pipeline::CacheStatus;

use super::drift::{Drift, Sample};
use super::labels::{self, Check, Overload};
use super::traces;

/// Upper ends of the duration buckets in seconds: a single record takes less than a millisecond, a
/// full body some hundred.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Upper ends of the buckets for records in a batch; `batch.max_records` goes up to the last.
const RECORDS: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0,
];

/// How the kinds of metrics are made.
trait Metric: Collector + Clone + 'static {
    fn make(opts: Opts, labels: &[&str]) -> prometheus::Result<Self>;
}

impl Metric for IntCounter {
    fn make(opts: Opts, _: &[&str]) -> prometheus::Result<Self> {
        IntCounter::with_opts(opts)
    }
}

impl Metric for IntCounterVec {
    fn make(opts: Opts, labels: &[&str]) -> prometheus::Result<Self> {
        IntCounterVec::new(opts, labels)
    }
}

impl Metric for IntGaugeVec {
    fn make(opts: Opts, labels: &[&str]) -> prometheus::Result<Self> {
        IntGaugeVec::new(opts, labels)
    }
}

impl Metric for Gauge {
    fn make(opts: Opts, _: &[&str]) -> prometheus::Result<Self> {
        Gauge::with_opts(opts)
    }
}

impl Metric for GaugeVec {
    fn make(opts: Opts, labels: &[&str]) -> prometheus::Result<Self> {
        GaugeVec::new(opts, labels)
    }
}

impl Metric for IntGauge {
    fn make(opts: Opts, _: &[&str]) -> prometheus::Result<Self> {
        IntGauge::with_opts(opts)
    }
}

/// Counts records; what counts seconds is a [`HistogramVec`].
impl Metric for Histogram {
    fn make(opts: Opts, _: &[&str]) -> prometheus::Result<Self> {
        Histogram::with_opts(HistogramOpts::from(opts).buckets(RECORDS.to_vec()))
    }
}

impl Metric for HistogramVec {
    fn make(opts: Opts, labels: &[&str]) -> prometheus::Result<Self> {
        HistogramVec::new(HistogramOpts::from(opts).buckets(SECONDS.to_vec()), labels)
    }
}

macro_rules! metrics {
    ($( $(#[doc = $help:literal])+ $field:ident: $kind:ident = $name:literal [$($label:literal),*] )*) => {
        /// Every metric of the process, and the registry that they are read from.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            pub(super) drift: Drift,
            $( $(#[doc = $help])+ pub(crate) $field: $kind, )*
        }

        impl Metrics {
            /// All metrics at zero, in a registry of their own.
            ///
            /// # Errors
            /// Where two rows of the table have the same name.
            pub fn new() -> prometheus::Result<Metrics> {
                let registry = Registry::new();
                #[cfg(target_os = "linux")]
                registry.register(Box::new(
                    prometheus::process_collector::ProcessCollector::for_self(),
                ))?;
                $(
                    let opts = Opts::new(concat!("logtriage_", $name), concat!($($help),+).trim());
                    let $field = <$kind as Metric>::make(opts, &[$($label),*])?;
                    registry.register(Box::new($field.clone()))?;
                )*
                let drift = Drift::default();
                let metrics = Metrics { registry, drift, $($field),* };
                metrics.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
                Ok(metrics)
            }
        }
    };
}

metrics! {
    /// Records judged, by category and whether they are forwarded.
    records: IntCounterVec = "records_total" ["category", "forward"]
    /// Records that could not be read, by reason.
    records_rejected: IntCounterVec = "records_rejected_total" ["reason"]
    /// Verdicts by what decided their category.
    verdict_reason: IntCounterVec = "verdict_reason_total" ["reason"]
    /// Verdicts by flag; a verdict may carry several.
    verdict_flags: IntCounterVec = "verdict_flags_total" ["flag"]
    /// Requests answered, by route and status code; 499 is a client that went away.
    http_requests: IntCounterVec = "http_requests_total" ["route", "code"]
    /// Time from the head of a request to the head of its answer.
    http_request_duration: HistogramVec = "http_request_duration_seconds" ["route"]
    /// Records that wait to be judged, as batch.queue_records counts them.
    queue_records: IntGauge = "queue_records" []
    /// Bytes that these records take, as batch.queue_bytes counts them.
    queue_bytes: IntGauge = "queue_bytes" []
    /// Time that the oldest request in the queue has been there.
    queue_oldest_age: Gauge = "queue_oldest_age_seconds" []
    /// Time from a request's admission to its first batch.
    queue_wait: HistogramVec = "queue_wait_seconds" []
    /// Records in a batch.
    batch_records: Histogram = "batch_records" []
    /// Batches by why they were released: size, delay, complete, direct, deadline, drain.
    batch_released: IntCounterVec = "batch_released_total" ["reason"]
    /// Looks for a model's vote among the remembered ones, by member and result: hit, miss.
    vote_cache: IntCounterVec = "vote_cache_total" ["member", "result"]
    /// Inputs whose vote is remembered, by member.
    vote_cache_entries: IntGaugeVec = "vote_cache_entries" ["member"]
    /// Requests turned away before anything of them was accepted, by reason.
    overload: IntCounterVec = "overload_total" ["reason"]
    /// The bundle that serves; always 1.
    model_info: IntGaugeVec = "model_info" ["name", "version", "digest"]
    /// Bundles and changes of the site by what became of them: promoted, rejected, rolled_back, reconfigured.
    swaps: IntCounterVec = "model_swaps_total" ["result"]
    /// Refusals of bundles and changes, by the stable code of their reason.
    rejections: IntCounterVec = "model_rejections_total" ["code"]
    /// When the bundle that serves was last changed, in seconds since 1970; 0 since the start.
    last_swap: Gauge = "model_last_swap_timestamp_seconds" []
    /// Time that reading, loading and proving took, of the last swap.
    load_time: Gauge = "model_load_seconds" []
    /// 1 where somebody went back to an earlier bundle by hand, and it still serves.
    pinned: IntGauge = "model_pinned" []
    /// The running program; always 1.
    build_info: IntGaugeVec = "build_info" ["version"]
    /// 1 where the condition of readiness holds, else 0.
    ready: IntGaugeVec = "ready" ["check"]
    /// Population stability index of the last records against the bundle's training data, by signal:
    /// category, score. From 0.1 on the records have changed a little, from 0.25 on much; 0 below 1000 records.
    drift_psi: GaugeVec = "drift_psi" ["signal"]
    /// Mean share of a record's words that the vocabulary lacks, of the last records.
    drift_unknown: Gauge = "drift_unknown_token_rate" []
    /// The same share in the training data of the bundle that serves.
    drift_baseline_unknown: Gauge = "drift_baseline_unknown_token_rate" []
    /// Share of the last records on which a member abstained: rules, classifier, anomaly.
    drift_abstention: GaugeVec = "drift_abstention_rate" ["member"]
    /// Records that the drift figures are taken from: those of the last hour, of up to a day where few come.
    drift_records: IntGauge = "drift_records" []
    /// Feedback on verdicts, by the category that was judged and the one that would have been correct.
    feedback: IntCounterVec = "feedback_total" ["judged", "correct"]
    /// Feedback that was not taken, by reason: forbidden, invalid, full, unwritable, busy.
    feedback_rejected: IntCounterVec = "feedback_rejected_total" ["reason"]
    /// Spans that were dropped: more waited than the queue holds, or they could not be sent.
    trace_spans_dropped: IntCounter = "trace_spans_dropped_total" []
}

impl Metrics {
    /// Counts a request that was turned away.
    pub fn overloaded(&self, reason: Overload) {
        self.overload.with_label_values(&[reason.label()]).inc();
    }

    /// Counts a record that could not be read; `reason` is one of the codes of `record`.
    pub fn record_rejected(&self, reason: &'static str) {
        self.records_rejected.with_label_values(&[reason]).inc();
    }

    /// Counts an answered request.
    pub fn request(&self, route: &'static str, code: u16, took: Duration) {
        let seconds = took.as_secs_f64();
        self.http_requests
            .with_label_values(&[route, code.to_string().as_str()])
            .inc();
        self.http_request_duration
            .with_label_values(&[route])
            .observe(seconds);
    }

    /// Tells whether a condition of readiness holds.
    pub fn readiness(&self, check: Check, holds: bool) {
        self.ready
            .with_label_values(&[check.as_str()])
            .set(i64::from(holds));
    }

    /// Tells which bundle serves, and whether by somebody's hand; the series of the one before is
    /// removed.
    pub fn serving(&self, name: &str, version: &str, digest: &str, pinned: bool) {
        self.pinned.set(i64::from(pinned));
        self.model_info.reset();
        self.model_info
            .with_label_values(&[name, version, digest])
            .set(1);
    }

    /// What waits to be judged.
    pub fn queued(&self, load: &Load) {
        let whole = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.queue_records.set(whole(load.queued.records));
        self.queue_bytes.set(whole(load.queued.bytes));
        self.queue_oldest_age.set(load.oldest.as_secs_f64());
    }

    /// What is remembered of a member's votes. The looks are counted where they happen; here they
    /// are only shown.
    pub fn remembered(&self, member: &str, cache: &CacheStatus) {
        for (result, total) in [("hit", cache.hits), ("miss", cache.misses)] {
            let counter = self.vote_cache.with_label_values(&[member, result]);
            counter.inc_by(total.saturating_sub(counter.get()));
        }
        let entries = i64::try_from(cache.entries).unwrap_or(i64::MAX);
        self.vote_cache_entries
            .with_label_values(&[member])
            .set(entries);
    }

    /// Adds what a request's records showed to the window that drift is measured over.
    pub fn sampled(&self, sample: &Sample) {
        self.drift.add(sample, Instant::now());
    }

    /// All metrics in Prometheus' text format.
    ///
    /// # Errors
    /// Where a metric cannot be written as text.
    pub fn render(&self) -> prometheus::Result<String> {
        self.drift.show(self, Instant::now());
        let dropped = traces::dropped();
        let shown = self.trace_spans_dropped.get();
        self.trace_spans_dropped
            .inc_by(dropped.saturating_sub(shown));
        prometheus::TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

impl Observer for Metrics {
    fn released(
        &self,
        release: Release,
        records: usize,
        waits: &mut dyn Iterator<Item = Duration>,
    ) {
        self.batch_released
            .with_label_values(&[labels::release(release)])
            .inc();
        // Exact: a batch is far smaller than 2^53.
        self.batch_records.observe(records as f64);
        let queue_wait = self.queue_wait.with_label_values(&[] as &[&str]);
        waits.for_each(|wait| queue_wait.observe(wait.as_secs_f64()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Tally;
    use crate::verdict::{Category, Flag, Reason, Scores, Verdict};

    #[test]
    fn the_table_is_rendered_with_its_help() {
        let metrics = Metrics::new().expect("distinct names");
        let mut tally = Tally::default();
        let mut verdict = Verdict {
            category: Category::Critical,
            confidence: 0.9,
            forward: true,
            reason: Reason::RuleFloor,
            flags: vec![Flag::Truncated, Flag::Degraded],
            scores: Scores::ZERO,
            compliance: Vec::new(),
        };
        tally.add(&verdict);
        tally.add(&verdict);
        verdict.forward = false;
        tally.add(&verdict);
        tally.report(&metrics);
        metrics.request("classify", 200, Duration::from_millis(2));
        metrics.serving("a", "1", "sha256:0", false);
        metrics.serving("b", "2", "sha256:1", true);

        let text = metrics.render().expect("text");
        for line in [
            "# HELP logtriage_records_total Records judged, by category and whether they are forwarded.",
            "logtriage_records_total{category=\"critical\",forward=\"true\"} 2",
            "logtriage_records_total{category=\"critical\",forward=\"false\"} 1",
            "logtriage_verdict_reason_total{reason=\"rule_floor\"} 3",
            "logtriage_verdict_flags_total{flag=\"degraded\"} 3",
            "logtriage_http_requests_total{code=\"200\",route=\"classify\"} 1",
            "logtriage_http_request_duration_seconds_bucket{route=\"classify\",le=\"0.0025\"} 1",
            "logtriage_model_info{digest=\"sha256:1\",name=\"b\",version=\"2\"} 1",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        assert!(!text.contains("name=\"a\""), "the old series stayed");
        assert!(text.contains("process_resident_memory_bytes"));
    }
}
