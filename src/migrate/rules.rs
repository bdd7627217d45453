//! `rules.yaml` of the service that came before: lists of named regexes by category.

use serde::Serialize;
use serde_yaml::Value;

use super::{Left, MigrateError, Taken, scalar_text};
use crate::rules::{RuleError, parse_pack};
use crate::verdict::Category;

const PACK: &str = "predecessor";
const NOISE: &str = "what is taken for noise is not forwarded, so a noise rule of ours must account for every \
                     word of a line, and these regexes match a part: write it anew, from ^ to $";

/// A pack made of the older rules.
#[derive(Debug)]
pub struct MigratedRules {
    /// The pack as YAML; empty where no rule could be taken.
    pub pack: String,
    /// The rules that it holds.
    pub taken: Vec<Taken>,
    /// Those that it does not, and other keys.
    pub left: Vec<Left>,
}

#[derive(Serialize)]
struct PackYaml {
    pack: &'static str,
    about: &'static str,
    rules: Vec<RuleYaml>,
}

#[derive(Clone, Serialize)]
struct RuleYaml {
    id: String,
    title: String,
    category: Category,
    confidence: f64,
    any: Vec<String>,
}

/// Turns the text of the older `rules.yaml` into a pack.
///
/// # Errors
/// Where it is no YAML mapping with a category.
pub fn migrate_rules(text: &str) -> Result<MigratedRules, MigrateError> {
    let document: Value = serde_yaml::from_str(text)?;
    let expected = "lists of rules under critical, suspicious, routine or noise";
    let Value::Mapping(top) = &document else {
        return Err(MigrateError::shape(expected, &document));
    };
    let insensitive = document["settings"]["case_insensitive"].as_bool();
    let mut made = Made {
        flags: if insensitive.unwrap_or(true) {
            "(?i)"
        } else {
            ""
        },
        rules: Vec::new(),
        taken: Vec::new(),
        left: Vec::new(),
    };
    let mut categories = 0;
    for (name, value) in top {
        let name = scalar_text(name).unwrap_or_default();
        match Category::from_name(&name) {
            Some(category) => {
                categories += 1;
                made.category(category, value);
            }
            None if name == "settings" => made.settings(value),
            None => made.leave(name, "no category of ours"),
        }
    }
    if categories == 0 {
        return Err(MigrateError::shape(expected, &document));
    }
    made.finish()
}

struct Made {
    /// What stands before each regex.
    flags: &'static str,
    rules: Vec<RuleYaml>,
    taken: Vec<Taken>,
    left: Vec<Left>,
}

impl Made {
    fn leave(&mut self, from: String, reason: impl Into<String>) {
        let reason = reason.into();
        self.left.push(Left { from, reason });
    }

    fn settings(&mut self, settings: &Value) {
        let keys = settings.as_mapping().into_iter().flat_map(|map| map.keys());
        let names: Vec<String> = keys.filter_map(scalar_text).collect();
        for name in names {
            let reason = match name.as_str() {
                "case_insensitive" => continue,
                "priority_order" => "of the rules that match, the one of highest confidence votes",
                _ => "where no rule matches, the rules do not vote",
            };
            self.leave(format!("settings.{name}"), reason);
        }
    }

    fn category(&mut self, category: Category, rules: &Value) {
        let Value::Sequence(rules) = rules else {
            return self.leave(category.to_string(), "expected a list of rules");
        };
        for (index, rule) in rules.iter().enumerate() {
            let name = scalar_text(&rule["name"]).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| format!("rule {}", index + 1));
            let from = format!("{category}.{name}");
            if category == Category::Noise {
                self.leave(from, NOISE);
                continue;
            }
            self.rule(category, from, &name, rule);
        }
    }

    fn rule(&mut self, category: Category, from: String, name: &str, rule: &Value) {
        let patterns = rule["patterns"].as_sequence().map_or(&[][..], |list| list);
        let mut made = RuleYaml {
            id: format!("{PACK}-{category}-{}", kebab(name)),
            title: name.replace('_', " "),
            category,
            confidence: rule["confidence"].as_f64().unwrap_or(0.5),
            any: Vec::new(),
        };
        for pattern in patterns.iter().filter_map(scalar_text) {
            let tried = RuleYaml {
                any: vec![format!("{}{pattern}", self.flags)],
                ..made.clone()
            };
            match check(&tried) {
                Ok(()) => made.any.extend(tried.any),
                Err(error) => self.leave(format!("{from}: {pattern}"), error.to_string()),
            }
        }
        if made.any.is_empty() {
            return self.leave(from, "no pattern of it could be taken");
        }
        let (to, remark) = (made.id.clone(), None);
        self.rules.push(made);
        self.taken.push(Taken { from, to, remark });
    }

    fn finish(self) -> Result<MigratedRules, MigrateError> {
        let pack = if self.rules.is_empty() {
            String::new()
        } else {
            serde_yaml::to_string(&pack(self.rules))?
        };
        Ok(MigratedRules {
            pack,
            taken: self.taken,
            left: self.left,
        })
    }
}

fn pack(rules: Vec<RuleYaml>) -> PackYaml {
    PackYaml {
        pack: PACK,
        about: "The rules of the service that came before. Add examples; `logtriage rules test` runs them.",
        rules,
    }
}

/// Whether the rule is one of ours.
fn check(rule: &RuleYaml) -> Result<(), RuleError> {
    let yaml = serde_yaml::to_string(&pack(vec![rule.clone()])).unwrap_or_default();
    parse_pack(PACK, &yaml).map(drop)
}

fn kebab(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}
