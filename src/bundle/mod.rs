//! Bundles: a versioned directory of models, rules, thresholds and proof becomes a snapshot that
//! serves, or is refused for a stated reason.

mod error;
mod files;
mod load;
pub mod manifest;
mod proof;
mod store;

pub use crate::pipeline::Identity;
pub use error::BundleError;
pub use files::{Origin, sha256};
pub use load::{Loaded, Loader, Proof};
pub use store::{ModelsStatus, Store};

use crate::rules::{Framework, RuleError, parse_frameworks};

const BUILT_IN_COMPLIANCE: [(&str, &str); 4] = [
    ("gdpr", include_str!("../../configs/compliance/gdpr.yaml")),
    ("hipaa", include_str!("../../configs/compliance/hipaa.yaml")),
    (
        "pci-dss",
        include_str!("../../configs/compliance/pci-dss.yaml"),
    ),
    ("sox", include_str!("../../configs/compliance/sox.yaml")),
];

/// The compliance packs built into the program.
pub fn builtin_frameworks() -> Result<Vec<Framework>, RuleError> {
    let mut frameworks = Vec::new();
    for (name, yaml) in BUILT_IN_COMPLIANCE {
        frameworks.extend(parse_frameworks(name, yaml)?);
    }
    Ok(frameworks)
}
