//! What recording costs, in nanoseconds a record, and which share that is of a record's whole way from
//! the bytes of a body to the bytes of the answer. `make bench-stages` runs it.
//!
//! `recording/*` is all that the metrics are told of one request: its verdicts and bytes, its batches,
//! their stages and runs, and the request itself. `whole/*` is the same request without HTTP, so the
//! share that is printed is the most that it can be.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use logtriage::answer::JudgedRecord;
use logtriage::batch::{Observer, Release};
use logtriage::bench::workload::{Kind, Workload};
use logtriage::bundle::{Loader, Origin, Proof};
use logtriage::config::Config;
use logtriage::pipeline::{Detail, Group, Judgement, Snapshot};
use logtriage::record::{Entry, Limits, Record, entries};
use logtriage::telemetry::{Metrics, Stage, Tally};

/// Records a request.
const REQUESTS: [usize; 3] = [1, 100, 1_000];
/// Records a batch.
const BATCH: usize = 256;
/// Records that share a look at the clock before, and one after, they are turned into rows.
const BLOCK: usize = 16;
/// Looks at the clock that a batch takes beside those.
const LOOKS: usize = 4;

struct Prepared {
    metrics: Metrics,
    snapshot: Snapshot,
    body: Bytes,
    records: Vec<Record>,
    judgements: Vec<Judgement>,
}

impl Prepared {
    fn new(snapshot: Snapshot, count: usize) -> Prepared {
        let workload = Workload::new(Kind::Unseen, 1);
        let log = |number| {
            let mut message = String::new();
            workload.line(number, &mut message);
            serde_json::json!({ "message": message })
        };
        let logs: Vec<serde_json::Value> = (0..count as u64).map(log).collect();
        let body = Bytes::from(serde_json::json!({ "logs": logs }).to_string());
        let records = read(&body);
        let judgements = snapshot.judge(0, &records, Detail::None);
        Prepared {
            metrics: Metrics::new().expect("distinct names"),
            snapshot,
            body,
            records,
            judgements,
        }
    }

    /// The request's whole way, without HTTP and without a metric.
    fn whole(&self, out: &mut Vec<u8>) {
        let records = read(&self.body);
        let judge = |chunk| self.snapshot.judge(0, chunk, Detail::None);
        let judgements: Vec<Judgement> = records.chunks(BATCH).flat_map(judge).collect();
        out.clear();
        for (index, judgement) in judgements.iter().enumerate() {
            let result = JudgedRecord::new(None, index, judgement);
            serde_json::to_writer(&mut *out, &result).expect("a vector takes all that is written");
        }
    }

    /// All that is recorded of it.
    fn record(&self) {
        let wait = Duration::from_micros(80);
        for stage in [Stage::Read, Stage::Decode, Stage::Write] {
            drop(self.metrics.stage(stage));
        }
        for (number, batch) in self.records.chunks(BATCH).enumerate() {
            let mut waits = (number == 0).then_some(wait).into_iter();
            self.metrics
                .released(Release::Direct, batch.len(), &mut waits);
            self.metrics.judged(&self.snapshot, &black_box(timings()));
            for _ in 0..LOOKS + 2 * batch.len().div_ceil(BLOCK) {
                black_box(Instant::now());
            }
        }
        self.tally();
        self.metrics.request("classify", 200, wait);
    }

    fn tally(&self) {
        let mut tally = Tally::default();
        for (judgement, record) in self.judgements.iter().zip(&self.records) {
            tally.add(&judgement.verdict, record.message.len());
        }
        tally.report(&self.metrics);
    }
}

fn read(body: &Bytes) -> Vec<Record> {
    let entries = entries(body, Some("application/json"), &Limits::default());
    let records = entries
        .expect("a readable body")
        .filter_map(|entry| match entry {
            Entry::Record(record) => Some(record),
            Entry::Bad(_) => None,
        });
    records.collect()
}

/// Times as a full batch has them, so that each falls into a bucket of its own.
fn timings() -> logtriage::pipeline::Timings {
    use logtriage::pipeline::{Run, Timings};
    let run = |micros| {
        Some(Run {
            took: Duration::from_micros(micros),
            failed: false,
        })
    };
    Timings {
        rules: Duration::from_micros(1_800),
        features: Duration::from_micros(900),
        runs: [run(700), run(400)],
        decide: Duration::from_micros(120),
    }
}

fn snapshot() -> Snapshot {
    // The same lines come in each iteration: the models must be asked all the same.
    let uncached = [("LOGTRIAGE__CACHE__ENABLED".to_owned(), "false".to_owned())];
    let given = std::env::vars().chain(uncached);
    let config = Config::load(None, given).expect("a valid configuration");
    let loader = Loader::new(&config).expect("the engine loads; `make run` installs it");
    let loaded = loader.load(&Origin::Builtin, Proof::Skip, false);
    loaded.expect("the built-in bundle loads").snapshot
}

/// Nanoseconds of one call: the median of some runs.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    const RUNS: usize = 11;
    const TIME: Duration = Duration::from_millis(40);
    let mut run = || {
        let (started, mut calls) = (Instant::now(), 0);
        while started.elapsed() < TIME {
            (0..16).for_each(|_| work());
            calls += 16;
        }
        started.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    run();
    let mut runs: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    runs.sort_by(f64::total_cmp);
    runs[RUNS / 2]
}

fn share(prepared: &Prepared) {
    let count = prepared.records.len() as f64;
    let mut out = Vec::new();
    let whole = nanoseconds(|| prepared.whole(&mut out)) / count;
    let recording = nanoseconds(|| prepared.record()) / count;
    let tally = nanoseconds(|| prepared.tally()) / count;
    // As two workers do it, at the same time and into the same counters.
    let beside = std::sync::atomic::AtomicBool::new(true);
    let contended = std::thread::scope(|scope| {
        scope.spawn(|| {
            while beside.load(std::sync::atomic::Ordering::Relaxed) {
                prepared.record();
            }
        });
        let contended = nanoseconds(|| prepared.record()) / count;
        beside.store(false, std::sync::atomic::Ordering::Relaxed);
        contended
    });
    eprintln!(
        "{count} records a request: recording {recording:.1} ns a record (tally and bytes {tally:.1}, \
         two at once {contended:.1}) of {whole:.0}: {:.2} %",
        recording / whole * 100.0
    );
}

fn telemetry(c: &mut Criterion) {
    for count in REQUESTS {
        let prepared = Prepared::new(snapshot(), count);
        let mut group = c.benchmark_group("recording");
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| prepared.record());
        });
        group.finish();
        let mut group = c.benchmark_group("whole");
        group.throughput(Throughput::Elements(count as u64));
        let mut out = Vec::new();
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| prepared.whole(&mut out));
        });
        group.finish();
        share(&prepared);
        check(&prepared);
    }
    scrape(c);
}

/// The timings above are those of a real batch: the same parts are there.
fn check(prepared: &Prepared) {
    let group = Group {
        records: &prepared.records,
        detail: Detail::None,
        deadline: None,
    };
    let found = prepared.snapshot.judge_timed(0, &[group]).timings;
    assert_eq!(found.runs.map(|run| run.is_some()), [true; 2], "{found:?}");
}

/// What a scrape costs, every few seconds.
fn scrape(c: &mut Criterion) {
    let metrics = Metrics::new().expect("distinct names");
    c.bench_function("scrape", |b| b.iter(|| metrics.render().expect("text")));
}

criterion_group!(benches, telemetry);
criterion_main!(benches);
