//! The values of metric labels: enums, so that the number of series has a bound.

use crate::batch::{Full, Release};
use crate::verdict::{Flag, Reason};

/// Why a request was turned away before anything of it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// `server.inflight_bytes` are in use.
    InflightBytes,
    /// `batch.queue_records` wait.
    Queue,
    /// The records that wait take `batch.queue_bytes`.
    QueueBytes,
    /// The room that is left is kept for a large request that was refused.
    QueueReserved,
    /// A request that is larger than half of the queue is being judged already.
    QueueStream,
    /// The process is going down.
    Draining,
}

impl Overload {
    pub(super) fn label(self) -> &'static str {
        match self {
            Overload::InflightBytes => "inflight_bytes",
            Overload::Queue => "queue",
            Overload::QueueBytes => "queue_bytes",
            Overload::QueueReserved => "queue_reserved",
            Overload::QueueStream => "queue_stream",
            Overload::Draining => "draining",
        }
    }
}

impl From<Full> for Overload {
    fn from(full: Full) -> Overload {
        match full {
            Full::Records => Overload::Queue,
            Full::Bytes => Overload::QueueBytes,
            Full::Reserved => Overload::QueueReserved,
            Full::Stream => Overload::QueueStream,
        }
    }
}

pub(super) fn release(release: Release) -> &'static str {
    match release {
        Release::Size => "size",
        Release::Delay => "delay",
        Release::Complete => "complete",
        Release::Direct => "direct",
        Release::Deadline => "deadline",
        Release::Drain => "drain",
    }
}

/// A condition of readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// New requests are wanted.
    Accepting,
}

impl Check {
    /// The name in metrics and in the verbose answers of the probes.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Accepting => "accepting",
        }
    }
}

pub(super) const REASONS: [(Reason, &str); 5] = [
    (Reason::RuleFloor, "rule_floor"),
    (Reason::SeverityFloor, "severity_floor"),
    (Reason::Ensemble, "ensemble"),
    (Reason::NoVote, "no_vote"),
    (Reason::Compliance, "compliance"),
];

pub(super) const FLAGS: [(Flag, &str); 6] = [
    (Flag::Compliance, "compliance"),
    (Flag::LowConfidence, "low_confidence"),
    (Flag::Degraded, "degraded"),
    (Flag::Timeout, "timeout"),
    (Flag::Truncated, "truncated"),
    (Flag::FailOpen, "fail_open"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_names_on_the_wire() {
        for (index, (reason, label)) in REASONS.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(reason).expect("a name"), label);
            assert_eq!(reason as usize, index);
        }
        for (index, (flag, label)) in FLAGS.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(flag).expect("a name"), label);
            assert_eq!(flag as usize, index);
        }
    }
}
