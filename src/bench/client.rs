//! One connection of the load: sends a body, counts what comes back, and looks into a sample of the
//! answers, so that a wrong answer cannot look fast.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::bodies::{self, Form};
use super::measure::Counts;

/// One answer in so many is read as JSON, the first of each connection always.
const SAMPLE: u64 = 64;
/// No verdict is written in fewer bytes.
const SHORTEST_RESULT: usize = 40;
/// A request that takes longer has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Pause after a connection was refused.
const RETRY: Duration = Duration::from_millis(50);

/// Where requests go and what they look like.
#[derive(Clone, Debug)]
pub struct Target {
    /// Host and port.
    pub address: String,
    /// Path and query.
    pub path: String,
    /// How records are put into a body.
    pub form: Form,
    /// Records in each body.
    pub batch: usize,
}

/// One connection, opened when it is first needed and again after a failure.
pub(super) struct Client {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
    sent: u64,
}

/// Why a request had no good answer: the word under which it is counted.
type Failure = String;

/// The part of an answer that is checked.
#[derive(Deserialize)]
struct Answer {
    results: Vec<Verdict>,
}

#[derive(Deserialize)]
struct Verdict {
    category: Option<IgnoredAny>,
}

impl Client {
    pub(super) fn new(target: Target) -> Client {
        Client {
            target,
            sender: None,
            sent: 0,
        }
    }

    /// Sends one request that was due at `due`.
    ///
    /// What ends from `counted_from` on is counted; what was due from then on is timed, since it was
    /// due and since it was sent.
    pub(super) async fn ask(
        &mut self,
        due: Instant,
        body: bodies::Request,
        counted_from: Instant,
        counts: &mut Counts,
    ) {
        let sent = Instant::now();
        let (line_bytes, body_bytes) = (body.line_bytes, body.body.len());
        let look = self.sent.is_multiple_of(SAMPLE);
        self.sent += 1;
        let answered = timeout(PATIENCE, self.exchange(body.body, look)).await;
        let done = Instant::now();
        let wrong = match answered.unwrap_or_else(|_| Err("timeout".to_owned())) {
            Ok(wrong) => wrong,
            Err(kind) => return self.failed(kind, done >= counted_from, counts).await,
        };
        counts.checked += u64::from(look);
        counts.wrong += u64::from(wrong.is_some());
        counts.first_wrong = counts.first_wrong.take().or(wrong);
        if done >= counted_from {
            counts.answered += 1;
            counts.records += self.target.batch as u64;
            counts.line_bytes += line_bytes as u64;
            counts.body_bytes += body_bytes as u64;
        }
        if due >= counted_from {
            counts.latency.add(done.duration_since(due));
            counts.service.add(done.duration_since(sent));
        }
    }

    async fn failed(&mut self, kind: Failure, counted: bool, counts: &mut Counts) {
        if kind == "connect" {
            // Nobody listens: asking again at once would only make heat.
            sleep(RETRY).await;
        }
        if kind.parse::<u16>().is_err() {
            self.sender = None;
        }
        if counted {
            counts.failed(kind);
        }
    }

    /// What is wrong with the answer, if anything.
    async fn exchange(&mut self, body: Bytes, look: bool) -> Result<Option<String>, Failure> {
        let length = body.len();
        let request = Request::post(&self.target.path)
            .header(HOST, &self.target.address)
            .header(CONTENT_TYPE, self.target.form.content_type())
            .header(CONTENT_LENGTH, length)
            .body(Full::new(body))
            .map_err(|_| "request".to_owned())?;
        let sender = self.sender().await?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        if status != StatusCode::OK {
            drain(response).await?;
            return Err(status.as_u16().to_string());
        }
        if look {
            let answer = response.into_body().collect().await.map_err(broken)?;
            return Ok(self.fault(&answer.to_bytes()));
        }
        let length = drain(response).await?;
        Ok((length < self.target.batch * SHORTEST_RESULT).then(|| {
            format!(
                "expected {} verdicts, found {length} bytes",
                self.target.batch
            )
        }))
    }

    /// The connection, ready for a request.
    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, Failure> {
        if let Some(sender) = &mut self.sender
            && sender.ready().await.is_err()
        {
            // Closed between two requests: nothing was lost.
            self.sender = None;
        }
        if self.sender.is_none() {
            self.sender = Some(connect(&self.target.address).await?);
        }
        self.sender.as_mut().ok_or_else(|| "connect".to_owned())
    }

    fn fault(&self, answer: &[u8]) -> Option<String> {
        let expected = self.target.batch;
        let found = match serde_json::from_slice::<Answer>(answer) {
            Err(error) => format!("no such JSON: {error}"),
            Ok(answer) => {
                let verdicts = answer.results.iter().filter(|r| r.category.is_some());
                let verdicts = verdicts.count();
                if verdicts == expected && answer.results.len() == expected {
                    return None;
                }
                format!("{verdicts} among {} results", answer.results.len())
            }
        };
        Some(format!("expected {expected} verdicts, found {found}"))
    }
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let failed = |_| "connect".to_owned();
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // Ends with its sender; what goes wrong is told by the request that it happens to.
    tokio::spawn(connection);
    Ok(sender)
}

/// Reads an answer to its end and counts its bytes.
async fn drain(response: Response<Incoming>) -> Result<usize, Failure> {
    let mut body = response.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.map_err(broken)?.data_ref().map_or(0, Bytes::len);
    }
    Ok(length)
}

fn broken(_: hyper::Error) -> Failure {
    "broken".to_owned()
}
