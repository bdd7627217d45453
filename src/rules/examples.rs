//! The examples of rules, run as the pipeline runs a record: a pack proves itself with real lines.

use std::fmt;

use serde_json::Value;

use super::compliance::{ComplianceSet, Framework};
use super::error::{Place, RuleError};
use super::explain::PlainReader;
use super::matcher::Input;
use super::pack::{Conditions, Examples, Pack, Rule};
use super::scratch::Scratch;
use super::set::{Matches, RuleSet};
use crate::parse::{Severity, parse};
use crate::record::Record;
use crate::text::normalize;
use crate::verdict::Category;

/// An example that did not do what its rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The rule.
    pub place: Place,
    /// The example, as it stands in the pack.
    pub example: String,
    /// What happened instead.
    pub happened: String,
}

impl fmt::Display for ExampleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}\n    example: {}",
            self.place, self.happened, self.example
        )
    }
}

/// Runs every example of every rule against all the packs together.
///
/// A rule must match each of its `match` examples and may not leave them to a milder rule; it may
/// match none of its `no_match` examples.
pub fn test_examples(packs: &[Pack]) -> Result<Vec<ExampleFailure>, RuleError> {
    let set = RuleSet::compile(packs.to_vec(), &[])?;
    let mut scratch = Scratch::default();
    let mut failures = Vec::new();
    for rule in packs.iter().flat_map(|pack| &pack.rules) {
        let noise = rule.rule.category == Category::Noise;
        let case = Case {
            place: &rule.place,
            when: &rule.when,
            noise,
            examples: &rule.examples,
        };
        case.run(&mut failures, |input| {
            let matches = set.matches(input, &mut scratch);
            let matched = matches.all().any(|matching| matching.id == rule.rule.id);
            (matched, outranked(&rule.rule, &matches))
        });
    }
    Ok(failures)
}

/// Runs every example of every compliance rule.
pub fn test_claims(frameworks: &[Framework]) -> Result<Vec<ExampleFailure>, RuleError> {
    let set = ComplianceSet::compile(frameworks.to_vec())?;
    let mut scratch = Scratch::default();
    let mut failures = Vec::new();
    for rule in frameworks.iter().flat_map(|framework| &framework.rules) {
        let case = Case {
            place: &rule.place,
            when: &rule.when,
            noise: false,
            examples: &rule.examples,
        };
        case.run(&mut failures, |input| {
            let matched = set
                .matching_ids(input, &mut scratch)
                .contains(&rule.id.as_str());
            (matched, None)
        });
    }
    Ok(failures)
}

/// The examples of one rule.
struct Case<'a> {
    place: &'a Place,
    when: &'a Conditions,
    noise: bool,
    examples: &'a Examples,
}

impl Case<'_> {
    /// `judge` says whether the rule matched, and what else is wrong with its match.
    fn run(
        &self,
        failures: &mut Vec<ExampleFailure>,
        mut judge: impl FnMut(&Input<'_>) -> (bool, Option<String>),
    ) {
        let must = self.examples.matching.iter().map(|example| (example, true));
        let must_not = self
            .examples
            .no_match
            .iter()
            .map(|example| (example, false));
        for (example, expected) in must.chain(must_not) {
            let happened = match record_of(example) {
                Err(detail) => Some(detail),
                Ok(record) => examine(&record, |input| match (judge(input), expected) {
                    ((true, wrong), true) => wrong,
                    ((false, _), false) => None,
                    ((true, _), false) => Some("expected no match, but it matches".to_owned()),
                    ((false, _), true) => {
                        let why = PlainReader::default().why_not(self.when, self.noise, input);
                        let why = why.as_deref().unwrap_or("the matcher missed it");
                        Some(format!("expected a match, but {why}"))
                    }
                }),
            };
            failures.extend(happened.map(|happened| {
                ExampleFailure {
                    place: self.place.clone(),
                    example: example
                        .as_str()
                        .map_or_else(|| example.to_string(), str::to_owned),
                    happened,
                }
            }));
        }
    }
}

/// Says which rule takes a rule's own example away to a milder category.
fn outranked(rule: &Rule, matches: &Matches<'_, '_>) -> Option<String> {
    let winner = matches.winner?;
    let floored = matches
        .floor
        .map_or(Category::Noise, |floor| floor.category);
    let final_category = winner.category.min(floored);
    rule.category.more_severe_than(final_category).then(|| {
        format!(
            "it matches, but the milder rule `{}` ({}, {}) outranks it: give this rule more confidence or a floor",
            winner.id, winner.category, winner.confidence
        )
    })
}

/// The record that an example stands for: a string is its message, an object the whole record.
pub(super) fn record_of(example: &Value) -> Result<Record, String> {
    if let Value::String(message) = example {
        return Ok(Record {
            message: message.as_str().into(),
            ..Record::default()
        });
    }
    let Value::Object(object) = example else {
        return Err("expected a line or a record as example, found neither".to_owned());
    };
    let mut fields = object.clone();
    let Some(Value::String(message)) = fields.remove("message") else {
        return Err("expected a `message` in the example's record, found none".to_owned());
    };
    let source = fields.remove("source");
    let severity = match fields.remove("severity") {
        Some(Value::Number(level)) => level.as_u64().and_then(|level| Severity::new(level as u8)),
        Some(Value::String(name)) => Severity::from_name(&name),
        _ => None,
    };
    Ok(Record {
        message: message.into(),
        source: source.and_then(|source| source.as_str().map(Into::into)),
        severity,
        fields,
        ..Record::default()
    })
}

/// Shows a record to `judge` as rules see it in the pipeline: parsed and masked.
pub fn examine<R>(record: &Record, judge: impl FnOnce(&Input<'_>) -> R) -> R {
    let parsed = parse(&record.message);
    let mut masked = String::new();
    normalize(parsed.body, &mut masked);
    judge(&Input {
        message: &record.message,
        masked: &masked,
        source: parsed.source.as_deref(),
        record_source: record.source.as_deref(),
        severity: most_severe(parsed.severity, record.severity),
        fields: &parsed.fields,
        extra: &record.fields,
    })
}

/// Lower levels are more severe.
fn most_severe(a: Option<Severity>, b: Option<Severity>) -> Option<Severity> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
