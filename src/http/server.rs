//! One port: connections are accepted, served as HTTP/1.1 or HTTP/2 without TLS, and joined.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::http::{Request, Version};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::guard::Peer;
use super::lifecycle::Lifecycle;
use super::patience::Patient;

/// How long a connection may wait for the head of its next request. Longer than the idle time of
/// usual clients' pools, so that they are the ones to close.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a client may take no byte of what is sent to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often an HTTP/2 peer is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 256;
/// Pause after a failed accept: the usual reason, too many open files, passes only with time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Tells a port to stop, and by when its connections must be done.
pub type Stop = watch::Receiver<Option<Instant>>;

/// Serves until `stop` says so, then finishes what is in flight by the instant it names. HTTP/2
/// connections are told to go as soon as the process is leaving; HTTP/1.1 ones by their answers.
pub async fn serve(listener: TcpListener, router: Router, lifecycle: Lifecycle, mut stop: Stop) {
    let mut connections = JoinSet::new();
    let deadline = loop {
        tokio::select! {
            deadline = stopped(&mut stop) => break deadline,
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let end = End { lifecycle: lifecycle.clone(), stop: stop.clone() };
                    connections.spawn(converse(stream, Peer(address), router.clone(), end));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            // Keeps the set from growing with connections that have ended.
            Some(_) = connections.join_next() => {}
        }
    };
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout_at(deadline, ended).await.is_err() {
        tracing::warn!(
            left = connections.len(),
            "connections were cut at the end of the grace"
        );
    }
    connections.shutdown().await;
}

/// The instant by which to be done; at once where nobody is left who could say.
async fn stopped(stop: &mut Stop) -> Instant {
    match stop.wait_for(Option::is_some).await {
        Ok(deadline) => (*deadline).unwrap_or_else(Instant::now),
        Err(_) => Instant::now(),
    }
}

/// What tells a connection to take no further requests.
struct End {
    lifecycle: Lifecycle,
    stop: Stop,
}

impl End {
    /// Waits for it. `http2` is true once the connection is known to be one.
    async fn told(mut self, mut http2: watch::Receiver<bool>) {
        let leaving = async {
            self.lifecycle.left().await;
            if http2.wait_for(|yes| *yes).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = leaving => {}
            _ = stopped(&mut self.stop) => {}
        }
    }
}

async fn converse(stream: TcpStream, peer: Peer, router: Router, end: End) {
    // Answers are written whole, so waiting for more to send only adds delay.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the delay of small packets stays on");
    }
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(KEEP_ALIVE);
    let (seen, http2) = watch::channel(false);
    let introduced = tower::ServiceBuilder::new()
        .map_request(move |mut request: Request<Incoming>| {
            if request.version() == Version::HTTP_2 {
                seen.send_if_modified(|seen| !std::mem::replace(seen, true));
            }
            request.extensions_mut().insert(peer);
            request
        })
        .service(router);
    let service = TowerToHyperService::new(introduced);
    let stream = TokioIo::new(Patient::new(stream, WRITE_TIMEOUT));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = end.told(http2) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        // Clients come and go; what they do is no fault of ours.
        tracing::debug!(error, "a connection ended early");
    }
}
