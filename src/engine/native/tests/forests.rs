//! Random forests and random rows: both engines give the same scores, and every walk the same bits.

use ndarray::ArrayView2;
use proptest::prelude::*;

use super::spec::{Spec, cell, spec};
use super::{contract, engines, model};
use crate::config::EngineKind;
use crate::engine::{EngineError, Model, Rows, SparseBatch};

/// Largest difference, relative to the sum of the absolute values of the leaves.
const TOLERANCE: f32 = 1e-6;

/// Scores of each row by itself; `None` where they are not finite, which both engines refuse.
fn one_by_one(model: &mut dyn Model, rows: &[Vec<f32>]) -> Vec<Option<Vec<f32>>> {
    rows.iter()
        .map(|row| {
            let mut out = Vec::new();
            let matrix = ArrayView2::from_shape((1, row.len()), row).expect("one row");
            match model.run(Rows::Dense(matrix), &mut out) {
                Ok(()) => Some(out),
                Err(error) => {
                    assert!(error.to_string().contains("finite scores"), "{error}");
                    None
                }
            }
        })
        .collect()
}

fn argmax(scores: &[f32]) -> usize {
    (0..scores.len()).fold(
        0,
        |best, at| if scores[at] > scores[best] { at } else { best },
    )
}

/// The scores' bounds of error: sums differ by rounding alone, and no transform but the normal
/// quantile makes a difference larger.
fn bound(spec: &Spec, row: &[f32], expected: &[f32]) -> f32 {
    let steep = if spec.transform == "PROBIT" {
        let largest = expected.iter().map(|s| s.abs()).fold(1.0, f32::max);
        // The quantile's slope grows as e^(x^2 / 2).
        (largest * largest / 2.0).exp() * 4.0
    } else {
        1.0
    };
    TOLERANCE * spec.scale(row).max(1.0) * steep
}

fn equals_runtime(spec: &Spec, rows: &[Vec<f32>]) -> Result<(), TestCaseError> {
    let engines = engines();
    let contract = contract(spec.width, spec.sums, Some(f32::NAN));
    let bytes = spec.file();
    let mut native = match model(&engines, EngineKind::Native, &bytes, &contract) {
        Ok(model) => model,
        // Only what ONNX Runtime leaves half unwritten may be refused.
        Err(EngineError::Unsupported { what, .. }) => {
            let two = spec.classifier && spec.sums == 2;
            prop_assert!(two && (what.contains("PROBIT") || what.contains("one of base_values")));
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let runtime = model(&engines, EngineKind::OnnxRuntime, &bytes, &contract);
    let mut runtime = runtime.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let found = one_by_one(native.as_mut(), rows);
    let expected = one_by_one(runtime.as_mut(), rows);
    for (row, (found, expected)) in rows.iter().zip(found.iter().zip(&expected)) {
        let (Some(found), Some(expected)) = (found, expected) else {
            prop_assert_eq!(
                found.is_some(),
                expected.is_some(),
                "finite or not, row {:?}",
                row
            );
            continue;
        };
        let bound = bound(spec, row, expected);
        for (a, b) in found.iter().zip(expected) {
            prop_assert!(
                (a - b).abs() <= bound,
                "{found:?} for {expected:?}, row {row:?}"
            );
        }
        let (a, b) = (argmax(found), argmax(expected));
        prop_assert!(a == b || (expected[b] - expected[a]).abs() <= 2.0 * bound);
    }
    same_bits(spec, native.as_mut(), rows, &found)
}

/// A batch, whole or sparse with either kind of absence, gives what each row gives by itself.
fn same_bits(
    spec: &Spec,
    native: &mut dyn Model,
    rows: &[Vec<f32>],
    single: &[Option<Vec<f32>>],
) -> Result<(), TestCaseError> {
    let finite: Vec<&Vec<f32>> = rows
        .iter()
        .zip(single)
        .filter_map(|(row, scores)| scores.as_ref().map(|_| row))
        .collect();
    let expected: Vec<u32> = single
        .iter()
        .flatten()
        .flatten()
        .map(|s| s.to_bits())
        .collect();
    let bits = |out: &[f32]| -> Vec<u32> { out.iter().map(|s| s.to_bits()).collect() };
    let all: Vec<f32> = finite.iter().flat_map(|row| row.iter().copied()).collect();
    let matrix = ArrayView2::from_shape((finite.len(), spec.width), &all).expect("a matrix");
    let mut out = Vec::new();
    native
        .run(Rows::Dense(matrix), &mut out)
        .expect("finite rows");
    prop_assert_eq!(bits(&out), expected.clone(), "dense batch");
    let bytes = spec.file();
    for absent in [f32::NAN, 0.0] {
        let contract = contract(spec.width, spec.sums, Some(absent));
        let mut walker = model(&engines(), EngineKind::Native, &bytes, &contract)
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut batch = SparseBatch::default();
        for row in &finite {
            let present = row.iter().enumerate().filter(|(_, value)| {
                value.to_bits() != absent.to_bits() && !(value.is_nan() && absent.is_nan())
            });
            batch.push_row(present.map(|(column, value)| (column as u32, *value)));
        }
        let sparse = batch.rows(spec.width, absent).expect("good rows");
        for model in [walker.as_mut(), native] {
            model.run(sparse, &mut out).expect("finite rows");
            prop_assert_eq!(
                bits(&out),
                expected.clone(),
                "sparse batch, absent {}",
                absent
            );
        }
    }
    Ok(())
}

fn cases() -> impl Strategy<Value = (Spec, Vec<Vec<f32>>)> {
    spec().prop_flat_map(|spec| {
        let row = prop::collection::vec(cell(), spec.width);
        (Just(spec), prop::collection::vec(row, 1..24))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_forests_give_the_same_scores_on_both_engines((spec, rows) in cases()) {
        equals_runtime(&spec, &rows)?;
    }
}
