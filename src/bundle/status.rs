//! What `GET /v1/models` tells.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::ModelInfo;
use crate::pipeline::{CacheStatus, Identity};

/// Body of `GET /v1/models`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelsStatus {
    /// The bundle that serves.
    pub serving: ServingStatus,
    /// The one that is looked at now, if any.
    pub candidate: Option<CandidateStatus>,
    /// Earlier ones that can serve again, the latest first.
    pub kept: Vec<KeptStatus>,
    /// The bundle, or the change of rules or settings, that was refused last, if any.
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
    /// When it began to serve, RFC 3339.
    pub since: String,
    /// True where it only stands in for a bundle that was refused; records are then flagged degraded
    /// and forwarded.
    pub stand_in: bool,
    /// True where somebody went back to it by hand: it stays until the source has another bundle, or
    /// it is released.
    pub pinned: bool,
    /// Id of the key that signed it; null where nobody asked for a signature.
    pub signed_by: Option<String>,
    /// How long loading and proving took, in seconds.
    pub load_seconds: f64,
    /// Bytes of all its files, uncompressed.
    pub size_bytes: u64,
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
    /// Size of its graph in the bundle, uncompressed, in bytes.
    pub size_bytes: u64,
    /// Failed runs since it was loaded.
    pub failures: u64,
    /// True from a failed run until one that works: verdicts are then flagged degraded.
    pub left_out: bool,
    /// Its remembered votes; absent where `cache.enabled` is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
}

/// A bundle on its way to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CandidateStatus {
    /// Where it is read from.
    pub source: String,
    /// What is done with it.
    pub state: CandidateState,
    /// Since when, RFC 3339.
    pub since: String,
    /// How long it has been looked at, whatever was done with it meanwhile.
    #[serde(skip)]
    pub age: Duration,
}

/// What is done with a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CandidateState {
    /// It looks half-written: it is looked at again until `models.settle` has passed without a change.
    Settling,
    /// It is being loaded and proved.
    Proving,
}

/// An earlier bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeptStatus {
    /// Name, version and digest.
    #[serde(flatten)]
    pub identity: Identity,
    /// When it was made, RFC 3339.
    pub created: String,
    /// Where it was read from.
    pub source: String,
}

/// Why a bundle, or a change, was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejection {
    /// When, RFC 3339.
    pub time: String,
    /// Where it was read from.
    pub source: String,
    /// The bundle's digest, where its manifest could be read.
    pub digest: Option<String>,
    /// Stable code, such as `wrong_digest`.
    pub code: &'static str,
    /// What was expected, what was found, and where.
    pub detail: String,
}

impl Rejection {
    /// A rejection of this moment.
    pub fn new(
        source: String,
        digest: Option<String>,
        code: &'static str,
        detail: String,
    ) -> Rejection {
        Rejection {
            time: timestamp(SystemTime::now()),
            source,
            digest,
            code,
            detail,
        }
    }
}

/// RFC 3339, in whole seconds.
pub(super) fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
