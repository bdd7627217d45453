//! The kinds of metrics that the table knows, and the buckets of its histograms.

use prometheus::core::Collector;
use prometheus::{
    CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts,
};

/// Upper ends for requests, in seconds: a single record takes less than a millisecond, a full body
/// some hundred.
pub(super) const REQUESTS: &[f64] = &[
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0,
];

/// Upper ends for parts of a request, in seconds: a stage may take a microsecond for one record, and
/// as long as the deadline allows where the process is short of time.
pub(super) const STAGES: &[f64] = &[
    0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001,
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// Upper ends for records in a batch. `batch.max_records` goes up to 4096; what is late goes in batches
/// of four times as many.
pub(super) const RECORDS: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 10_000.0,
];

/// How the kinds of metrics are made. One without labels is there from the start; a vector has no
/// series until somebody names one.
pub(super) trait Metric: Collector + Clone + 'static {
    /// Its name in the formats.
    #[cfg(test)]
    const KIND: &str;

    fn make(opts: Opts, labels: &[&str], buckets: Vec<f64>) -> prometheus::Result<Self>;
}

/// Kinds with labels, and kinds without.
macro_rules! kinds {
    ($($vector:ident: $vector_kind:literal)*; $($plain:ident: $plain_kind:literal)*) => {
        $(impl Metric for $vector {
            #[cfg(test)]
            const KIND: &str = $vector_kind;

            fn make(opts: Opts, labels: &[&str], _: Vec<f64>) -> prometheus::Result<Self> {
                $vector::new(opts, labels)
            }
        })*
        $(impl Metric for $plain {
            #[cfg(test)]
            const KIND: &str = $plain_kind;

            fn make(opts: Opts, _: &[&str], _: Vec<f64>) -> prometheus::Result<Self> {
                $plain::with_opts(opts)
            }
        })*
    };
}

kinds! {
    CounterVec: "counter"
    IntCounterVec: "counter"
    GaugeVec: "gauge"
    IntGaugeVec: "gauge";
    IntCounter: "counter"
    Gauge: "gauge"
    IntGauge: "gauge"
}

impl Metric for Histogram {
    #[cfg(test)]
    const KIND: &str = "histogram";

    fn make(opts: Opts, _: &[&str], buckets: Vec<f64>) -> prometheus::Result<Self> {
        Histogram::with_opts(HistogramOpts::from(opts).buckets(buckets))
    }
}

impl Metric for HistogramVec {
    #[cfg(test)]
    const KIND: &str = "histogram";

    fn make(opts: Opts, labels: &[&str], buckets: Vec<f64>) -> prometheus::Result<Self> {
        HistogramVec::new(HistogramOpts::from(opts).buckets(buckets), labels)
    }
}
