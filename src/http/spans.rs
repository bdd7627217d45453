//! The spans of a request, named as OpenTelemetry's semantic conventions for HTTP servers name them.
//!
//! Where nothing is traced they are disabled: nothing of what stands here is worked out then.

use axum::extract::Request;
use axum::http::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use axum::http::{HeaderMap, Method, Uri, Version};
use opentelemetry_http::HeaderExtractor;
use tracing::Span;

use crate::telemetry::{self, Caller, SPANS};

use super::access::Extent;
use super::guard::Peer;
use super::routes::Route;

/// Tells the caller in which span its request was worked on (W3C Trace Context, level 2).
pub(super) const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// The id of the trace that a request belongs to, for the log.
#[derive(Clone, Debug)]
pub(super) struct TraceId(pub(super) String);

/// The span of a request; disabled where it is not traced.
pub(super) struct Followed {
    pub(super) span: Span,
    /// The trace, also where only the caller traces it.
    pub(super) trace_id: Option<TraceId>,
    /// What the caller is told.
    pub(super) response: Option<HeaderValue>,
}

/// Opens the span of a request, as a part of its caller's trace.
pub(super) fn open(request: &Request, route: Route) -> Followed {
    let caller = Caller::read(&HeaderExtractor(request.headers()));
    let span = match route.is_traced() {
        true => span(request, route),
        false => Span::none(),
    };
    caller.adopt(&span);
    match telemetry::ids(&span) {
        Some((trace, own)) => {
            let response = HeaderValue::try_from(format!("00-{trace}-{own}-01"));
            Followed {
                span,
                trace_id: Some(TraceId(trace)),
                response: response.ok(),
            }
        }
        None => Followed {
            span,
            trace_id: caller.trace_id().map(TraceId),
            response: None,
        },
    }
}

fn span(request: &Request, route: Route) -> Span {
    let (headers, path) = (request.headers(), route.path());
    let method = method(request.method());
    let host = host(request.uri(), headers);
    let peer = request.extensions().get::<Peer>();
    let agent = headers.get(USER_AGENT).and_then(|v| v.to_str().ok());
    tracing::trace_span!(
        target: SPANS,
        "request",
        otel.name = %format_args!("{method} {path}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = path,
        url.path = request.uri().path(),
        url.scheme = "http",
        server.address = host.as_ref().map(|(name, _)| name.as_str()),
        server.port = host.as_ref().and_then(|(_, port)| *port),
        client.address = peer.map(|Peer(address)| tracing::field::display(address.ip())),
        network.protocol.version = version(request.version()),
        user_agent.original = agent,
    )
}

/// Says on the span of the request how it ended. 499 is a client that went away.
pub(super) fn close(code: u16, extent: Option<Extent>) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    if let Some(extent) = extent {
        telemetry::note(&span, "http.request.body.size", whole(extent.bytes));
        telemetry::note(&span, "logtriage.records", whole(extent.records));
    }
    if code == 499 {
        telemetry::note(&span, "error.type", "client_went_away");
        return;
    }
    telemetry::note(&span, "http.response.status_code", i64::from(code));
    if code >= 500 {
        telemetry::note(&span, "error.type", code.to_string());
        telemetry::failed(&span);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Of the methods of RFC 9110 and PATCH by name; others have no bound.
fn method(method: &Method) -> &'static str {
    let known = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    let found = known.into_iter().find(|name| *name == method.as_str());
    found.unwrap_or("_OTHER")
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}

/// Name and port that the caller asked for.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<(String, Option<u16>)> {
    let said = uri.authority().cloned().or_else(|| {
        let host = headers.get(HOST)?.to_str().ok()?;
        host.parse().ok()
    })?;
    Some((said.host().to_owned(), said.port_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_taken_from_the_target_or_the_header() {
        let found = |uri: &'static str, header: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(header));
            host(&Uri::from_static(uri), &headers)
        };
        let named = |name: &str, port| Some((name.to_owned(), port));
        assert_eq!(
            found("/v1/classify", "triage.logs:8080"),
            named("triage.logs", Some(8080))
        );
        assert_eq!(found("http://a.example/v1", "b"), named("a.example", None));
        assert_eq!(found("/", "[::1]:80"), named("[::1]", Some(80)));
        assert_eq!(found("/", "a b"), None);
    }

    #[test]
    fn methods_are_bounded() {
        assert_eq!(method(&Method::POST), "POST");
        let odd = Method::from_bytes(b"BREW").expect("a method");
        assert_eq!(method(&odd), "_OTHER");
    }
}
