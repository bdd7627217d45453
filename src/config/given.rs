//! The first stage: what the file and the environment say, keys known, values still text.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_yaml::Value;

use super::error::ConfigError;
use super::keys::{self, Kind};
use super::substitute::{Unfilled, substitute};

/// Start of the environment names; below it `__` stands for the dot of a key.
const PREFIX: &str = "LOGTRIAGE__";

/// The text of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text {
    One(String),
    Many(Vec<String>),
}

/// A value and where it was said.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) text: Text,
    pub(super) origin: String,
}

/// What is said, by key. A key that is left empty is not in it: empty means the default.
#[derive(Debug, Default)]
pub(super) struct Sayings(pub(super) BTreeMap<&'static str, Given>);

impl Sayings {
    /// The file, then the older environment names, then `LOGTRIAGE__`: the last word counts.
    pub(super) fn collect(
        file: Option<&Path>,
        env: &HashMap<String, String>,
    ) -> Result<Sayings, ConfigError> {
        let mut sayings = Sayings::default();
        if let Some(path) = file {
            sayings.read_file(path, env)?;
        }
        sayings.read_older_names(env);
        sayings.read_environment(env)?;
        Ok(sayings)
    }

    fn read_file(&mut self, path: &Path, env: &HashMap<String, String>) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::Read {
            path: path.to_owned(),
            cause,
        })?;
        let document: Value = serde_yaml::from_str(&text).map_err(|cause| ConfigError::Yaml {
            path: path.to_owned(),
            cause,
        })?;
        let reader = FileReader {
            origin: path.display().to_string(),
            env,
        };
        reader.section("", &document, self)
    }

    fn read_older_names(&mut self, env: &HashMap<String, String>) {
        for (name, path) in keys::OLDER_NAMES {
            let value = env.get(*name).filter(|value| !value.is_empty());
            if let (Some(value), Some((key, kind))) = (value, keys::find(path)) {
                self.put_variable(name, key, kind, value);
            }
        }
    }

    fn read_environment(&mut self, env: &HashMap<String, String>) -> Result<(), ConfigError> {
        let mut ours: Vec<_> = env.iter().filter(|(n, _)| n.starts_with(PREFIX)).collect();
        ours.sort();
        for (name, value) in ours {
            let path = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
            let Some((key, kind)) = keys::find(&path) else {
                return Err(ConfigError::UnknownKey {
                    advice: keys::advice(&path),
                    key: path,
                    origin: variable(name),
                });
            };
            self.put_variable(name, key, kind, value);
        }
        Ok(())
    }

    fn put_variable(&mut self, name: &str, key: &'static str, kind: Kind, value: &str) {
        let text = match kind {
            Kind::Scalar => Text::One(value.to_owned()),
            Kind::List => Text::Many(split_list(value)),
        };
        self.put(key, text, &variable(name));
    }

    fn put(&mut self, key: &'static str, text: Text, origin: &str) {
        if text == Text::One(String::new()) {
            self.0.remove(key);
            return;
        }
        let origin = origin.to_owned();
        self.0.insert(key, Given { text, origin });
    }
}

fn variable(name: &str) -> String {
    format!("the environment variable {name}")
}

fn split_list(value: &str) -> Vec<String> {
    let items = value.split(',').map(str::trim);
    items.filter(|i| !i.is_empty()).map(str::to_owned).collect()
}

/// Walks the YAML document.
struct FileReader<'a> {
    origin: String,
    env: &'a HashMap<String, String>,
}

impl FileReader<'_> {
    fn section(&self, path: &str, value: &Value, out: &mut Sayings) -> Result<(), ConfigError> {
        let mapping = match value {
            Value::Null => return Ok(()),
            Value::Mapping(mapping) => mapping,
            other => {
                let known = keys::known_below((!path.is_empty()).then_some(path));
                let expected = format!("a mapping with the keys {known}");
                return Err(self.invalid(path, &expected, other));
            }
        };
        for (name, value) in mapping {
            let name = scalar(name).unwrap_or_else(|| describe(name));
            let path = match path {
                "" => name,
                section => format!("{section}.{name}"),
            };
            self.entry(&path, value, out)?;
        }
        Ok(())
    }

    fn entry(&self, path: &str, value: &Value, out: &mut Sayings) -> Result<(), ConfigError> {
        if keys::is_section(path) {
            return self.section(path, value, out);
        }
        let Some((key, kind)) = keys::find(path) else {
            return Err(ConfigError::UnknownKey {
                key: path.to_owned(),
                origin: self.origin.clone(),
                advice: keys::advice(path),
            });
        };
        let text = match (kind, value) {
            (_, Value::Null) => return Ok(()),
            (Kind::List, Value::Sequence(items)) => Text::Many(self.items(key, items)?),
            (Kind::List, value) => Text::Many(split_list(&self.scalar(
                key,
                value,
                "a list or a string",
            )?)),
            (Kind::Scalar, value) => Text::One(self.scalar(key, value, "a single value")?),
        };
        out.put(key, text, &self.origin);
        Ok(())
    }

    fn items(&self, key: &str, items: &[Value]) -> Result<Vec<String>, ConfigError> {
        let filled = items
            .iter()
            .enumerate()
            .map(|(i, item)| self.scalar(&format!("{key}[{i}]"), item, "a string"));
        filled.collect()
    }

    fn scalar(&self, key: &str, value: &Value, expected: &str) -> Result<String, ConfigError> {
        let text = scalar(value).ok_or_else(|| self.invalid(key, expected, value))?;
        substitute(&text, self.env).map_err(|unfilled| match unfilled {
            Unfilled::Missing(variable) => ConfigError::MissingVariable {
                key: key.to_owned(),
                origin: self.origin.clone(),
                variable,
            },
            Unfilled::Malformed => {
                let expected = "${VAR} or ${VAR:-default} ($${ for a plain ${)";
                self.invalid(key, expected, value)
            }
        })
    }

    fn invalid(&self, key: &str, expected: &str, found: &Value) -> ConfigError {
        ConfigError::Invalid {
            key: if key.is_empty() { "the document" } else { key }.to_owned(),
            origin: self.origin.clone(),
            expected: expected.to_owned(),
            found: describe(found),
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "a mapping".to_owned(),
        Value::Tagged(tagged) => format!("the tag {}", tagged.tag),
        value => scalar(value).unwrap_or_default(),
    }
}
