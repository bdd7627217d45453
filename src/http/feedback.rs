//! `POST /v1/feedback`: what a verdict should have been.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::response::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::TokenFile;
use crate::feedback::{self, FeedbackError, Journal, Remark};
use crate::record::RecordId;
use crate::telemetry::FeedbackRefusal;
use crate::verdict::Category;

use super::guard::{Guard, Peer};
use super::problem::{Document, Kind, Problem};
use super::{Service, door};

/// Largest body: a long message, its escapes, and a note.
const BODY_LIMIT: usize = 512 << 10;

/// When to send again what found too many bytes held.
const SOON: Duration = Duration::from_secs(1);
/// When to send again what the disk did not take.
const LATER: Duration = Duration::from_secs(5);

/// Who may give feedback, and where it is kept.
#[derive(Clone, Debug, Default)]
pub struct Feedback {
    /// The token that it needs; without one only loopback may.
    pub token: Option<TokenFile>,
    /// What keeps it; without one it is only counted.
    pub journal: Option<Journal>,
}

/// What a verdict was, and what it should have been.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedbackRequest {
    /// The record's id, as it was sent. It or the message is needed.
    id: Option<RecordId>,
    /// The record's message, as it was sent. Only feedback with a message can be trained on.
    message: Option<String>,
    /// Program or product that wrote the message.
    source: Option<String>,
    /// The verdict's category.
    category: Category,
    /// The digest of the bundle that gave it: `model.digest` of the answer.
    digest: String,
    /// The category that it should have had; the same where the verdict was right.
    correct: Category,
    /// Why, in words.
    note: Option<String>,
}

/// What became of the feedback.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeedbackAnswer {
    /// True where it was written to `feedback.path`; it is counted in any case.
    kept: bool,
}

/// Why feedback was not taken, for the counter and for the caller.
type Refused = (FeedbackRefusal, Problem);

/// Takes word of what a verdict should have been.
///
/// It needs the token of `feedback.token_file`, or comes from loopback where none is configured. Where
/// `feedback.path` is configured, it is on the disk when it is answered.
#[utoipa::path(
    post,
    path = "/v1/feedback",
    tag = "data",
    request_body(content = FeedbackRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "it is counted, and kept where that is configured",
         body = FeedbackAnswer),
        (status = 400, description = "the body cannot be read", body = Document,
         content_type = "application/problem+json"),
        (status = 403, description = "the token is missing or another one", body = Document,
         content_type = "application/problem+json"),
        (status = 429, description = "overloaded; see retry-after", body = Document,
         content_type = "application/problem+json"),
        (status = 503, description = "the file cannot be written now, or the process is ending",
         body = Document, content_type = "application/problem+json"),
        (status = 507, description = "the file or its disk is full", body = Document,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn feedback(
    State(service): State<Arc<Service>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<FeedbackAnswer>, Problem> {
    let taken = take(&service, peer, &headers, body).await;
    taken.map(Json).map_err(|(reason, problem)| {
        service.metrics.feedback_refused(reason);
        problem
    })
}

async fn take(
    service: &Service,
    peer: Option<Extension<Peer>>,
    headers: &HeaderMap,
    body: Body,
) -> Result<FeedbackAnswer, Refused> {
    let guard = Guard {
        key: "feedback.token_file",
        token: service.feedback.token.as_ref(),
    };
    let admitted = guard.admit(peer, headers);
    admitted.map_err(|problem| (FeedbackRefusal::Forbidden, problem))?;
    let request = read(service, headers, body).await?;
    let (judged, correct) = (request.category, request.correct);
    let kept = keep(service, request).await?;
    service.metrics.feedback_taken(judged, correct);
    Ok(FeedbackAnswer { kept })
}

async fn read(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<FeedbackRequest, Refused> {
    let invalid = |problem| (FeedbackRefusal::Invalid, problem);
    let declared = headers.get(CONTENT_LENGTH);
    let declared = declared.and_then(|v| v.to_str().ok()?.parse().ok());
    // Held against the same limit as all bodies.
    let mut charge = service.ledger.open();
    let refused = if declared.is_some_and(|bytes: usize| bytes > BODY_LIMIT) {
        let detail = format!("expected at most {BODY_LIMIT} bytes of feedback");
        Some(invalid(Problem::new(Kind::TooLarge, detail)))
    } else if charge.grow(declared.unwrap_or(BODY_LIMIT)).is_err() {
        let detail = "as many bytes are held as server.inflight_bytes allows; send it again";
        let problem = Problem::new(Kind::Overloaded, detail).retry_after(SOON);
        Some((FeedbackRefusal::Busy, problem))
    } else {
        None
    };
    if let Some(refused) = refused {
        door::discard(service, headers.contains_key(EXPECT), body).await;
        return Err(refused);
    }
    let reading = tokio::time::timeout(service.body_timeout, to_bytes(body, BODY_LIMIT));
    let bytes = match reading.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            let detail = format!("expected at most {BODY_LIMIT} bytes of feedback: {error}");
            return Err(invalid(Problem::new(Kind::InvalidBody, detail)));
        }
        Err(_) => {
            let detail = "the whole body was expected sooner";
            return Err(invalid(Problem::new(Kind::Timeout, detail)));
        }
    };
    let refuse = |detail: String| invalid(Problem::new(Kind::InvalidBody, detail));
    let request: FeedbackRequest =
        serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
    check(&request).map_err(|detail| refuse(detail.to_owned()))?;
    Ok(request)
}

fn check(request: &FeedbackRequest) -> Result<(), &'static str> {
    if request.id.is_none() && request.message.is_none() {
        return Err("expected the id or the message of a record, found neither");
    }
    let digits = request.digest.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(
            "expected as digest sha256: and 64 digits, as model.digest of the answer has it",
        );
    }
    Ok(())
}

/// True where it was written.
async fn keep(service: &Service, request: FeedbackRequest) -> Result<bool, Refused> {
    let Some(journal) = &service.feedback.journal else {
        return Ok(false);
    };
    let remark = Remark {
        time: feedback::now(),
        message: request.message,
        source: request.source,
        id: request.id,
        label: request.correct,
        judged: request.category,
        digest: request.digest,
        note: request.note,
    };
    let kept = journal.keep(&remark, service.limits.request_timeout).await;
    kept.map(|()| true).map_err(|error| {
        tracing::error!(%error, "feedback could not be kept");
        let reason = match &error {
            FeedbackError::Full { .. } | FeedbackError::NoSpace { .. } => FeedbackRefusal::Full,
            FeedbackError::Unwritable { .. } => FeedbackRefusal::Unwritable,
            FeedbackError::Busy => FeedbackRefusal::Busy,
        };
        let kind = match reason {
            FeedbackRefusal::Full => Kind::NoRoom,
            _ => Kind::Unavailable,
        };
        let problem = Problem::new(kind, format!("the feedback is not kept: {error}"));
        let problem = match reason {
            FeedbackRefusal::Full => problem,
            _ => problem.retry_after(LATER),
        };
        (reason, problem)
    })
}
