//! The operations port: metrics, version, and the state of the models.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::batch::Load;
use crate::bundle::ModelsStatus;
use crate::config::TokenFile;
use crate::telemetry::Metrics;
use crate::watch::Keeper;

use super::lifecycle::Lifecycle;
use super::negotiate;
use super::problem::{Document, Kind, Problem};
use super::progress::Progress;
use super::pulse::Pulse;

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
    /// Whether a verdict can be given.
    pub pulse: Pulse,
    /// How much there is to do.
    pub load: Box<dyn Fn() -> Load + Send + Sync>,
    /// Who changes what serves.
    pub keeper: Keeper,
    /// What the verbs that change something need; without one only loopback may.
    pub admin_token: Option<TokenFile>,
}

/// The metrics, in Prometheus' text format, or as OpenMetrics where `accept` prefers it.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "metrics", content(
                  (String = "text/plain"),
                  (String = "application/openmetrics-text")
              )),
              (status = 500, description = "a metric cannot be written", body = Document,
               content_type = "application/problem+json"))
)]
pub(super) async fn metrics(
    State(operations): State<Arc<Operations>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    operations.tell_readiness();
    let (load, models) = ((operations.load)(), (operations.models)());
    let form = negotiate::exposition(&headers);
    let text = operations.metrics.scrape(&load, &models, form);
    let text = text.map_err(|error| {
        tracing::error!(%error, "the metrics could not be written");
        Problem::new(Kind::Internal, "the metrics could not be written")
    })?;
    Ok(([(CONTENT_TYPE, form.media_type())], text).into_response())
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
