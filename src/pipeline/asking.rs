//! Asking one model for a batch's votes, behind its breaker.

use ndarray::ArrayView2;

use super::timings::{Laps, Run};
use super::{Breaker, Knowledge};
use crate::engine::{EngineError, Model, Rows, SparseBatch};
use crate::features::NUMERIC_WIDTH;

/// What became of asking one member.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// There was nothing to ask it.
    Nothing,
    /// Its breaker is open.
    LeftOut,
    Ran(Run),
}

impl Asked {
    /// False where it was left out.
    pub(super) fn answered(self) -> bool {
        match self {
            Asked::Nothing => true,
            Asked::LeftOut => false,
            Asked::Ran(run) => !run.failed,
        }
    }

    pub(super) fn run(self) -> Option<Run> {
        match self {
            Asked::Ran(run) => Some(run),
            Asked::Nothing | Asked::LeftOut => None,
        }
    }
}

/// Runs one member behind its breaker.
pub(super) fn ask(
    model: &mut dyn Model,
    breaker: &Breaker,
    rows: Result<Rows<'_>, EngineError>,
    out: &mut Vec<f32>,
    laps: &mut Laps,
) -> Asked {
    if rows.as_ref().is_ok_and(|rows| rows.count() == 0) {
        return Asked::Nothing;
    }
    if !breaker.allows() {
        return Asked::LeftOut;
    }
    let answer = rows.and_then(|rows| model.run(rows, out));
    let took = laps.lap();
    let failed = answer.is_err();
    match answer {
        Ok(()) => breaker.succeeded(),
        Err(error) => {
            breaker.failed();
            log_failure(&error);
        }
    }
    Asked::Ran(Run { took, failed })
}

/// The anomaly detector's rows, one after another, as the matrix that it takes.
pub(super) fn dense(rows: &[f32]) -> Result<Rows<'_>, EngineError> {
    ArrayView2::from_shape((rows.len() / NUMERIC_WIDTH, NUMERIC_WIDTH), rows)
        .map(Rows::Dense)
        .map_err(|error| EngineError::Rows(error.to_string()))
}

impl Knowledge {
    /// The classifier's rows, with its width and what it was trained to see where a term is absent.
    pub(super) fn classifier_rows<'a>(
        &self,
        batch: &'a SparseBatch,
    ) -> Result<Rows<'a>, EngineError> {
        batch.rows(self.vectorizer.width(), self.classifier.missing)
    }
}

fn log_failure(error: &EngineError) {
    tracing::error!(%error, "a member failed and is left out; verdicts are flagged degraded until it answers again");
}
