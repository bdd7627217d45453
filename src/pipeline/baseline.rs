//! What a bundle's models were trained on, in a few numbers, and what a record shows of its likeness
//! to that. `telemetry` holds the one against the other.

use std::time::Instant;

use crate::verdict::{Category, Member};

/// Inner deciles of a distribution.
pub const DECILES: usize = 9;

/// What the training data looked like, as the bundle judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// When it was loaded. Of two bundles the one that was loaded later serves, or will.
    pub loaded: Instant,
    /// Share of each category, in the order of [`Category::ALL`].
    pub categories: [f64; Category::ALL.len()],
    /// The inner deciles of the verdicts' confidence, ascending.
    pub deciles: [f32; DECILES],
    /// Mean share of a record's words that the vocabulary lacks.
    pub unknown_words: f64,
}

impl Baseline {
    /// The tenth of the training data in which a confidence falls, from 0. One that equals a decile
    /// belongs to the tenth below it, as in a quantile's definition.
    pub fn tenth(&self, confidence: f32) -> usize {
        let below = self.deciles.iter().map(|decile| confidence > *decile);
        below.map(usize::from).sum()
    }
}

/// What a record that all members looked at shows of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signs {
    /// Who abstained, in the order of [`Member::ALL`].
    pub abstained: [bool; Member::ALL.len()],
    /// Share of the words that the vocabulary lacks; `None` where there is no word.
    pub unknown_words: Option<f32>,
}
