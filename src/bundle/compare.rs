//! Both engines on one bundle: the same rows, and how far the scores are apart.

use ndarray::ArrayView2;

use super::load::Parts;
use super::{BundleError, Origin, proof};
use crate::config::{EngineConfig, EngineKind};
use crate::engine::native::{NativeGraph, NotNative};
use crate::engine::{EngineError, Engines, GraphContract, Rows, SparseBatch};
use crate::features::NUMERIC_WIDTH;
use crate::verdict::Member;

/// Largest difference that is rounding, relative to the sum of the absolute leaf values.
pub const ENGINE_TOLERANCE: f32 = 1e-6;

/// Random rows beside the golden lines.
const RANDOM_ROWS: usize = 4_096;
const BATCH: usize = 256;

/// What was found of one member.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// `classifier` or `anomaly`.
    pub member: &'static str,
    /// What both engines gave; or why the native one gives nothing.
    pub outcome: Result<Difference, String>,
}

/// How far two engines are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Difference {
    /// Rows that both judged.
    pub rows: usize,
    /// Largest difference of a score, relative to the sum of the row's absolute leaf values.
    pub largest: f32,
    /// Rows whose highest score is another one.
    pub argmax_changes: usize,
}

impl Difference {
    /// True where the engines differ by rounding alone.
    pub fn holds(&self) -> bool {
        self.largest <= ENGINE_TOLERANCE && self.argmax_changes == 0
    }

    fn add(&mut self, native: &[f32], runtime: &[f32], scale: f32) {
        self.rows += 1;
        // A row of leaves that are all 0 has nothing to be relative to.
        let scale = if scale > 0.0 { scale } else { 1.0 };
        for (a, b) in native.iter().zip(runtime) {
            self.largest = self.largest.max((a - b).abs() / scale);
        }
        self.argmax_changes += usize::from(argmax(native) != argmax(runtime));
    }
}

/// Runs a bundle's graphs on both engines: over its golden lines, and over random rows.
///
/// # Errors
/// Where the bundle cannot be read, a graph is not what the manifest says, ONNX Runtime does not load
/// or a run fails.
pub fn compare_engines(
    options: &EngineConfig,
    origin: &Origin,
) -> Result<Vec<Compared>, BundleError> {
    let (manifest, parts) = Parts::read(origin)?;
    let knowledge = parts.knowledge(&manifest, &[])?;
    let golden = knowledge.inputs(&proof::records(&parts.golden)?);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let width = knowledge.vectorizer.width();
    let engines = Engines::new(options.clone());
    let [classifier, anomaly] = manifest.contracts();

    let text = [golden.text, random.text(width)];
    let batches = text
        .iter()
        .map(|batch| batch.rows(width, knowledge.classifier.missing));
    let batches = batches.collect::<Result<Vec<_>, EngineError>>()?;
    let of_text = compare(&engines, &parts.classifier, &classifier, &batches)?;

    let numbers = [golden.numbers, random.numbers()].concat();
    let matrices = numbers.chunks(BATCH * NUMERIC_WIDTH).map(|rows| {
        ArrayView2::from_shape((rows.len() / NUMERIC_WIDTH, NUMERIC_WIDTH), rows)
            .map(Rows::Dense)
            .map_err(|error| EngineError::Rows(error.to_string()))
    });
    let batches = matrices.collect::<Result<Vec<_>, EngineError>>()?;
    let of_numbers = compare(&engines, &parts.anomaly, &anomaly, &batches)?;
    Ok([("classifier", of_text), ("anomaly", of_numbers)]
        .map(|(member, outcome)| Compared { member, outcome })
        .into())
}

fn compare(
    engines: &Engines,
    graph: &bytes::Bytes,
    contract: &GraphContract<'_>,
    batches: &[Rows<'_>],
) -> Result<Result<Difference, String>, EngineError> {
    let native = match NativeGraph::load(graph.clone(), contract) {
        Ok(native) => native,
        Err(NotNative::Shape(error)) => return Err(error),
        Err(NotNative::Refused(refusal)) => {
            return Ok(Err(format!("the native engine does not run {refusal}")));
        }
    };
    let runtime = EngineKind::OnnxRuntime;
    let runtime = engines.graph_on(runtime, Member::Classifier, graph.clone(), contract)?;
    let (mut native_model, mut runtime_model) = (native.model("compared"), runtime.model()?);
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    let mut difference = Difference::default();
    for rows in batches {
        native_model.run(*rows, &mut found)?;
        runtime_model.run(*rows, &mut expected)?;
        let scores = found.chunks(contract.output_width);
        let scores = scores.zip(expected.chunks(contract.output_width));
        for ((a, b), scale) in scores.zip(native.leaf_weights(*rows)) {
            difference.add(a, b, scale);
        }
    }
    Ok(Ok(difference))
}

fn argmax(scores: &[f32]) -> usize {
    (0..scores.len()).fold(
        0,
        |best, at| if scores[at] > scores[best] { at } else { best },
    )
}

/// Marsaglia's xorshift: the same rows at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound.max(1)
    }

    /// Rows of up to 40 columns with values between 0 and 1, as tf-idf has them.
    fn text(&mut self, width: usize) -> SparseBatch {
        let mut batch = SparseBatch::default();
        for _ in 0..RANDOM_ROWS {
            let count = self.below(41).min(width);
            let mut columns: Vec<u32> = (0..count).map(|_| self.below(width) as u32).collect();
            columns.sort_unstable();
            columns.dedup();
            let entries = columns
                .into_iter()
                .map(|column| (column, (self.below(1 << 20) + 1) as f32 / (1 << 20) as f32));
            batch.push_row(entries);
        }
        batch
    }

    /// Rows of small whole numbers.
    fn numbers(&mut self) -> Vec<f32> {
        (0..RANDOM_ROWS * NUMERIC_WIDTH)
            .map(|_| self.below(40) as f32)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_beyond_rounding_or_another_winner_does_not_hold() {
        let mut difference = Difference::default();
        difference.add(&[0.25, 0.75], &[0.250_001, 0.749_999], 4.0);
        assert!(difference.holds(), "{difference:?}");
        difference.add(&[0.25, 0.75], &[0.250_01, 0.749_99], 4.0);
        assert!(!difference.holds(), "{difference:?}");
        let mut other = Difference::default();
        other.add(&[0.5, 0.500_000_1], &[0.500_000_1, 0.5], 1.0);
        assert_eq!((other.argmax_changes, other.holds()), (1, false));
    }
}
