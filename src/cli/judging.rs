//! What `classify` and `evaluate` share: the bundle that judges, and judging on every thread.

use crate::bundle::{BundleError, Loader, Origin, Proof};
use crate::config::Config;
use crate::pipeline::{Detail, Judgement, Snapshot};
use crate::record::{Limits, Record};

/// Records that one thread judges at a time.
pub(super) const CHUNK: usize = 256;

/// A bundle ready to judge; without one named, the configured one.
pub(super) fn snapshot(
    config: &Config,
    named: Option<Origin>,
    skip_golden: bool,
) -> Result<Snapshot, BundleError> {
    let configured = || config.models.dir.clone().map(Origin::Directory);
    let origin = named.or_else(configured).unwrap_or(Origin::Builtin);
    let proof = if skip_golden {
        Proof::Skip
    } else {
        Proof::Golden
    };
    Ok(Loader::new(config)?.load(&origin, proof, false)?.snapshot)
}

/// How much of a line is read.
pub(super) fn limits(config: &Config) -> Limits {
    Limits {
        message: config.server.message_limit,
        json_depth: config.server.json_depth,
        ..Limits::default()
    }
}

/// Judges records on as many threads as they are worth; answers in order.
pub(super) fn judge(
    snapshot: &Snapshot,
    records: &[Record],
    detail: Detail,
    threads: usize,
) -> Vec<Judgement> {
    let share = records.len().div_ceil(threads).max(1);
    if records.len() <= CHUNK / 4 {
        return snapshot.judge(0, records, detail);
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = records
            .chunks(share)
            .enumerate()
            .map(|(worker, chunk)| scope.spawn(move || snapshot.judge(worker, chunk, detail)))
            .collect();
        let mut judgements = Vec::with_capacity(records.len());
        for thread in running {
            match thread.join() {
                Ok(chunk) => judgements.extend(chunk),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        judgements
    })
}
