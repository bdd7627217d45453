//! Bundles: a versioned directory of models, rules, thresholds and proof becomes a snapshot that
//! serves, or is refused for a stated reason.

mod baseline;
mod compare;
mod diff;
mod error;
mod files;
mod load;
pub mod manifest;
mod must_forward;
mod news;
mod pack;
mod promotion;
mod proof;
mod rollback;
mod settings;
mod signature;
mod site;
mod status;
mod store;
mod target;

pub use crate::pipeline::Identity;
pub use compare::{Compared, Difference, ENGINE_TOLERANCE, compare_engines};
pub use diff::{
    BundleDiff, Changed, ChangedRule, Example, Judged, RulesDiff, Side, VerdictDiff,
    VocabularyDiff, diff,
};
pub use error::BundleError;
pub use files::{Origin, StoredFiles, manifest_digest, sha256};
pub use load::{Loaded, Loader, Proof};
pub use news::{Herald, News};
pub use pack::{LARGEST_CONFIG_MAP, Packed, pack_archive, pack_config_map};
pub use promotion::{Considered, Promoter};
pub use rollback::{RollbackError, Target};
pub use signature::{KeyId, Trust, TrustedKeys, verify_detached};
pub use status::{
    CandidateState, CandidateStatus, ModelStatus, ModelsStatus, Rejection, ServingStatus,
};
pub use store::Store;

use crate::rules::{BUILTIN_COMPLIANCE, Framework, RuleError, parse_frameworks};

/// The compliance packs built into the program.
pub fn builtin_frameworks() -> Result<Vec<Framework>, RuleError> {
    let mut frameworks = Vec::new();
    for (name, yaml) in BUILTIN_COMPLIANCE {
        frameworks.extend(parse_frameworks(name, yaml)?);
    }
    Ok(frameworks)
}
