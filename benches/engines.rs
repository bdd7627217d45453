//! What a row costs on either engine, for both members of the built-in bundle, at several batch sizes,
//! on lines that were never seen before. `make bench-stages` runs it.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use logtriage::bench::workload::{Kind, Workload};
use logtriage::bundle::{Loader, Origin, Proof};
use logtriage::config::{Config, EngineKind};
use logtriage::engine::{Engines, GraphContract, Model, Rows};
use logtriage::features::NUMERIC_WIDTH;
use logtriage::pipeline::{Inputs, Knowledge};
use logtriage::record::Record;
use logtriage::verdict::Member;
use ndarray::ArrayView2;

const ROWS: u64 = 1_024;

fn records() -> Vec<Record> {
    let workload = Workload::new(Kind::Unseen, 1);
    let record = |number: u64| {
        let mut message = String::new();
        workload.line(number, &mut message);
        Record {
            index: number as usize,
            message: message.into(),
            ..Record::default()
        }
    };
    (0..ROWS).map(record).collect()
}

fn engines(c: &mut Criterion) {
    let config = Config::load(None, std::iter::empty()).expect("the defaults are valid");
    let loader = Loader::new(&config).expect("the default packs are valid");
    let loaded = loader
        .load(&Origin::Builtin, Proof::Skip, false)
        .expect("the built-in bundle loads");
    let engines = Engines::new(config.engine.clone());
    let [classifier, anomaly] = loaded.manifest.contracts();
    let model = |kind, member, contract: &GraphContract<'_>| {
        let bytes = Origin::Builtin.read(contract.file).expect("a graph");
        let graph = engines.graph_on(kind, member, bytes, contract);
        let graph = graph.expect("it loads; `make onnxruntime` installs ONNX Runtime");
        graph.model().expect("a model")
    };
    let records = records();
    for (name, kind) in [
        ("native", EngineKind::Native),
        ("onnxruntime", EngineKind::OnnxRuntime),
    ] {
        let mut of_text = model(kind, Member::Classifier, &classifier);
        let mut of_numbers = model(kind, Member::Anomaly, &anomaly);
        let knowledge = loaded.snapshot.knowledge();
        measure_text(c, name, of_text.as_mut(), &records, knowledge);
        measure_numbers(c, name, of_numbers.as_mut(), &records, knowledge);
    }
}

fn batches(records: &[Record], batch: usize, knowledge: &Knowledge) -> Vec<Inputs> {
    let chunks = records.chunks(batch);
    chunks.map(|chunk| knowledge.inputs(chunk)).collect()
}

fn measure_text(
    c: &mut Criterion,
    name: &str,
    model: &mut dyn Model,
    records: &[Record],
    knowledge: &Knowledge,
) {
    let mut group = c.benchmark_group(format!("classifier/{name}"));
    group.throughput(Throughput::Elements(ROWS));
    let (width, missing) = (knowledge.vectorizer.width(), knowledge.classifier.missing);
    for batch in [1, 16, 256] {
        let inputs = batches(records, batch, knowledge);
        let mut out = Vec::new();
        group.bench_function(BenchmarkId::from_parameter(batch), |b| {
            b.iter(|| {
                for inputs in &inputs {
                    let rows = inputs.text.rows(width, missing).expect("good rows");
                    model.run(rows, &mut out).expect("it runs");
                }
            });
        });
    }
    group.finish();
}

fn measure_numbers(
    c: &mut Criterion,
    name: &str,
    model: &mut dyn Model,
    records: &[Record],
    knowledge: &Knowledge,
) {
    let mut group = c.benchmark_group(format!("anomaly/{name}"));
    group.throughput(Throughput::Elements(ROWS));
    for batch in [1, 16, 256] {
        let inputs = batches(records, batch, knowledge);
        let mut out = Vec::new();
        group.bench_function(BenchmarkId::from_parameter(batch), |b| {
            b.iter(|| {
                for inputs in &inputs {
                    let shape = (inputs.numbers.len() / NUMERIC_WIDTH, NUMERIC_WIDTH);
                    let rows = ArrayView2::from_shape(shape, &inputs.numbers).expect("a matrix");
                    model.run(Rows::Dense(rows), &mut out).expect("it runs");
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, engines);
criterion_main!(benches);
