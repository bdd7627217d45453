//! The operations port: probes, metrics, version, and the state of the models.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::batch::Load;
use crate::bundle::ModelsStatus;
use crate::config::TokenFile;
use crate::telemetry::{Check, Metrics};
use crate::watch::Keeper;

use super::lifecycle::{Lifecycle, Phase};
use super::problem::{Document, Kind, Problem};
use super::progress::Progress;

/// What the operations port needs to answer.
pub struct Operations {
    /// What is known about the models.
    pub models: Box<dyn Fn() -> ModelsStatus + Send + Sync>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where the process stands.
    pub lifecycle: Lifecycle,
    /// Whether the work that is held gets done.
    pub progress: Progress,
    /// How much there is to do.
    pub load: Box<dyn Fn() -> Load + Send + Sync>,
    /// Who changes what serves.
    pub keeper: Keeper,
    /// What the verbs that change something need; without one only loopback may.
    pub admin_token: Option<TokenFile>,
}

/// A condition that a probe looks at.
struct Condition {
    name: &'static str,
    holds: bool,
    otherwise: &'static str,
}

impl Operations {
    /// Readiness: whether requests are wanted. The models need no look, because the ports open only
    /// once there are some, and a bundle that serves is replaced, never taken away.
    fn accepting(&self) -> Condition {
        let holds = self.lifecycle.phase() == Phase::Serving;
        self.metrics.readiness(Check::Accepting, holds);
        Condition {
            name: Check::Accepting.as_str(),
            holds,
            otherwise: "the process is ending",
        }
    }
}

/// 200 where the condition holds, else 503; `?verbose` names it in either case.
fn probe(condition: &Condition, query: Option<&str>) -> Response {
    let Condition {
        name,
        holds,
        otherwise,
    } = condition;
    if !holds {
        let text = format!("[-] {name}: {otherwise}\n");
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    }
    let verbose =
        query.is_some_and(|q| q.split('&').any(|p| p.split('=').next() == Some("verbose")));
    let text = if verbose {
        format!("[+] {name} ok\nok\n")
    } else {
        "ok\n".to_owned()
    };
    text.into_response()
}

/// Whether the process should be left running.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "operations",
    params(("verbose" = Option<String>, Query, description = "names the condition")),
    responses((status = 200, description = "live", body = String),
              (status = 503, description = "work that is held makes no progress", body = String))
)]
pub(super) async fn livez(
    State(operations): State<Arc<Operations>>,
    RawQuery(query): RawQuery,
) -> Response {
    let load = (operations.load)();
    let now = Instant::now();
    let progress = Condition {
        name: "progress",
        holds: !operations.progress.stalled(load.held, load.judged, now),
        otherwise: "work that is held makes no progress",
    };
    probe(&progress, query.as_deref())
}

/// Whether requests should be sent here.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    params(("verbose" = Option<String>, Query, description = "names the condition")),
    responses((status = 200, description = "ready", body = String),
              (status = 503, description = "not ready, and why", body = String))
)]
pub(super) async fn readyz(
    State(operations): State<Arc<Operations>>,
    RawQuery(query): RawQuery,
) -> Response {
    probe(&operations.accepting(), query.as_deref())
}

/// Says that the start is over, and looks at nothing: the port opens only then.
#[utoipa::path(
    get,
    path = "/startupz",
    tag = "operations",
    responses((status = 200, description = "started", body = String))
)]
pub(super) async fn startupz() -> &'static str {
    "ok\n"
}

/// The metrics, in Prometheus' text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "metrics", body = String),
              (status = 500, description = "a metric cannot be written", body = Document,
               content_type = "application/problem+json"))
)]
pub(super) async fn metrics(
    State(operations): State<Arc<Operations>>,
) -> Result<Response, Problem> {
    let metrics = &operations.metrics;
    operations.accepting();
    metrics.queued(&(operations.load)());
    let serving = (operations.models)().serving;
    for model in &serving.models {
        if let Some(cache) = &model.cache {
            metrics.remembered(model.member, cache);
        }
    }
    let model = serving.identity;
    metrics.serving(&model.name, &model.version, &model.digest, serving.pinned);
    let text = metrics.render().map_err(|error| {
        tracing::error!(%error, "the metrics could not be written");
        Problem::new(Kind::Internal, "the metrics could not be written")
    })?;
    let text_format = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(CONTENT_TYPE, text_format)], text).into_response())
}

/// The running program.
#[derive(Serialize, ToSchema)]
pub(super) struct Version {
    /// Its name.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// The running program's version.
#[utoipa::path(
    get,
    path = "/version",
    tag = "operations",
    responses((status = 200, description = "name and version", body = Version))
)]
pub(super) async fn version() -> Json<Version> {
    Json(Version {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Which bundle serves, and what became of the others.
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "operations",
    responses((status = 200, description = "the state of the models", body = ModelsStatus))
)]
pub(super) async fn models(State(operations): State<Arc<Operations>>) -> Json<ModelsStatus> {
    Json((operations.models)())
}
