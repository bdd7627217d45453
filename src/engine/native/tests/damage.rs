//! Files that contradict themselves, and files damaged at random: refused or run, never a panic.

use ndarray::ArrayView2;
use proptest::prelude::*;

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
