//! What the models see of records, by itself: for comparing engines and for benchmarks.

use super::case::Scratch;
use super::{Knowledge, read};
use crate::engine::SparseBatch;
use crate::features::numeric_features;
use crate::record::Record;

/// The rows of some records, as both models take them.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The classifier's, one a record.
    pub text: SparseBatch,
    /// The anomaly detector's, one after another, one a record.
    pub numbers: Vec<f32>,
}

impl Knowledge {
    /// The rows of records, those included on which the classifier abstains.
    pub fn inputs(&self, records: &[Record]) -> Inputs {
        let mut inputs = Inputs::default();
        let mut scratch = Scratch::default();
        for record in records {
            let parsed = read(record);
            scratch.normalized.clear();
            crate::text::normalize(parsed.body, &mut scratch.normalized);
            let masks = scratch.count(&self.vectorizer, parsed.header());
            let row = self.vectorizer.row(&scratch.counts, None);
            inputs.text.push_row(row);
            let numbers = numeric_features(parsed.body, masks);
            inputs.numbers.extend_from_slice(&numbers);
        }
        inputs
    }
}
