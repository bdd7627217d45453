//! Sends what the exporter gives it over HTTP, with the same client as the rest of the program.
//!
//! The exporter runs on a thread of its own, without a reactor. So each request is a task of the async
//! runtime, and the thread waits for it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

/// Largest answer that is read: it says little.
const MOST_ANSWER: usize = 1 << 20;

/// A client on one runtime.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
    patience: Duration,
}

impl Sender {
    /// A client on the runtime that this is called on.
    ///
    /// # Errors
    /// Where the system's certificate authorities cannot be read.
    pub(super) fn new(patience: Duration) -> std::io::Result<Sender> {
        let provider = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?;
        let connector = connector.https_or_http().enable_http1().build();
        Ok(Sender {
            client: Client::builder(TokioExecutor::new()).build(connector),
            runtime: Handle::current(),
            patience,
        })
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, patience) = (self.client.clone(), self.patience);
        let asking = async move {
            let answer = client.request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MOST_ANSWER).collect().await?;
            Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
        };
        let asked = self
            .runtime
            .spawn(async move { tokio::time::timeout(patience, asking).await });
        asked.await??
    }
}
