//! From entries to outcomes: the good records are judged, the bad ones keep their places.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::Overloaded;
use crate::bundle::Identity;
use crate::pipeline::{Detail, Judgement};
use crate::record::{BadRecord, Entry, RecordId};
use crate::telemetry::{self, Sample, Tally};

use super::Service;
use super::body::Received;
use super::inflight::Charge;
use super::problem::{Kind, Problem};

/// Retry-After while the process ends: by then whoever routes to us has heard of it.
pub(super) const DRAINING_RETRY: Duration = Duration::from_secs(2);

/// What became of one record.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every record is judged: a box for each would cost more than a bad one wastes"
)]
pub(super) enum Outcome {
    Judged {
        id: Option<RecordId>,
        index: usize,
        judgement: Judgement,
    },
    Unread(BadRecord),
}

/// What became of a request's records, in their order.
pub(super) struct Judged {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) model: Arc<Identity>,
    /// The bytes that the request holds until its answer is sent.
    pub(super) charge: Charge,
}

/// The place of a record in its request, while the record itself is with the judge.
enum Place {
    Record {
        id: Option<RecordId>,
        index: usize,
        /// Bytes of its message.
        bytes: usize,
    },
    Bad(BadRecord),
}

/// Has the records judged by one snapshot of the models, and counts what came out.
pub(super) async fn judge(
    service: &Service,
    received: Received,
    detail: Detail,
) -> Result<Judged, Problem> {
    let mut received = received;
    received.charge_for(service, detail)?;
    let Received {
        entries,
        charge,
        ticket,
        ..
    } = received;
    let mut records = Vec::with_capacity(entries.len());
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        places.push(match entry {
            Entry::Record(mut record) => {
                let (id, index) = (record.id.take(), record.index);
                let bytes = record.message.len();
                records.push(record);
                Place::Record { id, index, bytes }
            }
            Entry::Bad(bad) => Place::Bad(bad),
        });
    }
    let deadline = Instant::now() + service.limits.request_timeout;
    let judged = service.judge.judge(ticket, records, detail, deadline).await;
    let judged = judged.map_err(|overloaded| refuse(service, &overloaded))?;
    let sample = Sample::of(judged.baseline);
    let outcomes = assemble(service, places, judged.judgements, sample)?;
    Ok(Judged {
        outcomes,
        model: judged.model,
        charge,
    })
}

fn assemble(
    service: &Service,
    places: Vec<Place>,
    judgements: Vec<Judgement>,
    mut sample: Sample,
) -> Result<Vec<Outcome>, Problem> {
    let mut tally = Tally::default();
    let mut judgements = judgements.into_iter();
    let mut outcomes = Vec::with_capacity(places.len());
    for place in places {
        outcomes.push(match place {
            Place::Record { id, index, bytes } => {
                let judgement = judgements.next().ok_or_else(too_few)?;
                tally.add(&judgement.verdict, bytes);
                sample.add(&judgement);
                Outcome::Judged {
                    id,
                    index,
                    judgement,
                }
            }
            Place::Bad(bad) => {
                service.metrics.record_rejected(bad.code);
                Outcome::Unread(bad)
            }
        });
    }
    tally.report(&service.metrics);
    service.metrics.sampled(&sample);
    Ok(outcomes)
}

/// A request is never answered with fewer verdicts than it has records.
fn too_few() -> Problem {
    tracing::error!("there were fewer judgements than records");
    Problem::new(
        Kind::Internal,
        "some records were not judged; the request may be sent again",
    )
}

/// The answer where the queue has no room.
pub(super) fn refuse(service: &Service, overloaded: &Overloaded) -> Problem {
    service
        .metrics
        .overloaded(telemetry::Overload::from(overloaded.full));
    let detail = "the queue of records is full; nothing of this request was taken, send it again";
    Problem::new(Kind::Overloaded, detail).retry_after(overloaded.retry_after)
}

/// The answer to a request that comes too late.
pub(super) fn draining() -> Problem {
    let detail = "this process is ending; nothing of this request was taken, send it again";
    Problem::new(Kind::Draining, detail).retry_after(DRAINING_RETRY)
}
