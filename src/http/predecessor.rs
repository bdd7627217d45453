//! `POST /classify` and `/classify/batch`, in the shape of the service that came before.
//!
//! Bodies are read as for `/v1/classify`, so its callers gain the limits, the encodings and the
//! error entries; only the answers differ.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::UnreadRecord;
use crate::bundle::Identity;
use crate::pipeline::{Detail, Judgement};
use crate::record::Entry;
use crate::telemetry::Stage;
use crate::verdict::{Category, Flag, Reason, Scores};

use super::Service;
use super::answer::{LARGE, milliseconds, respond_with};
use super::body::{self, offload};
use super::classify::{ClassifyRequest, RecordInput};
use super::inflight::Charge;
use super::judging::{self, Judged, Outcome};
use super::problem::{Document, Kind, Problem};

/// The verdict on a record, in the older shape.
#[derive(Serialize, ToSchema)]
pub(super) struct OlderVerdict<'a> {
    /// The final category.
    category: Category,
    /// How sure that is, from 0 to 1.
    confidence: f32,
    /// The bundle that judged it, as name@version.
    #[schema(value_type = String)]
    model: &'a str,
    /// Score of each category, before floors.
    probabilities: Scores,
    /// How the verdict came about.
    #[schema(value_type = OlderExplanation<'static>)]
    explanation: OlderExplanation<'a>,
}

/// How a verdict came about, in the older shape.
#[derive(Serialize, ToSchema)]
pub(super) struct OlderExplanation<'a> {
    /// What decided the category.
    reason: Reason,
    /// Ids of the rules that matched.
    #[schema(value_type = Vec<String>)]
    matched_rules: Vec<&'a str>,
    /// What else is true.
    #[schema(value_type = Vec<Flag>)]
    flags: &'a [Flag],
    /// True when the record must reach the SIEM.
    forward: bool,
}

/// The answer to a batch, in the older shape.
#[derive(Serialize, ToSchema)]
pub(super) struct OlderBatch<'a> {
    /// One result a record, in their order.
    #[schema(value_type = Vec<OlderResult<'static>>)]
    results: Vec<OlderResult<'a>>,
    /// Time from the head of the request to the answer, in milliseconds.
    processing_time_ms: f64,
    /// How many records there were.
    total_logs: usize,
}

/// What is said of one record of a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum OlderResult<'a> {
    /// It was judged.
    Judged(OlderVerdict<'a>),
    /// It could not be read.
    Unread(UnreadRecord<'a>),
}

impl<'a> OlderVerdict<'a> {
    fn new(judgement: &'a Judgement, model: &'a str) -> OlderVerdict<'a> {
        let verdict = &judgement.verdict;
        let rules = judgement.explanation.iter().flat_map(|e| &e.rules);
        let matched_rules = rules.map(|rule| rule.id.as_str());
        OlderVerdict {
            category: verdict.category,
            confidence: verdict.confidence,
            model,
            probabilities: verdict.scores,
            explanation: OlderExplanation {
                reason: verdict.reason,
                matched_rules: matched_rules.collect(),
                flags: &verdict.flags,
                forward: verdict.forward,
            },
        }
    }
}

fn model_name(model: &Identity) -> String {
    format!("{}@{}", model.name, model.version)
}

/// Judges one record, in the older shape.
#[utoipa::path(
    post,
    path = "/classify",
    tag = "older",
    request_body = RecordInput,
    responses(
        (status = 200, description = "the verdict", body = OlderVerdict<'static>),
        (status = 400, description = "there is not exactly one record that can be read",
         body = Document, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large",
         body = Document, content_type = "application/problem+json"),
        (status = 429, description = "overloaded; nothing was taken, see retry-after",
         body = Document, content_type = "application/problem+json"),
        (status = 503, description = "the process is ending; nothing was taken, see retry-after",
         body = Document, content_type = "application/problem+json"),
    )
)]
pub(super) async fn classify_one(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let received = body::receive(&service, &headers, body).await?;
    let extent = received.extent();
    if let [Entry::Bad(bad)] = received.entries.as_slice() {
        service.metrics.record_rejected(bad.code);
        return Err(Problem::new(Kind::InvalidBody, bad.detail.clone()));
    }
    if received.entries.len() != 1 {
        return Err(not_one(received.entries.len()));
    }
    let judged = judging::judge(&service, received, Detail::Votes).await?;
    let _writing = service.metrics.stage(Stage::Write);
    let model = model_name(&judged.model);
    match judged.outcomes.first() {
        Some(Outcome::Judged { judgement, .. }) => {
            let written = serde_json::to_vec(&OlderVerdict::new(judgement, &model));
            let response = respond_with(written, "application/json", judged.charge);
            response.map(|response| extent.beside(response))
        }
        _ => Err(not_one(0)),
    }
}

fn not_one(found: usize) -> Problem {
    let detail = format!("expected one record, found {found}; send many to /classify/batch");
    Problem::new(Kind::InvalidBody, detail)
}

/// Judges many records, in the older shape.
#[utoipa::path(
    post,
    path = "/classify/batch",
    tag = "older",
    request_body = ClassifyRequest,
    responses(
        (status = 200, description = "one result a record, in their order", body = OlderBatch<'static>),
        (status = 400, description = "no record could be read",
         body = Document, content_type = "application/problem+json"),
        (status = 413, description = "the body is too large",
         body = Document, content_type = "application/problem+json"),
        (status = 429, description = "overloaded; nothing was taken, see retry-after",
         body = Document, content_type = "application/problem+json"),
        (status = 503, description = "the process is ending; nothing was taken, see retry-after",
         body = Document, content_type = "application/problem+json"),
    )
)]
pub(super) async fn classify_batch(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let received = body::receive(&service, &headers, body).await?;
    let extent = received.extent();
    let judged = judging::judge(&service, received, Detail::Votes).await?;
    let _writing = service.metrics.stage(Stage::Write);
    let large = judged.outcomes.len() > LARGE;
    let written = offload(large, move || write_batch(judged, started));
    let (written, charge) = written.await?;
    let response = respond_with(written, "application/json", charge);
    response.map(|response| extent.beside(response))
}

fn write_batch(judged: Judged, started: Instant) -> (serde_json::Result<Vec<u8>>, Charge) {
    let Judged {
        outcomes,
        model,
        charge,
    } = judged;
    let model = model_name(&model);
    let total_logs = outcomes.len();
    let results = outcomes.iter().map(|outcome| match outcome {
        Outcome::Judged { judgement, .. } => {
            OlderResult::Judged(OlderVerdict::new(judgement, &model))
        }
        Outcome::Unread(bad) => OlderResult::Unread(bad.into()),
    });
    let written = serde_json::to_vec(&OlderBatch {
        results: results.collect(),
        processing_time_ms: milliseconds(started),
        total_logs,
    });
    (written, charge)
}
