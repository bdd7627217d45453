//! The verbs that change something: back to an earlier bundle, a look at the source, the log's level.
//! They need the admin token, or come from loopback: see `guard`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Json;
use axum::{Extension, extract::rejection::BytesRejection};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bundle::{ModelsStatus, RollbackError, Target};
use crate::config::LogLevel;
use crate::telemetry;

use super::Operations;
use super::guard::{Guard, Peer};
use super::judging::draining;
use super::problem::{Document, Kind, Problem};

/// Which bundle is to serve. Empty: the one before.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackRequest {
    /// The latest kept one of this version.
    version: Option<String>,
    /// The kept one of this digest, as `sha256:` and 64 digits.
    digest: Option<String>,
    /// True lets the source decide again what serves.
    #[serde(default)]
    release: bool,
}

/// The least severe level that is logged.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelRequest {
    /// off, error, warn, info, debug or trace.
    level: String,
}

/// Makes an earlier bundle serve again, in this process alone.
///
/// It stays until the source has another bundle than it has now, or until it is released.
#[utoipa::path(
    post,
    path = "/v1/models/rollback",
    tag = "operations",
    request_body(content = RollbackRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "the state of the models now", body = ModelsStatus),
        (status = 400, description = "the body cannot be read", body = Document,
         content_type = "application/problem+json"),
        (status = 403, description = "the token is missing or another one", body = Document,
         content_type = "application/problem+json"),
        (status = 409, description = "no such bundle is kept, or it is refused now", body = Document,
         content_type = "application/problem+json"),
        (status = 503, description = "the process is ending", body = Document,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn rollback(
    State(operations): State<Arc<Operations>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ModelsStatus>, Problem> {
    admit(&operations, peer, &headers)?;
    let request: RollbackRequest = read(body)?.unwrap_or_default();
    let target = match (request.version, request.digest, request.release) {
        (None, None, true) => {
            operations.keeper.release().await.ok_or_else(draining)?;
            return Ok(Json((operations.models)()));
        }
        (None, None, false) => Target::Previous,
        (Some(version), None, false) => Target::Version(version),
        (None, Some(digest), false) => Target::Digest(digest),
        _ => {
            let detail = "expected one of version, digest and release, found several";
            return Err(Problem::new(Kind::InvalidBody, detail));
        }
    };
    let rolled_back = operations.keeper.roll_back(target).await;
    rolled_back
        .ok_or_else(draining)?
        .map_err(|error: RollbackError| Problem::new(Kind::NotPossible, error.to_string()))?;
    Ok(Json((operations.models)()))
}

/// Looks at the source of bundles as if it had changed; for a directory answers when that is done.
#[utoipa::path(
    post,
    path = "/v1/models/reload",
    tag = "operations",
    responses(
        (status = 200, description = "the state of the models now", body = ModelsStatus),
        (status = 403, description = "the token is missing or another one", body = Document,
         content_type = "application/problem+json"),
        (status = 503, description = "the process is ending", body = Document,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn reload(
    State(operations): State<Arc<Operations>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Json<ModelsStatus>, Problem> {
    admit(&operations, peer, &headers)?;
    operations.keeper.reload().await.ok_or_else(draining)?;
    Ok(Json((operations.models)()))
}

/// Changes the level of the log until the process ends or its configuration changes.
#[utoipa::path(
    put,
    path = "/v1/log-level",
    tag = "operations",
    request_body(content = LevelRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "it holds", body = LevelRequest),
        (status = 400, description = "no such level", body = Document,
         content_type = "application/problem+json"),
        (status = 403, description = "the token is missing or another one", body = Document,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn log_level(
    State(operations): State<Arc<Operations>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<LevelRequest>, Problem> {
    admit(&operations, peer, &headers)?;
    let request: Option<LevelRequest> = read(body)?;
    let said = request.map(|request| request.level).unwrap_or_default();
    let level = LogLevel::named(&said).ok_or_else(|| {
        let names = LogLevel::names();
        let detail = format!("expected {{\"level\": NAME}} with one of {names}, found {said:?}");
        Problem::new(Kind::InvalidBody, detail)
    })?;
    telemetry::set_log_level(level);
    tracing::warn!(level = said, "the level of the log was changed");
    Ok(Json(LevelRequest { level: said }))
}

/// The body as JSON; `None` where there is none.
fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<Option<T>, Problem> {
    let refuse = |detail: String| Problem::new(Kind::InvalidBody, detail);
    let body = body.map_err(|rejection| refuse(rejection.body_text()))?;
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let read = serde_json::from_slice(&body);
    read.map(Some).map_err(|error| refuse(error.to_string()))
}

fn admit(
    operations: &Operations,
    peer: Option<Extension<Peer>>,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let guard = Guard {
        key: "operations.admin_token_file",
        token: operations.admin_token.as_ref(),
    };
    guard.admit(peer, headers)
}
