//! Which key of the older `config.yaml` becomes which of ours, and what takes the place of the others.

/// How the text of an older value becomes one of ours.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As it stands.
    Same,
    Seconds,
    Milliseconds,
    Level,
    LogFormat,
    Optimization,
}

/// An older key, ours, how its value changes, what to know of it.
pub(super) type Row = (&'static str, &'static str, Form, Option<&'static str>);

/// Where two older keys become the same one of ours, the earlier row wins.
pub(super) const TAKEN: &[Row] = &[
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
pub(super) const ADDRESSES: &[(&str, &str)] = &[
    ("api", "server.listen"),
    ("monitoring.prometheus", "operations.listen"),
];

pub(super) const WEIGHTS: &str = "model.ensemble.weights";
/// The older member (both of its names), and our key.
pub(super) const MEMBERS: &[(&[&str], &str)] = &[
    (&["rule_based"], "decision.weights.rules"),
    (&["tfidf_xgboost"], "decision.weights.classifier"),
    (&["anomaly_detector", "anomaly"], "decision.weights.anomaly"),
];

/// Keys, or sections, without a counterpart, and what takes their place. The first that fits counts.
pub(super) const LEFT: &[(&str, &str)] = &[
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

impl Form {
    /// Our value; where there is none, what was expected. The default in `${VAR:-default}` is turned
    /// as well; what the variable holds is not known here.
    pub(super) fn apply(self, text: &str) -> Result<String, &'static str> {
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
