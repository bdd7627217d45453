//! The most confident mistakes: where a label or a rule is worth a look.

use serde::Serialize;

use super::labelled::Labelled;
use crate::verdict::{Category, Reason, Verdict};

/// Most characters kept of a message.
const LONGEST_MESSAGE: usize = 200;

/// A line that was judged otherwise than it is labelled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mistake {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What it is labelled.
    pub label: Category,
    /// What it was judged.
    pub category: Category,
    /// How sure that was.
    pub confidence: f32,
    /// What decided it.
    pub reason: Reason,
    /// True where it is forwarded all the same.
    pub forward: bool,
    /// The first characters of its message.
    pub message: String,
}

/// Keeps the surest of the mistakes that it is told of.
pub(super) struct Mistakes {
    most: usize,
    kept: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn new(most: usize) -> Mistakes {
        Mistakes {
            most,
            kept: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, labelled: &Labelled, line: usize, verdict: &Verdict) {
        if self.most == 0 || verdict.category == labelled.label {
            return;
        }
        // A message may hold anything, also what a terminal would obey.
        let message = labelled.record.message.chars().take(LONGEST_MESSAGE);
        self.kept.push(Mistake {
            line,
            label: labelled.label,
            category: verdict.category,
            confidence: verdict.confidence,
            reason: verdict.reason,
            forward: verdict.forward,
            message: message
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect(),
        });
        // Sorting at every line would cost, and so would keeping all.
        if self.kept.len() >= self.most.saturating_mul(2).max(64) {
            self.kept = self.surest();
        }
    }

    /// The surest first; of equal ones the earlier line.
    pub(super) fn surest(&self) -> Vec<Mistake> {
        let mut kept = self.kept.clone();
        kept.sort_by(|a, b| {
            let surer = b.confidence.total_cmp(&a.confidence);
            surer.then_with(|| a.line.cmp(&b.line))
        });
        kept.truncate(self.most);
        kept
    }
}
