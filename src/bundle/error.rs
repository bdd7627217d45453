//! Why a bundle is not served: a stable code and a message that a person can act on.

use thiserror::Error;

use crate::engine::EngineError;
use crate::features::VectorizerError;
use crate::rules::RuleError;

/// Why a bundle is refused.
#[derive(Debug, Error)]
pub enum BundleError {
    /// A file that must be there is not, or cannot be read.
    #[error("{file}: expected a file of the bundle, found none that can be read: {detail}")]
    Missing {
        /// The file.
        file: String,
        /// The system's words.
        detail: String,
    },
    /// A file holds something else than it should.
    #[error("{file}: {detail}")]
    Unreadable {
        /// The file.
        file: String,
        /// What and where.
        detail: String,
    },
    /// A file is larger or smaller than the manifest says, or larger than any bundle's file may be.
    #[error("{file}: expected {expected} bytes, found {found}; copy the bundle again")]
    Size {
        /// The file.
        file: String,
        /// Bytes by the manifest.
        expected: u64,
        /// What is there.
        found: String,
    },
    /// A file has another digest than the manifest says.
    #[error(
        "{file}: expected SHA-256 {expected}, found {found}; copy the bundle again, or rebuild its manifest"
    )]
    Digest {
        /// The file.
        file: String,
        /// By the manifest.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Something is larger than any bundle has it, or more in number.
    #[error("{what}: expected at most {most}, found {found}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// Bytes, or a number of files.
        most: u64,
        /// What is there.
        found: String,
    },
    /// A file that is a link out of the bundle's directory.
    #[error("{file}: expected a file in {directory}, found a link that leads to {found}")]
    Outside {
        /// The file.
        file: String,
        /// Where it should be.
        directory: String,
        /// Where it is.
        found: String,
    },
    /// The directory changed while it was read, so that what was read may be of two generations.
    #[error(
        "{directory}: expected it to stay at {expected} while it was read, found {found}; \
         what it holds now is for the next look"
    )]
    Changed {
        /// The directory as configured.
        directory: String,
        /// Where its files were.
        expected: String,
        /// Where they are now.
        found: String,
    },
    /// A manifest of a form that this program does not know.
    #[error(
        "manifest.json: expected format to be {expected}, found {found}; \
         a bundle of another format needs another release of logtriage"
    )]
    Format {
        /// The form that this program reads.
        expected: u32,
        /// What the manifest says.
        found: String,
    },
    /// A file that must be signed is not.
    #[error(
        "{file}: expected a signature in {file}.minisig by a trusted key ({keys}), found none; \
         sign it with `logtriage bundle sign`"
    )]
    Unsigned {
        /// The file.
        file: String,
        /// Ids of the trusted keys.
        keys: String,
    },
    /// A signature that is none, by somebody else, or of something else.
    #[error("{file}: expected {expected}, found {found}")]
    BadSignature {
        /// The file that holds the signature.
        file: String,
        /// What would do.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A bundle that was made too long ago to come now.
    #[error(
        "manifest.json: expected created to be {min_created} (models.min_created) or later, found \
         {created}; an earlier bundle serves only where models.min_created allows it"
    )]
    Replayed {
        /// The earliest time, by the configuration.
        min_created: String,
        /// When the bundle was made.
        created: String,
    },
    /// A configured key that is none.
    #[error(
        "models.trusted_keys: expected a minisign public key (56 characters that begin with RW), \
         found {found:?}"
    )]
    TrustedKey {
        /// What is there.
        found: String,
    },
    /// A bundle that no ConfigMap can hold.
    #[error(
        "ConfigMap {name}: expected at most {most} bytes of names and compressed files, found {found}: \
         {over} too many; take a smaller model, spread the keys over several ConfigMaps, or serve an \
         archive (models.url)"
    )]
    PackedTooLarge {
        /// Of the ConfigMap.
        name: String,
        /// What an API server takes.
        most: usize,
        /// What it would be.
        found: usize,
        /// The difference.
        over: usize,
    },
    /// Nothing came from where bundles are to come from.
    #[error("{source_name}: expected a bundle, found none: {detail}")]
    NoSource {
        /// The ConfigMap, or the address.
        source_name: String,
        /// What came instead.
        detail: String,
    },
    /// The manifest does not list a file that it uses.
    #[error("manifest.json: expected `files` to list {file}, found {found}")]
    Unlisted {
        /// The file.
        file: String,
        /// What `files` lists.
        found: String,
    },
    /// A setting that this program cannot serve.
    #[error("manifest.json: expected {key} to be {expected}, found {found}")]
    Setting {
        /// The setting's path.
        key: String,
        /// What would do.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The vocabulary is not usable.
    #[error("vocabulary: {0}")]
    Vocabulary(VectorizerError),
    /// A rule is not usable.
    #[error("rules: {0}")]
    Rules(RuleError),
    /// A graph is not usable.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A model failed on the warm-up batch.
    #[error(
        "expected the warm-up batch to run, found {classifier} failures of the classifier and \
         {anomaly} of the anomaly detector; the log has their words"
    )]
    WarmUp {
        /// Failed runs of the classifier.
        classifier: u64,
        /// Failed runs of the anomaly detector.
        anomaly: u64,
    },
    /// The site's own packs are not usable, whatever the bundle.
    #[error("rules.packs or rules.compliance: {0}")]
    Site(RuleError),
    /// The signature beside a pack of the site does not hold.
    #[error(
        "rules.packs: {0}; sign the pack again, or remove the signature: then its rules only raise"
    )]
    SiteSignature(String),
    /// The site's own lines are not usable, whatever the bundle.
    #[error("models.must_forward: {file}: {detail}")]
    MustForwardFile {
        /// The file.
        file: String,
        /// What was expected, and what was found where.
        detail: String,
    },
    /// A line that the site's operator wants forwarded would be kept back.
    #[error(
        "models.must_forward: {file}, line {line}: expected it to be forwarded, found {found} for the \
         message {message:?}; mend the bundle, the rules or the weights, or take the line out"
    )]
    MustForward {
        /// The file.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// Category, confidence and reason.
        found: String,
        /// The line's message, shortened.
        message: String,
    },
    /// The bundle cannot tell how to reach what the site wants.
    #[error("decision.target: expected {expected}, found {found}")]
    Target {
        /// What would do.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A golden sample is judged otherwise than recorded.
    #[error("golden sample {line}: expected {expected}, found {found} for the message {message:?}")]
    Golden {
        /// Line in the golden file, from 1.
        line: usize,
        /// The recorded part that differs.
        expected: String,
        /// What came out.
        found: String,
        /// The sample's message, shortened.
        message: String,
    },
}

// The causes of these two stand in the message; as sources they would be told twice.
impl From<VectorizerError> for BundleError {
    fn from(error: VectorizerError) -> BundleError {
        BundleError::Vocabulary(error)
    }
}

impl From<RuleError> for BundleError {
    fn from(error: RuleError) -> BundleError {
        BundleError::Rules(error)
    }
}

impl BundleError {
    /// A stable code for metrics and status.
    pub fn code(&self) -> &'static str {
        match self {
            BundleError::Missing { .. } => "missing_file",
            BundleError::Unreadable { .. } => "unreadable_file",
            BundleError::Size { .. } => "wrong_size",
            BundleError::Digest { .. } => "wrong_digest",
            BundleError::TooLarge { .. } | BundleError::PackedTooLarge { .. } => "too_large",
            BundleError::Outside { .. } => "outside_directory",
            BundleError::Changed { .. } => "changed_while_read",
            BundleError::Format { .. } => "unknown_format",
            BundleError::Unsigned { .. } => "unsigned",
            BundleError::BadSignature { .. } => "bad_signature",
            BundleError::Replayed { .. } => "replayed",
            BundleError::TrustedKey { .. } => "bad_configuration",
            BundleError::NoSource { .. } => "missing_source",
            BundleError::Unlisted { .. } => "unlisted_file",
            BundleError::Setting { .. } => "bad_setting",
            BundleError::Vocabulary(_) => "bad_vocabulary",
            BundleError::Rules(_) => "bad_rules",
            BundleError::Engine(
                EngineError::LibraryMissing { .. } | EngineError::LibraryBroken { .. },
            ) => "no_engine",
            BundleError::Engine(EngineError::Shape { .. }) => "wrong_shape",
            BundleError::Engine(_) => "bad_graph",
            BundleError::WarmUp { .. } => "warm_up_failed",
            BundleError::Site(_) => "bad_site_rules",
            BundleError::SiteSignature(_) => "bad_site_signature",
            BundleError::MustForwardFile { .. } => "bad_must_forward",
            BundleError::MustForward { .. } => "must_forward_failed",
            BundleError::Target { .. } => "target_out_of_reach",
            BundleError::Golden { .. } => "golden_failed",
        }
    }

    /// True where the site's own files are to blame, not a bundle.
    pub fn is_of_the_site(&self) -> bool {
        matches!(
            self,
            BundleError::Site(_)
                | BundleError::SiteSignature(_)
                | BundleError::MustForwardFile { .. }
                | BundleError::TrustedKey { .. }
        )
    }

    /// True for what a directory shows while somebody copies a bundle into it: worth another look once
    /// it has come to rest.
    pub fn may_be_incomplete(&self) -> bool {
        matches!(
            self,
            BundleError::Missing { .. }
                | BundleError::Unreadable { .. }
                | BundleError::Size { .. }
                | BundleError::Digest { .. }
                | BundleError::Changed { .. }
                | BundleError::Unsigned { .. }
                | BundleError::BadSignature { .. }
        )
    }

    pub(super) fn too_large(what: &str, most: u64, found: String) -> BundleError {
        BundleError::TooLarge {
            what: what.to_owned(),
            most,
            found,
        }
    }

    pub(super) fn setting(key: &str, expected: &str, found: String) -> BundleError {
        BundleError::Setting {
            key: key.to_owned(),
            expected: expected.to_owned(),
            found,
        }
    }

    pub(super) fn unreadable<E: std::fmt::Display>(file: &str) -> impl FnOnce(E) -> BundleError {
        let file = file.to_owned();
        move |error| BundleError::Unreadable {
            file,
            detail: error.to_string(),
        }
    }
}
