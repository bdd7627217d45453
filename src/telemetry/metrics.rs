//! The one table of metrics. The comment on a row is its HELP text.

use std::ops::Deref;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use prometheus::proto::MetricFamily;
use prometheus::{
    CounterVec, Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

use super::drift::{Drift, Sample};
use super::exposition::{self, Exposition};
use super::kinds::{Metric, RECORDS, REQUESTS, STAGES};
use super::labels::{Check, Overload};
use super::series::Series;

macro_rules! metrics {
    ($(
        $(#[doc = $help:literal])+
        $field:ident: $kind:ident = $name:literal [$($label:literal),*] $(in $buckets:ident)?
    )*) => {
        /// Every metric of the process.
        #[derive(Debug)]
        pub struct Table {
            $( $(#[doc = $help])+ pub(crate) $field: $kind, )*
        }

        impl Table {
            /// What the rows say, in their order.
            #[cfg(test)]
            pub(super) const ROWS: &[Row] = &[$(Row {
                name: concat!("logtriage_", $name),
                kind: <$kind as Metric>::KIND,
                labels: &[$($label),*],
                help: concat!($($help),+),
            }),*];

            fn register(registry: &Registry) -> prometheus::Result<Table> {
                $(
                    let opts = Opts::new(concat!("logtriage_", $name), concat!($($help),+).trim());
                    let buckets: &[&[f64]] = &[$($buckets)?];
                    let $field = <$kind as Metric>::make(opts, &[$($label),*], buckets.concat())?;
                    registry.register(Box::new($field.clone()))?;
                )*
                Ok(Table { $($field),* })
            }
        }
    };
}

metrics! {
    /// Records judged, by category and whether they are forwarded.
    records: IntCounterVec = "records_total" ["category", "forward"]
    /// Bytes of their messages; one beyond server.message_limit counts with the part that is judged.
    record_bytes: IntCounterVec = "record_bytes_total" ["category", "forward"]
    /// Records that could not be read, by reason.
    records_rejected: IntCounterVec = "records_rejected_total" ["reason"]
    /// Verdicts by what decided their category.
    verdict_reason: IntCounterVec = "verdict_reason_total" ["reason"]
    /// Verdicts by flag; a verdict may carry several.
    verdict_flags: IntCounterVec = "verdict_flags_total" ["flag"]
    /// Requests answered, by route and status code; 499 is a client that went away.
    http_requests: IntCounterVec = "http_requests_total" ["route", "code"]
    /// Time from the head of a request to the head of its answer.
    http_request_duration: HistogramVec = "http_request_duration_seconds" ["route"] in REQUESTS
    /// Records that wait to be judged, as batch.queue_records counts them.
    queue_records: IntGauge = "queue_records" []
    /// Bytes that these records take, as batch.queue_bytes counts them.
    queue_bytes: IntGauge = "queue_bytes" []
    /// Time that the oldest request in the queue has been there.
    queue_oldest_age: Gauge = "queue_oldest_age_seconds" []
    /// Time from a request's admission to its first batch.
    queue_wait: Histogram = "queue_wait_seconds" [] in STAGES
    /// Records in a batch.
    batch_records: Histogram = "batch_records" [] in RECORDS
    /// Batches by why they were released: size, delay, complete, direct, deadline, drain.
    batch_released: IntCounterVec = "batch_released_total" ["reason"]
    /// Time in a stage. A request's: read (its body comes, at the sender's speed), decode, queue, write. A batch's: parse_and_rules, features, classifier, anomaly, decide; a model that is not asked counts nothing.
    stage_duration: HistogramVec = "stage_duration_seconds" ["stage"] in STAGES
    /// Time of a model's run on a batch, by member and what runs it.
    inference_duration: HistogramVec = "inference_duration_seconds" ["member", "engine", "provider"] in STAGES
    /// Runs of a model that gave no answer, by member.
    inference_errors: IntCounterVec = "inference_errors_total" ["member"]
    /// 1 while a model is left out, from a failed run until one that works.
    member_degraded: IntGaugeVec = "member_degraded" ["member"]
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
    /// 1 while the built-in bundle stands in for one that was refused; every record is then forwarded.
    stand_in: IntGauge = "stand_in" []
    /// Size of a model's graph in the bundle that serves, uncompressed, by member.
    model_size: IntGaugeVec = "model_size_bytes" ["member"]
    /// How long a bundle has been looked at and neither promoted nor refused; 0 where there is none.
    candidate_age: Gauge = "model_candidate_age_seconds" []
    /// Processors that the control group may use; 0 where it sets no limit.
    cpu_limit: Gauge = "cpu_limit_cores" []
    /// Memory that the control group may use; 0 where it sets no limit.
    memory_limit: Gauge = "memory_limit_bytes" []
    /// Time that the control group's processes stood still because its processor time was used up; absent where the system does not tell.
    cpu_throttled: CounterVec = "cpu_throttled_seconds_total" []
    /// Periods in which that happened; absent where the system does not tell.
    cpu_throttled_periods: IntCounterVec = "cpu_throttled_periods_total" []
    /// The running program; always 1.
    build_info: IntGaugeVec = "build_info" ["version"]
    /// 1 where the condition of readiness holds, else 0: accepting, verdict.
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

/// What a row of the table says.
#[cfg(test)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
}

/// The table, and the registry that it is read from.
#[derive(Debug)]
pub struct Metrics {
    table: Table,
    series: Series,
    pub(super) drift: Drift,
    registry: Registry,
    /// One scrape at a time.
    pub(super) scraping: Mutex<()>,
}

/// A metric is used by its name in the table.
impl Deref for Metrics {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.table
    }
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
        let table = Table::register(&registry)?;
        table
            .build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        Ok(Metrics {
            series: Series::of(&table),
            table,
            drift: Drift::default(),
            registry,
            scraping: Mutex::default(),
        })
    }

    /// What is recorded without a look-up.
    pub(super) fn series(&self) -> &Series {
        &self.series
    }

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

    /// Adds what a request's records showed to the window that drift is measured over.
    pub fn sampled(&self, sample: &Sample) {
        self.drift.add(sample, Instant::now());
    }

    /// All metrics in Prometheus' text format, as they were recorded.
    ///
    /// # Errors
    /// Where a metric cannot be written as text.
    pub fn render(&self) -> prometheus::Result<String> {
        self.drift.show(self, Instant::now());
        self.render_as(Exposition::Text)
    }

    pub(super) fn render_as(&self, form: Exposition) -> prometheus::Result<String> {
        exposition::write(&self.gather(), form)
    }

    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Observer, Release};
    use crate::pipeline::{Run, Timings, tests::Stage as Scripted};
    use crate::telemetry::{Stage, Tally};
    use crate::verdict::{Category, Flag, Reason, Scores, Verdict};

    fn verdict(forward: bool) -> Verdict {
        Verdict {
            category: Category::Critical,
            confidence: 0.9,
            forward,
            reason: Reason::RuleFloor,
            flags: vec![Flag::Truncated, Flag::Degraded],
            scores: Scores::ZERO,
            compliance: Vec::new(),
        }
    }

    fn holds(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.render().expect("text");
        for line in lines {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn the_table_is_rendered_with_its_help() {
        let metrics = Metrics::new().expect("distinct names");
        let mut tally = Tally::default();
        tally.add(&verdict(true), 100);
        tally.add(&verdict(true), 20);
        tally.add(&verdict(false), 3);
        tally.report(&metrics);
        tally.report(&metrics);
        metrics.request("classify", 200, Duration::from_millis(2));
        holds(
            &metrics,
            &[
                "# HELP logtriage_records_total Records judged, by category and whether they are forwarded.",
                "logtriage_records_total{category=\"critical\",forward=\"true\"} 4\n",
                "logtriage_records_total{category=\"critical\",forward=\"false\"} 2\n",
                "logtriage_record_bytes_total{category=\"critical\",forward=\"true\"} 240\n",
                "logtriage_record_bytes_total{category=\"critical\",forward=\"false\"} 6\n",
                "logtriage_record_bytes_total{category=\"noise\",forward=\"false\"} 0\n",
                "logtriage_verdict_reason_total{reason=\"rule_floor\"} 6\n",
                "logtriage_verdict_flags_total{flag=\"degraded\"} 6\n",
                "logtriage_http_requests_total{code=\"200\",route=\"classify\"} 1\n",
                "logtriage_http_request_duration_seconds_bucket{route=\"classify\",le=\"0.0025\"} 1\n",
                "\nprocess_resident_memory_bytes ",
                "\nprocess_cpu_seconds_total ",
                "\nprocess_start_time_seconds ",
                "\nprocess_open_fds ",
            ],
        );
    }

    #[test]
    fn batches_are_told_by_stage_member_and_what_runs_it() {
        let metrics = Metrics::new().expect("distinct names");
        let snapshot = Scripted::new().snapshot;
        let waits = [Duration::from_micros(30), Duration::from_millis(3)];
        metrics.released(Release::Complete, 2, &mut waits.into_iter());
        let run = |millis, failed| {
            let took = Duration::from_millis(millis);
            Some(Run { took, failed })
        };
        let mut timings = Timings {
            rules: Duration::from_micros(7),
            features: Duration::from_millis(2),
            runs: [run(4, false), None],
            decide: Duration::from_secs(20),
        };
        metrics.judged(&snapshot, &timings);
        timings.runs = [None, run(40, true)];
        metrics.judged(&snapshot, &timings);
        drop(metrics.stage(Stage::Write));
        let inference = "logtriage_inference_duration_seconds";
        let run_by = "engine=\"scripted\",member=\"classifier\",provider=\"cpu\"";
        holds(
            &metrics,
            &[
                "logtriage_batch_released_total{reason=\"complete\"} 1\n",
                "logtriage_batch_released_total{reason=\"drain\"} 0\n",
                "logtriage_batch_records_bucket{le=\"1.0\"} 0\n",
                "logtriage_batch_records_bucket{le=\"2.0\"} 1\n",
                "logtriage_queue_wait_seconds_count 2\n",
                "logtriage_stage_duration_seconds_bucket{stage=\"queue\",le=\"2.5e-05\"} 0\n",
                "logtriage_stage_duration_seconds_bucket{stage=\"queue\",le=\"5e-05\"} 1\n",
                "logtriage_stage_duration_seconds_bucket{stage=\"parse_and_rules\",le=\"1e-05\"} 2\n",
                "logtriage_stage_duration_seconds_sum{stage=\"features\"} 0.004\n",
                "logtriage_stage_duration_seconds_sum{stage=\"classifier\"} 0.004\n",
                "logtriage_stage_duration_seconds_sum{stage=\"anomaly\"} 0.04\n",
                "logtriage_stage_duration_seconds_bucket{stage=\"decide\",le=\"5.0\"} 0\n",
                "logtriage_stage_duration_seconds_count{stage=\"decide\"} 2\n",
                "logtriage_stage_duration_seconds_count{stage=\"write\"} 1\n",
                "logtriage_stage_duration_seconds_count{stage=\"read\"} 0\n",
                &format!("{inference}_sum{{{run_by}}} 0.004\n"),
                &format!("{inference}_count{{{run_by}}} 1\n"),
                "logtriage_inference_errors_total{member=\"classifier\"} 0\n",
                "logtriage_inference_errors_total{member=\"anomaly\"} 1\n",
            ],
        );
    }
}
