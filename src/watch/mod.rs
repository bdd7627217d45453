//! Where bundles and settings come from while the service runs, and the one thread that acts on it.
//!
//! `keeper` promotes, one thing at a time. `volume` says whether a directory has changed, `site` whether
//! the configuration or the site's own files have, `notices` wakes the keeper as soon as the kernel
//! says so. Other sources tell the keeper what they have found ([`Sink`]).

mod keeper;
mod notices;
mod site;
mod volume;

use std::collections::BTreeMap;

use bytes::Bytes;

pub use keeper::{Inbox, Keeper, Keeping, Source, Start};
pub use site::Reread;

/// Takes what a source of bundles has found.
pub trait Sink: Send + Sync {
    /// All files of a bundle as they are there now, by name, as stored (`NAME` or `NAME.zst`).
    fn files(&self, source: &str, files: BTreeMap<String, Bytes>);

    /// A bundle as a `.tar.zst` archive.
    fn archive(&self, source: &str, bytes: Bytes);

    /// The source cannot be read now; what serves goes on serving. `code` is stable.
    fn trouble(&self, source: &str, code: &'static str, detail: String);
}
