//! What each stage of a judgement costs, on lines of mixed formats. `make bench` runs it.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use logtriage::bundle::{Loader, Origin, Proof};
use logtriage::config::Config;
use logtriage::features::numeric_features;
use logtriage::parse::parse;
use logtriage::pipeline::Detail;
use logtriage::record::Record;
use logtriage::text::{Tokenizer, normalize};

/// Lines of six formats; `n` makes each one another.
fn line(n: usize) -> String {
    let (a, b, port) = (n % 251, n / 251 % 251, 1024 + n % 60_000);
    match n % 6 {
        0 => format!(
            "<38>Jan  2 03:04:05 web{a} sshd[{port}]: Failed password for invalid user u{n} from 203.0.{a}.{b} port {port} ssh2"
        ),
        1 => format!(
            "203.0.{a}.{b} - - [02/Jan/2026:03:04:05 +0000] \"GET /item/{n}?page={a} HTTP/1.1\" 200 {port} \"-\" \"Mozilla/5.0\""
        ),
        2 => format!(
            "{{\"level\":\"info\",\"ts\":1767323045.{n:06},\"logger\":\"api\",\"msg\":\"request done\",\"path\":\"/v1/item/{n}\",\"took_ms\":{a}}}"
        ),
        3 => format!(
            "CEF:0|Acme|Firewall|7.1|100{a}|Connection denied|5|src=10.1.{a}.{b} dst=192.0.2.7 spt={port} dpt=443 act=deny"
        ),
        4 => format!(
            "ts=2026-01-02T03:04:05Z level=warn component=scheduler job={n} msg=\"retry after timeout\" attempt={a}"
        ),
        _ => format!(
            "I0102 03:04:05.000000 {port} controller.go:{a}] Syncing pod default/web-{n} on node-{b}"
        ),
    }
}

fn records(count: usize) -> Vec<Record> {
    let record = |index| Record {
        index,
        message: line(index).into(),
        ..Record::default()
    };
    (0..count).map(record).collect()
}

fn stages(c: &mut Criterion) {
    let records = records(1_024);
    let bytes: usize = records.iter().map(|r| r.message.len()).sum();
    let mut group = c.benchmark_group("stage");
    group.throughput(Throughput::Elements(records.len() as u64));
    eprintln!(
        "{} lines of {} bytes on average",
        records.len(),
        bytes / records.len()
    );
    group.bench_function("parse", |b| {
        b.iter(|| {
            for record in &records {
                black_box(parse(&record.message));
            }
        });
    });
    let mut normalized = String::new();
    group.bench_function("normalize", |b| {
        b.iter(|| {
            for record in &records {
                normalized.clear();
                normalize(&record.message, &mut normalized);
            }
        });
    });
    let texts: Vec<String> = records
        .iter()
        .map(|record| {
            let mut text = String::new();
            normalize(&record.message, &mut text);
            text
        })
        .collect();
    let mut tokenizer = Tokenizer::default();
    group.bench_function("tokens", |b| {
        b.iter(|| {
            texts
                .iter()
                .for_each(|text| tokenizer.for_each(text, |token| _ = black_box(token.len())));
        });
    });
    group.bench_function("numeric", |b| {
        b.iter(|| {
            records
                .iter()
                .for_each(|r| _ = black_box(numeric_features(&r.message, 3)));
        });
    });
    group.finish();
}

fn judge(c: &mut Criterion) {
    let config = Config::load(None, std::iter::empty()).expect("the defaults are valid");
    let loader = Loader::new(&config).expect("the default packs are valid");
    let loaded = loader
        .load(&Origin::Builtin, Proof::Golden, false)
        .expect("the built-in bundle loads");
    let records = records(1_024);
    let mut group = c.benchmark_group("judge");
    group.throughput(Throughput::Elements(records.len() as u64));
    for batch in [1, 16, 256] {
        group.bench_with_input(BenchmarkId::new("batch", batch), &batch, |b, &batch| {
            b.iter(|| {
                for chunk in records.chunks(batch) {
                    black_box(loaded.snapshot.judge(0, chunk, Detail::None));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, stages, judge);
criterion_main!(benches);
