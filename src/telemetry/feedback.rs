//! Feedback, counted.

use crate::verdict::Category;

use super::metrics::Metrics;

/// Why feedback was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedbackRefusal {
    /// The token is missing or another one.
    Forbidden,
    /// It cannot be read.
    Invalid,
    /// The file or its disk is full.
    Full,
    /// The file cannot be written.
    Unwritable,
    /// The disk is too slow, or too many bytes are held.
    Busy,
}

impl FeedbackRefusal {
    pub(super) const ALL: [FeedbackRefusal; 5] = [
        FeedbackRefusal::Forbidden,
        FeedbackRefusal::Invalid,
        FeedbackRefusal::Full,
        FeedbackRefusal::Unwritable,
        FeedbackRefusal::Busy,
    ];

    pub(super) fn label(self) -> &'static str {
        match self {
            FeedbackRefusal::Forbidden => "forbidden",
            FeedbackRefusal::Invalid => "invalid",
            FeedbackRefusal::Full => "full",
            FeedbackRefusal::Unwritable => "unwritable",
            FeedbackRefusal::Busy => "busy",
        }
    }
}

impl Metrics {
    /// Counts feedback that was taken: what the verdict was, and what it should have been.
    pub fn feedback_taken(&self, judged: Category, correct: Category) {
        self.feedback
            .with_label_values(&[judged.as_str(), correct.as_str()])
            .inc();
    }

    /// Counts feedback that was not taken.
    pub fn feedback_refused(&self, reason: FeedbackRefusal) {
        self.feedback_rejected
            .with_label_values(&[reason.label()])
            .inc();
    }
}
