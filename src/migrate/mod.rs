//! From the Python service that came before: its `config.yaml` and `rules.yaml` become a configuration
//! and a rule pack of ours, and whatever has no counterpart is named with what takes its place.
//!
//! Nothing is guessed: a key that is not known here is listed as such, never dropped in silence.

mod rules;
mod settings;
#[cfg(test)]
mod tests;

pub use rules::{MigratedRules, migrate_rules};
pub use settings::{MigratedSettings, migrate_settings};

use serde_yaml::Value;
use thiserror::Error;

/// Something that was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where it stood.
    pub from: String,
    /// The key or rule that it became.
    pub to: String,
    /// What to know about it, where there is something.
    pub remark: Option<&'static str>,
}

/// Something that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Where it stands.
    pub from: String,
    /// Why, and what to do instead.
    pub reason: String,
}

/// What cannot be migrated at all.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// It is no YAML.
    #[error("expected YAML: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// It is YAML of another kind.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl MigrateError {
    fn shape(expected: &'static str, found: &Value) -> MigrateError {
        let found = match found {
            Value::Null => "nothing".to_owned(),
            Value::Sequence(items) => format!("a list of {}", items.len()),
            Value::Mapping(keys) => format!("the keys {}", names(keys)),
            scalar => format!("`{}`", scalar_text(scalar).unwrap_or_default()),
        };
        MigrateError::Shape { expected, found }
    }
}

fn names(keys: &serde_yaml::Mapping) -> String {
    let names: Vec<String> = keys.keys().filter_map(scalar_text).collect();
    names.join(", ")
}

/// The text of a scalar as a person wrote it; `None` for lists and mappings.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null => Some(String::new()),
        Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
    }
}
