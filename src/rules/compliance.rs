//! Compliance: which frameworks claim a record, by its source, message or fields.

use std::path::Path;

use rustc_hash::FxHashMap;

use super::build::Builder;
use super::document::{ClaimDoc, FrameworkDoc};
use super::error::{Place, RuleError};
use super::matcher::{Input, Matcher};
use super::pack::{Conditions, Examples, Pack, parse_packs};
use super::scratch::Scratch;
use super::set::claim_id;
use super::source::{self, Source};
use super::validate::ConditionsDoc;
use crate::verdict::Claim;

/// A compliance framework: how long its records are kept, and how they are known.
#[derive(Clone, Debug)]
pub struct Framework {
    /// Short name, such as `pci-dss`.
    pub name: String,
    /// Full name.
    pub title: String,
    /// What it covers.
    pub about: String,
    /// How long a claimed record must be kept.
    pub retention_days: u32,
    /// Its rules, in the order of the file.
    pub rules: Vec<ClaimRule>,
}

/// A rule that claims records for its framework.
#[derive(Clone, Debug)]
pub struct ClaimRule {
    /// Unique over all frameworks.
    pub id: String,
    /// What it sees, in a few words.
    pub title: String,
    /// When it matches.
    pub when: Conditions,
    /// Where to read more.
    pub references: Vec<String>,
    /// The lines it is tested with.
    pub examples: Examples,
    /// Where it stands.
    pub place: Place,
}

/// Reads the frameworks of one YAML text; `name` is how errors call it.
pub fn parse_frameworks(name: &str, yaml: &str) -> Result<Vec<Framework>, RuleError> {
    let source = Source::new(name, yaml);
    let docs: Vec<FrameworkDoc> = source.documents()?;
    docs.into_iter()
        .map(|doc| framework_from(&source, doc))
        .collect()
}

/// Reads the frameworks of a directory (its `.yaml` and `.yml` files, by name) or of one file.
pub fn read_frameworks(path: &Path) -> Result<Vec<Framework>, RuleError> {
    let mut frameworks = Vec::new();
    for (file, yaml) in source::read_files(path)? {
        frameworks.extend(parse_frameworks(&file.display().to_string(), &yaml)?);
    }
    Ok(frameworks)
}

fn framework_from(source: &Source<'_>, doc: FrameworkDoc) -> Result<Framework, RuleError> {
    let name = doc.framework.0;
    let rules = doc.rules.into_iter().enumerate();
    let rules = rules
        .map(|(index, rule)| rule_from(source, index, rule))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Framework {
        title: doc.title.unwrap_or_else(|| name.clone()),
        about: doc.about.unwrap_or_default(),
        name,
        retention_days: doc.retention_days.0,
        rules,
    })
}

fn rule_from(source: &Source<'_>, index: usize, doc: ClaimDoc) -> Result<ClaimRule, RuleError> {
    let place = source.place_of(index, &doc.id.0);
    let spec = ConditionsDoc {
        source: doc.source.0,
        severity: doc.severity,
        any: doc.any,
        all: doc.all,
        not: doc.not,
    };
    let when = spec.validate(source, &place)?;
    if when.sources.is_empty() && when.any.is_empty() && when.all.is_empty() {
        let detail =
            "expected `source`, `any` or `all`, found none: the rule would claim every record";
        return Err(RuleError::invalid(place, detail));
    }
    Ok(ClaimRule {
        id: doc.id.0,
        title: doc.title,
        when,
        references: doc
            .references
            .into_iter()
            .map(|reference| reference.0)
            .collect(),
        examples: doc.examples.into(),
        place,
    })
}

/// A file is either a pack of rules or a framework.
#[derive(Clone, Debug)]
pub enum Document {
    /// Detection rules.
    Rules(Pack),
    /// Compliance rules.
    Compliance(Framework),
}

/// Reads packs and frameworks alike, each file told by its `framework` key.
pub fn read_documents(path: &Path) -> Result<Vec<Document>, RuleError> {
    let mut documents = Vec::new();
    for (file, yaml) in source::read_files(path)? {
        let name = file.display().to_string();
        if yaml.lines().any(|line| line.starts_with("framework:")) {
            let frameworks = parse_frameworks(&name, &yaml)?;
            documents.extend(frameworks.into_iter().map(Document::Compliance));
        } else {
            documents.extend(parse_packs(&name, &yaml)?.into_iter().map(Document::Rules));
        }
    }
    Ok(documents)
}

/// The claims of frameworks. Their conditions stand in the matcher of the set that they belong to, after
/// what else is in there.
#[derive(Debug, Default)]
pub(super) struct Claims {
    ids: Vec<String>,
    /// By rule: the place of its claim.
    framework_of: Vec<u32>,
    claims: Vec<Claim>,
}

impl Claims {
    /// Adds the conditions of all rules to the matcher being built; a framework spread over several
    /// files keeps for the longest time named.
    pub(super) fn compile(
        frameworks: Vec<Framework>,
        builder: &mut Builder,
    ) -> Result<Claims, RuleError> {
        let mut taken = FxHashMap::default();
        let mut all = Claims::default();
        for framework in frameworks {
            let index = claim_index(&mut all.claims, &framework);
            for rule in framework.rules {
                claim_id(&mut taken, &rule.id, &rule.place)?;
                builder.add(&rule.when, false);
                all.ids.push(rule.id);
                all.framework_of.push(index);
            }
        }
        Ok(all)
    }

    /// The frameworks whose rules, numbered from 0, matched; each once, in the order of the packs.
    pub(super) fn of(&self, matched: impl Iterator<Item = u32>) -> Vec<Claim> {
        let mut found: Vec<u32> = Vec::new();
        for rule in matched {
            let framework = self.framework_of[rule as usize];
            if !found.contains(&framework) {
                found.push(framework);
            }
        }
        found.sort_unstable();
        found
            .into_iter()
            .map(|index| self.claims[index as usize].clone())
            .collect()
    }
}

/// Frameworks by themselves, for whoever writes or checks them; a service compiles them together with its
/// detection rules ([`RuleSet::with_frameworks`](super::RuleSet::with_frameworks)).
#[derive(Debug)]
pub struct ComplianceSet {
    rules: Claims,
    matcher: Matcher,
}

impl ComplianceSet {
    /// Compiles frameworks.
    pub fn compile(frameworks: Vec<Framework>) -> Result<ComplianceSet, RuleError> {
        let mut builder = Builder::default();
        let rules = Claims::compile(frameworks, &mut builder)?;
        let matcher = builder.finish();
        Ok(ComplianceSet { rules, matcher })
    }

    /// The ids of the rules that claim a record.
    pub fn matching_ids(&self, input: &Input<'_>, scratch: &mut Scratch) -> Vec<&str> {
        let matched = self.matcher.run(input, scratch);
        matched
            .iter()
            .map(|&rule| self.rules.ids[rule as usize].as_str())
            .collect()
    }
}

fn claim_index(claims: &mut Vec<Claim>, framework: &Framework) -> u32 {
    let known = claims
        .iter()
        .position(|claim| claim.framework == framework.name);
    let index = known.unwrap_or_else(|| {
        claims.push(Claim {
            framework: framework.name.clone(),
            retention_days: 0,
        });
        claims.len() - 1
    });
    let days = &mut claims[index].retention_days;
    *days = (*days).max(framework.retention_days);
    index as u32
}
