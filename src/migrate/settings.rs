//! `config.yaml` of the service that came before, key by key.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use super::table::{ADDRESSES, LEFT, MEMBERS, TAKEN, WEIGHTS};
use super::{Left, MigrateError, Taken, scalar_text};

/// A configuration made of the older one.
#[derive(Debug)]
pub struct MigratedSettings {
    /// Our keys, by path, with their values as text; `${VAR:-default}` is kept where it stood.
    pub values: BTreeMap<&'static str, String>,
    /// What became of the keys that have a counterpart.
    pub taken: Vec<Taken>,
    /// The keys that have none.
    pub left: Vec<Left>,
    /// Path of the rules file that it names.
    pub rules_path: Option<String>,
}

/// Turns the text of the older `config.yaml` into ours.
///
/// # Errors
/// Where it is no YAML mapping.
pub fn migrate_settings(text: &str) -> Result<MigratedSettings, MigrateError> {
    let document: Value = serde_yaml::from_str(text)?;
    let Value::Mapping(top) = &document else {
        let expected = "the sections of a config.yaml: model, processing, logging ...";
        return Err(MigrateError::shape(expected, &document));
    };
    let mut leaves = BTreeMap::new();
    gather("", top, &mut leaves);
    let mut made = Made {
        leaves,
        done: MigratedSettings {
            values: BTreeMap::new(),
            taken: Vec::new(),
            left: Vec::new(),
            rules_path: None,
        },
    };
    made.weights();
    made.addresses();
    made.compliance();
    made.rules_path();
    made.rows();
    made.rest();
    Ok(made.done)
}

/// All scalars and lists, by path.
fn gather(path: &str, section: &Mapping, leaves: &mut BTreeMap<String, Value>) {
    for (name, value) in section {
        let name = scalar_text(name).unwrap_or_default();
        let path = if path.is_empty() {
            name
        } else {
            format!("{path}.{name}")
        };
        match value {
            Value::Mapping(below) => gather(&path, below, leaves),
            other => {
                leaves.insert(path, other.clone());
            }
        }
    }
}

struct Made {
    /// What is not dealt with yet.
    leaves: BTreeMap<String, Value>,
    done: MigratedSettings,
}

impl Made {
    fn take(&mut self, path: &str) -> Option<String> {
        let text = scalar_text(self.leaves.get(path)?)?;
        self.leaves.remove(path);
        Some(text)
    }

    fn put(&mut self, from: String, to: &'static str, value: String, remark: Option<&'static str>) {
        self.done.values.insert(to, value);
        let to = to.to_owned();
        self.done.taken.push(Taken { from, to, remark });
    }

    fn leave(&mut self, from: String, reason: impl Into<String>) {
        let reason = reason.into();
        self.done.left.push(Left { from, reason });
    }

    fn weights(&mut self) {
        let found: Vec<_> = MEMBERS
            .iter()
            .map(|(names, to)| {
                let paths = names.iter().map(|name| format!("{WEIGHTS}.{name}"));
                let path = paths
                    .into_iter()
                    .find(|path| self.leaves.contains_key(path));
                path.and_then(|path| Some((self.take(&path)?, path, *to)))
            })
            .collect();
        let missing = found.iter().any(Option::is_none);
        for (value, path, to) in found.into_iter().flatten() {
            if missing {
                self.leave(path, "expected the weights of all three members: rule_based, tfidf_xgboost, anomaly_detector; the bundle's own hold");
            } else {
                self.put(path, to, value, None);
            }
        }
    }

    fn addresses(&mut self) {
        for (section, to) in ADDRESSES {
            let host = self.take(&format!("{section}.host"));
            let port = self.take(&format!("{section}.port"));
            match (host, port) {
                (host, Some(port)) => {
                    let host = host.unwrap_or_else(|| "0.0.0.0".to_owned());
                    let from = format!("{section}.host, {section}.port");
                    self.put(from, to, format!("{host}:{port}"), None);
                }
                (Some(_), None) => {
                    self.leave(format!("{section}.host"), "it has no port: ours holds");
                }
                (None, None) => {}
            }
        }
    }

    fn compliance(&mut self) {
        let path = "model.compliance.enabled";
        match self.take(path).as_deref() {
            Some("true") => self.put(
                path.to_owned(),
                "compliance.skip_models",
                "true".to_owned(),
                Some("as before: critical without a look. Without it such records are judged, and forwarded all the same"),
            ),
            Some("false") => {
                self.put(path.to_owned(), "rules.compliance", "[]".to_owned(), None);
            }
            Some(other) => {
                self.leave(path.to_owned(), format!("expected true or false, found {other}"));
            }
            None => {}
        }
    }

    fn rules_path(&mut self) {
        self.done.rules_path = self.take("model.rule_based.rules_path");
    }

    fn rows(&mut self) {
        for (from, to, form, remark) in TAKEN {
            let Some(text) = self.take(from) else {
                continue;
            };
            if self.done.values.contains_key(to) {
                self.leave(
                    (*from).to_owned(),
                    format!("{to} has its value from another key"),
                );
                continue;
            }
            match form.apply(&text) {
                Ok(value) => self.put((*from).to_owned(), to, value, *remark),
                Err(expected) => {
                    self.leave(
                        (*from).to_owned(),
                        format!("expected {expected}, found {text}"),
                    );
                }
            }
        }
    }

    /// What nobody has taken: by section where that is known, else key by key.
    fn rest(&mut self) {
        let mut sections: BTreeMap<&str, usize> = BTreeMap::new();
        for path in std::mem::take(&mut self.leaves).into_keys() {
            let known = LEFT.iter().find(|(prefix, _)| is_under(&path, prefix));
            match known {
                Some((prefix, _)) => *sections.entry(prefix).or_default() += 1,
                None => self.leave(
                    path,
                    "not known; see `logtriage config check` for every key",
                ),
            }
        }
        for (prefix, reason) in LEFT {
            match sections.get(prefix) {
                None => {}
                Some(1) => self.leave((*prefix).to_owned(), *reason),
                Some(count) => self.leave(format!("{prefix} ({count} keys)"), *reason),
            }
        }
    }
}

fn is_under(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
