//! What each stage of a record's way costs, from the bytes of a body to the bytes of the answer, on
//! lines that were never seen before. `make bench-stages` runs it.
//!
//! `stage/*` are the parts, `library/all` is the same way walked as a whole: the parts should explain
//! it. Each iteration handles 1,024 records; models run on batches of 256.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use logtriage::answer::JudgedRecord;
use logtriage::bench::workload::{Kind, Workload};
use logtriage::bundle::{Loader, Origin, Proof};
use logtriage::config::Config;
use logtriage::engine::{Rows, SparseBatch};
use logtriage::ensemble::{self, Evidence};
use logtriage::features::{Counts, NUMERIC_WIDTH, Vectorizer, numeric_features, send_tokens};
use logtriage::parse::Parsed;
use logtriage::pipeline::{self, Detail, Judgement, Snapshot};
use logtriage::record::{Entry, Limits, Record, entries};
use logtriage::rules::{Input, Scratch};
use logtriage::text::{Tokenizer, normalize};
use logtriage::verdict::{Member, Scores};

const RECORDS: u64 = 1_024;
/// Records that the models take at once.
const BATCH: usize = 256;

/// A body as senders post it.
fn body() -> Bytes {
    let workload = Workload::new(Kind::Unseen, 1);
    let log = |number| {
        let mut message = String::new();
        workload.line(number, &mut message);
        serde_json::json!({ "message": message })
    };
    let logs: Vec<serde_json::Value> = (0..RECORDS).map(log).collect();
    serde_json::json!({ "logs": logs }).to_string().into()
}

fn read(body: &Bytes) -> Vec<Record> {
    let entries = entries(body, Some("application/json"), &Limits::default());
    entries
        .expect("a readable body")
        .filter_map(|entry| match entry {
            Entry::Record(record) => Some(record),
            Entry::Bad(_) => None,
        })
        .collect()
}

fn write(judgements: &[Judgement], out: &mut Vec<u8>) {
    out.clear();
    for (index, judgement) in judgements.iter().enumerate() {
        let result = JudgedRecord::new(None, index, judgement);
        serde_json::to_writer(&mut *out, &result).expect("a vector takes all that is written");
    }
}

/// The same records as each stage receives them.
struct Prepared {
    snapshot: Snapshot,
    body: Bytes,
    records: Vec<Record>,
    texts: Vec<String>,
}

impl Prepared {
    fn new() -> Prepared {
        // The same lines come in each iteration: the models must be asked all the same.
        let uncached = [("LOGTRIAGE__CACHE__ENABLED".to_owned(), "false".to_owned())];
        let given = std::env::vars().chain(uncached);
        let config = Config::load(None, given).expect("a valid configuration");
        let loader = Loader::new(&config).expect("the engine loads; `make run` installs it");
        let loaded = loader.load(&Origin::Builtin, Proof::Golden, false);
        let body = body();
        let records = read(&body);
        let text = |record: &Record| {
            let mut text = String::new();
            normalize(pipeline::read(record).body, &mut text);
            text
        };
        Prepared {
            snapshot: loaded.expect("the built-in bundle loads").snapshot,
            texts: records.iter().map(text).collect(),
            records,
            body,
        }
    }

    fn parsed(&self) -> Vec<Parsed<'_>> {
        self.records.iter().map(pipeline::read).collect()
    }
}

fn reading(c: &mut Criterion, prepared: &Prepared) {
    let parsed = prepared.parsed();
    let mut group = c.benchmark_group("stage");
    group.throughput(Throughput::Elements(RECORDS));
    group.bench_function("read", |b| b.iter(|| read(&prepared.body)));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for record in &prepared.records {
                black_box(pipeline::read(record));
            }
        });
    });
    let mut normalized = String::new();
    group.bench_function("masks", |b| {
        b.iter(|| {
            for parsed in &parsed {
                normalized.clear();
                normalize(parsed.body, &mut normalized);
            }
        });
    });
    let knowledge = prepared.snapshot.knowledge();
    let mut scratch = Scratch::default();
    group.bench_function("rules", |b| {
        b.iter(|| {
            for ((record, parsed), text) in
                prepared.records.iter().zip(&parsed).zip(&prepared.texts)
            {
                let input = Input {
                    message: &record.message,
                    masked: text,
                    source: parsed.source.as_deref(),
                    record_source: record.source.as_deref(),
                    severity: parsed.severity,
                    fields: &parsed.fields,
                    extra: &record.fields,
                };
                let matches = knowledge.rules.matches(&input, &mut scratch);
                black_box((matches.vote(), matches.claims()));
            }
        });
    });
    group.finish();
}

fn models(c: &mut Criterion, prepared: &Prepared) {
    let parsed = prepared.parsed();
    let knowledge = prepared.snapshot.knowledge();
    let vectorizer = &knowledge.vectorizer;
    let (mut tokenizer, mut counts) = (Tokenizer::default(), Counts::default());
    let mut vectorize = |parsed: &Parsed<'_>, text: &str, rows: &mut SparseBatch| {
        let masks = {
            let mut sink = vectorizer.start(&mut counts);
            send_tokens(parsed.header(), text, &mut tokenizer, &mut sink)
        };
        Vectorizer::finish(&mut counts);
        rows.push_row(vectorizer.row(&counts, None));
        masks
    };
    let mut group = c.benchmark_group("stage");
    group.throughput(Throughput::Elements(RECORDS));
    let mut rows = SparseBatch::default();
    group.bench_function("tf-idf", |b| {
        b.iter(|| {
            rows.clear();
            for (parsed, text) in parsed.iter().zip(&prepared.texts) {
                black_box(vectorize(parsed, text, &mut rows));
            }
        });
    });
    group.bench_function("numeric", |b| {
        b.iter(|| {
            for parsed in &parsed {
                black_box(numeric_features(parsed.body, 3));
            }
        });
    });

    let records: Vec<_> = parsed.iter().zip(&prepared.texts).collect();
    let batches: Vec<(SparseBatch, Vec<f32>)> = records
        .chunks(BATCH)
        .map(|chunk| {
            let (mut rows, mut numbers) = (SparseBatch::default(), Vec::new());
            for (parsed, text) in chunk {
                let masks = vectorize(parsed, text, &mut rows);
                numbers.extend_from_slice(&numeric_features(parsed.body, masks));
            }
            (rows, numbers)
        })
        .collect();
    let mut out = Vec::new();
    prepared.snapshot.with_models(0, |models| {
        group.bench_function("classifier", |b| {
            b.iter(|| {
                for (rows, _) in &batches {
                    let rows = rows.rows(vectorizer.width(), knowledge.classifier.missing);
                    let run = models.classifier.run(rows.expect("good rows"), &mut out);
                    run.expect("the classifier runs");
                }
            });
        });
        group.bench_function("anomaly", |b| {
            b.iter(|| {
                for (_, numbers) in &batches {
                    let shape = (numbers.len() / NUMERIC_WIDTH, NUMERIC_WIDTH);
                    let rows = ndarray::ArrayView2::from_shape(shape, numbers).expect("a matrix");
                    let run = models.anomaly.run(Rows::Dense(rows), &mut out);
                    run.expect("the anomaly detector runs");
                }
            });
        });
    });
    group.finish();
}

fn deciding(c: &mut Criterion, prepared: &Prepared) {
    let knowledge = prepared.snapshot.knowledge();
    let judgements = prepared.snapshot.judge(0, &prepared.records, Detail::None);
    let mut group = c.benchmark_group("stage");
    group.throughput(Throughput::Elements(RECORDS));
    group.bench_function("ensemble", |b| {
        b.iter(|| {
            for judgement in &judgements {
                let scores = judgement.verdict.scores;
                let mut votes: [Option<Scores>; 3] = [None; 3];
                votes[Member::Classifier as usize] =
                    Some(knowledge.classifier.vote(&scores.to_array()));
                votes[Member::Anomaly as usize] = knowledge.anomaly.vote(-scores.suspicious);
                let evidence = Evidence {
                    votes,
                    ..Evidence::default()
                };
                black_box(ensemble::decide(&knowledge.policy, evidence));
            }
        });
    });
    let mut out = Vec::new();
    group.bench_function("write", |b| b.iter(|| write(&judgements, &mut out)));
    group.finish();

    let mut group = c.benchmark_group("library");
    group.throughput(Throughput::Elements(RECORDS));
    group.bench_function("all", |b| {
        b.iter(|| {
            let records = read(&prepared.body);
            let judge = |chunk| prepared.snapshot.judge(0, chunk, Detail::None);
            let judgements: Vec<Judgement> = records.chunks(BATCH).flat_map(judge).collect();
            write(&judgements, &mut out);
        });
    });
    for batch in [1, 16, BATCH] {
        group.bench_with_input(BenchmarkId::new("judge", batch), &batch, |b, &batch| {
            b.iter(|| {
                for chunk in prepared.records.chunks(batch) {
                    black_box(prepared.snapshot.judge(0, chunk, Detail::None));
                }
            });
        });
    }
    group.finish();
}

fn stages(c: &mut Criterion) {
    let prepared = Prepared::new();
    let bytes: usize = prepared.records.iter().map(|r| r.message.len()).sum();
    eprintln!(
        "{} lines of {} bytes on average",
        prepared.records.len(),
        bytes / prepared.records.len()
    );
    reading(c, &prepared);
    models(c, &prepared);
    deciding(c, &prepared);
}

criterion_group!(benches, stages);
criterion_main!(benches);
