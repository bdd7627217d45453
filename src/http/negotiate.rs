//! What the headers say: which bodies are understood, and which form of answer is wanted.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};

use super::problem::{Kind, Problem};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Ndjson,
}

/// The content type to read the body by; `None` where the body itself must tell.
///
/// Senders that name no type of ours on purpose (a browser's or curl's default for forms, plain
/// bytes) are read by their content. A type that we know we cannot read is refused, so that binary
/// bodies are not judged as if they were text.
pub(super) fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(given) = text(headers, &CONTENT_TYPE)? else {
        return Ok(None);
    };
    let essence = given.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/octet-stream" | "application/x-www-form-urlencoded" => Ok(None),
        "application/json" | "application/x-ndjson" | "application/ndjson" => Ok(Some(given)),
        "application/jsonl" | "application/x-jsonlines" | "application/jsonlines" => {
            Ok(Some("application/x-ndjson"))
        }
        other if other.starts_with("text/") || other.ends_with("+json") => Ok(Some(given)),
        other => Err(Problem::new(
            Kind::UnsupportedMediaType,
            format!(
                "expected a content-type of application/json, application/x-ndjson or text/plain, \
                 found {other}"
            ),
        )),
    }
}

/// The content encoding, if one is named. Several in a row are refused by the decompressor.
pub(super) fn content_encoding(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    text(headers, &CONTENT_ENCODING)
}

/// The form that the `Accept` header prefers; JSON where it asks for nothing that we have, because
/// a sender's odd header is no reason to lose its records.
pub(super) fn accept(headers: &HeaderMap) -> Form {
    let mut best = (0.0, Form::Json);
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let form = match parts.next().map(str::to_ascii_lowercase).as_deref() {
                Some("application/x-ndjson" | "application/ndjson") => Form::Ndjson,
                Some("application/json" | "application/*" | "*/*") => Form::Json,
                _ => continue,
            };
            let quality = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok());
            let quality: f32 = quality.unwrap_or(1.0);
            if quality > best.0 {
                best = (quality, form);
            }
        }
    }
    best.1
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| {
        let detail = format!("expected a {name} header of printable ascii");
        Problem::new(Kind::UnsupportedMediaType, detail)
    })?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header value"));
        headers
    }

    #[test]
    fn the_preferred_form_is_found() {
        for (value, form) in [
            ("application/x-ndjson", Form::Ndjson),
            ("application/json", Form::Json),
            ("*/*", Form::Json),
            ("application/json;q=0.5, application/x-ndjson", Form::Ndjson),
            ("application/x-ndjson;q=0.1, */*", Form::Json),
            ("text/html", Form::Json),
            ("application/x-ndjson; q=0", Form::Json),
        ] {
            assert_eq!(accept(&with(ACCEPT, value)), form, "{value}");
        }
        assert_eq!(accept(&HeaderMap::new()), Form::Json);
    }

    #[test]
    fn types_are_known_sniffed_or_refused() {
        let read =
            |value: &str| content_type(&with(CONTENT_TYPE, value)).map(|t| t.map(str::to_owned));
        for known in [
            "application/json; charset=utf-8",
            "text/plain",
            "application/x-ndjson",
        ] {
            assert_eq!(read(known).expect("known").as_deref(), Some(known));
        }
        let jsonl = read("application/jsonl").expect("known");
        assert_eq!(jsonl.as_deref(), Some("application/x-ndjson"));
        for sniffed in [
            "application/octet-stream",
            "application/x-www-form-urlencoded",
        ] {
            assert_eq!(read(sniffed).expect("sniffed"), None);
        }
        for refused in [
            "application/msgpack",
            "application/x-protobuf",
            "multipart/form-data",
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
