//! Where bundles and settings come from while the service runs, and the one thread that acts on it.
//!
//! The keeper promotes, one thing at a time. It looks at a directory, at the configuration and at the
//! site's own files by itself; sources that are asked over the network tell it what they find ([`Sink`]).
//! They never judge a bundle, and each is one future that ends when it is told to, so whoever spawns it
//! joins it.
//!
//! | file | owns |
//! |---|---|
//! | `orders.rs`, `keeper.rs` | what the thread is told, and the thread: looks, promotion |
//! | `volume.rs`, `site.rs`, `notices.rs` | whether files have changed, and waking when they do |
//! | `configmap.rs`, `union.rs` | ConfigMaps, watched through the Kubernetes API |
//! | `fetch.rs`, `transfer.rs` | an archive behind a URL, polled |
//! | `events.rs`, `quota.rs` | Events on the own pod: what became of a bundle |
//! | `kubernetes.rs` | the client that both use of the API share |
//! | `sources.rs` | the tasks of the last three |
//! | `retry.rs` | when to look again after a failure, and what to say of it |

pub mod configmap;
pub mod events;
pub mod fetch;
mod keeper;
mod kubernetes;
mod notices;
mod orders;
mod quota;
mod retry;
mod site;
mod sources;
#[cfg(test)]
mod tests;
mod transfer;
mod union;
mod volume;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

pub use keeper::{Keeping, Source, Start};
pub use kubernetes::{ClientError, client};
pub use orders::{Inbox, Keeper};
pub use site::Reread;
pub use sources::Sources;

/// Takes what a source of bundles has found.
///
/// Its methods are called on the async runtime and must return at once.
pub trait Sink: Send + Sync {
    /// All files of a bundle as they are there now, by name, as stored (`NAME` or `NAME.zst`).
    fn files(&self, source: &str, files: BTreeMap<String, Bytes>);
    /// A bundle as a `.tar.zst` archive.
    fn archive(&self, source: &str, bytes: Bytes);
    /// The source cannot be read now; what serves goes on serving. `code` is stable: `fetch_failed`,
    /// `forbidden` or `missing_source`.
    fn trouble(&self, source: &str, code: &'static str, detail: String);
}

/// Makes sources look at once, also at what they have delivered before: what was refused may pass
/// now. Copies are one and the same.
#[derive(Clone, Debug)]
pub struct Nudge(Arc<watch::Sender<u64>>);

/// A source's end of a [`Nudge`].
#[derive(Debug)]
pub struct Nudges(watch::Receiver<u64>);

impl Default for Nudge {
    fn default() -> Nudge {
        Nudge(Arc::new(watch::Sender::new(0)))
    }
}

impl Nudge {
    /// Makes every source that listens look at once. Several in a row may count as one.
    pub fn nudge(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Hears what is sent from now on.
    pub fn listen(&self) -> Nudges {
        Nudges(self.0.subscribe())
    }
}

impl Nudges {
    /// Waits for a nudge that was not heard yet; for ever where nobody is left to send one.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Waits until the sender says `true`, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody can stop us any more, so nobody waits for us either.
    let _ = stop.wait_for(|stop| *stop).await;
}
