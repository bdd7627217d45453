//! The span of a swap, or of a refusal.

use std::time::{Duration, SystemTime};

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

use super::told::Told;
use crate::bundle::{Identity, News};

/// Tells what became of a bundle or a change; returns the id of the trace, where it is sent.
pub(in crate::telemetry) fn swap(news: &News, result: &'static str) -> Option<String> {
    super::TRACER.get()?;
    let to = SystemTime::now();
    let (identity, took) = match news {
        News::Promoted { identity, took, .. }
        | News::Reconfigured { identity, took }
        | News::RolledBack { identity, took, .. } => (Some(identity), *took),
        // How long it was looked at is not told.
        News::Refused(_) => (None, Duration::ZERO),
    };
    let told = Told::new("swap", to - took, to).with("logtriage.swap.result", result);
    let told = match identity {
        Some(identity) => told.bundle(identity),
        None => told,
    };
    let told = match news {
        News::Promoted { source, .. } => told.with("logtriage.bundle.source", source.clone()),
        News::RolledBack { from, .. } => told.with("logtriage.bundle.from", from.clone()),
        News::Reconfigured { .. } => told,
        News::Refused(rejection) => {
            let told = match &rejection.digest {
                Some(digest) => told.with("logtriage.bundle.digest", digest.clone()),
                None => told,
            };
            told.with("logtriage.bundle.source", rejection.source.clone())
                .with("error.type", rejection.code)
                .failed(true)
        }
    };
    let context = told.tell(&Context::new())?;
    let span = context.span();
    let ids = span.span_context();
    ids.is_sampled().then(|| ids.trace_id().to_string())
}

impl Told {
    /// Names the bundle that it is about.
    pub(super) fn bundle(self, identity: &Identity) -> Told {
        self.with("logtriage.bundle.name", identity.name.clone())
            .with("logtriage.bundle.version", identity.version.clone())
            .with("logtriage.bundle.digest", identity.digest.clone())
    }
}
