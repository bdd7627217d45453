//! Proof before service: golden samples give their recorded verdicts, and a warm-up batch runs.

use serde::Deserialize;

use super::BundleError;
use crate::parse::Severity;
use crate::pipeline::{Detail, Snapshot};
use crate::record::Record;
use crate::verdict::{Category, Scores, Verdict};

/// One line of the golden file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    message: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    severity: Option<Severity>,
    verdict: Verdict,
}

/// The golden samples as records.
pub(super) fn records(file: &[u8]) -> Result<Vec<Record>, BundleError> {
    Ok(all_records(&read(file)?))
}

/// Judges every golden sample with the bundle's own rules and weights; returns how many there are.
pub(super) fn golden(
    snapshot: &Snapshot,
    file: &[u8],
    tolerance: f32,
) -> Result<usize, BundleError> {
    let samples = read(file)?;
    let records = all_records(&samples);
    let judgements = snapshot.judge(0, &records, Detail::None);
    for ((line, sample), judgement) in samples.iter().enumerate().zip(judgements) {
        if let Some((expected, found)) = difference(&sample.verdict, &judgement.verdict, tolerance)
        {
            return Err(BundleError::Golden {
                line: line + 1,
                expected,
                found,
                message: sample.message.chars().take(120).collect(),
            });
        }
    }
    Ok(samples.len())
}

/// Runs a batch on each worker's models: they work, and the first request finds all in memory.
pub(super) fn warm_up(snapshot: &Snapshot, workers: usize) -> Result<(), BundleError> {
    let records: Vec<Record> = (0..32)
        .map(|index| Record {
            index,
            message: format!(
                "<34>Jan  2 03:04:05 host app[{index}]: warm up line {index} failed at 10.0.0.1"
            )
            .into(),
            ..Record::default()
        })
        .collect();
    for worker in 0..workers {
        snapshot.judge(worker, &records, Detail::None);
    }
    match snapshot.failures() {
        [0, 0] => Ok(()),
        [classifier, anomaly] => Err(BundleError::WarmUp {
            classifier,
            anomaly,
        }),
    }
}

fn read(file: &[u8]) -> Result<Vec<Sample>, BundleError> {
    let mut samples = Vec::new();
    for (line, text) in file
        .split(|b| *b == b'\n')
        .enumerate()
        .filter(|(_, t)| !t.is_empty())
    {
        let refuse = |e: serde_json::Error| BundleError::Unreadable {
            file: "golden samples".to_owned(),
            detail: format!("line {}: {e}", line + 1),
        };
        samples.push(serde_json::from_slice(text).map_err(refuse)?);
    }
    let has = |category: Category| {
        samples
            .iter()
            .any(|s: &Sample| s.verdict.category == category)
    };
    if let Some(lacking) = Category::ALL.into_iter().find(|c| !has(*c)) {
        return Err(BundleError::Unreadable {
            file: "golden samples".to_owned(),
            detail: format!(
                "expected at least one sample of each category, found none of {lacking}"
            ),
        });
    }
    Ok(samples)
}

fn all_records(samples: &[Sample]) -> Vec<Record> {
    let numbered = samples.iter().enumerate();
    numbered.map(|(index, s)| record(index, s)).collect()
}

fn record(index: usize, sample: &Sample) -> Record {
    Record {
        index,
        message: sample.message.as_str().into(),
        source: sample.source.as_deref().map(Into::into),
        severity: sample.severity,
        ..Record::default()
    }
}

/// The first part of the verdict that differs: as recorded, as found.
fn difference(expected: &Verdict, found: &Verdict, tolerance: f32) -> Option<(String, String)> {
    let near = |a: f32, b: f32| (a - b).abs() <= tolerance;
    let scores_near = |a: Scores, b: Scores| {
        a.to_array()
            .iter()
            .zip(b.to_array())
            .all(|(a, b)| near(*a, b))
    };
    if expected.category != found.category {
        return Some((expected.category.to_string(), found.category.to_string()));
    }
    if (expected.forward, expected.reason, &expected.flags)
        != (found.forward, found.reason, &found.flags)
    {
        let show = |v: &Verdict| {
            format!(
                "forward {}, reason {:?}, flags {:?}",
                v.forward, v.reason, v.flags
            )
        };
        return Some((show(expected), show(found)));
    }
    if !scores_near(expected.scores, found.scores) || !near(expected.confidence, found.confidence) {
        let show = |v: &Verdict| {
            format!(
                "confidence {} and scores {:?}",
                v.confidence,
                v.scores.to_array()
            )
        };
        return Some((
            format!("{} within {tolerance}", show(expected)),
            show(found),
        ));
    }
    None
}
