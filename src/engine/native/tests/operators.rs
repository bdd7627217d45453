//! The operators around trees, on both engines.

use ndarray::ArrayView2;

use super::*;
use crate::engine::{Rows, SparseBatch};

/// A regressor of two sums over two columns, from `x` to `t`: one tree of three leaves.
fn trees() -> proto::Node {
    let mut made = node("TreeEnsembleRegressor", "ai.onnx.ml", &["x"], &["t"]);
    made.attribute = vec![
        ints("nodes_treeids", vec![0; 5]),
        ints("nodes_nodeids", vec![0, 1, 2, 3, 4]),
        ints("nodes_featureids", vec![0, 1, 0, 0, 0]),
        floats("nodes_values", vec![0.5, 1.5, 0.0, 0.0, 0.0]),
        strings(
            "nodes_modes",
            ["BRANCH_LEQ", "BRANCH_LT", "LEAF", "LEAF", "LEAF"],
        ),
        ints("nodes_truenodeids", vec![1, 3, 0, 0, 0]),
        ints("nodes_falsenodeids", vec![2, 4, 0, 0, 0]),
        ints("target_treeids", vec![0; 6]),
        ints("target_nodeids", vec![2, 2, 3, 3, 4, 4]),
        ints("target_ids", vec![0, 1, 0, 1, 0, 1]),
        floats("target_weights", vec![0.25, -1.5, 2.0, 0.125, -0.75, 1.0]),
        int("n_targets", 2),
    ];
    made
}

fn constant(name: &str, dims: &[i64], values: &[f32]) -> proto::Tensor {
    proto::Tensor {
        dims: dims.to_vec(),
        data_type: proto::data_type::FLOAT,
        float_data: values.to_vec(),
        name: name.into(),
        ..proto::Tensor::default()
    }
}

fn shape(name: &str, numbers: &[i64]) -> proto::Tensor {
    proto::Tensor {
        dims: vec![numbers.len() as i64],
        data_type: proto::data_type::INT64,
        raw_data: numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        name: name.into(),
        ..proto::Tensor::default()
    }
}

fn with(mut made: proto::Node, attribute: proto::Attribute) -> proto::Node {
    made.attribute.push(attribute);
    made
}

type Case = (&'static str, Vec<proto::Node>, Vec<proto::Tensor>, usize);

fn cases() -> Vec<Case> {
    let two = || constant("c", &[1, 2], &[0.5, -2.0]);
    let one = || constant("c", &[], &[4.0]);
    let of = |operator: &str, inputs: &[&str]| vec![trees(), node(operator, "", inputs, &["y"])];
    vec![
        ("Identity", of("Identity", &["t"]), vec![], 2),
        ("Neg", of("Neg", &["t"]), vec![], 2),
        ("Exp", of("Exp", &["t"]), vec![], 2),
        ("Sigmoid", of("Sigmoid", &["t"]), vec![], 2),
        ("Add", of("Add", &["t", "c"]), vec![two()], 2),
        ("Sub", of("Sub", &["c", "t"]), vec![two()], 2),
        ("Mul", of("Mul", &["t", "c"]), vec![one()], 2),
        ("Div", of("Div", &["t", "c"]), vec![one()], 2),
        ("Add of itself", of("Add", &["t", "t"]), vec![], 2),
        (
            "Reshape",
            of("Reshape", &["t", "s"]),
            vec![shape("s", &[-1, 2])],
            2,
        ),
        (
            "Softmax",
            vec![
                trees(),
                with(node("Softmax", "", &["t"], &["y"]), int("axis", 1)),
            ],
            vec![],
            2,
        ),
        (
            "Cast",
            vec![
                trees(),
                with(node("Cast", "", &["t"], &["y"]), int("to", 1)),
            ],
            vec![],
            2,
        ),
        (
            "Concat",
            vec![
                trees(),
                node("Neg", "", &["t"], &["n"]),
                with(node("Concat", "", &["t", "n"], &["y"]), int("axis", 1)),
            ],
            vec![],
            4,
        ),
    ]
}

const ROWS: [f32; 8] = [0.0, 0.0, 0.5, 1.5, 0.75, f32::NAN, f32::NAN, 1.0];

fn scores(kind: EngineKind, bytes: &Bytes, width: usize) -> Vec<f32> {
    let mut model = model(&engines(), kind, bytes, &contract(2, width, None)).expect("it loads");
    let rows = ArrayView2::from_shape((4, 2), &ROWS).expect("a matrix");
    let mut out = Vec::new();
    model.run(Rows::Dense(rows), &mut out).expect("it runs");
    out
}

#[test]
fn operators_give_the_same_on_both_engines() {
    for (name, nodes, constants, width) in cases() {
        let bytes = file(nodes, constants, 2, width);
        let found = scores(EngineKind::Native, &bytes, width);
        let expected = scores(EngineKind::OnnxRuntime, &bytes, width);
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
        assert_eq!(found.len(), expected.len(), "{name}");
        assert!(
            found.iter().zip(&expected).all(near),
            "{name}: {found:?} for {expected:?}"
        );
    }
}

/// A linear model of two sums over the two columns, with zero for what is missing, added to the trees.
fn linear_and_trees() -> Vec<proto::Node> {
    let mut imputer = node("Imputer", "ai.onnx.ml", &["x"], &["f"]);
    imputer.attribute = vec![
        floats("imputed_value_floats", vec![0.0]),
        float("replaced_value_float", f32::NAN),
    ];
    let mut linear = node("LinearRegressor", "ai.onnx.ml", &["f"], &["l"]);
    linear.attribute = vec![
        int("targets", 2),
        floats("coefficients", vec![0.5, -1.25, 3.0, 0.75]),
        floats("intercepts", vec![0.25, -2.0]),
    ];
    vec![
        imputer,
        linear,
        trees(),
        node("Add", "", &["l", "t"], &["y"]),
    ]
}

#[test]
fn a_linear_model_beside_trees_gives_the_same_on_both_engines_and_for_all_rows() {
    let bytes = file(linear_and_trees(), Vec::new(), 2, 2);
    let dense = scores(EngineKind::Native, &bytes, 2);
    assert_eq!(dense, scores(EngineKind::OnnxRuntime, &bytes, 2));
    // Row 2 is (0.75, missing): the linear part is 0.25 + 0.5 * 0.75 and -2 + 3 * 0.75.
    let alone = vec![linear_and_trees().swap_remove(0), {
        let mut linear = linear_and_trees().swap_remove(1);
        linear.output = vec!["y".into()];
        linear
    }];
    let alone = scores(EngineKind::Native, &file(alone, Vec::new(), 2, 2), 2);
    assert_eq!(alone[4..6], [0.625, 0.25]);
    let mut batch = SparseBatch::default();
    for row in ROWS.chunks_exact(2) {
        let present = row.iter().enumerate().filter(|(_, value)| !value.is_nan());
        batch.push_row(present.map(|(column, value)| (column as u32, *value)));
    }
    let contract = contract(2, 2, Some(f32::NAN));
    let mut model = model(&engines(), EngineKind::Native, &bytes, &contract).expect("it loads");
    let mut sparse = Vec::new();
    let rows = batch.rows(2, f32::NAN).expect("good rows");
    model.run(rows, &mut sparse).expect("it runs");
    assert_eq!(sparse, dense);
}

#[test]
fn a_linear_model_that_is_none_is_refused() {
    let damaged = |change: fn(&mut Vec<proto::Node>)| {
        let mut nodes = linear_and_trees();
        change(&mut nodes);
        let bytes = file(nodes, Vec::new(), 2, 2);
        let contract = contract(2, 2, None);
        let error = model(&engines(), EngineKind::Native, &bytes, &contract).err();
        error.expect("it does not load").to_string()
    };
    let few = damaged(|nodes| nodes[1].attribute[1].floats.truncate(3));
    assert!(
        few.contains("2 coefficients for each of 2 targets, found 3"),
        "{few}"
    );
    let none = damaged(|nodes| nodes[1].attribute[1].floats[0] = f32::NAN);
    assert!(none.contains("finite numbers in coefficients"), "{none}");
    let other = damaged(|nodes| nodes[0].attribute[0].floats[0] = 1.0);
    assert!(other.contains("only NaN to 0 is known"), "{other}");
}

/// A committee: two ensembles of the same number of trees over one input, added up.
#[test]
fn a_committee_of_ensembles_of_one_size_gives_the_same_on_both_engines() {
    let voter = |name: &str, weights: [f32; 3]| {
        let mut made = trees();
        made.output = vec![name.into()];
        for attribute in &mut made.attribute {
            match attribute.name.as_str() {
                "target_treeids" => attribute.ints = vec![0; 3],
                "target_nodeids" => attribute.ints = vec![2, 3, 4],
                "target_ids" => attribute.ints = vec![0; 3],
                "target_weights" => attribute.floats = weights.to_vec(),
                "n_targets" => attribute.i = 1,
                _ => {}
            }
        }
        made
    };
    // Rows without a value end in another leaf of the second one.
    let tracks = ints("nodes_missing_value_tracks_true", vec![1, 1, 0, 0, 0]);
    let nodes = vec![
        voter("t", [0.25, 2.0, -0.75]),
        with(voter("u", [10.0, 20.0, 30.0]), tracks),
        node("Add", "", &["t", "u"], &["y"]),
    ];
    let bytes = file(nodes, Vec::new(), 2, 1);
    // The first row turns no tree.
    let rows = [vec![], vec![(0, 0.75)], vec![(0, 0.25), (1, 1.0)]];
    let mut batch = SparseBatch::default();
    for row in rows {
        batch.push_row(row);
    }
    let contract = contract(2, 1, Some(f32::NAN));
    let mut scores = [EngineKind::Native, EngineKind::OnnxRuntime].map(|kind| {
        let mut model = model(&engines(), kind, &bytes, &contract).expect("it loads");
        let mut out = Vec::new();
        for _ in 0..2 {
            let rows = batch.rows(2, f32::NAN).expect("good rows");
            model.run(rows, &mut out).expect("it runs");
        }
        out
    });
    let expected = std::mem::take(&mut scores[1]);
    assert_eq!(scores[0], expected);
}

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    let with_attribute = |attribute| {
        let mut made = trees();
        made.output = vec!["y".into()];
        made.attribute.push(attribute);
        vec![made]
    };
    let of = |operator: &str, inputs: &[&str]| vec![trees(), node(operator, "", inputs, &["y"])];
    let cases: Vec<(Vec<proto::Node>, Vec<proto::Tensor>, &str)> = vec![
        (of("Tanh", &["t"]), vec![], "the operator Tanh"),
        (of("Neg", &["x"]), vec![], "Neg over the graph's input"),
        (
            vec![trees(), node("Normalizer", "ai.onnx.ml", &["t"], &["y"])],
            vec![],
            "the operator Normalizer of the domain \"ai.onnx.ml\"",
        ),
        (
            with_attribute(floats("nodes_values_as_tensor", vec![])),
            vec![],
            "TreeEnsembleRegressor with the attribute nodes_values_as_tensor",
        ),
        (
            with_attribute(string("post_transform", "CAUCHIT")),
            vec![],
            "TreeEnsembleRegressor with post_transform \"CAUCHIT\"",
        ),
        (
            of("Add", &["t", "c"]),
            vec![constant("c", &[3], &[1.0; 3])],
            "Add of 2 columns with a constant of the shape [3]",
        ),
        (
            of("Reshape", &["t", "s"]),
            vec![shape("s", &[2, -1])],
            "Reshape of 2 columns to [2, -1]",
        ),
        (
            vec![
                trees(),
                with(node("Cast", "", &["t"], &["y"]), int("to", 11)),
            ],
            vec![],
            "Cast to the type 11",
        ),
    ];
    for (nodes, constants, expected) in cases {
        let bytes = file(nodes, constants, 2, 2);
        let error = model(
            &engines(),
            EngineKind::Native,
            &bytes,
            &contract(2, 2, None),
        )
        .err()
        .expect(expected);
        assert!(matches!(error, EngineError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
