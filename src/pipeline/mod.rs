//! From records to verdicts: one snapshot, everything in it, judged in batches.
//!
//! A snapshot is immutable and complete: rules, vectoriser, models, weights, thresholds. Whoever
//! holds one judges with all of it, so that no verdict can mix two bundles.

mod asking;
mod baseline;
mod breaker;
mod cache;
mod case;
mod explain;
mod further;
mod inputs;
mod lane;
mod members;
mod sentence;
#[cfg(test)]
pub(crate) mod tests;
mod timings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::ModelInfo;
use crate::ensemble::Policy;
use crate::features::Vectorizer;
use crate::parse::{self, Parsed};
use crate::record::Record;
use crate::rules::RuleSet;
use crate::verdict::{Category, Flag, Reason, Scores, Verdict};

pub use baseline::{Baseline, DECILES, Signs};
use breaker::Breaker;
pub use cache::{CacheCounts, CacheStatus, VoteCache};
pub use explain::{Explanation, MatchedRule, NumericFeature, TermEffect, VoteDetail};
pub use inputs::Inputs;
pub use lane::{Judge, Models};
pub use members::{Anomaly, Classifier};
pub use timings::{Run, Timings};

/// Which bundle judged: the `model` of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    /// The bundle's name.
    pub name: String,
    /// The bundle's version.
    pub version: String,
    /// SHA-256 of the bundle's manifest, as `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

/// How much an answer tells beside the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The verdict alone.
    #[default]
    None,
    /// Votes and matched rules.
    Votes,
    /// Votes, rules, the terms and numbers behind them.
    Full,
}

/// Records of one request within a batch.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// What to judge.
    pub records: &'a [Record],
    /// How much each answer tells.
    pub detail: Detail,
    /// What is not begun by then has what the rules said, flag timeout.
    pub deadline: Option<Instant>,
}

impl Group<'_> {
    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|by| Instant::now() >= by)
    }
}

/// The answer for one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What was decided.
    pub verdict: Verdict,
    /// Why, where it was asked for.
    pub explanation: Option<Explanation>,
    /// What the record shows of itself; `None` where not all members looked at it.
    pub signs: Option<Signs>,
}

impl Judgement {
    /// The answer for a record that could not be judged at all: it is forwarded and says so.
    pub fn fail_open() -> Judgement {
        Judgement {
            verdict: Verdict {
                category: Category::Routine,
                confidence: 0.0,
                forward: true,
                reason: Reason::NoVote,
                flags: vec![Flag::LowConfidence, Flag::FailOpen],
                scores: Scores::ZERO,
                compliance: Vec::new(),
            },
            explanation: None,
            signs: None,
        }
    }
}

/// A judged batch, and where its time went.
#[derive(Debug)]
pub struct Timed {
    /// One answer a group, in the order of the groups.
    pub answers: Vec<Vec<Judgement>>,
    /// Where the time went.
    pub timings: Timings,
}

/// Everything that judging needs apart from the loaded models. Copies share the large parts.
#[derive(Clone, Debug)]
pub struct Knowledge {
    /// Which bundle this is.
    pub identity: Arc<Identity>,
    /// The bundle's rules and the site's, and the frameworks that claim records.
    pub rules: Arc<RuleSet>,
    /// Words and pairs of words with their weights.
    pub vectorizer: Arc<Vectorizer>,
    /// How the classifier is fed and read.
    pub classifier: Classifier,
    /// How the anomaly detector is read.
    pub anomaly: Anomaly,
    /// Weights and thresholds.
    pub policy: Policy,
    /// What the training data looked like.
    pub baseline: Arc<Baseline>,
    /// True where this bundle only stands in for one that could not be loaded: every record is
    /// flagged degraded and forwarded.
    pub stand_in: bool,
}

/// A bundle loaded and ready: [`Knowledge`] and one set of models a worker.
pub struct Snapshot {
    knowledge: Knowledge,
    judges: Vec<Mutex<Judge>>,
    breakers: [Breaker; 2],
    model_infos: [ModelInfo; 2],
    cache: Option<VoteCache>,
}

impl Snapshot {
    /// Puts a snapshot together: one set of models for the first worker, and one for each other.
    pub fn new(knowledge: Knowledge, first: Models, others: Vec<Models>) -> Snapshot {
        let model_infos = first.infos();
        let judges = std::iter::once(first).chain(others);
        Snapshot {
            knowledge,
            judges: judges.map(Judge::new).map(Mutex::new).collect(),
            breakers: Default::default(),
            model_infos,
            cache: None,
        }
    }

    /// Takes the first worker's models out again.
    pub fn into_first_models(self) -> Option<Models> {
        let first = self.judges.into_iter().next()?;
        Some(
            first
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .into_models(),
        )
    }

    /// With a cache of the models' votes, empty as yet.
    pub fn with_cache(mut self, cache: VoteCache) -> Snapshot {
        self.cache = Some(cache);
        self
    }

    /// The cache of the models' votes, where there is one.
    pub fn cache(&self) -> Option<&VoteCache> {
        self.cache.as_ref()
    }

    /// Judges records as one batch; answers are in their order.
    ///
    /// `worker` picks the set of models; two callers with the same number wait for each other.
    pub fn judge(&self, worker: usize, records: &[Record], detail: Detail) -> Vec<Judgement> {
        let group = Group {
            records,
            detail,
            deadline: None,
        };
        let mut answers = self.judge_groups(worker, &[group]);
        answers.pop().unwrap_or_default()
    }

    /// As [`Snapshot::judge`], for records of several requests in one batch: an answer a group, in
    /// the order of the groups.
    pub fn judge_groups(&self, worker: usize, groups: &[Group<'_>]) -> Vec<Vec<Judgement>> {
        self.judge_timed(worker, groups).answers
    }

    /// As [`Snapshot::judge_groups`], and says where the time went.
    pub fn judge_timed(&self, worker: usize, groups: &[Group<'_>]) -> Timed {
        self.judge_slot(worker).judge(self, groups)
    }

    /// Lends one worker's models, to measure them by themselves.
    pub fn with_models<T>(&self, worker: usize, use_them: impl FnOnce(&mut Models) -> T) -> T {
        use_them(&mut self.judge_slot(worker).models)
    }

    /// What is known beside the models.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// What runs the classifier and the anomaly detector, in this order.
    pub fn model_infos(&self) -> &[ModelInfo; 2] {
        &self.model_infos
    }

    /// How often each model failed since the snapshot was made: classifier, anomaly.
    pub fn failures(&self) -> [u64; 2] {
        [self.breakers[0].failures(), self.breakers[1].failures()]
    }

    /// Whether each model is left out, from a failed run until one that works: classifier, anomaly.
    pub fn left_out(&self) -> [bool; 2] {
        self.breakers.each_ref().map(Breaker::is_failing)
    }

    fn judge_slot(&self, worker: usize) -> MutexGuard<'_, Judge> {
        // A judge clears its scratch before each batch, so one that panicked can be used again.
        self.judges[worker % self.judges.len()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the header of a record says, the caller's word included: of two severities the more severe
/// stands, and a source inside the message goes before the caller's.
pub fn read(record: &Record) -> Parsed<'_> {
    let mut parsed = parse::parse(&record.message);
    parsed.severity = [parsed.severity, record.severity]
        .into_iter()
        .flatten()
        .min();
    if parsed.source.is_none() {
        parsed.source = record.source.as_deref().map(Into::into);
    }
    parsed
}
