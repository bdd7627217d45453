//! From files to a snapshot: digests, settings, shapes, then the proof.

use std::sync::Arc;

use bytes::Bytes;

use super::files::{Contents, Origin};
use super::manifest::Manifest;
use super::signature::Trust;
use super::site::{Site, own_policy};
use super::{BundleError, baseline, proof};
use crate::config::{CacheConfig, Config};
use crate::engine::{EngineError, Engines, Graph};
use crate::features::{Vectorizer, VocabularyFile};
use crate::pipeline::{
    Anomaly, CacheCounts, Classifier, Identity, Knowledge, Models, Snapshot, VoteCache,
};
use crate::rules::{self, Framework, Pack, RuleSet};
use crate::verdict::{Category, Member};

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
    engines: Arc<Engines>,
    workers: usize,
    trust: Trust,
    site: Site,
    cache: CacheConfig,
    /// Looks into the vote caches of all snapshots that this loader makes.
    cache_counts: Arc<CacheCounts>,
}

/// A bundle that was loaded and proved.
pub struct Loaded {
    /// Ready to judge with the site's packs and settings.
    pub snapshot: Snapshot,
    /// What the bundle says of itself.
    pub manifest: Manifest,
    /// Golden samples that were judged and gave their recorded verdicts.
    pub golden_samples: usize,
    /// The id of the trusted key that signed it; `None` where none was asked for.
    pub signed_by: Option<String>,
}

impl Loader {
    /// Reads the site's packs. An engine's library is loaded when a bundle first needs it.
    pub fn new(config: &Config) -> Result<Loader, BundleError> {
        Ok(Loader {
            engines: Arc::new(Engines::new(config.engine.clone())),
            workers: config.engine.workers.get(),
            trust: Trust::of(&config.models)?,
            site: Site::read(config)?,
            cache: config.cache.clone(),
            cache_counts: Arc::default(),
        })
    }

    /// The same engines for a site whose packs, lines and settings have changed. What an engine needs
    /// at start cannot change, nor can the trust that the serving bundle has earned.
    pub(super) fn of_site(&self, config: &Config) -> Result<Loader, BundleError> {
        Ok(Loader {
            engines: Arc::clone(&self.engines),
            workers: self.workers,
            trust: self.trust.clone(),
            site: Site::read(config)?,
            cache: self.cache.clone(),
            cache_counts: Arc::clone(&self.cache_counts),
        })
    }

    /// Loads and proves a bundle. `stand_in` marks one that serves in place of another that failed.
    pub fn load(
        &self,
        origin: &Origin,
        proof: Proof,
        stand_in: bool,
    ) -> Result<Loaded, BundleError> {
        self.load_contents(Contents::read(origin)?, proof, stand_in)
    }

    /// The same for a bundle that was read.
    pub(super) fn load_contents(
        &self,
        contents: Contents,
        proof: Proof,
        stand_in: bool,
    ) -> Result<Loaded, BundleError> {
        // Before anything is made of what somebody else may have written.
        let signed_by = self.trust.check(&contents)?;
        let (manifest, parts) = Parts::of(contents)?;
        // Graphs and rules are the two large parts, and know nothing of each other.
        let (graphs, own) = std::thread::scope(|scope| {
            let graphs = scope.spawn(|| Graphs::load(&self.engines, &manifest, &parts));
            let own = parts.knowledge(&manifest, &self.site.frameworks);
            (graphs.join(), own)
        });
        let graphs = graphs.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let own = own?;
        let mut first = graphs.models()?;
        Graphs::log(&first);
        let mut golden_samples = 0;
        if proof == Proof::Golden {
            // The proof is the bundle's own: its rules and weights, no site settings. The models are
            // those that the first worker will serve with.
            let snapshot = Snapshot::new(own.clone(), first, Vec::new());
            golden_samples = proof::golden(&snapshot, &parts.golden, manifest.golden.tolerance)?;
            first = match snapshot.into_first_models() {
                Some(models) => models,
                None => graphs.models()?,
            };
        }
        let others = (1..self.workers).map(|_| graphs.models());
        let others = others.collect::<Result<Vec<Models>, EngineError>>()?;
        let knowledge = self.site.apply(own, &parts.rules, &manifest, stand_in)?;
        let snapshot = Snapshot::new(knowledge, first, others);
        proof::warm_up(&snapshot, self.workers)?;
        if let Some(lines) = &self.site.must_forward {
            lines.prove(&snapshot)?;
        }
        // After the warm-up, whose lines no sender will ever send.
        let snapshot = match self.cache.enabled {
            true => snapshot.with_cache(VoteCache::new(
                self.cache.entries.get(),
                Arc::clone(&self.cache_counts),
            )),
            false => snapshot,
        };
        Ok(Loaded {
            snapshot,
            manifest,
            golden_samples,
            signed_by: signed_by.map(|id| id.to_string()),
        })
    }
}

/// Both members' graphs, each with its engine.
struct Graphs {
    classifier: Graph,
    anomaly: Graph,
}

impl Graphs {
    fn load(engines: &Engines, manifest: &Manifest, parts: &Parts) -> Result<Graphs, EngineError> {
        let [classifier, anomaly] = manifest.contracts();
        Ok(Graphs {
            classifier: engines.graph(Member::Classifier, parts.classifier.clone(), &classifier)?,
            anomaly: engines.graph(Member::Anomaly, parts.anomaly.clone(), &anomaly)?,
        })
    }

    fn models(&self) -> Result<Models, EngineError> {
        Ok(Models {
            classifier: self.classifier.model()?,
            anomaly: self.anomaly.model()?,
        })
    }

    fn log(models: &Models) {
        for (member, model) in [
            ("classifier", &models.classifier),
            ("anomaly", &models.anomaly),
        ] {
            let info = model.info();
            tracing::info!(
                member,
                engine = info.engine,
                provider = info.provider,
                reason = info.engine_reason,
                "engine chosen"
            );
        }
    }
}

/// Everything read and checked, before models are made of it.
pub(super) struct Parts {
    pub(super) identity: Identity,
    pub(super) vocabulary: VocabularyFile,
    pub(super) rules: Vec<Pack>,
    pub(super) classifier: Bytes,
    pub(super) anomaly: Bytes,
    pub(super) golden: Bytes,
}

impl Parts {
    pub(super) fn read(origin: &Origin) -> Result<(Manifest, Parts), BundleError> {
        Parts::of(Contents::read(origin)?)
    }

    pub(super) fn of(contents: Contents) -> Result<(Manifest, Parts), BundleError> {
        let manifest = &contents.manifest;
        let vocabulary = vocabulary(manifest, &contents.listed(&manifest.text.vocabulary)?)?;
        let rules_file = &manifest.members.rules.file;
        let rules_bytes = contents.listed(rules_file)?;
        let rules_text =
            std::str::from_utf8(&rules_bytes).map_err(BundleError::unreadable(rules_file))?;
        let parts = Parts {
            identity: Identity {
                name: manifest.name.clone(),
                version: manifest.version.clone(),
                digest: contents.digest(),
            },
            vocabulary,
            rules: rules::parse_packs(rules_file, rules_text)?,
            classifier: contents.listed(&manifest.members.classifier.file)?,
            anomaly: contents.listed(&manifest.members.anomaly.file)?,
            golden: contents.listed(&manifest.golden.file)?,
        };
        Ok((contents.manifest, parts))
    }

    /// What the bundle knows by itself, no site settings applied but for the frameworks: they are compiled
    /// with the rules, and only add claims.
    pub(super) fn knowledge(
        &self,
        manifest: &Manifest,
        frameworks: &[Framework],
    ) -> Result<Knowledge, BundleError> {
        let mut labels = [Category::Critical; 4];
        labels.copy_from_slice(&manifest.labels);
        let members = &manifest.members;
        Ok(Knowledge {
            identity: Arc::new(self.identity.clone()),
            rules: Arc::new(RuleSet::with_frameworks(
                self.rules.clone(),
                &[],
                frameworks.to_vec(),
            )?),
            vectorizer: Arc::new(Vectorizer::new(self.vocabulary.clone())?),
            classifier: Classifier {
                missing: members.classifier.missing.value(),
                temperature: members.classifier.calibration.temperature,
                max_unknown: members.classifier.max_unknown,
                labels,
            },
            anomaly: Anomaly {
                knots: members.anomaly.calibration.knots.clone(),
                threshold: members.anomaly.threshold,
            },
            policy: own_policy(manifest)?,
            baseline: Arc::new(baseline::read(&manifest.baseline)?),
            stand_in: false,
        })
    }
}

/// Reads the vocabulary and holds it to the manifest.
fn vocabulary(manifest: &Manifest, bytes: &[u8]) -> Result<VocabularyFile, BundleError> {
    let file = &manifest.text.vocabulary;
    let vocabulary: VocabularyFile =
        serde_json::from_slice(bytes).map_err(BundleError::unreadable(file))?;
    if vocabulary.ngram != manifest.text.ngram {
        return Err(BundleError::setting(
            "text.ngram",
            &format!("{:?}", manifest.text.ngram),
            format!("{:?} in {file}", vocabulary.ngram),
        ));
    }
    let width = manifest.members.classifier.input_width;
    if vocabulary.columns.len() != width {
        return Err(BundleError::setting(
            "members.classifier.input_width",
            &width.to_string(),
            format!("{} columns in {file}", vocabulary.columns.len()),
        ));
    }
    Ok(vocabulary)
}
