//! `manifest.json`: what a bundle says of itself. `settings` checks it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::GraphContract;
use crate::verdict::Category;

/// The form of manifest that this program reads.
pub const FORMAT: u32 = 1;

/// A bundle's manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this file; [`FORMAT`].
    pub format: u32,
    /// Name of the bundle.
    pub name: String,
    /// Version of the bundle.
    pub version: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// Categories in the order of the classifier's output.
    pub labels: Vec<Category>,
    /// How text becomes columns.
    pub text: TextSettings,
    /// How a body becomes numbers.
    pub numeric: NumericSettings,
    /// The voters.
    pub members: Members,
    /// Thresholds of the decision.
    pub decision: Decision,
    /// What the training data looked like, for drift.
    pub baseline: Baseline,
    /// The golden samples.
    pub golden: Golden,
    /// Every other file but the signature: its SHA-256 and size, uncompressed.
    pub files: BTreeMap<String, FileEntry>,
}

impl Manifest {
    /// Bytes of a listed file, uncompressed; 0 for one that is not listed.
    pub(super) fn size_of(&self, file: &str) -> u64 {
        self.files.get(file).map_or(0, |entry| entry.size)
    }

    /// What the graphs of the classifier and of the anomaly detector must look like.
    pub fn contracts(&self) -> [GraphContract<'_>; 2] {
        let members = &self.members;
        let classifier = GraphContract {
            file: &members.classifier.file,
            input: "features",
            input_width: members.classifier.input_width,
            output: "probabilities",
            output_width: 4,
            absent: Some(members.classifier.missing.value()),
        };
        let anomaly = GraphContract {
            file: &members.anomaly.file,
            input: "features",
            input_width: members.anomaly.input_width,
            output: "score",
            output_width: 1,
            absent: None,
        };
        [classifier, anomaly]
    }
}

/// Versions and settings of the text side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextSettings {
    /// Version of the masks.
    pub normalizer: u32,
    /// Version of the tokens.
    pub tokenizer: u32,
    /// Shortest and longest n-gram.
    pub ngram: (u32, u32),
    /// Whether a term's count enters as 1 + ln(count); only true is known.
    pub sublinear_tf: bool,
    /// Norm of a row; only `l2` is known.
    pub norm: String,
    /// The vocabulary's file.
    pub vocabulary: String,
}

/// Version of the numeric features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericSettings {
    /// Version of the features.
    pub version: u32,
}

/// The three members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// The rule engine.
    pub rules: RulesMember,
    /// The classifier.
    pub classifier: ClassifierMember,
    /// The anomaly detector.
    pub anomaly: AnomalyMember,
}

/// The rules' part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesMember {
    /// Weight in the ensemble.
    pub weight: f32,
    /// The packs, as one YAML stream.
    pub file: String,
}

/// The classifier's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierMember {
    /// What trained it, for people.
    pub kind: String,
    /// Weight in the ensemble.
    pub weight: f32,
    /// The graph.
    pub file: String,
    /// Columns of its input.
    pub input_width: usize,
    /// What an absent column holds.
    pub missing: Missing,
    /// Share of a record's words that the vocabulary lacks above which the member abstains.
    #[serde(default = "always_votes")]
    pub max_unknown: f32,
    /// How its probabilities are calibrated.
    pub calibration: Temperature,
}

/// Bundles of older trainers do not name a share.
fn always_votes() -> f32 {
    1.0
}

/// What the model was trained to see where a term is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// NaN: trained on sparse rows.
    Nan,
    /// 0.0: trained on dense rows.
    Zero,
}

impl Missing {
    /// The value of an absent column.
    pub fn value(self) -> f32 {
        match self {
            Missing::Nan => f32::NAN,
            Missing::Zero => 0.0,
        }
    }
}

/// How a classifier is calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemperatureKind {
    /// One temperature for all categories.
    Temperature,
}

/// softmax(ln p / temperature).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Temperature {
    /// Says which calibration this is.
    pub kind: TemperatureKind,
    /// Above 0; 1 changes nothing.
    pub temperature: f32,
}

/// The anomaly detector's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomalyMember {
    /// What trained it, for people.
    pub kind: String,
    /// Weight in the ensemble.
    pub weight: f32,
    /// The graph.
    pub file: String,
    /// Columns of its input.
    pub input_width: usize,
    /// How its score becomes a strength.
    pub calibration: Quantiles,
    /// Strength below which it abstains.
    pub threshold: f32,
}

/// How an anomaly detector is calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuantilesKind {
    /// By the score's place among the quantiles.
    Quantiles,
}

/// The training distribution of the negated score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// Says which calibration this is.
    pub kind: QuantilesKind,
    /// Evenly spaced quantiles from 0 to 1, ascending.
    pub knots: Vec<f32>,
}

/// Thresholds of the decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Confidence below which a record is forwarded.
    pub min_confidence: f32,
    /// Score below which noise becomes routine.
    pub noise_threshold: f32,
    /// What forwarding by score catches and costs, thresholds ascending; empty in older bundles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<TradeOff>,
}

/// One point of the trade-off between critical records caught and ordinary records forwarded, as
/// measured on products that the models had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradeOff {
    /// Records of which critical and suspicious together score this or more are forwarded, beside those
    /// that are forwarded for another reason.
    pub threshold: f32,
    /// Share of critical records that are then forwarded.
    pub critical_recall: f32,
    /// Share of all records that are then forwarded, in traffic of the usual mix of categories.
    pub forwarded: f32,
}

/// What the training data looked like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Share of each category among the verdicts.
    pub category_shares: BTreeMap<Category, f64>,
    /// The nine inner deciles of the verdicts' confidence.
    pub score_deciles: Vec<f64>,
    /// Mean share of a record's words that the vocabulary lacks.
    pub unknown_token_rate: f64,
}

/// Where the golden samples are and how closely they must be met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The file.
    pub file: String,
    /// Largest difference of a score or confidence.
    pub tolerance: f32,
}

/// A file's digest and size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibration_names_its_kind() {
        let temperature: Temperature =
            serde_json::from_str(r#"{"kind":"temperature","temperature":1.5}"#).expect("known");
        assert!((temperature.temperature - 1.5).abs() < f32::EPSILON);
        let quantiles: Quantiles =
            serde_json::from_str(r#"{"kind":"quantiles","knots":[0.1,0.2]}"#).expect("known");
        assert_eq!(quantiles.knots.len(), 2);
        for other in [
            r#"{"kind":"isotonic","temperature":1.5}"#,
            r#"{"temperature":1.5}"#,
            r#"{"kind":"temperature","temperature":1.5,"b":0}"#,
        ] {
            assert!(
                serde_json::from_str::<Temperature>(other).is_err(),
                "{other}"
            );
        }
    }
}
