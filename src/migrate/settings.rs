//! `config.yaml` of the service that came before, key by key.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

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

/// How the text of an older value becomes one of ours.
#[derive(Clone, Copy)]
enum Form {
    /// As it stands.
    Same,
    Seconds,
    Milliseconds,
    Level,
    LogFormat,
    Optimization,
}

/// An older key, ours, how its value changes, what to know of it.
type Row = (&'static str, &'static str, Form, Option<&'static str>);

/// Where two older keys become the same one of ours, the earlier row wins.
const TAKEN: &[Row] = &[
    ("logging.level", "log.level", Form::Level, None),
    ("logging.format", "log.format", Form::LogFormat, None),
    (
        "processing.batch_size",
        "batch.max_records",
        Form::Same,
        Some("only what is judged at once: a request may hold any number of records"),
    ),
    (
        "processing.max_wait_ms",
        "batch.max_delay",
        Form::Milliseconds,
        Some(
            "the most that a record waits for company; a free worker takes what is there. 1ms is enough",
        ),
    ),
    (
        "processing.max_queue_size",
        "batch.queue_records",
        Form::Same,
        Some("without it the queue holds what is judged in a second"),
    ),
    (
        "processing.worker_threads",
        "engine.workers",
        Form::Same,
        Some("without it there is one for each whole processor of the limit, which is best"),
    ),
    (
        "processing.timeout_seconds",
        "server.request_timeout",
        Form::Seconds,
        Some("after it the answer holds what is known by then"),
    ),
    (
        "model.timeout_seconds",
        "server.request_timeout",
        Form::Seconds,
        Some("after it the answer holds what is known by then"),
    ),
    (
        "api.timeout",
        "server.request_timeout",
        Form::Seconds,
        Some("after it the answer holds what is known by then"),
    ),
    (
        "model.confidence_threshold",
        "decision.min_confidence",
        Form::Same,
        Some("records below it are forwarded"),
    ),
    (
        "onnx_runtime.optimization_level",
        "engine.optimization",
        Form::Optimization,
        None,
    ),
    (
        "onnx_runtime.intra_op_num_threads",
        "engine.intra_threads",
        Form::Same,
        None,
    ),
    (
        "onnx_runtime.inter_op_num_threads",
        "engine.inter_threads",
        Form::Same,
        None,
    ),
];

/// Host and port in two keys become one address.
const ADDRESSES: &[(&str, &str)] = &[
    ("api", "server.listen"),
    ("monitoring.prometheus", "operations.listen"),
];

const WEIGHTS: &str = "model.ensemble.weights";
/// The older member (both of its names), and our key.
const MEMBERS: &[(&[&str], &str)] = &[
    (&["rule_based"], "decision.weights.rules"),
    (&["tfidf_xgboost"], "decision.weights.classifier"),
    (&["anomaly_detector", "anomaly"], "decision.weights.anomaly"),
];

/// Keys, or sections, without a counterpart, and what takes their place. The first that fits counts.
const LEFT: &[(&str, &str)] = &[
    ("app", "the program knows its own name and version"),
    ("logging.output", "the log goes to standard error"),
    (
        "api.workers",
        "one process uses all processors it may; for more, run more pods",
    ),
    (
        "ingestion",
        "nothing is consumed from Kafka: a shipper posts batches to /v1/classify and acts on `forward` and `category`",
    ),
    (
        "routing",
        "nothing is sent on: the shipper routes each record by `forward` and `category` of its verdict",
    ),
    (
        "health",
        "the probes are /livez, /readyz and /startupz on the operations port, /v1/health on the data port",
    ),
    (
        "monitoring.prometheus.path",
        "the metrics are at /metrics on the operations port",
    ),
    (
        "monitoring.prometheus.enabled",
        "the metrics are always there",
    ),
    (
        "monitoring",
        "dashboards and alerts come with the chart (helm/logtriage)",
    ),
    (
        "model.path",
        "its models are of another kind, and were served what they were not trained on: the built-in bundle serves, or train one with `make model` and name it in models.dir",
    ),
    ("model.type", "there is one ensemble"),
    (
        "model.onnx_paths",
        "a bundle names its files itself, in manifest.json",
    ),
    (
        "model.scaler_paths",
        "a bundle needs no scaler: the graphs hold all there is",
    ),
    (
        "model.ensemble.combination_strategy",
        "votes are always averaged by their weights, over the members that voted",
    ),
    (
        "model.batch_size",
        "processing.batch_size is what became batch.max_records",
    ),
    (
        "model.max_batch_size",
        "a request may hold any number of records below server.body_limit",
    ),
    (
        "model.performance",
        "processing is what became batch and server.request_timeout",
    ),
    (
        "onnx_runtime.enable_cpu_mem_arena",
        "always off: it would cost more memory than it saves time",
    ),
    (
        "onnx_runtime.enable_mem_pattern",
        "always off: batches differ in size",
    ),
];

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

impl Form {
    /// Our value; where there is none, what was expected. The default in `${VAR:-default}` is turned
    /// as well; what the variable holds is not known here.
    fn apply(self, text: &str) -> Result<String, &'static str> {
        if let Some((variable, default)) = variable(text) {
            let (value, unit) = self.plain(default)?;
            return Ok(format!("${{{variable}:-{value}}}{unit}"));
        }
        let (value, unit) = self.plain(text)?;
        Ok(format!("{value}{unit}"))
    }

    /// The value and its unit.
    fn plain(self, text: &str) -> Result<(String, &'static str), &'static str> {
        let word = text.to_ascii_lowercase();
        match self {
            Form::Same => Ok((text.to_owned(), "")),
            Form::Seconds => match text.parse::<f64>() {
                Ok(seconds) if seconds.fract() == 0.0 => Ok((seconds.to_string(), "s")),
                Ok(seconds) => Ok(((seconds * 1e3).round().to_string(), "ms")),
                Err(_) => Err("a number of seconds"),
            },
            Form::Milliseconds => match text.parse::<f64>() {
                Ok(millis) => Ok((millis.round().to_string(), "ms")),
                Err(_) => Err("a number of milliseconds"),
            },
            Form::Level => match word.as_str() {
                "critical" | "fatal" | "error" => Ok(("error".to_owned(), "")),
                "warning" | "warn" => Ok(("warn".to_owned(), "")),
                "info" | "debug" => Ok((word, "")),
                "notset" | "trace" => Ok(("trace".to_owned(), "")),
                _ => Err("a level of Python's logging"),
            },
            Form::LogFormat => match word.as_str() {
                "json" => Ok((word, "")),
                _ => Ok(("text".to_owned(), "")),
            },
            Form::Optimization => match word.as_str() {
                "disable" | "basic" | "extended" | "all" => Ok((word, "")),
                _ => Err("disable, basic, extended or all"),
            },
        }
    }
}

/// Name and default of a value that is all `${VAR:-default}`.
fn variable(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    inner.split_once(":-")
}
