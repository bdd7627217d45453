//! The one list of configuration keys: what is not here does not exist.
//!
//! The file reader, the environment reader and the "did you mean" of both share it, so a key is
//! added in one place and a test refuses a key that nobody reads.

/// What shape the value of a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One string, number or boolean.
    Scalar,
    /// A list of scalars; a single string is a list separated by commas.
    List,
}

/// Every key by its full path.
pub(super) const KEYS: &[(&str, Kind)] = &[
    ("server.listen", Kind::Scalar),
    ("server.body_limit", Kind::Scalar),
    ("server.decompressed_limit", Kind::Scalar),
    ("server.message_limit", Kind::Scalar),
    ("server.json_depth", Kind::Scalar),
    ("server.inflight_bytes", Kind::Scalar),
    ("server.request_timeout", Kind::Scalar),
    ("operations.listen", Kind::Scalar),
    ("operations.admin_token_file", Kind::Scalar),
    ("models.dir", Kind::Scalar),
    ("models.configmap.namespace", Kind::Scalar),
    ("models.configmap.name", Kind::Scalar),
    ("models.configmap.selector", Kind::Scalar),
    ("models.url", Kind::Scalar),
    ("models.fetch.interval", Kind::Scalar),
    ("models.fetch.ca_file", Kind::Scalar),
    ("models.fetch.token_file", Kind::Scalar),
    ("models.trusted_keys", Kind::List),
    ("models.min_created", Kind::Scalar),
    ("models.must_forward", Kind::Scalar),
    ("models.on_start_failure", Kind::Scalar),
    ("models.settle", Kind::Scalar),
    ("models.keep", Kind::Scalar),
    ("engine.kind", Kind::Scalar),
    ("engine.library", Kind::Scalar),
    ("engine.intra_threads", Kind::Scalar),
    ("engine.inter_threads", Kind::Scalar),
    ("engine.optimization", Kind::Scalar),
    ("engine.provider", Kind::List),
    ("engine.profile", Kind::Scalar),
    ("engine.workers", Kind::Scalar),
    ("engine.members.classifier", Kind::Scalar),
    ("engine.members.anomaly", Kind::Scalar),
    ("batch.max_records", Kind::Scalar),
    ("batch.max_delay", Kind::Scalar),
    ("batch.queue_records", Kind::Scalar),
    ("batch.queue_bytes", Kind::Scalar),
    ("cache.enabled", Kind::Scalar),
    ("cache.entries", Kind::Scalar),
    ("rules.packs", Kind::List),
    ("rules.compliance", Kind::List),
    ("rules.disable", Kind::List),
    ("compliance.skip_models", Kind::Scalar),
    ("decision.min_confidence", Kind::Scalar),
    ("decision.noise_threshold", Kind::Scalar),
    ("decision.target.critical_recall", Kind::Scalar),
    ("decision.target.max_forward", Kind::Scalar),
    ("decision.weights.rules", Kind::Scalar),
    ("decision.weights.classifier", Kind::Scalar),
    ("decision.weights.anomaly", Kind::Scalar),
    ("decision.on_degraded", Kind::Scalar),
    ("feedback.token_file", Kind::Scalar),
    ("feedback.path", Kind::Scalar),
    ("feedback.max_bytes", Kind::Scalar),
    ("shutdown.delay", Kind::Scalar),
    ("shutdown.grace", Kind::Scalar),
    ("log.level", Kind::Scalar),
    ("log.format", Kind::Scalar),
    ("log.access", Kind::Scalar),
];

/// Names from earlier systems and the key that each one sets. Where two set the same key, the later
/// row wins.
pub(super) const OLDER_NAMES: &[(&str, &str)] = &[
    ("MODEL_PATH", "models.dir"),
    ("ONNX_ENGINE", "engine.kind"),
    ("ONNX_THREADS", "engine.intra_threads"),
    ("ONNX_INTRA_THREADS", "engine.intra_threads"),
    ("ONNX_INTER_THREADS", "engine.inter_threads"),
    ("ONNX_OPTIMIZATION_LEVEL", "engine.optimization"),
    ("ONNX_PROVIDER", "engine.provider"),
    ("ONNX_PROFILING", "engine.profile"),
    ("RULES_PATH", "rules.packs"),
];

/// The known key of that path, in the form that lives as long as the program.
pub(super) fn find(path: &str) -> Option<(&'static str, Kind)> {
    KEYS.iter().find(|(key, _)| *key == path).copied()
}

/// True where `path` is a section: known keys stand below it.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|(key, _)| is_below(key, path))
}

/// What to say to somebody who wrote `path`.
pub(super) fn advice(path: &str) -> String {
    let likeness = |key: &str| likeness(key, path);
    let sections = KEYS.iter().filter_map(|(key, _)| parent(key));
    let nearest = KEYS
        .iter()
        .map(|(key, _)| *key)
        .chain(sections)
        .min_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    match nearest {
        Some(key) if likeness(key) >= 0.6 => format!("did you mean {key}?"),
        _ => format!("known there: {}", known_below(parent(path))),
    }
}

/// The names that may stand below `section`, or at the top.
pub(super) fn known_below(section: Option<&str>) -> String {
    let mut names: Vec<&str> = Vec::new();
    let section = section.filter(|s| is_section(s));
    for (key, _) in KEYS {
        let rest = match section {
            Some(section) if is_below(key, section) => &key[section.len() + 1..],
            Some(_) => continue,
            None => key,
        };
        let name = rest.split('.').next().unwrap_or(rest);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// 1 for the same path, nearly 1 for the right name in a wrong section, 0 for nothing in common.
fn likeness(key: &str, path: &str) -> f64 {
    let names = strsim::normalized_damerau_levenshtein(last_name(key), last_name(path));
    strsim::normalized_damerau_levenshtein(key, path).max(0.9 * names)
}

fn last_name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(section, _)| section)
}

fn is_below(key: &str, section: &str) -> bool {
    key.strip_prefix(section)
        .is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_named_with_its_path() {
        assert_eq!(advice("server.listn"), "did you mean server.listen?");
        assert_eq!(advice("sever"), "did you mean server?");
        assert_eq!(advice("listen"), "did you mean server.listen?");
    }

    #[test]
    fn what_resembles_nothing_is_told_what_is_known_there() {
        assert_eq!(
            advice("batch.zzzzzzzzzz"),
            "known there: max_records, max_delay, queue_records, queue_bytes"
        );
        assert!(advice("zzzzzzzzzzzz").starts_with("known there: server, operations, models"));
    }
}
