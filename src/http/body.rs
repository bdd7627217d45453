//! A request's body, from the wire to records: limits first, then bytes, then text.
//!
//! Every byte is charged against `server.inflight_bytes` before it is kept, and stays charged until
//! the answer is sent: the records that come out of a body are about as large as the body.

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Frame;

use crate::batch::{Overloaded, Room, Ticket};
use crate::pipeline::{Detail, Judgement};
use crate::record::{self, DecompressError, Entry, Limits};
use crate::telemetry::{Overload, Stage};

use super::access::Extent;
use super::inflight::{Charge, Denied};
use super::problem::{Kind, Problem};
use super::{Service, door, judging, negotiate};

/// Work on more bytes than this leaves the async runtime.
const LARGE: usize = 64 << 10;

/// Room first taken for a decompressed body: so many times the compressed size, and a little.
/// Ordinary logs shrink to a tenth or less; what unfolds further is decompressed again with more
/// room, up to what the limits allow.
const USUAL_RATIO: usize = 16;
const USUAL_EXTRA: usize = 64 << 10;
/// How much more is tried where that was too little.
const MORE: usize = 4;

/// Bytes that a record takes beside its text until its answer is sent: entry, judgement, JSON.
const RECORD_ROOM: usize = size_of::<Entry>() + size_of::<Judgement>() + 256;

/// Bytes that a record's votes and matched rules take, with the sentence, in memory and as JSON.
const VOTES_ROOM: usize = 1 << 10;
/// The same with terms and numbers.
const FULL_ROOM: usize = 16 << 10;

/// The entries of a body, and the bytes that they hold.
pub(super) struct Received {
    pub(super) entries: Vec<Entry>,
    pub(super) charge: Charge,
    /// Says that its records are on their way.
    pub(super) ticket: Ticket,
    /// Bytes of the body on the wire.
    wire: usize,
}

/// Reads, decompresses and decodes a body.
pub(super) async fn receive(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, Problem> {
    let content_type = negotiate::content_type(headers)?.map(str::to_owned);
    let encoding = negotiate::content_encoding(headers)?;
    let compressed = encoding
        .as_deref()
        .is_some_and(|e| !e.eq_ignore_ascii_case("identity"));
    let mut charge = service.ledger.open();
    let mut ticket = service.judge.ticket();
    let declared = declared(headers);
    if let Err(refused) = enter(service, compressed, declared, &charge, &mut ticket) {
        if refused.is_overload() {
            drop(ticket);
            door::discard(service, headers.contains_key(EXPECT), body).await;
        }
        return Err(refused.into_problem(service));
    }
    let mut body = body;
    let reading = service.metrics.stage(Stage::Read);
    let read = read(service, declared, &mut body, &mut charge, &mut ticket).await;
    drop(reading);
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(refused) => {
            if refused.is_overload() {
                // What was taken is given back before the rest is waited for.
                charge.shrink_to(0);
                drop(ticket);
                door::discard(service, false, body).await;
            }
            return Err(refused.into_problem(service));
        }
    };
    let wire = bytes.len();
    let limits = Limits {
        decompressed: service.limits.decompressed_limit,
        message: service.limits.message_limit,
        json_depth: service.limits.json_depth,
    };
    let large = bytes.len() > LARGE || (encoding.is_some() && bytes.len() > LARGE / USUAL_RATIO);
    if large {
        let held = door::hold(service, &mut ticket, compressed, wire);
        held.map_err(Refusal::Queue)
            .map_err(|refused| refused.into_problem(service))?;
    }
    let decoding = service.metrics.stage(Stage::Decode);
    let decoded = offload(large, move || {
        let bytes = decompress(bytes, encoding.as_deref(), limits.decompressed, &mut charge)?;
        let entries = decode(&bytes, content_type.as_deref(), &limits, &mut charge)?;
        Ok(Received {
            entries,
            charge,
            ticket,
            wire,
        })
    })
    .await?;
    drop(decoding);
    let received = decoded.map_err(|refused: Refusal| refused.into_problem(service))?;
    service.usual.learn(compressed, wire, received.room());
    Ok(received)
}

impl Received {
    /// How much it is, for the log.
    pub(super) fn extent(&self) -> Extent {
        Extent {
            records: self.entries.len(),
            bytes: self.wire,
        }
    }

    /// What its records take in the queue.
    fn room(&self) -> Room {
        let records = self.entries.iter().filter_map(|entry| match entry {
            Entry::Record(record) => Some(record),
            Entry::Bad(_) => None,
        });
        Room::of(records)
    }

    /// Takes the room of what `detail` adds to each answer.
    pub(super) fn charge_for(&mut self, service: &Service, detail: Detail) -> Result<(), Problem> {
        let each = match detail {
            Detail::None => return Ok(()),
            Detail::Votes => VOTES_ROOM,
            Detail::Full => FULL_ROOM,
        };
        let taken = self.charge.grow(each * self.entries.len());
        taken.map_err(|denied| Refusal::from(denied).into_problem(service))
    }
}

/// Runs work on the async runtime where it is small, on a thread of its own where it is large; the
/// log span goes with it.
pub(super) async fn offload<T: Send + 'static>(
    large: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    if !large {
        return Ok(work());
    }
    let span = tracing::Span::current();
    let done = tokio::task::spawn_blocking(move || span.in_scope(work)).await;
    done.map_err(|error| {
        tracing::error!(%error, "work on a request failed");
        Problem::new(
            Kind::Internal,
            "the request could not be worked on; it may be sent again",
        )
    })
}

/// The entries of a body. A short line takes far more room as a record with its verdict than it does
/// on the wire, and so do fields as a tree; that room is charged as well, and a flood of tiny lines
/// or values is refused in time.
fn decode(
    bytes: &Bytes,
    content_type: Option<&str>,
    limits: &Limits,
    charge: &mut Charge,
) -> Result<Vec<Entry>, Refusal> {
    let read = record::entries(bytes, content_type, limits).map_err(|unreadable| {
        Refusal::Told(Problem::new(Kind::InvalidBody, unreadable.detail).at(unreadable.offset))
    })?;
    let mut entries = Vec::new();
    for entry in read {
        let fields = match &entry {
            Entry::Record(record) => record.fields_room(),
            Entry::Bad(_) => 0,
        };
        charge.grow(RECORD_ROOM + fields)?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Why a body is not taken.
enum Refusal {
    Bytes(Denied),
    Queue(Overloaded),
    Told(Problem),
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        Refusal::Bytes(denied)
    }
}

impl Refusal {
    /// True where the request may come again.
    fn is_overload(&self) -> bool {
        matches!(self, Refusal::Bytes(Denied::Full) | Refusal::Queue(_))
    }

    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Refusal::Told(problem) => problem,
            Refusal::Queue(overloaded) => judging::refuse(service, &overloaded),
            Refusal::Bytes(Denied::Never { capacity }) => Problem::new(
                Kind::TooLarge,
                format!(
                    "expected a body that needs at most {capacity} bytes in all \
                     (server.inflight_bytes); send smaller batches"
                ),
            ),
            Refusal::Bytes(Denied::Full) => {
                service.metrics.overloaded(Overload::InflightBytes);
                let detail = "server.inflight_bytes are in use by other requests; nothing of this \
                              request was taken, send it again";
                Problem::new(Kind::Overloaded, detail).retry_after(service.judge.drained_in())
            }
        }
    }
}

fn too_large(limit: usize, what: &str, key: &str) -> Refusal {
    let detail = format!("expected {what} of at most {limit} bytes ({key}); send smaller batches");
    Refusal::Told(Problem::new(Kind::TooLarge, detail))
}

/// The length that the head of the request tells; 0 where it tells none.
fn declared(headers: &HeaderMap) -> usize {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|v| v.to_str().ok()?.parse().ok());
    length.unwrap_or(0)
}

/// What cannot fit is said before a byte of it is read.
fn enter(
    service: &Service,
    compressed: bool,
    declared: usize,
    charge: &Charge,
    ticket: &mut Ticket,
) -> Result<(), Refusal> {
    let limit = service.limits.body_limit;
    if declared > limit {
        return Err(too_large(limit, "a body", "server.body_limit"));
    }
    charge.would_fit(declared)?;
    door::look(service, ticket, compressed, declared).map_err(Refusal::Queue)
}

/// The body as it came over the wire.
async fn read(
    service: &Service,
    declared: usize,
    body: &mut Body,
    charge: &mut Charge,
    ticket: &mut Ticket,
) -> Result<Bytes, Refusal> {
    let limit = service.limits.body_limit;
    let reading = collect(body, declared, limit, charge, ticket);
    match tokio::time::timeout(service.body_timeout, reading).await {
        Ok(read) => read,
        Err(_) => {
            let seconds = service.body_timeout.as_secs_f32();
            let detail = format!("expected the whole body within {seconds} s");
            Err(Refusal::Told(Problem::new(Kind::Timeout, detail)))
        }
    }
}

async fn collect(
    body: &mut Body,
    declared: usize,
    limit: usize,
    charge: &mut Charge,
    ticket: &mut Ticket,
) -> Result<Bytes, Refusal> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = next_frame(body, ticket).await {
        let frame = frame.map_err(|error| {
            let detail = format!("the body broke off: {error}");
            Refusal::Told(Problem::new(Kind::InvalidBody, detail))
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if charge.bytes() + data.len() > limit {
            return Err(too_large(limit, "a body", "server.body_limit"));
        }
        charge.grow(data.len())?;
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(declared.max(first.len() + data.len()));
            rest.extend_from_slice(&first);
            first = Bytes::new();
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

/// The next frame of a body. Where it has to be waited for, others in the queue may wait for it too.
async fn next_frame(
    body: &mut Body,
    ticket: &mut Ticket,
) -> Option<Result<Frame<Bytes>, axum::Error>> {
    tokio::select! {
        biased;
        frame = body.frame() => return frame,
        () = std::future::ready(()) => ticket.announce(),
    }
    body.frame().await
}

/// The body without its content encoding; the room for it is taken before it is made.
fn decompress(
    bytes: Bytes,
    encoding: Option<&str>,
    limit: usize,
    charge: &mut Charge,
) -> Result<Bytes, Refusal> {
    let Some(encoding) = encoding.filter(|e| !e.eq_ignore_ascii_case("identity")) else {
        if bytes.len() > limit {
            return Err(too_large(limit, "a body", "server.decompressed_limit"));
        }
        return Ok(bytes);
    };
    let compressed = bytes.len();
    // Of stacked codings, what one gives is held while the next one is undone.
    let held = if encoding.contains(',') { 2 } else { 1 };
    let possible = charge.capacity().saturating_sub(compressed) / held;
    let usual = compressed
        .saturating_mul(USUAL_RATIO)
        .saturating_add(USUAL_EXTRA);
    let mut room = usual.min(limit).min(possible);
    loop {
        charge.grow(room * held)?;
        match record::decompress(bytes.clone(), Some(encoding), room) {
            Ok(plain) => {
                charge.shrink_to(plain.len());
                return Ok(plain);
            }
            Err(DecompressError::TooLarge { .. }) if room < limit.min(possible) => {
                charge.shrink_to(compressed);
                // By steps: all the room there is would mostly be in use by others.
                room = room.saturating_mul(MORE).min(limit).min(possible);
            }
            Err(error) => return Err(undecompressed(&error, limit, possible, charge.capacity())),
        }
    }
}

fn undecompressed(
    error: &DecompressError,
    limit: usize,
    possible: usize,
    capacity: usize,
) -> Refusal {
    let kind = match error {
        DecompressError::TooLarge { .. } if possible < limit => {
            return Refusal::Bytes(Denied::Never { capacity });
        }
        DecompressError::TooLarge { .. } => {
            return too_large(limit, "a decompressed body", "server.decompressed_limit");
        }
        DecompressError::Corrupt { .. } => Kind::InvalidBody,
        DecompressError::Unsupported { .. } => Kind::UnsupportedEncoding,
    };
    Refusal::Told(Problem::new(kind, error.to_string()))
}
