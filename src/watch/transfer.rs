//! One look at an archive behind a URL: asked for, bounded, and told apart from what is known.
//!
//! Nothing is kept from one look to the next: certificates and the token are read each time, so their
//! rotation needs no restart, and a connection a minute costs nothing.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, USER_AGENT,
};
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};

use super::retry::causes;
use crate::config::{FetchConfig, SourceUrl};

/// Largest archive. One that claims more is not read, one that is more is not read to its end.
pub(super) const MOST_BYTES: usize = 64 << 20;
const CONNECT: Duration = Duration::from_secs(10);
/// Largest file of a token or of certificates.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// What tells a version of the archive from the next: sent back, it saves the transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version(HeaderName, HeaderValue);

/// What a look found.
#[derive(Debug)]
pub(super) enum Found {
    /// The version that was asked about.
    Unchanged,
    /// An archive with its SHA-256, and how to ask about it the next time, where the server says.
    Archive(Bytes, [u8; 32], Option<Version>),
}

/// What is read anew for each look.
struct Prepared {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    authorization: Option<HeaderValue>,
}

/// Asks for the archive; `known` is the version that is there already.
///
/// # Errors
/// What was expected and what came, without the secrets of the URL.
pub(super) async fn look(
    url: &SourceUrl,
    config: &FetchConfig,
    known: Option<&Version>,
) -> Result<Found, String> {
    let (asked, files) = (url.clone(), config.clone());
    let prepared = tokio::task::spawn_blocking(move || prepare(&asked, &files));
    let prepared = prepared.await.map_err(|error| causes(&error))??;
    let request = request(url, known, prepared.authorization)?;
    let answer = prepared.client.request(request).await;
    let answer = answer.map_err(|error| format!("GET {url}: {}", causes(&error)))?;
    match answer.status() {
        StatusCode::OK => {
            let version = version(answer.headers());
            let archive = read(answer).await;
            let archive = archive.map_err(|detail| format!("GET {url}: {detail}"))?;
            let hash = move || (Sha256::digest(&archive).into(), archive);
            let hashed = tokio::task::spawn_blocking(hash).await;
            let (digest, archive) = hashed.map_err(|error| causes(&error))?;
            Ok(Found::Archive(archive, digest, version))
        }
        StatusCode::NOT_MODIFIED if known.is_some() => Ok(Found::Unchanged),
        status => Err(format!(
            "GET {url}: expected 200, found {}",
            refusal(status, &answer)
        )),
    }
}

/// Files are read here, off the async runtime.
fn prepare(url: &SourceUrl, config: &FetchConfig) -> Result<Prepared, String> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT));
    let tls = HttpsConnectorBuilder::new().with_tls_config(tls(url, config)?);
    // With an https URL the connector opens nothing else, whatever is asked of it.
    let schemes = if url.is_encrypted() {
        tls.https_only()
    } else {
        tls.https_or_http()
    };
    let connector = schemes.enable_http1().wrap_connector(http);
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build(connector);
    let authorization = authorization(url, config)?;
    Ok(Prepared {
        client,
        authorization,
    })
}

/// Whom to trust: the authorities of the file and nobody else, or the system's.
fn tls(url: &SourceUrl, config: &FetchConfig) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| causes(&error))?;
    let builder = match &config.ca_file {
        _ if !url.is_encrypted() => builder.with_root_certificates(RootCertStore::empty()),
        Some(path) => builder.with_root_certificates(authorities(path)?),
        None => builder.with_native_roots().map_err(|error| {
            let found = causes(&error);
            format!(
                "expected certificate authorities of the system, found none: {found}; name a file \
                 of them in models.fetch.ca_file"
            )
        })?,
    };
    Ok(builder.with_no_client_auth())
}

fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let key = "models.fetch.ca_file";
    let pem = read_file(key, path)?;
    let broken = |found: String| {
        format!(
            "{key} {}: expected certificates in PEM, found {found}",
            path.display()
        )
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| broken(causes(&error)))?;
        let added = roots.add(certificate);
        added.map_err(|error| broken(causes(&error)))?;
    }
    if roots.is_empty() {
        return Err(broken("none".to_owned()));
    }
    Ok(roots)
}

/// What proves who asks. It is only ever sent encrypted, or to this host.
fn authorization(url: &SourceUrl, config: &FetchConfig) -> Result<Option<HeaderValue>, String> {
    let words = match (&config.token_file, url.user_info()) {
        (Some(path), _) => format!("Bearer {}", token(path)?),
        (None, Some(user)) => {
            let user: Vec<u8> = percent_decode_str(user).collect();
            format!("Basic {}", BASE64_STANDARD.encode(user))
        }
        (None, None) => return Ok(None),
    };
    if !url.may_carry_credentials() {
        return Err(format!(
            "{url}: expected https to send credentials over, found http"
        ));
    }
    let header = HeaderValue::try_from(words);
    let mut header = header.map_err(|_| {
        "models.fetch.token_file: expected a token of printable characters, found others".to_owned()
    })?;
    header.set_sensitive(true);
    Ok(Some(header))
}

fn token(path: &Path) -> Result<String, String> {
    let key = "models.fetch.token_file";
    let text = String::from_utf8(read_file(key, path)?).unwrap_or_default();
    let token = text.trim();
    if token.is_empty() {
        let path = path.display();
        return Err(format!(
            "{key} {path}: expected a token as text, found none"
        ));
    }
    Ok(token.to_owned())
}

fn read_file(key: &str, path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path);
    let read = file.and_then(|file| file.take(MOST_FILE_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| format!("{key} {}: cannot be read: {error}", path.display()))?;
    Ok(bytes)
}

fn request(
    url: &SourceUrl,
    known: Option<&Version>,
    authorization: Option<HeaderValue>,
) -> Result<Request<Empty<Bytes>>, String> {
    let agent = concat!("logtriage/", env!("CARGO_PKG_VERSION"));
    let mut request = Request::get(url.uri().clone())
        .header(USER_AGENT, agent)
        .header(ACCEPT_ENCODING, "identity");
    if let Some(Version(header, value)) = known {
        request = request.header(header, value);
    }
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let request = request.body(Empty::new());
    request.map_err(|error| format!("GET {url}: {}", causes(&error)))
}

/// The ETag, or where there is none the time of the last change.
fn version(headers: &HeaderMap) -> Option<Version> {
    let sent_back = |from: HeaderName, to: HeaderName| {
        let value = headers.get(from)?;
        Some(Version(to, value.clone()))
    };
    sent_back(ETAG, IF_NONE_MATCH).or_else(|| sent_back(LAST_MODIFIED, IF_MODIFIED_SINCE))
}

async fn read(answer: Response<Incoming>) -> Result<Bytes, String> {
    let too_large = |found: &dyn std::fmt::Display| {
        format!("expected an archive of at most {MOST_BYTES} bytes, found {found}")
    };
    let length = answer.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(length) = length.filter(|length| *length > MOST_BYTES) {
        return Err(too_large(&length));
    }
    let mut body = answer.into_body();
    let mut archive = BytesMut::with_capacity(length.unwrap_or(0));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let read = archive.len();
            format!(
                "the answer broke off after {read} bytes: {}",
                causes(&error)
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if archive.len() + data.len() > MOST_BYTES {
            return Err(too_large(&"more"));
        }
        archive.extend_from_slice(&data);
    }
    Ok(archive.freeze())
}

/// What came instead of an archive, and what to do about it.
fn refusal(status: StatusCode, answer: &Response<Incoming>) -> String {
    let advice = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; check models.fetch.token_file".to_owned()
        }
        status if status.is_redirection() => {
            let place = redirected_to(answer.headers());
            format!(", a redirect to {place}; redirects are not followed, name the final URL")
        }
        _ => String::new(),
    };
    format!("{status}{advice}")
}

/// Scheme and host only: the rest of a location may be a signature that opens it.
fn redirected_to(headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let uri: Option<Uri> = location.and_then(|location| location.parse().ok());
    match uri {
        None => "nowhere that can be read".to_owned(),
        Some(uri) => match (uri.scheme_str(), uri.host()) {
            (Some(scheme), Some(host)) => format!("{scheme}://{host}"),
            _ => "the same host".to_owned(),
        },
    }
}
