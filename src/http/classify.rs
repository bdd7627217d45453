//! `POST /v1/classify`: records in, verdicts out.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::pipeline::Detail;

use super::answer::{self, ClassifyAnswer};
use super::problem::{Document, Kind, Problem};
use super::{Service, body, judging, negotiate};

/// Explanations ask the models once more for each top term, so a request may hold only so many.
const MOST_EXPLAINED: usize = 100;

/// The query of `/v1/classify`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ClassifyQuery {
    /// True adds how each verdict came about; for requests of at most 100 records.
    #[serde(default)]
    explain: bool,
}

/// What may be posted as JSON.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "describes the body in the API document; `record` reads it"
)]
pub(super) enum ClassifyRequest {
    /// One record.
    One(RecordInput),
    /// Many; a string is a record with that message.
    Many(Vec<RecordInput>),
    /// Many, in an object.
    Logs {
        /// The records.
        logs: Vec<RecordInput>,
    },
}

/// A record as it is posted. Any further fields are kept for rules.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body in the API document; `record` reads it"
)]
pub(super) struct RecordInput {
    /// The text to judge. Also read from msg, log, text, body, event.original, event, @message,
    /// _raw and MESSAGE; without any of them the object itself is judged, as JSON.
    message: Option<String>,
    /// Echoed in the answer: a string or a number.
    id: Option<String>,
    /// Program or product that wrote the message.
    source: Option<String>,
    /// When it was written.
    timestamp: Option<String>,
    /// Syslog level, as a name or a number from 0 to 7.
    severity: Option<String>,
}

/// Judges records.
///
/// The body is one JSON object, an array of objects or strings, `{"logs": [...]}`, NDJSON, or plain
/// lines, by its content type or, without one, by its content; compressed with gzip, zstd, deflate
/// or br as content-encoding says. One bad record is an error entry in its place. An `accept` of
/// application/x-ndjson gives one result a line, then a line with `model` and `took_ms`.
#[utoipa::path(
    post,
    path = "/v1/classify",
    tag = "data",
    params(ClassifyQuery),
    request_body(content(
        (ClassifyRequest = "application/json"),
        (String = "application/x-ndjson"),
        (String = "text/plain")
    )),
    responses(
        (status = 200, description = "one result a record, in their order", content(
            (ClassifyAnswer<'static> = "application/json"),
            (String = "application/x-ndjson")
        )),
        (status = 400, description = "no record could be read, or the query cannot be met",
         body = Document, content_type = "application/problem+json"),
        (status = 408, description = "the body did not arrive in time",
         body = Document, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large, compressed or not",
         body = Document, content_type = "application/problem+json"),
        (status = 415, description = "the content type or encoding is not supported",
         body = Document, content_type = "application/problem+json"),
        (status = 429, description = "overloaded; nothing was taken, see retry-after",
         body = Document, content_type = "application/problem+json"),
        (status = 503, description = "the process is ending; nothing was taken, see retry-after",
         body = Document, content_type = "application/problem+json"),
    )
)]
pub(super) async fn classify(
    State(service): State<Arc<Service>>,
    query: Result<Query<ClassifyQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let Query(query) = query.map_err(|rejection| {
        let found = rejection.body_text();
        let detail = format!("expected explain=true or explain=false; {found}");
        Problem::new(Kind::InvalidQuery, detail)
    })?;
    let form = negotiate::accept(&headers);
    let received = body::receive(&service, &headers, body).await?;
    let extent = received.extent();
    let detail = detail(query.explain, extent.records)?;
    let judged = judging::judge(&service, received, detail).await?;
    let response = answer::respond(&service.metrics, judged, form, started).await;
    response.map(|response| extent.beside(response))
}

fn detail(explain: bool, records: usize) -> Result<Detail, Problem> {
    if !explain {
        return Ok(Detail::None);
    }
    if records > MOST_EXPLAINED {
        let detail = format!(
            "expected at most {MOST_EXPLAINED} records with explain=true, found {records}; send \
             fewer, or leave explain out"
        );
        return Err(Problem::new(Kind::InvalidQuery, detail));
    }
    Ok(Detail::Full)
}
