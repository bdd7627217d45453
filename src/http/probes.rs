//! The probes: whether the process is alive, ready and started, and why not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::telemetry::Check;

use super::Operations;
use super::lifecycle::Phase;

/// A condition that a probe looks at.
struct Condition {
    name: &'static str,
    holds: bool,
    /// How long it took to find out.
    took: Duration,
    otherwise: &'static str,
}

impl Condition {
    /// A condition that is found out now.
    fn look(name: &'static str, otherwise: &'static str, holds: impl FnOnce() -> bool) -> Self {
        let started = Instant::now();
        Condition {
            name,
            otherwise,
            holds: holds(),
            took: started.elapsed(),
        }
    }

    fn write(&self, verbose: bool, out: &mut String) {
        let Condition {
            name, otherwise, ..
        } = self;
        let line = match (self.holds, verbose) {
            (true, true) => format!("[+] {name} ok"),
            (true, false) => return,
            (false, _) => format!("[-] {name}: {otherwise}"),
        };
        out.push_str(&line);
        if verbose {
            out.push_str(&format!(" ({:.3} ms)", self.took.as_secs_f64() * 1e3));
        }
        out.push('\n');
    }
}

impl Operations {
    /// Readiness: requests are wanted, and a verdict of any kind can be given, by rules alone too.
    fn readiness(&self) -> [Condition; 2] {
        let accepting = Condition::look(Check::Accepting.as_str(), "the process is ending", || {
            self.lifecycle.phase() == Phase::Serving
        });
        let verdict = self.verdict();
        self.metrics.readiness(Check::Accepting, accepting.holds);
        self.metrics.readiness(Check::Verdict, verdict.holds);
        [accepting, verdict]
    }

    fn verdict(&self) -> Condition {
        let (holds, took) = self.pulse.feel();
        Condition {
            name: Check::Verdict.as_str(),
            holds,
            took,
            otherwise: "lines of our own were not judged in time, and no others were",
        }
    }

    /// Tells the metrics which conditions of readiness hold.
    pub(super) fn tell_readiness(&self) {
        self.readiness();
    }
}

/// 200 where all conditions hold, else 503 with those that do not; `?verbose` names each of them, with
/// the time that it took.
fn probe(conditions: &[Condition], query: Option<&str>) -> Response {
    let named = |part: &str| part.split('=').next() == Some("verbose");
    let verbose = query.is_some_and(|query| query.split('&').any(named));
    let holds = conditions.iter().all(|condition| condition.holds);
    let mut text = String::new();
    for condition in conditions {
        condition.write(verbose, &mut text);
    }
    if holds {
        text.push_str("ok\n");
        return text.into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// Whether the process should be left running.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "operations",
    params(("verbose" = Option<String>, Query, description = "names each check, and its time")),
    responses((status = 200, description = "live", body = String),
              (status = 503, description = "work that is held makes no progress", body = String))
)]
pub(super) async fn livez(
    State(operations): State<Arc<Operations>>,
    RawQuery(query): RawQuery,
) -> Response {
    let otherwise = "work that is held makes no progress";
    let progress = Condition::look("progress", otherwise, || {
        let load = (operations.load)();
        let now = Instant::now();
        !operations.progress.stalled(load.held, load.judged, now)
    });
    probe(&[progress], query.as_deref())
}

/// Whether requests should be sent here.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    params(("verbose" = Option<String>, Query, description = "names each check, and its time")),
    responses((status = 200, description = "ready", body = String),
              (status = 503, description = "not ready, and why", body = String))
)]
pub(super) async fn readyz(
    State(operations): State<Arc<Operations>>,
    RawQuery(query): RawQuery,
) -> Response {
    probe(&operations.readiness(), query.as_deref())
}

/// Whether the start is over: the port opens only once the models are loaded, so what is left to see is
/// that they judge.
#[utoipa::path(
    get,
    path = "/startupz",
    tag = "operations",
    params(("verbose" = Option<String>, Query, description = "names each check, and its time")),
    responses((status = 200, description = "started", body = String),
              (status = 503, description = "no verdict can be given yet; the body says why",
               body = String))
)]
pub(super) async fn startupz(
    State(operations): State<Arc<Operations>>,
    RawQuery(query): RawQuery,
) -> Response {
    probe(&[operations.verdict()], query.as_deref())
}
