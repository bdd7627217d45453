//! Files that contradict themselves, and files damaged at random: refused or run, never a panic.

use ndarray::ArrayView2;
use proptest::prelude::*;

use super::super::sound;
use super::spec::spec;
use super::*;
use crate::engine::Rows;

/// A regressor of one sum over one column: a root and two leaves.
fn small() -> proto::Node {
    let mut made = node("TreeEnsembleRegressor", "ai.onnx.ml", &["x"], &["y"]);
    made.attribute = vec![
        ints("nodes_treeids", vec![0; 3]),
        ints("nodes_nodeids", vec![0, 1, 2]),
        ints("nodes_featureids", vec![0; 3]),
        floats("nodes_values", vec![0.5, 0.0, 0.0]),
        strings("nodes_modes", ["BRANCH_LEQ", "LEAF", "LEAF"]),
        ints("nodes_truenodeids", vec![1, 0, 0]),
        ints("nodes_falsenodeids", vec![2, 0, 0]),
        ints("target_treeids", vec![0; 2]),
        ints("target_nodeids", vec![1, 2]),
        ints("target_ids", vec![0; 2]),
        floats("target_weights", vec![1.0, 2.0]),
        int("n_targets", 1),
    ];
    made
}

fn load(made: proto::Node) -> Result<Box<dyn Model>, EngineError> {
    let bytes = file(vec![made], Vec::new(), 1, 1);
    model(&engines(), EngineKind::Auto, &bytes, &contract(1, 1, None))
}

#[test]
fn graphs_that_contradict_themselves_are_refused_whatever_the_engine() {
    assert!(load(small()).is_ok());
    let cases = [
        (ints("nodes_truenodeids", vec![0, 0, 0]), "a circle"),
        (ints("nodes_falsenodeids", vec![7, 0, 0]), "expected node 7"),
        (
            ints("nodes_falsenodeids", vec![-1, 0, 0]),
            "expected node -1",
        ),
        (ints("nodes_featureids", vec![1, 0, 0]), "columns below 1"),
        (ints("nodes_featureids", vec![-1, 0, 0]), "found -1"),
        (
            ints("nodes_featureids", vec![0, 0]),
            "3 entries in nodes_featureids",
        ),
        (floats("nodes_values", vec![]), "3 entries in nodes_values"),
        (
            ints("nodes_nodeids", vec![0, 1, 1]),
            "node 1 of tree 0 twice",
        ),
        (ints("target_nodeids", vec![1, 9]), "node 9 of tree 0"),
        (ints("target_ids", vec![0, 1]), "target_ids below 1"),
        (int("n_targets", i64::MAX), "n_targets"),
        (int("n_targets", -1), "n_targets"),
        (
            floats("base_values", vec![1.0, 2.0]),
            "1 base_values or none",
        ),
        (
            ints("nodes_missing_value_tracks_true", vec![1]),
            "or none in nodes_missing",
        ),
        (
            string("nodes_treeids", "0"),
            "integers in the attribute nodes_treeids",
        ),
    ];
    for (attribute, expected) in cases {
        let mut made = small();
        made.attribute.retain(|a| a.name != attribute.name);
        made.attribute.push(attribute);
        let error = load(made).err().expect(expected);
        assert!(matches!(error, EngineError::Load { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}

/// With some attributes in the place of those of the small file.
fn small_with(attributes: Vec<proto::Attribute>) -> proto::Node {
    let mut made = small();
    for attribute in attributes {
        made.attribute.retain(|a| a.name != attribute.name);
        made.attribute.push(attribute);
    }
    made
}

fn refusal_on(kind: EngineKind, made: proto::Node) -> String {
    let bytes = file(vec![made], Vec::new(), 1, 1);
    let outcome = model(&engines(), kind, &bytes, &contract(1, 1, None));
    let error = outcome.err().expect("a refusal");
    assert!(matches!(error, EngineError::Load { .. }), "{error}");
    error.to_string()
}

#[test]
fn numbers_that_are_none_are_refused_by_both_engines() {
    let cases = [
        (floats("target_weights", vec![1.0, f32::NAN]), "found NaN"),
        (
            floats("target_weights", vec![f32::INFINITY, 1.0]),
            "found inf",
        ),
        (floats("base_values", vec![f32::NEG_INFINITY]), "found -inf"),
        (
            floats("nodes_values", vec![f32::NAN, 0.0, 0.0]),
            "found NaN",
        ),
    ];
    for (attribute, says) in cases {
        for kind in [EngineKind::Native, EngineKind::OnnxRuntime] {
            let said = refusal_on(kind, small_with(vec![attribute.clone()]));
            assert!(said.contains(&attribute.name), "{said}");
            assert!(said.contains(says), "{said}");
        }
    }
    // What a leaf has in the place of a threshold is read by nobody.
    let values = floats("nodes_values", vec![0.5, f32::NAN, f32::NAN]);
    for kind in [EngineKind::Native, EngineKind::OnnxRuntime] {
        let bytes = file(vec![small_with(vec![values.clone()])], Vec::new(), 1, 1);
        assert!(model(&engines(), kind, &bytes, &contract(1, 1, None)).is_ok());
    }
}

/// A tree in which the true branch of a node leads back to the node above it. ONNX Runtime takes it,
/// and a row that goes there never comes back.
fn circle() -> proto::Node {
    small_with(vec![
        ints("nodes_treeids", vec![0; 6]),
        ints("nodes_nodeids", (0..6).collect()),
        ints("nodes_featureids", vec![0; 6]),
        floats("nodes_values", vec![0.5; 6]),
        strings(
            "nodes_modes",
            [
                "BRANCH_LEQ",
                "BRANCH_LEQ",
                "BRANCH_LEQ",
                "LEAF",
                "LEAF",
                "LEAF",
            ],
        ),
        ints("nodes_truenodeids", vec![1, 2, 1, 0, 0, 0]),
        ints("nodes_falsenodeids", vec![3, 4, 5, 0, 0, 0]),
        ints("target_treeids", vec![0; 3]),
        ints("target_nodeids", vec![3, 4, 5]),
        ints("target_ids", vec![0; 3]),
        floats("target_weights", vec![1.0; 3]),
    ])
}

#[test]
fn trees_without_an_end_are_refused_by_both_engines() {
    for kind in [EngineKind::Native, EngineKind::OnnxRuntime] {
        assert!(refusal_on(kind, circle()).contains("found a circle among"));
        let said = refusal_on(
            kind,
            small_with(vec![ints("nodes_truenodeids", vec![7; 3])]),
        );
        assert!(said.contains("expected node 7 of tree 0"), "{said}");
        let said = refusal_on(
            kind,
            small_with(vec![ints("nodes_featureids", vec![9, 0, 0])]),
        );
        assert!(said.contains("columns below 1"), "{said}");
    }
}

/// A split of the newer operator: `(true, is a leaf)`, `(false, is a leaf)`.
type NewerSplit = ((i64, i64), (i64, i64));

fn newer(splits: &[NewerSplit], weights: &[f32]) -> proto::Node {
    let mut made = node("TreeEnsemble", "ai.onnx.ml", &["x"], &["y"]);
    let tensor = |name: &str, data_type, raw: Vec<u8>| proto::Attribute {
        name: name.into(),
        t: Some(proto::Tensor {
            dims: vec![raw.len() as i64 / if data_type == 1 { 4 } else { 1 }],
            data_type,
            raw_data: raw.into(),
            ..proto::Tensor::default()
        }),
        kind: proto::attribute_kind::TENSOR,
        ..proto::Attribute::default()
    };
    let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let each = |pick: fn(&NewerSplit) -> i64| splits.iter().map(pick).collect();
    made.attribute = vec![
        int("n_targets", 1),
        int("aggregate_function", 1),
        int("post_transform", 0),
        ints("tree_roots", vec![0]),
        tensor("nodes_modes", 2, vec![0; splits.len()]),
        tensor("nodes_splits", 1, floats(&vec![0.5; splits.len()])),
        ints("nodes_featureids", vec![0; splits.len()]),
        ints("nodes_truenodeids", each(|s| s.0.0)),
        ints("nodes_trueleafs", each(|s| s.0.1)),
        ints("nodes_falsenodeids", each(|s| s.1.0)),
        ints("nodes_falseleafs", each(|s| s.1.1)),
        ints("leaf_targetids", vec![0; weights.len()]),
        tensor("leaf_weights", 1, floats(weights)),
    ];
    made
}

#[test]
fn the_newer_operator_is_held_to_the_same() {
    let leaf = |place| (place, 1);
    let split = |place| (place, 0);
    let cases = [
        (
            newer(&[(leaf(0), leaf(1))], &[1.0, f32::NAN]),
            "numbers in leaf_weights, found NaN",
        ),
        (newer(&[(leaf(0), leaf(2))], &[1.0, 2.0]), "expected leaf 2"),
        (newer(&[(leaf(0), split(1))], &[1.0]), "expected split 1"),
        (
            newer(
                &[
                    (split(1), leaf(0)),
                    (split(2), leaf(1)),
                    (split(1), leaf(1)),
                ],
                &[1.0, 2.0],
            ),
            "found a circle among 2 nodes",
        ),
    ];
    for (made, says) in cases {
        let said = refusal_on(EngineKind::Auto, made);
        assert!(said.contains(says), "{says}: {said}");
    }
    let good = sound::check(
        file(
            vec![newer(&[(leaf(0), leaf(1))], &[1.0, 2.0])],
            Vec::new(),
            1,
            1,
        ),
        "x",
        1,
    );
    assert_eq!(good, Ok(()));
}

#[test]
fn data_in_another_file_is_refused() {
    let elsewhere = proto::Tensor {
        name: "w".into(),
        dims: vec![1, 1],
        data_type: proto::data_type::FLOAT,
        data_location: 1,
        ..proto::Tensor::default()
    };
    let bytes = file(
        vec![node("Gemm", "", &["x", "w"], &["y"])],
        vec![elsewhere],
        1,
        1,
    );
    let engines = engines();
    let outcome = model(
        &engines,
        EngineKind::OnnxRuntime,
        &bytes,
        &contract(1, 1, None),
    );
    let said = outcome.err().expect("a refusal").to_string();
    assert!(said.contains("the tensor \"w\" in another file"), "{said}");
}

#[test]
fn trees_are_found_within_other_graphs() {
    let inner = proto::Graph {
        node: vec![circle()],
        ..proto::Graph::default()
    };
    let mut outer = node("If", "", &["x"], &["y"]);
    outer.attribute = vec![proto::Attribute {
        name: "then_branch".into(),
        graph: Some(inner.encode_to_vec().into()),
        ..proto::Attribute::default()
    }];
    assert!(refusal_on(EngineKind::OnnxRuntime, outer).contains("found a circle"));
}

#[test]
fn a_leaf_without_a_weight_is_refused() {
    let mut made = small();
    made.attribute.retain(|a| !a.name.starts_with("target_"));
    made.attribute.extend([
        ints("target_treeids", vec![0]),
        ints("target_nodeids", vec![1]),
        ints("target_ids", vec![0]),
        floats("target_weights", vec![1.0]),
    ]);
    let error = load(made).err().expect("a leaf lacks its weight");
    assert!(
        error.to_string().contains("a weight for every leaf"),
        "{error}"
    );
}

/// What is done to the bytes of a good file.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        at().prop_map(Damage::Cut),
        (at(), 1usize..32).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    match damage {
        Damage::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Damage::Set(at, byte) => bytes[at.index(length)] = *byte,
        Damage::Cut(at) => bytes.truncate(at.index(length)),
        Damage::Repeat(at, count) => {
            let start = at.index(length);
            let end = length.min(start + count);
            let part = bytes[start..end].to_vec();
            bytes.splice(start..start, part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_refused_or_runs(
        spec in spec(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let mut bytes = spec.file().to_vec();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        let contract = contract(spec.width, spec.sums, Some(f32::NAN));
        if let Ok(mut model) = model(&engines(), EngineKind::Native, &bytes.into(), &contract) {
            let row = vec![0.5; spec.width];
            let rows = ArrayView2::from_shape((1, spec.width), &row).expect("one row");
            // Scores may be no numbers now, which is an error of the run.
            let _ = model.run(Rows::Dense(rows), &mut Vec::new());
        }
    }
}
