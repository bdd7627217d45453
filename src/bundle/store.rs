//! The serving snapshot and what is known about it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde::Serialize;
use utoipa::ToSchema;

use super::{BundleError, Loader, Origin, Proof};
use crate::config::{ModelsConfig, OnStartFailure};
use crate::engine::ModelInfo;
use crate::pipeline::{CacheStatus, Identity, Snapshot};

/// Holds the snapshot that serves.
pub struct Store {
    serving: ArcSwap<Snapshot>,
    source: String,
    created: String,
    load_time: Duration,
    rejection: Option<Rejection>,
}

/// Body of `GET /v1/models`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelsStatus {
    /// The bundle that serves.
    pub serving: ServingStatus,
    /// The bundle last refused, if any.
    pub last_rejection: Option<Rejection>,
}

/// The bundle that serves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServingStatus {
    /// Name, version and digest.
    #[serde(flatten)]
    pub identity: Identity,
    /// When it was made, RFC 3339.
    pub created: String,
    /// Where it was read from.
    pub source: String,
    /// True where it only stands in for a bundle that was refused; records are then flagged degraded
    /// and forwarded.
    pub stand_in: bool,
    /// How long loading and proving took, in seconds.
    pub load_seconds: f64,
    /// Rules, the site's included.
    pub rules: usize,
    /// The models.
    pub models: Vec<ModelStatus>,
}

/// A model of the serving bundle.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelStatus {
    /// `classifier` or `anomaly`.
    pub member: &'static str,
    /// What runs it and what its graph says.
    #[serde(flatten)]
    pub info: ModelInfo,
    /// Failed runs since it was loaded.
    pub failures: u64,
    /// Its remembered votes; absent where `cache.enabled` is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
}

/// Why a bundle was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejection {
    /// Where it was read from.
    pub source: String,
    /// Stable code, such as `wrong_digest`.
    pub code: &'static str,
    /// What was expected, what was found, and where.
    pub detail: String,
}

impl Store {
    /// Loads what the configuration names, or the built-in bundle: instead where none is named, and
    /// as a stand-in where the named one is refused and `models.on_start_failure` is `builtin`.
    ///
    /// # Errors
    /// A refused bundle where the configuration says `refuse`, or a built-in one that does not load.
    pub fn open(models: &ModelsConfig, loader: &Loader) -> Result<Store, BundleError> {
        let Some(directory) = &models.dir else {
            return Store::load(loader, &Origin::Builtin, None);
        };
        let origin = Origin::Directory(directory.clone());
        match Store::load(loader, &origin, None) {
            Err(error) if models.on_start_failure == OnStartFailure::Builtin => {
                let rejection = Rejection {
                    source: origin.to_string(),
                    code: error.code(),
                    detail: error.to_string(),
                };
                tracing::error!(
                    source = rejection.source,
                    code = rejection.code,
                    detail = rejection.detail,
                    "bundle refused; the built-in bundle stands in, and every record is flagged degraded and forwarded"
                );
                Store::load(loader, &Origin::Builtin, Some(rejection))
            }
            outcome => outcome,
        }
    }

    fn load(
        loader: &Loader,
        origin: &Origin,
        rejection: Option<Rejection>,
    ) -> Result<Store, BundleError> {
        let start = Instant::now();
        let loaded = loader.load(origin, Proof::Golden, rejection.is_some())?;
        Ok(Store {
            serving: ArcSwap::from_pointee(loaded.snapshot),
            source: origin.to_string(),
            created: loaded.manifest.created,
            load_time: start.elapsed(),
            rejection,
        })
    }

    /// A store over a snapshot that a test made.
    #[cfg(test)]
    pub(crate) fn holding(snapshot: Snapshot) -> Store {
        Store {
            serving: ArcSwap::from_pointee(snapshot),
            source: "test".into(),
            created: String::new(),
            load_time: Duration::ZERO,
            rejection: None,
        }
    }

    /// The snapshot that serves now. A request takes it once and keeps it.
    pub fn current(&self) -> Arc<Snapshot> {
        self.serving.load_full()
    }

    /// What `GET /v1/models` says.
    pub fn status(&self) -> ModelsStatus {
        let snapshot = self.current();
        let knowledge = snapshot.knowledge();
        let members = ["classifier", "anomaly"]
            .into_iter()
            .zip(snapshot.model_infos())
            .zip(snapshot.failures())
            .zip(match snapshot.cache() {
                Some(cache) => cache.status().map(Some),
                None => [None; 2],
            });
        ModelsStatus {
            serving: ServingStatus {
                identity: (*knowledge.identity).clone(),
                created: self.created.clone(),
                source: self.source.clone(),
                stand_in: knowledge.stand_in,
                load_seconds: self.load_time.as_secs_f64(),
                rules: knowledge.rules.len(),
                models: members
                    .map(|(((member, info), failures), cache)| ModelStatus {
                        member,
                        info: info.clone(),
                        failures,
                        cache,
                    })
                    .collect(),
            },
            last_rejection: self.rejection.clone(),
        }
    }
}
