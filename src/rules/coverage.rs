//! Which techniques of MITRE ATT&CK the rules name in their tags, by tactic.
//!
//! The names come from `configs/mitre-techniques.yaml`, so that the table needs no network and a
//! tag of a technique that does not exist is noticed.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::error::{Place, RuleError};
use super::pack::Pack;

/// The techniques' names, as they come with the program.
const TECHNIQUES: &str = include_str!("../../configs/mitre-techniques.yaml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    source: String,
    tactics: Vec<Tactic>,
    techniques: Vec<Technique>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tactic {
    id: String,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Technique {
    id: String,
    name: String,
    tactics: Vec<String>,
}

/// What packs cover. Shown as a Markdown page: a table a tactic, in the order of an attack.
#[derive(Debug)]
pub struct Coverage {
    catalogue: Catalogue,
    /// Technique, as `T1110.001`, to the ids of its rules in the order of the packs.
    rules: BTreeMap<String, Vec<String>>,
    /// Rules that name a technique, and all rules.
    tagged: usize,
    total: usize,
}

impl Coverage {
    /// What these packs cover.
    ///
    /// A tag of a technique that the catalogue does not have is an error at the rule's place.
    pub fn of(packs: &[Pack]) -> Result<Coverage, RuleError> {
        let catalogue: Catalogue = serde_yaml::from_str(TECHNIQUES).map_err(|error| {
            let file = "configs/mitre-techniques.yaml".to_owned();
            RuleError::invalid(
                Place {
                    file,
                    ..Place::default()
                },
                error.to_string(),
            )
        })?;
        let mut coverage = Coverage {
            catalogue,
            rules: BTreeMap::new(),
            tagged: 0,
            total: 0,
        };
        for rule in packs.iter().flat_map(|pack| &pack.rules) {
            coverage.total += 1;
            coverage.tagged += usize::from(!rule.rule.tags.is_empty());
            for tag in &rule.rule.tags {
                let id = tag.trim_start_matches("attack.").to_ascii_uppercase();
                if coverage.technique(&id).is_none() {
                    let detail = format!(
                        "expected a technique of configs/mitre-techniques.yaml, found `{tag}`: correct the tag, or add {id} there"
                    );
                    return Err(RuleError::invalid(rule.place.clone(), detail));
                }
                coverage
                    .rules
                    .entry(id)
                    .or_default()
                    .push(rule.rule.id.clone());
            }
        }
        Ok(coverage)
    }

    fn technique(&self, id: &str) -> Option<&Technique> {
        self.catalogue
            .techniques
            .iter()
            .find(|known| known.id == id)
    }

    /// A sub-technique is called by its technique and its own name.
    fn full_name(&self, technique: &Technique) -> String {
        let parent = technique.id.split_once('.').map(|(parent, _)| parent);
        match parent.and_then(|parent| self.technique(parent)) {
            Some(parent) => format!("{}: {}", parent.name, technique.name),
            None => technique.name.clone(),
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# What the rules cover of MITRE ATT&CK\n")?;
        writeln!(
            f,
            "Written by `logtriage rules coverage`; do not edit. Names from {} (https://attack.mitre.org/).\n",
            self.catalogue.source
        )?;
        writeln!(
            f,
            "{} of {} rules name a technique, {} techniques in all. The others are about failures and ordinary operation. A technique of several tactics stands under each.",
            self.tagged,
            self.total,
            self.rules.len()
        )?;
        for tactic in &self.catalogue.tactics {
            let of_tactic = self.rules.iter().filter_map(|(id, rules)| {
                let technique = self.technique(id)?;
                technique
                    .tactics
                    .contains(&tactic.id)
                    .then_some((technique, rules))
            });
            let covered: Vec<_> = of_tactic.collect();
            if covered.is_empty() {
                continue;
            }
            writeln!(f, "\n## {}\n", tactic.name)?;
            writeln!(f, "| technique | name | rules | ids |\n|---|---|---:|---|")?;
            for (technique, rules) in covered {
                let url = technique.id.replace('.', "/");
                let ids = rules.iter().map(|id| format!("`{id}`"));
                writeln!(
                    f,
                    "| [{id}](https://attack.mitre.org/techniques/{url}/) | {name} | {count} | {ids} |",
                    id = technique.id,
                    name = self.full_name(technique),
                    count = rules.len(),
                    ids = ids.collect::<Vec<_>>().join(", "),
                )?;
            }
        }
        Ok(())
    }
}
