//! The sections that bend a judgement: rules, compliance, decision.

use std::path::PathBuf;

use serde::Serialize;

use super::error::ConfigError;
use super::reader::{Reader, invalid};
use super::serialize;

/// Rules beside those of the bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesConfig {
    /// Directories of further rule packs.
    pub packs: Vec<PathBuf>,
    /// Where compliance packs come from.
    #[serde(serialize_with = "serialize::compliance")]
    pub compliance: Vec<CompliancePacks>,
    /// Ids of rules that are left out, or globs of ids.
    pub disable: Vec<String>,
}

/// A source of compliance packs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompliancePacks {
    /// Those built into the program.
    Builtin,
    /// A directory of packs.
    Dir(PathBuf),
}

impl RulesConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<RulesConfig, ConfigError> {
        let dir = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let id = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let packs = reader.list("rules.packs", "a directory", dir)?;
        let disable = reader.list("rules.disable", "the id of a rule or a glob of ids", id)?;
        let compliance = reader.list(
            "rules.compliance",
            "a directory or the word builtin",
            |text| match text {
                "builtin" => Some(CompliancePacks::Builtin),
                text => dir(text).map(CompliancePacks::Dir),
            },
        )?;
        Ok(RulesConfig {
            packs: packs.unwrap_or_default(),
            compliance: compliance.unwrap_or_else(|| vec![CompliancePacks::Builtin]),
            disable: disable.unwrap_or_default(),
        })
    }
}

/// What happens to records that a compliance framework claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComplianceConfig {
    /// True gives the older behaviour: such records skip the models and are critical.
    pub skip_models: bool,
}

impl ComplianceConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<ComplianceConfig, ConfigError> {
        let words = [("true", true), ("false", false)];
        Ok(ComplianceConfig {
            skip_models: reader.word("compliance.skip_models", false, &words)?,
        })
    }
}

/// What overrides the bundle's own thresholds and weights; `None` leaves the bundle's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionConfig {
    /// Confidence below which a record is forwarded whatever its category, in [0, 1].
    pub min_confidence: Option<f32>,
    /// Confidence below which noise becomes routine, in [0, 1].
    pub noise_threshold: Option<f32>,
    /// What is to be reached by forwarding further records by their score.
    #[serde(serialize_with = "serialize::target")]
    pub target: Option<Target>,
    /// Weights of the members.
    pub weights: Option<Weights>,
    /// What happens to records judged without all members.
    pub on_degraded: OnDegraded,
}

/// What a site wants to reach: the bundle's curve says at which score records are then forwarded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// At least this share of critical records is forwarded.
    CriticalRecall(f32),
    /// At most this share of ordinary traffic is forwarded.
    MaxForward(f32),
}

/// Weights of the members: finite, none negative, not all zero. They need not sum to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Weights {
    /// Of the rules.
    pub rules: f32,
    /// Of the classifier.
    pub classifier: f32,
    /// Of the anomaly detector.
    pub anomaly: f32,
}

/// What happens to records judged without all members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDegraded {
    /// They are judged by the rest.
    Judge,
    /// And all of them are forwarded.
    Forward,
}

impl DecisionConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<DecisionConfig, ConfigError> {
        let words = [
            ("judge", OnDegraded::Judge),
            ("forward", OnDegraded::Forward),
        ];
        Ok(DecisionConfig {
            min_confidence: reader.share("decision.min_confidence")?,
            noise_threshold: reader.share("decision.noise_threshold")?,
            target: target(reader)?,
            weights: weights(reader)?,
            on_degraded: reader.word("decision.on_degraded", OnDegraded::Judge, &words)?,
        })
    }
}

/// One of the two, or none: both together may have no threshold in common.
fn target(reader: &Reader<'_>) -> Result<Option<Target>, ConfigError> {
    let recall = reader.share("decision.target.critical_recall")?;
    let forward = reader.share("decision.target.max_forward")?;
    let given = reader.given("decision.target.max_forward");
    match (recall, forward, given) {
        (Some(_), Some(_), Some(given)) => Err(invalid(
            "decision.target",
            given,
            "one of critical_recall and max_forward",
            "both",
        )),
        (Some(share), _, _) => Ok(Some(Target::CriticalRecall(share))),
        (None, share, _) => Ok(share.map(Target::MaxForward)),
    }
}

const WEIGHTS: [&str; 3] = [
    "decision.weights.rules",
    "decision.weights.classifier",
    "decision.weights.anomaly",
];

/// All three or none: a part of them would mean something else with every new bundle.
fn weights(reader: &Reader<'_>) -> Result<Option<Weights>, ConfigError> {
    let mut read = [None; 3];
    for (weight, key) in read.iter_mut().zip(WEIGHTS) {
        *weight = reader.optional(key, "a number of at least 0", |text| {
            text.parse()
                .ok()
                .filter(|w: &f32| w.is_finite() && *w >= 0.0)
        })?;
    }
    let Some(given) = WEIGHTS.iter().find_map(|key| reader.given(key)) else {
        return Ok(None);
    };
    let refuse =
        |expected, found: String| Err(invalid("decision.weights", given, expected, &found));
    let [Some(rules), Some(classifier), Some(anomaly)] = read else {
        let missing = WEIGHTS
            .iter()
            .zip(read)
            .filter(|(_, weight)| weight.is_none());
        let missing: Vec<&str> = missing.map(|(key, _)| *key).collect();
        return refuse("all three of rules, classifier and anomaly", {
            format!("nothing for {}", missing.join(", "))
        });
    };
    if rules + classifier + anomaly <= 0.0 {
        return refuse("at least one weight above 0", "all of them 0".to_owned());
    }
    Ok(Some(Weights {
        rules,
        classifier,
        anomaly,
    }))
}
