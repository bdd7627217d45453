//! Files that the usual exporters wrote, on both engines, and members that only one engine runs.
//!
//! `scripts/engine_fixtures.py` wrote the files. Random forests are in `src/engine/native/tests/`.

mod common;

use std::path::Path;

use logtriage::bundle::{Loader, Proof};
use logtriage::config::{Config, EngineKind};
use logtriage::engine::{EngineError, Engines, GraphContract, Rows};
use logtriage::pipeline::Detail;
use logtriage::verdict::Member;
use ndarray::ArrayView2;

/// Columns of the exporters' models.
const WIDTH: usize = 5;
const ROWS: usize = 512;

/// A file, its input, its output and the output's columns.
type File = (&'static str, &'static str, &'static str, usize);

const CLASSIFIER: &str = "probabilities";
const REGRESSOR: &str = "variable";

const FILES: [File; 20] = [
    ("lightgbm_binary", "features", CLASSIFIER, 2),
    ("lightgbm_multiclass", "features", CLASSIFIER, 4),
    ("lightgbm_poisson", "features", REGRESSOR, 1),
    ("lightgbm_random_forest", "features", REGRESSOR, 1),
    ("lightgbm_regressor", "features", REGRESSOR, 1),
    ("sklearn_decision_tree_strings", "X", CLASSIFIER, 4),
    ("sklearn_extra_trees_multiclass", "X", CLASSIFIER, 4),
    ("sklearn_gradient_boosting_binary", "X", CLASSIFIER, 2),
    ("sklearn_gradient_boosting_multiclass", "X", CLASSIFIER, 4),
    ("sklearn_gradient_boosting_regressor", "X", REGRESSOR, 1),
    ("sklearn_hist_boosting_binary", "X", CLASSIFIER, 2),
    ("sklearn_hist_boosting_multiclass", "X", CLASSIFIER, 4),
    ("sklearn_hist_boosting_regressor", "X", REGRESSOR, 1),
    ("sklearn_random_forest_binary", "X", CLASSIFIER, 2),
    ("sklearn_random_forest_multiclass", "X", CLASSIFIER, 4),
    ("sklearn_random_forest_regressor", "X", REGRESSOR, 1),
    ("xgboost_binary", "features", CLASSIFIER, 2),
    ("xgboost_multiclass", "features", CLASSIFIER, 4),
    ("xgboost_poisson", "features", REGRESSOR, 1),
    ("xgboost_regressor", "features", REGRESSOR, 1),
];

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/engines"))
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(directory().join(format!("{name}.onnx"))).expect("a file of an exporter")
}

fn contract(input: &'static str, output: &'static str, width: usize) -> GraphContract<'static> {
    GraphContract {
        file: "test.onnx",
        input,
        input_width: WIDTH,
        output,
        output_width: width,
        absent: None,
    }
}

/// Rows like those that the models were trained on, some values missing; the same at each run.
fn rows() -> Vec<f32> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..ROWS * WIDTH)
        .map(|_| {
            let (a, b, c, missing) = (next(), next(), next(), next());
            if missing < 0.1 {
                f32::NAN
            } else {
                (a + b + c - 1.5) * 2.0
            }
        })
        .collect()
}

fn run(kind: EngineKind, bytes: &[u8], contract: &GraphContract<'_>) -> (&'static str, Vec<f32>) {
    let engines = Engines::new(common::config().engine);
    let graph = engines
        .graph_on(kind, Member::Classifier, bytes.to_vec().into(), contract)
        .expect("the graph loads");
    let mut model = graph.model().expect("a model");
    let rows = rows();
    let matrix = ArrayView2::from_shape((ROWS, WIDTH), &rows).expect("a matrix");
    let mut out = Vec::new();
    model.run(Rows::Dense(matrix), &mut out).expect("it runs");
    (model.info().engine, out)
}

#[test]
fn what_exporters_write_gives_the_same_on_both_engines() {
    for (name, input, output, width) in FILES {
        let contract = contract(input, output, width);
        let bytes = read(name);
        let (engine, found) = run(EngineKind::Auto, &bytes, &contract);
        assert_eq!(engine, "native", "{name}");
        let (_, expected) = run(EngineKind::OnnxRuntime, &bytes, &contract);
        assert_eq!(found.len(), ROWS * width, "{name}");
        let distinct: std::collections::HashSet<u32> = found.iter().map(|s| s.to_bits()).collect();
        assert!(distinct.len() > 3, "{name}: the rows reach several leaves");
        for (a, b) in found.iter().zip(&expected) {
            assert!(
                (a - b).abs() <= 1e-6 * b.abs().max(1.0),
                "{name}: {a} for {b}"
            );
        }
    }
}

#[test]
fn every_file_of_an_exporter_is_tested() {
    let entries = std::fs::read_dir(directory()).expect("the files");
    let mut names: Vec<String> = entries
        .map(|e| {
            e.expect("an entry")
                .path()
                .file_stem()
                .expect("a name")
                .display()
                .to_string()
        })
        .filter(|name| name != "network")
        .collect();
    names.sort();
    assert_eq!(names, FILES.map(|(name, ..)| name));
}

/// A copy of the default bundle whose anomaly detector is a neural net.
fn with_a_network() -> common::Copy {
    let copy = common::Copy::new();
    copy.replace("anomaly.onnx", &read("network"));
    copy
}

fn loader(settings: &[(&str, &str)]) -> Loader {
    let environment = settings
        .iter()
        .map(|(key, value)| (format!("LOGTRIAGE__ENGINE__{key}"), (*value).to_owned()));
    let config = Config::load(None, environment).expect("a valid configuration");
    Loader::new(&config).expect("the default packs are valid")
}

#[test]
fn a_neural_net_goes_to_onnx_runtime_and_the_trees_beside_it_do_not() {
    let loaded = loader(&[]).load(&with_a_network().origin(), Proof::Skip, false);
    let snapshot = loaded.expect("auto takes ONNX Runtime").snapshot;
    let [classifier, anomaly] = snapshot.model_infos();
    assert_eq!(
        (classifier.engine, anomaly.engine),
        ("native", "onnxruntime")
    );
    assert_eq!(
        anomaly.engine_reason,
        "the native engine does not run the operator Gemm"
    );
    let judged = snapshot.judge(0, &[common::record(0, "disk sda failed")], Detail::Votes);
    assert!(judged[0].explanation.is_some());
    assert_eq!(snapshot.failures(), [0, 0]);
}

#[test]
fn native_alone_refuses_it_by_the_operators_name() {
    let refused = loader(&[("MEMBERS__ANOMALY", "native")])
        .load(&with_a_network().origin(), Proof::Skip, false)
        .err()
        .expect("no trees");
    assert_eq!(refused.code(), "bad_graph");
    assert_eq!(
        refused.to_string(),
        "anomaly.onnx: the native engine does not run the operator Gemm; \
         set engine.members.anomaly to auto or onnxruntime"
    );
}

#[test]
fn what_only_onnx_runtime_can_do_takes_it_there() {
    let reasons = |settings: &[(&str, &str)]| {
        let loaded = loader(settings).load(&common::Copy::new().origin(), Proof::Golden, false);
        let infos = loaded.expect("it loads").snapshot.model_infos().clone();
        infos.map(|info| format!("{}: {}", info.engine, info.engine_reason))
    };
    let cuda = "onnxruntime: engine.provider asks for cuda";
    assert_eq!(reasons(&[("PROVIDER", "cuda")]), [cuda, cuda]);
    let mixed = reasons(&[("KIND", "onnxruntime"), ("MEMBERS__ANOMALY", "native")]);
    let expected = [
        "onnxruntime: engine.kind says so",
        "native: engine.members.anomaly says so",
    ];
    assert_eq!(mixed, expected);
}

#[test]
fn both_engines_hold_a_graph_to_its_contract_in_the_same_words() {
    let bytes = read("xgboost_multiclass");
    let message = |kind, contract: &GraphContract<'_>| {
        let engines = Engines::new(common::config().engine);
        let refused = engines
            .graph_on(kind, Member::Classifier, bytes.clone().into(), contract)
            .err()
            .expect("another contract");
        assert!(matches!(refused, EngineError::Shape { .. }), "{refused}");
        refused.to_string()
    };
    let contracts = [
        contract("rows", CLASSIFIER, 4),
        contract("features", "scores", 4),
        contract("features", CLASSIFIER, 3),
        contract("features", "label", 4),
        GraphContract {
            input_width: 9,
            ..contract("features", CLASSIFIER, 4)
        },
    ];
    for contract in contracts {
        let native = message(EngineKind::Native, &contract);
        assert_eq!(native, message(EngineKind::OnnxRuntime, &contract));
    }
}
