//! What the headers say: which bodies are understood, and which form of answer is wanted.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::record;
use crate::telemetry::Exposition;

use super::problem::{Kind, Problem};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Ndjson,
}

/// The content type to read the body by, if one is named. One that is not read is refused.
pub(super) fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(None);
    };
    let given = text(value, &CONTENT_TYPE)?;
    if record::is_read(given) {
        return Ok(Some(given));
    }
    let essence = given.split(';').next().unwrap_or_default().trim();
    let detail = format!(
        "expected a content-type of application/json, application/x-ndjson or text/plain, found \
         {essence}"
    );
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

/// The content codings, if any are named, in the order they were applied. Several may stand in one
/// header or in several lines of it, which mean the same.
pub(super) fn content_encoding(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let lines = headers.get_all(CONTENT_ENCODING).into_iter();
    let lines: Result<Vec<&str>, Problem> =
        lines.map(|line| text(line, &CONTENT_ENCODING)).collect();
    let codings = lines?.join(",");
    Ok(Some(codings).filter(|codings| !codings.trim().is_empty()))
}

/// The form that the `Accept` header prefers; JSON where it asks for nothing that we have, because
/// a sender's odd header is no reason to lose its records.
pub(super) fn accept(headers: &HeaderMap) -> Form {
    let form = preferred(headers, |essence, _| match essence {
        "application/x-ndjson" | "application/ndjson" => Some(Form::Ndjson),
        "application/json" | "application/*" | "*/*" => Some(Form::Json),
        _ => None,
    });
    form.unwrap_or(Form::Json)
}

/// The form of metrics that the `Accept` header prefers: OpenMetrics only where that is asked for, in a
/// version that is written here.
pub(super) fn exposition(headers: &HeaderMap) -> Exposition {
    let form = preferred(headers, |essence, version| match (essence, version) {
        ("application/openmetrics-text", None | Some("1.0.0")) => Some(Exposition::OpenMetrics),
        ("text/plain" | "text/*" | "*/*", _) => Some(Exposition::Text),
        _ => None,
    });
    form.unwrap_or(Exposition::Text)
}

/// What the `Accept` header prefers of what `known` knows, by media type and version; of equals the
/// one that is named first.
fn preferred<T>(headers: &HeaderMap, known: impl Fn(&str, Option<&str>) -> Option<T>) -> Option<T> {
    let mut best = None;
    let mut highest = 0.0;
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameter = |name: &str| parts.clone().find_map(|part| part.strip_prefix(name));
            let quality = parameter("q=").and_then(|q| q.parse().ok());
            let quality: f32 = quality.unwrap_or(1.0);
            let Some(found) = known(&essence, parameter("version=")) else {
                continue;
            };
            if quality > highest {
                (highest, best) = (quality, Some(found));
            }
        }
    }
    best
}

fn text<'a>(value: &'a HeaderValue, name: &HeaderName) -> Result<&'a str, Problem> {
    value.to_str().map_err(|_| {
        let detail = format!("expected a {name} header of printable ascii");
        Problem::new(Kind::UnsupportedMediaType, detail)
    })
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
    fn open_metrics_is_told_where_it_is_preferred() {
        let prometheus = "application/openmetrics-text;version=1.0.0,\
             application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        use Exposition::{OpenMetrics, Text};
        for (value, form) in [
            (prometheus, OpenMetrics),
            ("application/openmetrics-text", OpenMetrics),
            ("application/openmetrics-text; version=0.0.1", Text),
            (
                "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5",
                Text,
            ),
            ("application/openmetrics-text;version=1.0.0;q=0", Text),
            ("*/*", Text),
            ("text/html", Text),
        ] {
            assert_eq!(exposition(&with(ACCEPT, value)), form, "{value}");
        }
        assert_eq!(exposition(&HeaderMap::new()), Text);
    }

    #[test]
    fn types_are_read_or_refused() {
        let read =
            |value: &str| content_type(&with(CONTENT_TYPE, value)).map(|t| t.map(str::to_owned));
        for known in [
            "",
            "Application/JSON; charset=utf-8",
            "application/json-lines",
            "application/json-seq",
            "application/jsonl",
            "application/octet-stream",
            "application/vnd.x+json",
            "application/x-jsonl",
            "application/x-ndjson",
            "application/x-www-form-urlencoded",
            "text/html",
            "text/plain",
        ] {
            assert_eq!(read(known).expect("known").as_deref(), Some(known));
        }
        for refused in [
            "application/msgpack",
            "application/x-protobuf",
            "multipart/form-data",
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn codings_in_several_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        assert_eq!(content_encoding(&headers).expect("ascii"), None);
        for coding in ["gzip", "br, zstd"] {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let codings = content_encoding(&headers).expect("ascii");
        assert_eq!(codings.as_deref(), Some("gzip,br, zstd"));
        let odd = HeaderValue::from_bytes(b"\xff").expect("a header value");
        headers.append(CONTENT_ENCODING, odd);
        assert!(content_encoding(&headers).is_err());
    }
}
