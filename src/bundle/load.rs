//! From files to a snapshot: digests, settings, shapes, then the proof.

use std::sync::Arc;

use super::files::{Origin, sha256};
use super::manifest::Manifest;
use super::{BundleError, proof};
use crate::config::{CacheConfig, CompliancePacks, Config, DecisionConfig, OnDegraded};
use crate::engine::{GraphContract, Runtime};
use crate::ensemble::Policy;
use crate::features::{Vectorizer, VocabularyFile};
use crate::pipeline::{
    Anomaly, CacheCounts, Classifier, Identity, Knowledge, Models, Snapshot, VoteCache,
};
use crate::rules::{self, ComplianceSet, Pack, RuleError, RuleSet};
use crate::verdict::Category;

/// Whether golden samples are judged before the bundle serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Every golden sample must give its recorded verdict.
    Golden,
    /// None is judged: for the trainer, which records them from the bundle's own verdicts.
    Skip,
}

/// Builds snapshots: the engine and the site's own settings, which stay the same from bundle to bundle.
pub struct Loader {
    runtime: Runtime,
    workers: usize,
    site: Site,
    cache: CacheConfig,
    /// Looks into the vote caches of all snapshots that this loader makes.
    cache_counts: Arc<CacheCounts>,
}

/// What a site adds to every bundle, or says in its place.
struct Site {
    packs: Vec<Pack>,
    frameworks: Vec<rules::Framework>,
    disable: Vec<String>,
    decision: DecisionConfig,
    skip_models: bool,
}

impl Site {
    /// No site at all: the bundle speaks for itself.
    fn none() -> Site {
        Site {
            packs: Vec::new(),
            frameworks: Vec::new(),
            disable: Vec::new(),
            decision: DecisionConfig {
                min_confidence: None,
                noise_threshold: None,
                weights: None,
                on_degraded: OnDegraded::Judge,
            },
            skip_models: false,
        }
    }

    /// Reads the packs and compiles them by themselves, so that their faults are not laid at the
    /// door of a bundle.
    fn read(config: &Config) -> Result<Site, RuleError> {
        let mut packs = Vec::new();
        for directory in &config.rules.packs {
            packs.extend(rules::read_packs(directory)?);
        }
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
        })
    }
}

/// A bundle that was loaded and proved.
pub struct Loaded {
    /// Ready to judge with the site's packs and settings.
    pub snapshot: Snapshot,
    /// What the bundle says of itself.
    pub manifest: Manifest,
}

impl Loader {
    /// Loads the engine and reads the site's packs.
    pub fn new(config: &Config) -> Result<Loader, BundleError> {
        Ok(Loader {
            runtime: Runtime::load(config.engine.clone())?,
            workers: config.engine.workers.get(),
            site: Site::read(config).map_err(BundleError::Site)?,
            cache: config.cache.clone(),
            cache_counts: Arc::default(),
        })
    }

    /// Loads and proves a bundle. `stand_in` marks one that serves in place of another that failed.
    pub fn load(
        &self,
        origin: &Origin,
        proof: Proof,
        stand_in: bool,
    ) -> Result<Loaded, BundleError> {
        let manifest_bytes = origin.read("manifest.json")?;
        let manifest = Manifest::parse(&manifest_bytes)?;
        let parts = Parts::read(origin, &manifest, &sha256(&manifest_bytes))?;
        // The proof is the bundle's own: its rules and weights, one worker, no site settings.
        let own = parts.snapshot(&self.runtime, &manifest, &Site::none(), 1, false)?;
        if proof == Proof::Golden {
            let golden = origin.read_checked(
                &manifest.golden.file,
                listed(&manifest, &manifest.golden.file)?,
            )?;
            proof::golden(&own, &golden, manifest.golden.tolerance)?;
        }
        drop(own);
        let snapshot =
            parts.snapshot(&self.runtime, &manifest, &self.site, self.workers, stand_in)?;
        proof::warm_up(&snapshot, self.workers)?;
        // After the warm-up, whose lines no sender will ever send.
        let snapshot = match self.cache.enabled {
            true => snapshot.with_cache(VoteCache::new(
                self.cache.entries.get(),
                Arc::clone(&self.cache_counts),
            )),
            false => snapshot,
        };
        Ok(Loaded { snapshot, manifest })
    }
}

/// Everything read and checked, before models are made of it.
struct Parts {
    identity: Identity,
    vocabulary: VocabularyFile,
    rules: Vec<Pack>,
    classifier: Vec<u8>,
    anomaly: Vec<u8>,
}

impl Parts {
    fn read(origin: &Origin, manifest: &Manifest, digest: &str) -> Result<Parts, BundleError> {
        // Every listed file is checked, those for people too: a bundle is served as it was made.
        for (name, entry) in &manifest.files {
            origin.read_checked(name, entry)?;
        }
        let read = |name: &str| origin.read_checked(name, listed(manifest, name)?);
        let vocabulary_file = &manifest.text.vocabulary;
        let vocabulary: VocabularyFile = serde_json::from_slice(&read(vocabulary_file)?)
            .map_err(BundleError::unreadable(vocabulary_file))?;
        if vocabulary.ngram != manifest.text.ngram {
            let found = format!("{:?} in {vocabulary_file}", vocabulary.ngram);
            return Err(BundleError::setting(
                "text.ngram",
                &format!("{:?}", manifest.text.ngram),
                found,
            ));
        }
        let width = manifest.members.classifier.input_width;
        if vocabulary.columns.len() != width {
            let found = format!("{} columns in {vocabulary_file}", vocabulary.columns.len());
            return Err(BundleError::setting(
                "members.classifier.input_width",
                &width.to_string(),
                found,
            ));
        }
        let rules_file = &manifest.members.rules.file;
        let rules_bytes = read(rules_file)?;
        let rules_text =
            std::str::from_utf8(&rules_bytes).map_err(BundleError::unreadable(rules_file))?;
        Ok(Parts {
            identity: Identity {
                name: manifest.name.clone(),
                version: manifest.version.clone(),
                digest: format!("sha256:{digest}"),
            },
            vocabulary,
            rules: rules::parse_packs(rules_file, rules_text)?,
            classifier: read(&manifest.members.classifier.file)?.into_owned(),
            anomaly: read(&manifest.members.anomaly.file)?.into_owned(),
        })
    }

    fn snapshot(
        &self,
        runtime: &Runtime,
        manifest: &Manifest,
        site: &Site,
        workers: usize,
        stand_in: bool,
    ) -> Result<Snapshot, BundleError> {
        let members = &manifest.members;
        let knowledge = self.knowledge(manifest, site, stand_in)?;
        let classifier = GraphContract {
            file: &members.classifier.file,
            input: "features",
            input_width: members.classifier.input_width,
            output: "probabilities",
            output_width: 4,
        };
        let anomaly = GraphContract {
            file: &members.anomaly.file,
            input: "features",
            input_width: members.anomaly.input_width,
            output: "score",
            output_width: 1,
        };
        let models = || {
            Ok(Models {
                classifier: runtime.model(&self.classifier, &classifier)?,
                anomaly: runtime.model(&self.anomaly, &anomaly)?,
            })
        };
        Ok(Snapshot::new(knowledge, workers, models)?)
    }

    fn knowledge(
        &self,
        manifest: &Manifest,
        site: &Site,
        stand_in: bool,
    ) -> Result<Knowledge, BundleError> {
        let packs = self.rules.iter().chain(&site.packs).cloned().collect();
        let mut labels = [Category::Critical; 4];
        labels.copy_from_slice(&manifest.labels);
        let members = &manifest.members;
        Ok(Knowledge {
            identity: Arc::new(self.identity.clone()),
            rules: RuleSet::compile(packs, &site.disable)?,
            compliance: ComplianceSet::compile(site.frameworks.clone())?,
            vectorizer: Vectorizer::new(self.vocabulary.clone())?,
            classifier: Classifier {
                missing: members.classifier.missing.value(),
                temperature: members.classifier.calibration.temperature,
                labels,
            },
            anomaly: Anomaly {
                knots: members.anomaly.calibration.knots.clone(),
                threshold: members.anomaly.threshold,
            },
            policy: policy(manifest, site),
            stand_in,
        })
    }
}

/// The bundle's weights and thresholds, unless the configuration says otherwise.
fn policy(manifest: &Manifest, site: &Site) -> Policy {
    let members = &manifest.members;
    let decision = &site.decision;
    let weights = decision.weights.map_or(
        [
            members.rules.weight,
            members.classifier.weight,
            members.anomaly.weight,
        ],
        |w| [w.rules, w.classifier, w.anomaly],
    );
    Policy {
        weights,
        noise_threshold: decision
            .noise_threshold
            .unwrap_or(manifest.decision.noise_threshold),
        min_confidence: decision
            .min_confidence
            .unwrap_or(manifest.decision.min_confidence),
        forward_degraded: decision.on_degraded == OnDegraded::Forward,
        skip_models_on_compliance: site.skip_models,
    }
}

fn listed<'a>(
    manifest: &'a Manifest,
    name: &str,
) -> Result<&'a super::manifest::FileEntry, BundleError> {
    manifest
        .files
        .get(name)
        .ok_or_else(|| BundleError::Unlisted {
            file: name.to_owned(),
            found: manifest
                .files
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        })
}
