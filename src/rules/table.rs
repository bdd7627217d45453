//! Tables: rules told by the value of one field, written as rows of data.
//!
//! Event numbers, API operations and audit verbs come by the hundred and differ in nothing but the
//! value. A table says once which fields hold that value and which records it is about; each row
//! becomes a rule like any other, with an id and examples of its own.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::dialect::{self, Regex};
use super::document::{Checked, Confidence, ExamplesDoc, FieldText, IdText, Many, PatternDoc};
use super::document::{ReferenceText, Scalar, ScalarText, TagText};
use super::error::{Place, RuleError};
use super::pack::{Conditions, PackRule, Pattern};
use super::source::Source;
use super::validate::{ConditionsDoc, JudgementDoc, judged};
use crate::verdict::Category;

/// What stands in a table's patterns for the values of a row.
const SLOT: &str = "{value}";
/// What `*` in a value stands for inside a text: no blank, so that it stays one word.
const WORD: &str = r"[\w.:/-]*";

/// Rows that share their fields and their filters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableDoc {
    pub table: Checked<IdText>,
    /// For readers of the file; nothing is made of it.
    #[serde(default, rename = "about")]
    _about: Option<String>,
    #[serde(default)]
    pub fields: Many<FieldText>,
    #[serde(default)]
    pub patterns: Vec<Checked<TemplateText>>,
    #[serde(default)]
    pub source: Many<ScalarText>,
    #[serde(default)]
    pub all: Vec<PatternDoc>,
    #[serde(default)]
    pub not: Vec<PatternDoc>,
    pub rows: Vec<RowDoc>,
}

/// One row: the values, and what a rule says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowDoc {
    pub value: Many<ScalarText>,
    pub id: Checked<IdText>,
    pub title: String,
    pub category: Category,
    pub confidence: Checked<Confidence>,
    pub floor: Option<bool>,
    /// What else tells the event, beside the value: the fixed sentence of a rendering without fields.
    #[serde(default, rename = "or")]
    pub or_else: Vec<PatternDoc>,
    #[serde(default)]
    pub all: Vec<PatternDoc>,
    #[serde(default)]
    pub not: Vec<PatternDoc>,
    #[serde(default)]
    pub tags: Vec<Checked<TagText>>,
    #[serde(default)]
    pub references: Vec<Checked<ReferenceText>>,
    #[serde(default)]
    pub examples: ExamplesDoc,
}

/// A regex on the message with a place for the values of a row.
#[derive(Debug)]
pub(super) struct TemplateText;

impl Scalar for TemplateText {
    type Value = String;
    const EXPECTED: &'static str = "a regex with {value} in it";
    fn check(text: &str) -> Result<String, String> {
        if !text.contains(SLOT) {
            return Err(format!(
                "expected {SLOT} in the pattern, where the values of a row go, found `{text}`"
            ));
        }
        dialect::parse(&text.replace(SLOT, "(?:x)")).map(|_| text.to_owned())
    }
}

/// The rules of a table, in the order of its rows.
pub(super) fn rules_of(
    source: &Source<'_>,
    pack: &str,
    doc: TableDoc,
) -> Result<Vec<PackRule>, RuleError> {
    let name = doc.table.0;
    let place = source.place_of_table(&name);
    if doc.fields.0.is_empty() && doc.patterns.is_empty() {
        let detail = "expected `fields` or `patterns` that hold the value, found neither";
        return Err(RuleError::invalid(place, detail));
    }
    if doc.rows.is_empty() {
        return Err(RuleError::invalid(
            place,
            "expected at least one row, found none",
        ));
    }
    let common = ConditionsDoc {
        source: doc.source.0,
        severity: None,
        any: Vec::new(),
        all: doc.all,
        not: doc.not,
    };
    let shared = Shared {
        fields: doc.fields.0,
        patterns: doc
            .patterns
            .into_iter()
            .map(|template| template.0)
            .collect(),
        common: common.validate(source, &place)?,
    };
    let mut taken = FxHashMap::default();
    let mut rules = Vec::with_capacity(doc.rows.len());
    for (index, row) in doc.rows.into_iter().enumerate() {
        let place = source.place_of_row(&name, index, &row.id.0);
        check_values(&mut taken, &row, &place)?;
        let own = ConditionsDoc {
            source: Vec::new(),
            severity: None,
            any: row.or_else,
            all: row.all,
            not: row.not,
        };
        let own = own.validate(source, &place)?;
        let when = shared.conditions(&row.value.0, own);
        let when = when.map_err(|detail| RuleError::invalid(place.clone(), detail))?;
        let judgement = JudgementDoc {
            id: row.id.0,
            title: row.title,
            category: row.category,
            confidence: row.confidence.0,
            floor: row.floor,
            tags: row.tags,
            references: row.references,
            examples: row.examples,
        };
        rules.push(judged(source, pack, place, when, judgement)?);
    }
    Ok(rules)
}

/// What all rows have in common.
struct Shared {
    fields: Vec<String>,
    patterns: Vec<String>,
    common: Conditions,
}

impl Shared {
    /// A row matches where a field or pattern of the table holds one of its values, or what it names
    /// besides does, and every filter of the table and of the row agrees.
    fn conditions(&self, values: &[String], own: Conditions) -> Result<Conditions, String> {
        let mut when = self.common.clone();
        when.any = self.any_of(values)?;
        when.any.extend(own.any);
        when.all.extend(own.all);
        when.not.extend(own.not);
        Ok(when)
    }

    fn any_of(&self, values: &[String]) -> Result<Vec<Pattern>, String> {
        let (globs, exact): (Vec<&String>, Vec<&String>) =
            values.iter().partition(|value| value.contains('*'));
        let equal: Vec<String> = exact.iter().map(|v| v.to_ascii_lowercase()).collect();
        let like = match globs.as_slice() {
            [] => None,
            globs => Some(Regex::parse(format!(
                "(?i)^(?:{})$",
                alternatives(globs, ".*")
            ))?),
        };
        let mut any = Vec::new();
        for field in &self.fields {
            if !equal.is_empty() {
                any.push(Pattern::FieldEquals {
                    field: field.clone(),
                    values: equal.clone(),
                });
            }
            any.extend(like.clone().map(|regex| Pattern::FieldRegex {
                field: field.clone(),
                regex,
            }));
        }
        let each: Vec<&String> = values.iter().collect();
        let group = format!("(?:{})", alternatives(&each, WORD));
        for template in &self.patterns {
            any.push(Pattern::Message(Regex::parse(
                template.replace(SLOT, &group),
            )?));
        }
        Ok(any)
    }
}

/// The values as alternatives of a regex, `*` being what `star` matches.
fn alternatives(values: &[&String], star: &str) -> String {
    let each = values.iter().map(|value| {
        let parts: Vec<String> = value.split('*').map(regex_syntax::escape).collect();
        parts.join(star)
    });
    each.collect::<Vec<_>>().join("|")
}

/// Two rows for the same value are a slip of the author, unless conditions of their own tell them
/// apart.
fn check_values(
    taken: &mut FxHashMap<String, String>,
    row: &RowDoc,
    place: &Place,
) -> Result<(), RuleError> {
    if !row.all.is_empty() || !row.not.is_empty() {
        return Ok(());
    }
    for value in &row.value.0 {
        if let Some(first) = taken.insert(value.to_ascii_lowercase(), row.id.0.clone()) {
            let detail = format!(
                "the value `{value}` stands in row `{first}` too: expected each value once, or `all` or `not` that tell the rows apart"
            );
            return Err(RuleError::invalid(place.clone(), detail));
        }
    }
    Ok(())
}
