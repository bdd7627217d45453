//! The API document, generated from the handlers and their types.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::judging::draining;
use super::lifecycle::Phase;
use super::problem::{Document, Problem};
use super::{Service, admin, classify, feedback, operations, predecessor, probes};

#[derive(OpenApi)]
#[openapi(
    info(description = "Judges log records: critical, suspicious, routine or noise, how sure it \
                        is, whether the record must reach the SIEM, and why."),
    paths(
        classify::classify,
        health,
        predecessor::classify_one,
        predecessor::classify_batch,
        feedback::feedback,
        document,
        probes::livez,
        probes::readyz,
        probes::startupz,
        operations::metrics,
        operations::version,
        operations::models,
        admin::rollback,
        admin::reload,
        admin::log_level,
    ),
    components(schemas(super::answer::ClosingLine<'static>)),
    tags(
        (name = "data", description = "on the data port"),
        (name = "older", description = "on the data port, in the shape of an earlier service"),
        (name = "operations", description = "on the operations port")
    )
)]
struct Api;

/// Written once: it never changes while the process runs.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    // The document is made of strings, lists and maps with string keys, which JSON can always hold.
    Api::openapi().to_json().unwrap_or_default()
});

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "data",
    responses((status = 200, description = "the API document", body = Object))
)]
pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// What the health check of a sender sees.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether requests are accepted; also answers HEAD.
#[utoipa::path(
    get,
    path = "/v1/health",
    tag = "data",
    responses(
        (status = 200, description = "requests are accepted", body = Health),
        (status = 503, description = "the process is ending", body = Document,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn health(State(service): State<Arc<Service>>) -> Result<Json<Health>, Problem> {
    if service.lifecycle.phase() == Phase::Draining {
        return Err(draining());
    }
    Ok(Json(Health { status: "ok" }))
}
