//! What every request passes through, whatever its route.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONNECTION, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Uri, Version};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::telemetry::{self, Metrics, Overload};

use super::Service;
use super::access::{Extent, Line};
use super::answer::held;
use super::judging::draining;
use super::lifecycle::{InFlight, Phase};
use super::problem::{Kind, Problem};
use super::routes::Route;
use super::spans::{self, TRACE_RESPONSE, TraceId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is echoed.
const REQUEST_ID_LIMIT: usize = 128;

/// The stack of the data port: that of both ports, with the gate of the drain inside, which the
/// open routes do not pass.
pub(super) fn data(gated: Router, open: Router, service: Arc<Service>) -> Router {
    let metrics = Arc::clone(&service.metrics);
    let gated = gated.layer(from_fn_with_state(service, gate));
    common(gated.merge(open), metrics)
}

/// The stack of both ports, from the inside out: a panic becomes an answer, every answer is
/// measured, and carries the caller's request id.
pub(super) fn common(routes: Router, metrics: Arc<Metrics>) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(metrics, measure))
        .layer(from_fn(identify))
}

/// Holds the request's place in the drain, or turns it away. From when the process is leaving each
/// answer tells its connection to go, so that the next request finds another process.
async fn gate(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let version = request.version();
    let mut response = if let Some(in_flight) = service.lifecycle.admit() {
        hold(next.run(request).await, in_flight).await
    } else {
        service.metrics.overloaded(Overload::Draining);
        draining().into_response()
    };
    // HTTP/2 has no such header: its connections are told by the server itself.
    if version < Version::HTTP_2 && service.lifecycle.phase() > Phase::Serving {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The answer, in flight until it is sent. Answers are made whole: nothing is waited for, and
/// nothing copied.
async fn hold(response: Response, in_flight: InFlight) -> Response {
    let (parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => Response::from_parts(parts, Body::from(held(bytes, in_flight))),
        Err(error) => {
            tracing::error!(%error, "an answer could not be made whole");
            Problem::new(Kind::Internal, "the answer could not be written").into_response()
        }
    }
}

/// Counts, times and tells a request when it ends, however it ends.
struct Measured {
    metrics: Arc<Metrics>,
    route: Route,
    started: Instant,
    /// 499 until there is an answer: a client that goes away ends the future.
    code: u16,
    extent: Option<Extent>,
    /// True where it has a line in the access log.
    chosen: bool,
    request_id: Option<HeaderValue>,
    trace_id: Option<TraceId>,
}

impl Drop for Measured {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let (route, code) = (self.route.label(), self.code);
        self.metrics.request(route, code, took);
        spans::close(code, self.extent);
        let line = Line {
            route: self.route,
            status: code,
            took,
            extent: self.extent,
            request_id: self.request_id.as_ref(),
            trace_id: self.trace_id.as_ref().map(|TraceId(id)| id.as_str()),
        };
        line.write(self.chosen);
    }
}

async fn measure(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let mut measured = Measured {
        metrics,
        route: Route::of(request.extensions().get::<MatchedPath>()),
        started: Instant::now(),
        code: 499,
        extent: None,
        chosen: telemetry::takes_request(),
        request_id: request_id(request.headers()),
        trace_id: request.extensions().get::<TraceId>().cloned(),
    };
    let response = next.run(request).await;
    measured.code = response.status().as_u16();
    measured.extent = response.extensions().get::<Extent>().copied();
    response
}

/// Puts the caller's request id and the id of its trace on the log and on the answer. The span of the
/// log is one of errors, so that a line names its request at whatever level is written.
async fn identify(mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let shown = id
        .as_ref()
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let log = tracing::error_span!("request", id = shown, trace_id = tracing::field::Empty);
    let route = Route::of(request.extensions().get::<MatchedPath>());
    let followed = log.in_scope(|| spans::open(&request, route));
    if let Some(trace_id) = followed.trace_id {
        log.record("trace_id", trace_id.0.as_str());
        request.extensions_mut().insert(trace_id);
    }
    let answering = next.run(request).instrument(followed.span);
    let mut response = answering.instrument(log).await;
    let headers = response.headers_mut();
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(told) = followed.response {
        headers.insert(TRACE_RESPONSE, told);
    }
    response
}

/// The request id, if it is short and made of characters that are harmless in a log.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let harmless = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:/+=@".contains(b);
    let sane = !id.is_empty() && id.len() <= REQUEST_ID_LIMIT && id.as_bytes().iter().all(harmless);
    sane.then(|| id.clone())
}

/// The panic hook has logged where; what the panic says may hold a part of a record.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let detail = "the request could not be worked on; it may be sent again";
    Problem::new(Kind::Internal, detail).into_response()
}

async fn not_found(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("expected a path of GET /openapi.json, found {path}");
    Problem::new(Kind::NotFound, detail)
}

async fn not_allowed(method: Method) -> Problem {
    let detail = format!("expected one of the methods in the allow header, found {method}");
    Problem::new(Kind::MethodNotAllowed, detail)
}
