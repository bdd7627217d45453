//! The pipeline without HTTP: threads that judge batches, as the service's workers do.

use std::thread;
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::bodies::Bodies;
use super::load::{Outcome, Plan};
use super::measure::Counts;
use super::{BenchError, process};
use crate::pipeline::{Detail, Snapshot};
use crate::record::Record;

/// Has as many threads as the plan has connections judge as fast as they can. The bodies must be
/// plain lines ([`super::Form::Text`]): cutting them into records is not counted as latency, but it is part
/// of the time and of the CPU seconds.
///
/// # Errors
/// Where a thread cannot be made.
pub fn judge(snapshot: &Snapshot, bodies: &Bodies, plan: &Plan) -> Result<Outcome, BenchError> {
    let counted_from = Instant::now() + plan.warmup;
    let until = counted_from + plan.duration;
    let share = plan
        .records
        .map(|records| records.div_ceil(plan.connections as u64));
    thread::scope(|scope| {
        let worker = |number| {
            move || {
                let mut counts = Counts::default();
                while share.is_none_or(|share| counts.records < share) {
                    let request = bodies.next();
                    let records = records(&request.body);
                    let start = Instant::now();
                    if start >= until {
                        break;
                    }
                    let judged = snapshot.judge(number, &records, Detail::None).len();
                    if start >= counted_from {
                        counts.answered += 1;
                        counts.checked += 1;
                        counts.wrong += u64::from(judged != bodies.batch());
                        counts.records += judged as u64;
                        counts.line_bytes += request.line_bytes as u64;
                        counts.body_bytes += request.body.len() as u64;
                        let took = start.elapsed();
                        counts.latency.add(took);
                        counts.service.add(took);
                    }
                }
                counts
            }
        };
        let threads = (0..plan.connections)
            .map(|number| thread::Builder::new().spawn_scoped(scope, worker(number)))
            .collect::<std::io::Result<Vec<_>>>()?;
        thread::sleep(plan.warmup);
        let own = std::process::id();
        let before = process::cpu(own);
        let mut counts = Counts::default();
        for thread in threads {
            match thread.join() {
                Ok(counted) => counts.merge(counted),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        let used = || Some(process::cpu(own)?.saturating_sub(before?));
        Ok(Outcome {
            counts,
            elapsed: counted_from.elapsed(),
            server_cpu: used(),
            client_cpu: None,
            looks: Vec::new(),
        })
    })
}

/// The records of a body of lines: each refers to the body, as records of a request do.
fn records(body: &Bytes) -> Vec<Record> {
    let record = |(index, line): (usize, &[u8])| Record {
        index,
        // The lines are ours: text, as all that was built of text.
        message: ByteString::try_from(body.slice_ref(line)).unwrap_or_default(),
        ..Record::default()
    };
    let lines = body.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines.enumerate().map(record).collect()
}
