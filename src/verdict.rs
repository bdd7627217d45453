//! The words of a judgement: categories, scores, votes, reasons, flags and the verdict itself.
//!
//! Every other room speaks in these types, so that "suspicious" means one thing everywhere.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a record is, from the most to the least severe.
///
/// The order of the variants is the order of severity and of every score array in this program.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Immediate threat, or failure of a system as a whole.
    Critical,
    /// Unusual; a person should look.
    Suspicious,
    /// Normal operation, of forensic value.
    Routine,
    /// Heartbeats, debug, metrics chatter.
    Noise,
}

impl Category {
    /// All categories, most severe first: the order of [`Scores`].
    pub const ALL: [Category; 4] = [
        Category::Critical,
        Category::Suspicious,
        Category::Routine,
        Category::Noise,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Critical => "critical",
            Category::Suspicious => "suspicious",
            Category::Routine => "routine",
            Category::Noise => "noise",
        }
    }

    /// The place of this category in [`Category::ALL`] and in every score array.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The category of that name, or `None`.
    pub fn from_name(name: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// True where `self` stands above `other`.
    pub fn more_severe_than(self, other: Category) -> bool {
        self.index() < other.index()
    }
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One score in [0, 1] per category, summing to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Scores {
    /// Score of critical.
    pub critical: f32,
    /// Score of suspicious.
    pub suspicious: f32,
    /// Score of routine.
    pub routine: f32,
    /// Score of noise.
    pub noise: f32,
}

impl Scores {
    /// All four at zero: the start of a sum, and the scores where nobody voted.
    pub const ZERO: Scores = Scores::from_array([0.0; 4]);

    /// From an array in the order of [`Category::ALL`].
    pub const fn from_array(a: [f32; 4]) -> Scores {
        Scores {
            critical: a[0],
            suspicious: a[1],
            routine: a[2],
            noise: a[3],
        }
    }

    /// As an array in the order of [`Category::ALL`].
    pub const fn to_array(self) -> [f32; 4] {
        [self.critical, self.suspicious, self.routine, self.noise]
    }

    /// `confidence` for `category`, the rest spread evenly over the other three.
    pub fn peaked(category: Category, confidence: f32) -> Scores {
        let mut a = [(1.0 - confidence) / 3.0; 4];
        a[category.index()] = confidence;
        Scores::from_array(a)
    }

    /// The score of one category.
    pub fn get(self, category: Category) -> f32 {
        self.to_array()[category.index()]
    }

    /// The highest score's category; ties go to the more severe.
    pub fn winner(self) -> Category {
        let a = self.to_array();
        let mut best = Category::Critical;
        for category in Category::ALL {
            if a[category.index()] > a[best.index()] {
                best = category;
            }
        }
        best
    }
}

/// A voter of the ensemble.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Member {
    /// The rule engine.
    Rules,
    /// The supervised classifier over tf-idf columns.
    Classifier,
    /// The anomaly detector over numeric features.
    Anomaly,
}

impl Member {
    /// All members, in the order in which weights are kept.
    pub const ALL: [Member; 3] = [Member::Rules, Member::Classifier, Member::Anomaly];

    /// The name on the wire and in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Member::Rules => "rules",
            Member::Classifier => "classifier",
            Member::Anomaly => "anomaly",
        }
    }
}

/// What decided the category of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A rule with a floor raised the category.
    RuleFloor,
    /// A syslog severity of 0 to 2 raised the category.
    SeverityFloor,
    /// The weighted mean of the votes.
    Ensemble,
    /// Nobody voted.
    NoVote,
    /// A compliance match skipped the models, as `compliance.skip_models` asks.
    Compliance,
}

/// What else is true of a verdict.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// A compliance framework claims the record.
    Compliance,
    /// The confidence is below `decision.min_confidence`; for routine and noise, the sum of both scores.
    LowConfidence,
    /// Critical and suspicious together score what `decision.target` asks to forward.
    Target,
    /// A member was left out, or no acceptable bundle was found at start.
    Degraded,
    /// The request's deadline passed before the models were asked.
    Timeout,
    /// Only the first part of the message was judged.
    Truncated,
    /// The record could not be judged and is forwarded for that reason.
    FailOpen,
}

/// The compliance framework that claims a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// Name of the framework, such as `pci-dss`.
    pub framework: String,
    /// How long the record must be kept, in days.
    pub retention_days: u32,
}

/// What the service answers for one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The final category, floors applied.
    pub category: Category,
    /// The final category's score, or the floor's own confidence where that is higher.
    pub confidence: f32,
    /// True when the record must reach the SIEM.
    pub forward: bool,
    /// What decided the category.
    pub reason: Reason,
    /// What else is true of it.
    pub flags: Vec<Flag>,
    /// The ensemble's scores before floors; they sum to 1 (all zero where nobody voted).
    pub scores: Scores,
    /// The frameworks that claim the record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compliance: Vec<Claim>,
}
