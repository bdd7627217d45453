//! The operator's own proof: lines that whatever serves has to forward.
//!
//! They lie outside the bundle and are judged with the site's packs and settings, so that neither a new
//! bundle nor a changed rule or weight can keep back what the operator knows to matter.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::BundleError;
use crate::pipeline::{Detail, Snapshot};
use crate::record::{self, Entry, Limits, Record};

/// The lines of a file, and where each stands.
pub(super) struct MustForward {
    path: PathBuf,
    /// Numbers of the lines in the file, from 1, in the order of `records`.
    lines: Vec<usize>,
    records: Vec<Record>,
}

impl MustForward {
    /// Reads a file of NDJSON: a record a line, as `POST /v1/classify` takes it.
    pub(super) fn read(path: &Path) -> Result<MustForward, BundleError> {
        let refuse = |detail: String| BundleError::MustForwardFile {
            file: path.display().to_string(),
            detail,
        };
        let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let bytes = Bytes::from(bytes);
        let (mut lines, mut records) = (Vec::new(), Vec::new());
        for (index, line) in bytes.split(|b| *b == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let number = index + 1;
            let record = one_record(&bytes.slice_ref(line));
            let mut record = record.map_err(|detail| refuse(format!("line {number}: {detail}")))?;
            record.index = records.len();
            lines.push(number);
            records.push(record);
        }
        Ok(MustForward {
            path: path.to_owned(),
            lines,
            records,
        })
    }

    /// Judges every line.
    ///
    /// # Errors
    /// The first one that is not forwarded.
    pub(super) fn prove(&self, snapshot: &Snapshot) -> Result<(), BundleError> {
        let judged = snapshot.judge(0, &self.records, Detail::None);
        for ((line, record), judgement) in self.lines.iter().zip(&self.records).zip(judged) {
            let verdict = judgement.verdict;
            if !verdict.forward {
                return Err(BundleError::MustForward {
                    file: self.path.display().to_string(),
                    line: *line,
                    found: format!(
                        "{} of confidence {:.2}, not forwarded",
                        verdict.category, verdict.confidence
                    ),
                    message: record.message.chars().take(120).collect(),
                });
            }
        }
        Ok(())
    }
}

fn one_record(line: &Bytes) -> Result<Record, String> {
    let entries = record::entries(line, Some("application/x-ndjson"), &Limits::default());
    let mut entries = entries.map_err(|unreadable| unreadable.detail)?;
    match entries.next() {
        Some(Entry::Record(record)) => Ok(record),
        Some(Entry::Bad(bad)) => Err(bad.detail),
        None => Err("expected a record, found none".to_owned()),
    }
}
