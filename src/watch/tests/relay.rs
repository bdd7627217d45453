//! A server on loopback that hands out an archive, plain or over TLS, and remembers who asked for what.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// Makes the answer to a request with these headers.
type Answer = Box<dyn Fn(&HeaderMap) -> Response<Body> + Send>;

pub(super) struct Relay {
    pub(super) address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

struct Shared {
    answer: Answer,
    asked: Vec<HeaderMap>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// Serves on a free port; over TLS where an acceptor is given.
    pub(super) async fn start(tls: Option<TlsAcceptor>) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared {
            answer: Box::new(|_| status(StatusCode::NOT_FOUND)),
            asked: Vec::new(),
        }));
        let state = Arc::clone(&shared);
        let router = Router::new().fallback(async move |request: Request<Body>| {
            let mut state = state.lock().expect("no test panics inside");
            state.asked.push(request.headers().clone());
            (state.answer)(request.headers())
        });
        let task = tokio::spawn(accept(listener, tls, router));
        Relay {
            address,
            shared,
            task,
        }
    }

    /// Answers like that from now on.
    pub(super) fn answer(&self, answer: impl Fn(&HeaderMap) -> Response<Body> + Send + 'static) {
        self.shared.lock().expect("no test panics inside").answer = Box::new(answer);
    }

    /// Hands out an archive of that version, and 304 to those who have it.
    pub(super) fn serve(&self, archive: &'static str, etag: &'static str) {
        self.answer(move |asked| {
            if asked
                .get(header::IF_NONE_MATCH)
                .is_some_and(|tag| tag == etag)
            {
                return status(StatusCode::NOT_MODIFIED);
            }
            let answer = Response::builder().header(header::ETAG, etag);
            answer.body(Body::from(archive)).expect("an answer")
        });
    }

    /// The headers of the requests so far.
    pub(super) fn asked(&self) -> Vec<HeaderMap> {
        let shared = self.shared.lock().expect("no test panics inside");
        shared.asked.clone()
    }

    /// Waits until it was asked so many times more; the last one's headers.
    pub(super) async fn asked_again(&self, times: usize) -> HeaderMap {
        let before = self.asked().len();
        for _ in 0..2000 {
            let asked = self.asked();
            if asked.len() >= before + times {
                return asked.last().cloned().expect("at least one");
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!(
            "expected {times} more requests, found {}",
            self.asked().len() - before
        );
    }
}

/// An answer without a body.
pub(super) fn status(status: StatusCode) -> Response<Body> {
    let answer = Response::builder().status(status);
    answer.body(Body::empty()).expect("an answer")
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(stream, router).await,
                // A client that does not trust us goes away here.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, router).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    let connection = Builder::new(TokioExecutor::new());
    // How a connection ends is the client's affair.
    let _ = connection
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
