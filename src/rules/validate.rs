//! From the YAML shape of a pack to types that cannot be wrong: what one value alone cannot show.

use std::path::Path;

use super::document::{Checked, ExamplesDoc, FieldDoc, PackDoc, PatternDoc, ReferenceText};
use super::document::{RuleDoc, SeverityDoc, TagText};
use super::error::{Place, RuleError};
use super::names::Glob;
use super::pack::{Conditions, Examples, Pack, PackRule, Pattern, Rule, SeverityRange};
use super::source::Source;
use super::table;
use crate::verdict::Category;

/// Critical rules at least this sure floor their category unless they say otherwise.
const FLOOR_CONFIDENCE: f32 = 0.85;

pub(super) fn pack_from(source: &Source<'_>, doc: PackDoc) -> Result<Pack, RuleError> {
    let name = doc.pack.unwrap_or_else(|| stem(source.name));
    let mut rules = Vec::new();
    for (index, rule) in doc.rules.into_iter().enumerate() {
        rules.push(rule_from(source, &name, index, rule)?);
    }
    for table in doc.tables {
        rules.extend(table::rules_of(source, &name, table)?);
    }
    if rules.is_empty() {
        let place = Place {
            file: source.name.to_owned(),
            ..Place::default()
        };
        return Err(RuleError::invalid(
            place,
            "expected at least one rule under `rules` or one row under `tables`, found none",
        ));
    }
    Ok(Pack {
        name,
        about: doc.about.unwrap_or_default(),
        rules,
    })
}

fn stem(name: &str) -> String {
    Path::new(name)
        .file_stem()
        .map_or_else(|| name.to_owned(), |s| s.to_string_lossy().into_owned())
}

fn rule_from(
    source: &Source<'_>,
    pack: &str,
    index: usize,
    doc: RuleDoc,
) -> Result<PackRule, RuleError> {
    let place = source.place_of(index, &doc.id.0);
    let spec = ConditionsDoc {
        source: doc.source.0,
        severity: doc.severity,
        any: doc.any,
        all: doc.all,
        not: doc.not,
    };
    let when = spec.validate(source, &place)?;
    let judgement = JudgementDoc {
        id: doc.id.0,
        title: doc.title,
        category: doc.category,
        confidence: doc.confidence.0,
        floor: doc.floor,
        tags: doc.tags,
        references: doc.references,
        examples: doc.examples,
    };
    judged(source, pack, place, when, judgement)
}

/// What a rule or a row says, apart from when it says so.
pub(super) struct JudgementDoc {
    pub id: String,
    pub title: String,
    pub category: Category,
    pub confidence: f32,
    pub floor: Option<bool>,
    pub tags: Vec<Checked<TagText>>,
    pub references: Vec<Checked<ReferenceText>>,
    pub examples: ExamplesDoc,
}

/// A rule of conditions and a judgement that fit each other.
pub(super) fn judged(
    source: &Source<'_>,
    pack: &str,
    place: Place,
    when: Conditions,
    says: JudgementDoc,
) -> Result<PackRule, RuleError> {
    if when.any.is_empty() && when.all.is_empty() {
        return Err(RuleError::invalid(
            place,
            "expected a pattern under `any` or `all`, found none",
        ));
    }
    if says.category == Category::Noise {
        check_noise(source, &place, &when)?;
    }
    let sure = says.category == Category::Critical && says.confidence >= FLOOR_CONFIDENCE;
    let references = says.references.into_iter().map(|reference| reference.0);
    let rule = Rule {
        id: says.id,
        pack: pack.to_owned(),
        title: says.title,
        category: says.category,
        confidence: says.confidence,
        floor: says.floor.unwrap_or(sure),
        raises_only: false,
        tags: says.tags.into_iter().map(|tag| tag.0).collect(),
        references: references.collect(),
    };
    Ok(PackRule {
        rule,
        when,
        examples: says.examples.into(),
        place,
    })
}

/// The raw conditions of a rule or claim, before their common validation.
pub(super) struct ConditionsDoc {
    pub source: Vec<String>,
    pub severity: Option<SeverityDoc>,
    pub any: Vec<PatternDoc>,
    pub all: Vec<PatternDoc>,
    pub not: Vec<PatternDoc>,
}

impl ConditionsDoc {
    pub(super) fn validate(
        self,
        source: &Source<'_>,
        place: &Place,
    ) -> Result<Conditions, RuleError> {
        let patterns = |docs: Vec<PatternDoc>| {
            let docs = docs.into_iter().map(|doc| pattern_from(source, place, doc));
            docs.collect::<Result<Vec<_>, _>>()
        };
        Ok(Conditions {
            sources: self.source.iter().map(|glob| Glob::new(glob)).collect(),
            severity: self
                .severity
                .map(|doc| severity_from(place, &doc))
                .transpose()?,
            any: patterns(self.any)?,
            all: patterns(self.all)?,
            not: patterns(self.not)?,
        })
    }
}

fn severity_from(place: &Place, doc: &SeverityDoc) -> Result<SeverityRange, RuleError> {
    let range = SeverityRange {
        from: doc.at_most.as_ref().map_or(0, |level| level.0.level()),
        to: doc.at_least.as_ref().map_or(7, |level| level.0.level()),
    };
    if doc.at_least.is_none() && doc.at_most.is_none() {
        return Err(RuleError::invalid(
            place.clone(),
            "expected `at_least` or `at_most` under `severity`, found neither",
        ));
    }
    if range.from > range.to {
        return Err(RuleError::invalid(
            place.clone(),
            format!(
                "no severity is at least as severe as level {} and at most as severe as level {}; swap `at_least` and `at_most`",
                range.to, range.from
            ),
        ));
    }
    Ok(range)
}

fn pattern_from(source: &Source<'_>, place: &Place, doc: PatternDoc) -> Result<Pattern, RuleError> {
    let FieldDoc {
        field,
        regex,
        equals,
        exists,
    } = match doc {
        PatternDoc::Message(regex) => return Ok(Pattern::Message(regex)),
        PatternDoc::Field(doc) => doc,
    };
    let field = field.0;
    let place = || source.refine(place, &field);
    match (regex, equals, exists) {
        (Some(regex), None, None) => Ok(Pattern::FieldRegex {
            field,
            regex: regex.0,
        }),
        (None, Some(values), None) => {
            let values = values
                .0
                .iter()
                .map(|value| value.to_ascii_lowercase())
                .collect();
            Ok(Pattern::FieldEquals { field, values })
        }
        (None, None, Some(true)) => Ok(Pattern::FieldExists { field }),
        (None, None, Some(false)) => Err(RuleError::invalid(
            place(),
            format!(
                "`exists: false` on field `{field}`: put `{{field: {field}, exists: true}}` under `not` instead"
            ),
        )),
        _ => Err(RuleError::invalid(
            place(),
            format!(
                "expected exactly one of `regex`, `equals` and `exists` beside field `{field}`"
            ),
        )),
    }
}

/// A noise rule has to account for the whole masked body, whatever part of it holds.
fn check_noise(source: &Source<'_>, place: &Place, when: &Conditions) -> Result<(), RuleError> {
    let is_message = |pattern: &Pattern| matches!(pattern, Pattern::Message(_));
    let accounted = when.all.iter().any(is_message)
        || (!when.any.is_empty() && when.any.iter().all(is_message));
    if !accounted {
        return Err(RuleError::invalid(
            place.clone(),
            "a noise rule has to account for the whole message: expected a message pattern under `all`, or only message patterns under `any`",
        ));
    }
    for pattern in when.any.iter().chain(&when.all) {
        let Pattern::Message(regex) = pattern else {
            continue;
        };
        if regex.swallows_words() {
            return Err(RuleError::invalid(
                source.refine(place, regex.as_str()),
                format!(
                    "a noise rule may not skip over words, and a wildcard in `{regex}` can (such as `.*`): name each word, use masks like <num> and <ip4>, or \\S+ for one word"
                ),
            ));
        }
    }
    Ok(())
}

impl From<ExamplesDoc> for Examples {
    fn from(doc: ExamplesDoc) -> Examples {
        Examples {
            matching: doc.matching,
            no_match: doc.no_match,
        }
    }
}
