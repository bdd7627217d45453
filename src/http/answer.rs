//! The wire types of an answer, and their way to bytes.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bundle::Identity;
use crate::pipeline::Explanation;
use crate::record::{BadRecord, RecordId};
use crate::verdict::{Category, Claim, Flag, Reason, Scores};

use super::body::offload;
use super::inflight::Charge;
use super::judging::{Judged, Outcome};
use super::negotiate::Form;
use super::problem::{Kind, Problem};

/// Answers with more results than this are written on a thread of their own.
pub(super) const LARGE: usize = 256;

/// The answer to a request.
#[derive(Serialize, ToSchema)]
pub(super) struct ClassifyAnswer {
    /// One result a record, in their order.
    results: Vec<RecordResult>,
    /// The bundle that judged every record of the request.
    model: Identity,
    /// Time from the head of the request to the answer, in milliseconds.
    took_ms: f64,
}

/// The last line of an NDJSON answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ClosingLine {
    /// The bundle that judged every record of the request.
    model: Identity,
    /// Time from the head of the request to the answer, in milliseconds.
    took_ms: f64,
}

/// What is said of one record.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every record is judged: a box for each would cost more than a bad one wastes"
)]
pub(super) enum RecordResult {
    /// It was judged.
    Judged(JudgedRecord),
    /// It could not be read.
    Unread(UnreadRecord),
}

/// A record that was judged.
#[derive(Serialize, ToSchema)]
pub(super) struct JudgedRecord {
    /// The caller's id, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<RecordId>,
    /// Place in the request, from 0.
    index: usize,
    /// The final category.
    category: Category,
    /// How sure that is, from 0 to 1.
    confidence: f32,
    /// True when the record must reach the SIEM.
    forward: bool,
    /// What decided the category.
    reason: Reason,
    /// What else is true.
    flags: Vec<Flag>,
    /// Scores before floors; they sum to 1, or are all 0 where nobody voted.
    scores: Scores,
    /// The frameworks that claim the record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compliance: Vec<Claim>,
    /// How the verdict came about, where `explain` asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

/// A record that could not be read; it is to be forwarded.
#[derive(Serialize, ToSchema)]
pub(super) struct UnreadRecord {
    /// The caller's id, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<RecordId>,
    /// Place in the request, from 0.
    index: usize,
    /// What is wrong with it.
    error: RecordError,
    /// Always true: what could not be judged is never lost.
    forward: bool,
}

/// What is wrong with a record.
#[derive(Serialize, ToSchema)]
pub(super) struct RecordError {
    /// Stable code, such as `no_message`.
    code: &'static str,
    /// What was expected, what was found and where.
    detail: String,
}

impl From<BadRecord> for UnreadRecord {
    fn from(bad: BadRecord) -> UnreadRecord {
        UnreadRecord {
            id: bad.id,
            index: bad.index,
            error: RecordError {
                code: bad.code,
                detail: bad.detail,
            },
            forward: true,
        }
    }
}

impl From<Outcome> for RecordResult {
    fn from(outcome: Outcome) -> RecordResult {
        match outcome {
            Outcome::Unread(bad) => RecordResult::Unread(bad.into()),
            Outcome::Judged {
                id,
                index,
                judgement,
            } => {
                let verdict = judgement.verdict;
                RecordResult::Judged(JudgedRecord {
                    id,
                    index,
                    category: verdict.category,
                    confidence: verdict.confidence,
                    forward: verdict.forward,
                    reason: verdict.reason,
                    flags: verdict.flags,
                    scores: verdict.scores,
                    compliance: verdict.compliance,
                    explanation: judgement.explanation,
                })
            }
        }
    }
}

/// Makes the answer of `/v1/classify`.
pub(super) async fn respond(
    judged: Judged,
    form: Form,
    started: Instant,
) -> Result<Response, Problem> {
    let large = judged.outcomes.len() > LARGE;
    let written = offload(large, move || {
        let Judged {
            outcomes,
            model,
            charge,
        } = judged;
        let results = outcomes.into_iter().map(RecordResult::from);
        let written = match form {
            Form::Json => {
                let results = results.collect();
                let took_ms = milliseconds(started);
                serde_json::to_vec(&ClassifyAnswer {
                    results,
                    model,
                    took_ms,
                })
            }
            Form::Ndjson => lines(results, model, started),
        };
        (written, charge)
    });
    let media_type = match form {
        Form::Json => "application/json",
        Form::Ndjson => "application/x-ndjson",
    };
    let (written, charge) = written.await?;
    respond_with(written, media_type, charge)
}

fn lines(
    results: impl Iterator<Item = RecordResult>,
    model: Identity,
    started: Instant,
) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    for result in results {
        serde_json::to_writer(&mut out, &result)?;
        out.push(b'\n');
    }
    let took_ms = milliseconds(started);
    serde_json::to_writer(&mut out, &ClosingLine { model, took_ms })?;
    out.push(b'\n');
    Ok(out)
}

/// A response of written bytes. They stay charged until they are sent, or will never be: answers
/// that nobody reads count against what is held at once.
pub(super) fn respond_with(
    written: serde_json::Result<Vec<u8>>,
    media_type: &'static str,
    mut charge: Charge,
) -> Result<Response, Problem> {
    let body = written.map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new(Kind::Internal, "the answer could not be written")
    })?;
    charge.settle(body.capacity());
    let mut response = Response::new(Body::from(held(body, charge)));
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(response)
}

/// Bytes that keep a guard until the last of them is dropped, which the server does when they are
/// sent. A body of its own would be dropped earlier, once its bytes are in the server's buffer.
pub(super) fn held<B, G>(bytes: B, guard: G) -> Bytes
where
    B: AsRef<[u8]> + Send + 'static,
    G: Send + 'static,
{
    struct Held<B, G> {
        bytes: B,
        _guard: G,
    }
    impl<B: AsRef<[u8]>, G> AsRef<[u8]> for Held<B, G> {
        fn as_ref(&self) -> &[u8] {
            self.bytes.as_ref()
        }
    }
    Bytes::from_owner(Held {
        bytes,
        _guard: guard,
    })
}

/// Milliseconds since then, to the microsecond.
pub(super) fn milliseconds(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 1e6).round() / 1e3
}
