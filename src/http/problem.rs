//! Errors as answers: problem documents of RFC 9457.

use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, as a program tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    InvalidBody,
    InvalidQuery,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotPossible,
    Timeout,
    TooLarge,
    UnsupportedMediaType,
    UnsupportedEncoding,
    Overloaded,
    Draining,
    NoRoom,
    Unavailable,
    Internal,
}

impl Kind {
    /// Status, name in the `type` URI, title.
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Kind::InvalidBody => (S::BAD_REQUEST, "invalid-body", "the body cannot be read"),
            Kind::InvalidQuery => (S::BAD_REQUEST, "invalid-query", "the query cannot be met"),
            Kind::Forbidden => (S::FORBIDDEN, "forbidden", "this is not allowed"),
            Kind::NotPossible => (S::CONFLICT, "not-possible", "this is not possible now"),
            Kind::NotFound => (S::NOT_FOUND, "not-found", "no such path"),
            Kind::MethodNotAllowed => {
                let title = "the path does not take this method";
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", title)
            }
            Kind::Timeout => {
                let title = "the body did not arrive in time";
                (S::REQUEST_TIMEOUT, "body-timeout", title)
            }
            Kind::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "the body is too large"),
            Kind::UnsupportedMediaType => {
                let title = "the content type is not supported";
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", title)
            }
            Kind::UnsupportedEncoding => {
                let title = "the content encoding is not supported";
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-encoding", title)
            }
            Kind::Overloaded => {
                let title = "more records than can be taken now";
                (S::TOO_MANY_REQUESTS, "overloaded", title)
            }
            Kind::Draining => (S::SERVICE_UNAVAILABLE, "draining", "the service is ending"),
            Kind::NoRoom => {
                let title = "there is no room to keep it";
                (S::INSUFFICIENT_STORAGE, "no-room", title)
            }
            Kind::Unavailable => {
                let title = "this is not possible now";
                (S::SERVICE_UNAVAILABLE, "unavailable", title)
            }
            Kind::Internal => {
                let title = "the service failed";
                (S::INTERNAL_SERVER_ERROR, "internal", title)
            }
        }
    }
}

/// An error as RFC 9457 writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document {
    /// What kind of problem, as a URI that stays the same.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What was expected and what was found.
    detail: String,
    /// Place of the problem in the decompressed body, in bytes, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
}

/// An answer that says what went wrong.
#[derive(Debug)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    offset: Option<usize>,
    retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            detail: detail.into(),
            offset: None,
            retry_after: None,
        }
    }

    /// With the place in the body.
    pub(super) fn at(mut self, offset: usize) -> Problem {
        self.offset = Some(offset);
        self
    }

    /// With the whole seconds after which to come again, at least 1.
    pub(super) fn retry_after(mut self, after: std::time::Duration) -> Problem {
        let part = u64::from(after.subsec_nanos() > 0);
        self.retry_after = Some((after.as_secs() + part).max(1));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let (status, name, title) = self.kind.row();
        let document = Document {
            kind: format!("urn:logtriage:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            offset: self.offset,
        };
        // Strings and numbers alone cannot fail to be written; an empty body would still be an answer.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(axum::body::Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn retry_after_is_in_whole_seconds_and_never_zero() {
        for (millis, header) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (30_000, "30")] {
            let problem = Problem::new(Kind::Overloaded, "full");
            let response = problem
                .retry_after(Duration::from_millis(millis))
                .into_response();
            assert_eq!(response.headers()[RETRY_AFTER], header, "{millis}");
        }
    }
}
