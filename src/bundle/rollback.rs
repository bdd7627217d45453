//! Which earlier bundle is to serve again, and why it may not.

use thiserror::Error;

use super::BundleError;
use super::store::Kept;
use crate::pipeline::Identity;

/// Which earlier bundle is to serve again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one before.
    Previous,
    /// The latest kept one of that version.
    Version(String),
    /// The one of that digest.
    Digest(String),
}

/// Why an earlier bundle does not serve again.
#[derive(Debug, Error)]
pub enum RollbackError {
    /// None of those that are kept is meant.
    #[error("expected a kept bundle that is {wanted}, found {kept}")]
    NotKept {
        /// What was asked for.
        wanted: String,
        /// What is kept.
        kept: String,
    },
    /// It does not pass its proof with the site's rules and settings as they are now.
    #[error("the bundle was good once and is refused now: {0}")]
    Refused(BundleError),
}

impl Target {
    /// The one of those that are kept, the latest first, that is meant.
    pub(super) fn among(&self, kept: &[Kept]) -> Result<Kept, RollbackError> {
        let found = kept.iter().find(|kept| match self {
            Target::Previous => true,
            Target::Version(version) => kept.identity.version == *version,
            Target::Digest(digest) => kept.identity.digest == *digest,
        });
        found.cloned().ok_or_else(|| RollbackError::NotKept {
            wanted: self.to_string(),
            kept: names(kept),
        })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Previous => f.write_str("the one before"),
            Target::Version(version) => write!(f, "of version {version}"),
            Target::Digest(digest) => write!(f, "of digest {digest}"),
        }
    }
}

fn names(kept: &[Kept]) -> String {
    let names = kept.iter().map(|kept| {
        let Identity {
            name,
            version,
            digest,
        } = &kept.identity;
        format!("{name} {version} ({digest})")
    });
    match names.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "none".to_owned(),
        names => names,
    }
}
