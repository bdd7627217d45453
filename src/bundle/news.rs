//! What became of bundles and changes, for those who count, log or tell it on.

use std::time::Duration;

use super::status::Rejection;
use crate::pipeline::Identity;

/// What became of a bundle or a change.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A bundle serves.
    Promoted {
        /// Which.
        identity: Identity,
        /// Where it came from.
        source: String,
        /// How long reading, loading and proving took.
        took: Duration,
    },
    /// The site's rules, lines or settings changed; the bundle is the same.
    Reconfigured {
        /// Which bundle they apply to.
        identity: Identity,
        /// How long loading and proving took.
        took: Duration,
    },
    /// An earlier bundle serves again, because somebody said so.
    RolledBack {
        /// Which.
        identity: Identity,
        /// The version that served before.
        from: String,
        /// How long loading and proving took.
        took: Duration,
    },
    /// Something was refused; what served goes on serving.
    Refused(Rejection),
}

/// Hears what became of bundles. It is called on the thread that promotes.
pub trait Herald: Send + Sync {
    /// Takes the news.
    fn tell(&self, news: &News);
}
