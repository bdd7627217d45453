//! An answer's way to bytes.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::answer::{JudgedRecord, RecordResult};
use crate::bundle::Identity;
use crate::telemetry::{Metrics, Stage};

use super::body::offload;
use super::inflight::Charge;
use super::judging::{Judged, Outcome};
use super::negotiate::Form;
use super::problem::{Kind, Problem};

/// Answers with more results than this are written on a thread of their own.
pub(super) const LARGE: usize = 256;

/// Bytes that a result usually takes.
const USUAL_RESULT: usize = 240;

/// The answer to a request.
#[derive(Serialize, ToSchema)]
pub(super) struct ClassifyAnswer<'a> {
    /// One result a record, in their order.
    #[schema(value_type = Vec<RecordResult<'static>>)]
    results: Results<'a>,
    /// The bundle that judged every record of the request.
    #[schema(value_type = Identity)]
    model: &'a Identity,
    /// Time from the head of the request to the answer, in milliseconds.
    took_ms: f64,
}

/// The last line of an NDJSON answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ClosingLine<'a> {
    /// The bundle that judged every record of the request.
    #[schema(value_type = Identity)]
    model: &'a Identity,
    /// Time from the head of the request to the answer, in milliseconds.
    took_ms: f64,
}

/// The outcomes as results, made one by one while they are written.
struct Results<'a>(&'a [Outcome]);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(result))
    }
}

fn result(outcome: &Outcome) -> RecordResult<'_> {
    match outcome {
        Outcome::Judged {
            id,
            index,
            judgement,
        } => RecordResult::Judged(JudgedRecord::new(id.as_ref(), *index, judgement)),
        Outcome::Unread(bad) => RecordResult::Unread(bad.into()),
    }
}

/// Makes the answer of `/v1/classify`.
pub(super) async fn respond(
    metrics: &Metrics,
    judged: Judged,
    form: Form,
    started: Instant,
) -> Result<Response, Problem> {
    let _writing = metrics.stage(Stage::Write);
    let large = judged.outcomes.len() > LARGE;
    let written = offload(large, move || {
        let mut out = Vec::with_capacity(judged.outcomes.len() * USUAL_RESULT + 256);
        let written = match form {
            Form::Json => document(&judged, started, &mut out),
            Form::Ndjson => lines(&judged, started, &mut out),
        };
        (written.map(|()| out), judged.charge)
    });
    let media_type = match form {
        Form::Json => "application/json",
        Form::Ndjson => "application/x-ndjson",
    };
    let (written, charge) = written.await?;
    respond_with(written, media_type, charge)
}

fn document(judged: &Judged, started: Instant, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let answer = ClassifyAnswer {
        results: Results(&judged.outcomes),
        model: &judged.model,
        took_ms: milliseconds(started),
    };
    serde_json::to_writer(out, &answer)
}

fn lines(judged: &Judged, started: Instant, out: &mut Vec<u8>) -> serde_json::Result<()> {
    for outcome in &judged.outcomes {
        serde_json::to_writer(&mut *out, &result(outcome))?;
        out.push(b'\n');
    }
    let closing = ClosingLine {
        model: &judged.model,
        took_ms: milliseconds(started),
    };
    serde_json::to_writer(&mut *out, &closing)?;
    out.push(b'\n');
    Ok(())
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
