//! The plain reading of conditions, one after the other: slow, obvious, and independent of the
//! matcher. It tells authors why a rule did not match, and tests hold the matcher against it.

use std::cell::RefCell;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::automaton::LazyRegex;
use super::dialect;
use super::matcher::{Input, source_fits};
use super::pack::{Conditions, Pattern};

/// Reads conditions for records; keeps the regexes it has compiled.
#[derive(Default)]
pub(super) struct PlainReader {
    compiled: RefCell<FxHashMap<String, LazyRegex>>,
}

impl PlainReader {
    /// Why the conditions do not hold for a record; `None` where they do.
    pub(super) fn why_not(
        &self,
        when: &Conditions,
        noise: bool,
        input: &Input<'_>,
    ) -> Option<String> {
        if !source_fits(&when.sources, input) {
            return Some(format!(
                "the source filter does not fit (source in the message: {}, of the record: {})",
                input.source.unwrap_or("none"),
                input.record_source.unwrap_or("none"),
            ));
        }
        if let Some(range) = when.severity.filter(|range| !range.holds(input.severity)) {
            let found = input
                .severity
                .map_or("none".to_owned(), |s| s.level().to_string());
            return Some(format!(
                "the severity is {found}, not {} to {}",
                range.from, range.to
            ));
        }
        let fields = all_fields(input);
        let holds = |pattern: &Pattern| self.holds(pattern, noise, input, &fields);
        if let Some(pattern) = when.all.iter().find(|pattern| !holds(pattern)) {
            let seen = seen(noise, input);
            return Some(format!(
                "{} under `all` does not match{seen}",
                describe(pattern)
            ));
        }
        if !when.any.is_empty() && !when.any.iter().any(holds) {
            return Some(format!(
                "no pattern under `any` matches{}",
                seen(noise, input)
            ));
        }
        let veto = |pattern: &&Pattern| match pattern {
            Pattern::Message(regex) if noise => self.search(regex.as_str(), input.masked),
            pattern => holds(pattern),
        };
        let vetoed = when.not.iter().find(veto)?;
        Some(format!("{} under `not` matches", describe(vetoed)))
    }

    fn holds(
        &self,
        pattern: &Pattern,
        noise: bool,
        input: &Input<'_>,
        fields: &[(String, String)],
    ) -> bool {
        let any_value = |wanted: &str, test: &dyn Fn(&str) -> bool| {
            fields
                .iter()
                .any(|(name, value)| name == wanted && test(value))
        };
        match pattern {
            Pattern::Message(regex) if noise => {
                self.search(&dialect::anchored(regex.as_str()), input.masked)
            }
            Pattern::Message(regex) => self.search(regex.as_str(), input.message),
            Pattern::FieldRegex { field, regex } => {
                any_value(field, &|value| self.search(regex.as_str(), value))
            }
            Pattern::FieldEquals { field, values } => {
                any_value(field, &|value| values.contains(&value.to_ascii_lowercase()))
            }
            Pattern::FieldExists { field } => any_value(field, &|_| true),
        }
    }

    fn search(&self, pattern: &str, text: &str) -> bool {
        let mut compiled = self.compiled.borrow_mut();
        let regex = compiled.entry(pattern.to_owned());
        regex
            .or_insert_with(|| LazyRegex::new(pattern.to_owned()))
            .is_match(text)
    }
}

fn seen(noise: bool, input: &Input<'_>) -> String {
    match noise {
        true => format!("; a noise rule sees `{}`", input.masked),
        false => String::new(),
    }
}

fn describe(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Message(regex) => format!("`{regex}`"),
        Pattern::FieldRegex { field, regex } => format!("`{regex}` on field `{field}`"),
        Pattern::FieldEquals { field, values } => format!("{values:?} for field `{field}`"),
        Pattern::FieldExists { field } => format!("field `{field}`"),
    }
}

/// Every field of a record with its lower-case name.
fn all_fields(input: &Input<'_>) -> Vec<(String, String)> {
    let parsed = input.fields.iter();
    let mut fields: Vec<(String, String)> = parsed
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
        .collect();
    flatten("", input.extra, &mut fields);
    fields
}

fn flatten(prefix: &str, object: &Map<String, Value>, fields: &mut Vec<(String, String)>) {
    for (name, value) in object {
        let path = format!("{prefix}{}", name.to_ascii_lowercase());
        let mut queue = vec![value];
        while let Some(value) = queue.pop() {
            match value {
                Value::Null => {}
                Value::Array(items) => queue.extend(items),
                Value::Object(object) => flatten(&format!("{path}."), object, fields),
                Value::String(text) => fields.push((path.clone(), text.clone())),
                other => fields.push((path.clone(), other.to_string())),
            }
        }
    }
}
