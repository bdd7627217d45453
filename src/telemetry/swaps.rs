//! What became of bundles: a line in the log, and counters.

use std::time::{Duration, SystemTime};

use super::{Metrics, traces};
use crate::bundle::{Herald, Identity, News};

impl Herald for Metrics {
    fn tell(&self, news: &News) {
        self.swaps.with_label_values(&[result(news)]).inc();
        let trace_id = traces::swap(news, result(news));
        let trace_id = trace_id.as_deref();
        if !matches!(news, News::Refused(_)) {
            self.drift.forget();
        }
        match news {
            News::Promoted {
                identity,
                source,
                took,
            } => {
                self.swapped(*took, false);
                log(
                    trace_id,
                    identity,
                    *took,
                    source,
                    "a bundle was promoted and serves",
                );
            }
            News::Reconfigured { identity, took } => {
                self.load_time.set(took.as_secs_f64());
                let text = "the site's rules and settings were applied";
                log(trace_id, identity, *took, "site", text);
            }
            News::RolledBack {
                identity,
                from,
                took,
            } => {
                self.swapped(*took, true);
                tracing::warn!(
                    bundle = identity.name,
                    bundle_version = identity.version,
                    bundle_digest = identity.digest,
                    from,
                    load_seconds = took.as_secs_f64(),
                    trace_id,
                    "rolled back: an earlier bundle serves until the source has another one"
                );
            }
            News::Refused(rejection) => {
                self.rejections.with_label_values(&[rejection.code]).inc();
                tracing::error!(
                    source = rejection.source,
                    digest = rejection.digest,
                    code = rejection.code,
                    detail = rejection.detail,
                    trace_id,
                    "refused; what served goes on serving"
                );
            }
        }
    }
}

impl Metrics {
    fn swapped(&self, took: Duration, pinned: bool) {
        self.load_time.set(took.as_secs_f64());
        self.pinned.set(i64::from(pinned));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.last_swap.set(now.unwrap_or_default().as_secs_f64());
    }
}

/// What may become of a bundle or a change.
pub(super) const RESULTS: [&str; 4] = ["promoted", "rejected", "rolled_back", "reconfigured"];

fn result(news: &News) -> &'static str {
    let [promoted, rejected, rolled_back, reconfigured] = RESULTS;
    match news {
        News::Promoted { .. } => promoted,
        News::Reconfigured { .. } => reconfigured,
        News::RolledBack { .. } => rolled_back,
        News::Refused(_) => rejected,
    }
}

fn log(trace_id: Option<&str>, identity: &Identity, took: Duration, source: &str, text: &str) {
    tracing::info!(
        bundle = identity.name,
        bundle_version = identity.version,
        bundle_digest = identity.digest,
        source,
        load_seconds = took.as_secs_f64(),
        trace_id,
        "{text}"
    );
}
