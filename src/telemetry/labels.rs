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
    pub(super) const ALL: [Overload; 6] = [
        Overload::InflightBytes,
        Overload::Queue,
        Overload::QueueBytes,
        Overload::QueueReserved,
        Overload::QueueStream,
        Overload::Draining,
    ];

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

pub(super) const RELEASES: [(Release, &str); 6] = [
    (Release::Size, "size"),
    (Release::Delay, "delay"),
    (Release::Complete, "complete"),
    (Release::Direct, "direct"),
    (Release::Deadline, "deadline"),
    (Release::Drain, "drain"),
];

/// A part of a record's way, as its time is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A request's body comes over the wire, at the sender's speed.
    Read,
    /// A body becomes records: decompressed and decoded.
    Decode,
    /// A request waits for its first batch.
    Queue,
    /// A batch's headers, masks, rules and compliance.
    ParseAndRules,
    /// A batch's rows for the models, and the look for votes that are remembered.
    Features,
    /// The classifier runs on a batch.
    Classifier,
    /// The anomaly detector runs on a batch.
    Anomaly,
    /// A batch's votes become verdicts.
    Decide,
    /// A request's verdicts become the answer's bytes.
    Write,
}

pub(super) const STAGES: [(Stage, &str); 9] = [
    (Stage::Read, "read"),
    (Stage::Decode, "decode"),
    (Stage::Queue, "queue"),
    (Stage::ParseAndRules, "parse_and_rules"),
    (Stage::Features, "features"),
    (Stage::Classifier, "classifier"),
    (Stage::Anomaly, "anomaly"),
    (Stage::Decide, "decide"),
    (Stage::Write, "write"),
];

/// The members that are models, as [`crate::pipeline::Timings::runs`] has them.
pub(super) const MODELS: [&str; 2] = ["classifier", "anomaly"];

/// A condition of readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// New requests are wanted.
    Accepting,
    /// A verdict of any kind can be given.
    Verdict,
}

impl Check {
    /// The name in metrics and in the verbose answers of the probes.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Accepting => "accepting",
            Check::Verdict => "verdict",
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

pub(super) const FLAGS: [(Flag, &str); 7] = [
    (Flag::Compliance, "compliance"),
    (Flag::LowConfidence, "low_confidence"),
    (Flag::Target, "target"),
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

    #[test]
    fn lists_are_in_the_order_of_their_enums() {
        for (index, (stage, _)) in STAGES.into_iter().enumerate() {
            assert_eq!(stage as usize, index);
        }
        for (index, (release, _)) in RELEASES.into_iter().enumerate() {
            assert_eq!(release as usize, index);
        }
    }
}
