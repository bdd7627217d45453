//! One line a request, for as many of them as `log.access` asks for.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::Response;

use super::routes::Route;

/// How much a request brought; handlers put it on their answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Records, those that could not be read included.
    pub(super) records: usize,
    /// Bytes of the body on the wire.
    pub(super) bytes: usize,
}

impl Extent {
    /// The answer, with this said beside it.
    pub(super) fn beside(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

/// What is said of a request that has ended.
pub(super) struct Line<'a> {
    pub(super) route: Route,
    pub(super) status: u16,
    pub(super) took: Duration,
    pub(super) extent: Option<Extent>,
    pub(super) request_id: Option<&'a HeaderValue>,
    pub(super) trace_id: Option<&'a str>,
}

impl Line<'_> {
    /// Writes it: at info where it was `chosen`, at debug otherwise.
    pub(super) fn write(&self, chosen: bool) {
        macro_rules! line {
            ($event:ident) => {
                tracing::$event!(
                    route = self.route.label(),
                    status = self.status,
                    records = self.extent.map(|extent| extent.records),
                    bytes = self.extent.map(|extent| extent.bytes),
                    duration_ms = (self.took.as_secs_f64() * 1e6).round() / 1e3,
                    request_id = self.request_id.and_then(|id| id.to_str().ok()),
                    trace_id = self.trace_id,
                    "request"
                )
            };
        }
        match chosen {
            true => line!(info),
            false => line!(debug),
        }
    }
}
