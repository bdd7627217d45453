//! HTTP: bytes to records on the way in, verdicts to bytes on the way out.
//!
//! Two ports. The data port judges records ([`Service`]); the operations port tells probes and
//! people how the process is ([`Operations`]). The routes of both stand in `routes`, what every
//! request passes through stands in `layers`. This room knows nothing of models: it asks a
//! [`Judge`], and a test can be one.

mod access;
mod admin;
mod answer;
mod body;
mod classify;
mod door;
mod feedback;
mod guard;
mod inflight;
mod judging;
mod layers;
mod lifecycle;
mod negotiate;
mod openapi;
mod operations;
mod patience;
mod predecessor;
mod probes;
mod problem;
mod progress;
mod pulse;
mod routes;
mod server;
mod spans;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::{Dispatcher, Judged, Overloaded, Room, Ticket};
use crate::config::ServerConfig;
use crate::pipeline::Detail;
use crate::record::Record;
use crate::telemetry::Metrics;

pub use feedback::Feedback;
pub use guard::Peer;
pub use lifecycle::{Lifecycle, Phase};
pub use operations::Operations;
pub use progress::Progress;
pub use pulse::{Pulse, Trial, Way};
pub use routes::{data_router, operations_router};
pub use server::{Stop, serve};

use door::UsualRecords;
use inflight::Ledger;

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A future that can be sent between threads and borrows from the judge.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Judged, Overloaded>> + Send + 'a>>;

/// Whoever turns records into verdicts.
pub trait Judge: Send + Sync {
    /// A ticket for a request that has begun.
    fn ticket(&self) -> Ticket;

    /// One judgement a record, in their order; an empty list still names the model.
    fn judge(
        &self,
        ticket: Ticket,
        records: Vec<Record>,
        detail: Detail,
        deadline: Instant,
    ) -> Answer<'_>;

    /// Refuses a request of at least that size, and of at most so many records, before it is read,
    /// where [`Judge::judge`] would refuse it now.
    fn look(&self, ticket: &mut Ticket, least: Room, most: usize) -> Result<(), Overloaded> {
        ticket.look(least, most)
    }

    /// When what waits should be judged.
    fn drained_in(&self) -> Duration;
}

impl Judge for Dispatcher {
    fn ticket(&self) -> Ticket {
        Dispatcher::ticket(self)
    }

    fn judge(
        &self,
        ticket: Ticket,
        records: Vec<Record>,
        detail: Detail,
        deadline: Instant,
    ) -> Answer<'_> {
        Box::pin(Dispatcher::judge(self, ticket, records, detail, deadline))
    }

    fn drained_in(&self) -> Duration {
        Dispatcher::drained_in(self)
    }
}

/// What the data port needs to answer.
pub struct Service {
    judge: Box<dyn Judge>,
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
    ledger: Ledger,
    usual: UsualRecords,
    limits: ServerConfig,
    feedback: Feedback,
    body_timeout: Duration,
}

impl Service {
    /// A service that asks `judge` and keeps to `limits`.
    pub fn new(
        judge: Box<dyn Judge>,
        metrics: Arc<Metrics>,
        lifecycle: Lifecycle,
        limits: &ServerConfig,
    ) -> Service {
        Service {
            judge,
            metrics,
            lifecycle,
            ledger: Ledger::new(limits.inflight_bytes),
            usual: UsualRecords::default(),
            limits: limits.clone(),
            feedback: Feedback::default(),
            body_timeout: BODY_TIMEOUT,
        }
    }

    /// With who may give feedback, and where it is kept.
    pub fn with_feedback(mut self, feedback: Feedback) -> Service {
        self.feedback = feedback;
        self
    }
}
