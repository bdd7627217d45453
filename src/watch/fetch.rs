//! A bundle as an archive behind a URL, polled: for sites that hand models out from a relay or an
//! object store.
//!
//! A token or a password is sent over TLS, or to a loopback address, and nowhere else; the
//! configuration refuses anything else before it comes to that. Redirects are not followed: where they
//! lead nobody has configured.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::retry::{Backoff, Reporter, spread};
use super::transfer::{Found, Version, look};
use super::{Nudge, Sink, stopped};
use crate::config::{FetchConfig, SourceUrl};

/// A look takes no longer, from the first byte of the request to the last of the archive.
const LONGEST_LOOK: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Looks are up to a tenth early, so that replicas do not all come at the same time.
const EARLY: f64 = 0.1;

/// Polls until `stop` says so, or its sender is gone.
///
/// The sink has an archive once, and again when its bytes change or after a nudge.
pub async fn watch(
    url: &SourceUrl,
    config: &FetchConfig,
    sink: Arc<dyn Sink>,
    nudge: Nudge,
    mut stop: watch::Receiver<bool>,
) {
    let mut nudges = nudge.listen();
    let mut polling = Polling {
        url,
        config,
        report: Reporter::new(sink, url.shown()),
        backoff: Backoff::new(FIRST_PAUSE, config.interval),
        version: None,
        delivered: None,
    };
    loop {
        let pause = tokio::select! {
            pause = polling.poll() => pause,
            () = stopped(&mut stop) => return,
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = nudges.next() => polling.forget(),
            () = stopped(&mut stop) => return,
        }
    }
}

struct Polling<'a> {
    url: &'a SourceUrl,
    config: &'a FetchConfig,
    report: Reporter,
    backoff: Backoff,
    /// Of the archive that the sink has.
    version: Option<Version>,
    delivered: Option<[u8; 32]>,
}

impl Polling<'_> {
    /// Looks once; how long to wait before the next look.
    async fn poll(&mut self) -> Duration {
        let look = look(self.url, self.config, self.version.as_ref());
        let looked = timeout(LONGEST_LOOK, look).await;
        match looked.unwrap_or_else(|_| Err(self.too_slow())) {
            Ok(found) => {
                self.report.well();
                self.backoff.reset();
                if let Found::Archive(bytes, digest, version) = found {
                    self.version = version;
                    // A server that knows no versions sends the same again and again.
                    if self.delivered.replace(digest) != Some(digest) {
                        self.report.archive(bytes);
                    }
                }
                spread(self.config.interval, EARLY)
            }
            Err(detail) => {
                self.report.trouble("fetch_failed", detail);
                self.backoff.next()
            }
        }
    }

    fn too_slow(&self) -> String {
        let (url, most) = (self.url, LONGEST_LOOK.as_secs());
        format!("GET {url}: expected the whole archive within {most} s, found it still on its way")
    }

    /// Asks for the archive whatever its version, and tells it whatever was told before.
    fn forget(&mut self) {
        (self.version, self.delivered) = (None, None);
    }
}
