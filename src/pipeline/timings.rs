//! Where a batch's time went. The clock is read a few times a batch, never once a record.

use std::time::{Duration, Instant};

/// Time that a batch spent in each stage of the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Headers, masks, rules and compliance.
    pub rules: Duration,
    /// Tokens, columns, numbers, and the look for votes that are remembered.
    pub features: Duration,
    /// The runs of the classifier and of the anomaly detector; `None` where nothing was asked of it.
    pub runs: [Option<Run>; 2],
    /// Calibration, votes and floors; explanations where they were asked for.
    pub decide: Duration,
}

/// One run of a model on a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How long it took.
    pub took: Duration,
    /// True where it gave no answer.
    pub failed: bool,
}

/// A clock that tells the time since it was last asked.
pub(super) struct Laps(Instant);

impl Laps {
    pub(super) fn start() -> Laps {
        Laps(Instant::now())
    }

    pub(super) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let lap = now.duration_since(self.0);
        self.0 = now;
        lap
    }
}
