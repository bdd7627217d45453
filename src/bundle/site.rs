//! What a site adds to every bundle, or says in its place.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::BundleError;
use super::manifest::Manifest;
use super::must_forward::MustForward;
use super::signature::{TrustedKeys, verify_detached};
use super::target;
use crate::config::{CompliancePacks, Config, DecisionConfig, OnDegraded};
use crate::ensemble::Policy;
use crate::pipeline::Knowledge;
use crate::rules::{self, ComplianceSet, Framework, Pack, RuleError, RuleSet};

/// The site's packs and settings, read and compiled once for all bundles.
pub(super) struct Site {
    packs: Vec<Pack>,
    pub(super) frameworks: Vec<Framework>,
    disable: Vec<String>,
    decision: DecisionConfig,
    skip_models: bool,
    pub(super) must_forward: Option<MustForward>,
}

impl Site {
    /// Reads the packs and compiles them by themselves, so that their faults are not laid at the
    /// door of a bundle.
    pub(super) fn read(config: &Config) -> Result<Site, BundleError> {
        let keys = TrustedKeys::parse(&config.models.trusted_keys)?;
        let mut packs = Vec::new();
        for directory in &config.rules.packs {
            let files = rules::read_pack_files(directory).map_err(BundleError::Site)?;
            for (file, yaml) in files {
                packs.extend(signed_packs(&file, &yaml, &keys)?);
            }
        }
        let must_forward = config.models.must_forward.as_deref();
        Ok(Site {
            must_forward: must_forward.map(MustForward::read).transpose()?,
            ..Site::rules(config, packs).map_err(BundleError::Site)?
        })
    }

    fn rules(config: &Config, packs: Vec<Pack>) -> Result<Site, RuleError> {
        let mut frameworks = Vec::new();
        for source in &config.rules.compliance {
            frameworks.extend(match source {
                CompliancePacks::Builtin => super::builtin_frameworks()?,
                CompliancePacks::Dir(directory) => rules::read_frameworks(directory)?,
            });
        }
        RuleSet::compile(packs.clone(), &[])?;
        ComplianceSet::compile(frameworks.clone())?;
        Ok(Site {
            packs,
            frameworks,
            disable: config.rules.disable.clone(),
            decision: config.decision.clone(),
            skip_models: config.compliance.skip_models,
            must_forward: None,
        })
    }

    /// The knowledge of a bundle with rules of its own as this site serves it. Rules are compiled
    /// anew only where the site adds or disables some.
    pub(super) fn apply(
        &self,
        own: Knowledge,
        rules: &[Pack],
        manifest: &Manifest,
        stand_in: bool,
    ) -> Result<Knowledge, BundleError> {
        let same = self.packs.is_empty() && self.disable.is_empty();
        let rules = if same {
            own.rules
        } else {
            let packs = rules.iter().chain(&self.packs).cloned().collect();
            let frameworks = self.frameworks.clone();
            Arc::new(RuleSet::with_frameworks(packs, &self.disable, frameworks)?)
        };
        Ok(Knowledge {
            rules,
            policy: policy(manifest, &self.decision, self.skip_models)?,
            stand_in,
            ..own
        })
    }
}

/// The packs of a file. Where keys are configured, one of them must have signed it (`FILE.minisig`), or
/// its rules only raise. A signature that is there and does not hold is refused: somebody meant it.
fn signed_packs(file: &Path, yaml: &str, keys: &TrustedKeys) -> Result<Vec<Pack>, BundleError> {
    let name = file.display().to_string();
    let mut packs = rules::parse_packs(&name, yaml).map_err(BundleError::Site)?;
    if keys.is_empty() {
        return Ok(packs);
    }
    match std::fs::read(format!("{name}.minisig")) {
        Ok(signature) => {
            verify_detached(&name, yaml.as_bytes(), Some(&signature), keys)
                .map_err(|error| BundleError::SiteSignature(error.to_string()))?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            tracing::info!(file = name, "an unsigned pack: its rules only raise");
            for rule in packs.iter_mut().flat_map(|pack| &mut pack.rules) {
                rule.rule.raises_only = true;
            }
        }
        Err(error) => {
            let detail = format!("{name}.minisig: {error}");
            return Err(BundleError::SiteSignature(detail));
        }
    }
    Ok(packs)
}

/// The bundle's own policy.
pub(super) fn own_policy(manifest: &Manifest) -> Result<Policy, BundleError> {
    let nothing_said = DecisionConfig {
        min_confidence: None,
        noise_threshold: None,
        target: None,
        weights: None,
        on_degraded: OnDegraded::Judge,
    };
    policy(manifest, &nothing_said, false)
}

/// The bundle's weights and thresholds, unless the configuration says otherwise.
fn policy(
    manifest: &Manifest,
    decision: &DecisionConfig,
    skip_models: bool,
) -> Result<Policy, BundleError> {
    let members = &manifest.members;
    let weights = decision.weights.map_or(
        [
            members.rules.weight,
            members.classifier.weight,
            members.anomaly.weight,
        ],
        |w| [w.rules, w.classifier, w.anomaly],
    );
    let forward_at = decision
        .target
        .map(|target| target::threshold(&manifest.decision.curve, target));
    Ok(Policy {
        weights,
        noise_threshold: decision
            .noise_threshold
            .unwrap_or(manifest.decision.noise_threshold),
        min_confidence: decision
            .min_confidence
            .unwrap_or(manifest.decision.min_confidence),
        forward_at: forward_at.transpose()?,
        forward_degraded: decision.on_degraded == OnDegraded::Forward,
        skip_models_on_compliance: skip_models,
    })
}
