//! The configuration as a user meets it: files, variables, precedence, and every refusal.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::*;

fn load(yaml: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("c.yaml");
    std::fs::write(&path, yaml).expect("a file");
    let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let loaded = Config::load(Some(&path), env);
    loaded.map_err(|e| e.to_string().replace(&path.display().to_string(), "c.yaml"))
}

fn defaults() -> Config {
    Config::load(None, std::iter::empty()).expect("the defaults are valid")
}

fn refusal(yaml: &str, env: &[(&str, &str)]) -> String {
    load(yaml, env).expect_err("a configuration that is refused")
}

#[test]
fn the_example_holds_the_defaults() {
    let example = include_str!("../../configs/logtriage.yaml");
    assert_eq!(
        load(example, &[]).expect("the example is valid"),
        defaults()
    );
    assert_eq!(load("", &[]).expect("an empty file is valid"), defaults());
}

#[test]
fn the_example_shows_every_key() {
    let example = include_str!("../../configs/logtriage.yaml");
    for (key, _) in keys::KEYS {
        let mut document: &serde_yaml::Value =
            &serde_yaml::from_str(example).expect("the example is YAML");
        for name in key.split('.') {
            document = document
                .get(name)
                .unwrap_or_else(|| panic!("{key} is not shown"));
        }
    }
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let config = defaults();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.server.body_limit, 20 << 20);
    assert_eq!(config.server.decompressed_limit, 64 << 20);
    assert_eq!(config.server.message_limit, 64 << 10);
    assert_eq!(config.server.json_depth, 64);
    assert_eq!(config.server.request_timeout, Duration::from_secs(5));
    assert_eq!(config.operations.listen.to_string(), "0.0.0.0:9090");
    assert_eq!(config.models.dir, None);
    assert_eq!(config.engine.providers, [Provider::Cpu]);
    assert_eq!(config.engine.optimization, Optimization::All);
    assert_eq!(config.batch.max_records.get(), 256);
    assert_eq!(config.batch.max_delay, Duration::from_millis(1));
    assert_eq!(config.batch.queue_records, None);
    assert_eq!(config.rules.compliance, [CompliancePacks::Builtin]);
    assert_eq!(config.decision.weights, None);
    assert_eq!(config.shutdown.grace, Duration::from_secs(25));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.access, AccessShare::OFF);
    assert_eq!(config.feedback.token, None);
    assert_eq!(config.feedback.path, None);
    assert_eq!(config.feedback.max_bytes, 64 << 20);
}

#[test]
fn every_key_is_read_by_somebody() {
    for (key, _) in keys::KEYS {
        let variable = format!("LOGTRIAGE__{}", key.to_uppercase().replace('.', "__"));
        // A path or a name changes the configuration, and nothing else takes this value.
        match load("", &[(&variable, "marker")]) {
            Ok(config) => assert_ne!(config, defaults(), "nobody reads {key}"),
            Err(said) => assert!(said.starts_with(&format!("{key} in ")), "{key}: {said}"),
        }
    }
}

#[test]
fn what_is_printed_loads_to_the_same() {
    let weights = "weights: {rules: 1, classifier: 0.5, anomaly: 0}";
    let yaml = format!(
        "server: {{listen: '[::1]:99', inflight_bytes: 5MiB, request_timeout: 250ms}}\n\
         engine: {{provider: [cuda, cpu], profile: true, workers: 3}}\n\
         models: {{configmap: {{namespace: a, selector: 'b=c,d in (e,f)'}}, fetch: {{interval: 2m}}}}\n\
         rules: {{packs: [/a, /b], compliance: [], disable: [x]}}\n\
         feedback: {{path: /data/feedback.ndjson, max_bytes: 3MiB}}\n\
         log: {{access: 0.25}}\n\
         decision: {{min_confidence: 0.25, target: {{max_forward: 0.2}}, {weights}}}\n"
    );
    let config = load(&yaml, &[]).expect("a valid file");
    let printed = serde_yaml::to_string(&config).expect("a printable configuration");
    assert_eq!(
        load(&printed, &[]).expect("what is printed is valid"),
        config
    );
}

#[test]
fn the_environment_wins_and_lists_are_split() {
    let yaml = "server: {body_limit: 1MiB}\nrules: {packs: [/file]}\nengine: {workers: 7}\n";
    let env = [
        ("LOGTRIAGE__SERVER__BODY_LIMIT", "2MiB"),
        ("LOGTRIAGE__RULES__PACKS", "/a, /b"),
        ("LOGTRIAGE__DECISION__WEIGHTS__RULES", "0.2"),
        ("LOGTRIAGE__DECISION__WEIGHTS__CLASSIFIER", "0.8"),
        ("LOGTRIAGE__DECISION__WEIGHTS__ANOMALY", "0"),
        ("LOGTRIAGE__RULES__COMPLIANCE", ""),
        ("LOGTRIAGE_SERVICE_HOST", "10.0.0.1"),
    ];
    let config = load(yaml, &env).expect("valid");
    assert_eq!(config.server.body_limit, 2 << 20);
    assert_eq!(
        config.rules.packs,
        [PathBuf::from("/a"), PathBuf::from("/b")]
    );
    assert_eq!(config.rules.compliance, []);
    assert_eq!(config.engine.workers.get(), 7);
    let weights = Weights {
        rules: 0.2,
        classifier: 0.8,
        anomaly: 0.0,
    };
    assert_eq!(config.decision.weights, Some(weights));
}

#[test]
fn older_names_stand_between_file_and_environment() {
    let yaml = "engine: {intra_threads: 2}\nmodels: {dir: /file}\n";
    let mut env = vec![
        ("MODEL_PATH", "/older"),
        ("ONNX_ENGINE", "onnxruntime"),
        ("ONNX_THREADS", "3"),
        ("ONNX_INTER_THREADS", "5"),
        ("ONNX_OPTIMIZATION_LEVEL", "99"),
        ("ONNX_PROVIDER", "cpu,cuda,cuda,tensorrt"),
        ("ONNX_PROFILING", "/tmp/profile"),
        ("RULES_PATH", "/rules"),
    ];
    let config = load(yaml, &env).expect("valid");
    assert_eq!(config.models.dir, Some(PathBuf::from("/older")));
    assert_eq!(config.engine.kind, EngineKind::OnnxRuntime);
    assert_eq!(config.engine.intra_threads.get(), 3);
    assert_eq!(config.engine.inter_threads.get(), 5);
    assert_eq!(config.engine.optimization, Optimization::All);
    assert_eq!(
        config.engine.providers,
        [Provider::Cuda, Provider::TensorRt, Provider::Cpu]
    );
    assert_eq!(config.engine.profile, Some(PathBuf::from("/tmp/profile")));
    assert_eq!(config.rules.packs, [PathBuf::from("/rules")]);

    env.push(("ONNX_INTRA_THREADS", "4"));
    assert_eq!(
        load(yaml, &env).expect("valid").engine.intra_threads.get(),
        4
    );
    env.push(("LOGTRIAGE__ENGINE__INTRA_THREADS", "6"));
    env.push(("LOGTRIAGE__MODELS__DIR", "/newest"));
    let config = load(yaml, &env).expect("valid");
    assert_eq!(config.engine.intra_threads.get(), 6);
    assert_eq!(config.models.dir, Some(PathBuf::from("/newest")));
}

#[test]
fn levels_and_profiles_have_several_spellings() {
    for (text, level) in [
        ("disable", Optimization::Disable),
        ("0", Optimization::Disable),
        ("1", Optimization::Basic),
        ("2", Optimization::Extended),
        ("ALL", Optimization::All),
    ] {
        let config = load("", &[("ONNX_OPTIMIZATION_LEVEL", text)]).expect("valid");
        assert_eq!(config.engine.optimization, level, "{text}");
    }
    for (text, profile) in [
        ("true", Some("logtriage-profile")),
        ("false", None),
        ("p", Some("p")),
    ] {
        let config = load("", &[("ONNX_PROFILING", text)]).expect("valid");
        assert_eq!(config.engine.profile, profile.map(PathBuf::from), "{text}");
    }
}

#[test]
fn variables_in_values_are_replaced_and_typed() {
    let yaml = "engine: {workers: '${WORKERS:-2}'}\nmodels: {dir: '${BASE}/default'}\n\
                rules: {packs: ['${BASE}/rules'], disable: '${OFF:-a,b}'}\n";
    let config = load(yaml, &[("BASE", "/srv")]).expect("valid");
    assert_eq!(
        config.engine.workers,
        NonZeroUsize::new(2).expect("not zero")
    );
    assert_eq!(config.models.dir, Some(PathBuf::from("/srv/default")));
    assert_eq!(config.rules.packs, [PathBuf::from("/srv/rules")]);
    assert_eq!(config.rules.disable, ["a", "b"]);
    assert_eq!(
        refusal(yaml, &[]),
        "models.dir in c.yaml uses ${BASE}, but the environment variable BASE is not set; set it \
         or write ${BASE:-default}"
    );
}

#[test]
fn unknown_keys_are_refused_with_the_nearest() {
    assert_eq!(
        refusal("server: {lissten: 1}", &[]),
        "unknown key server.lissten in c.yaml; did you mean server.listen?"
    );
    assert_eq!(
        refusal("decision: {weights: {rule: 1}}", &[]),
        "unknown key decision.weights.rule in c.yaml; did you mean decision.weights.rules?"
    );
    assert_eq!(
        refusal("", &[("LOGTRIAGE__ENGINE__WORKER", "1")]),
        "unknown key engine.worker in the environment variable LOGTRIAGE__ENGINE__WORKER; did you \
         mean engine.workers?"
    );
    assert!(refusal("caches: {entries: 1}", &[]).starts_with("unknown key caches in c.yaml; "));
}

#[test]
fn wrong_values_are_refused_with_what_would_be_right() {
    let table = [
        (
            "server: {listen: localhost}",
            "server.listen in c.yaml: expected an address and a port",
        ),
        (
            "server: {body_limit: 0}",
            "server.body_limit in c.yaml: expected a size of at least 1",
        ),
        (
            "server: {body_limit: [1]}",
            "server.body_limit in c.yaml: expected a single value",
        ),
        (
            "server: {json_depth: 128}",
            "server.json_depth in c.yaml: expected a whole number from",
        ),
        (
            "server: {request_timeout: 0s}",
            "server.request_timeout in c.yaml: expected a duration",
        ),
        (
            "server: 5",
            "server in c.yaml: expected a mapping with the keys listen, body_limit",
        ),
        (
            "[]",
            "the document in c.yaml: expected a mapping with the keys server, operations",
        ),
        (
            "engine: {kind: tensorflow}",
            "engine.kind in c.yaml: expected one of auto, native, onnxruntime,",
        ),
        (
            "engine: {provider: [gpu]}",
            "engine.provider in c.yaml: expected one of cpu, cuda",
        ),
        (
            "engine: {workers: 0}",
            "engine.workers in c.yaml: expected auto, or a whole number",
        ),
        (
            "batch: {max_records: 0}",
            "batch.max_records in c.yaml: expected a whole number from 1 to 4096, found",
        ),
        (
            "batch: {max_records: 4097}",
            "batch.max_records in c.yaml: expected a whole number from 1 to 4096, found",
        ),
        (
            "rules: {packs: [[1]]}",
            "rules.packs[0] in c.yaml: expected a string, found a list",
        ),
        (
            "decision: {min_confidence: .nan}",
            "decision.min_confidence in c.yaml: expected a number",
        ),
        (
            "decision: {target: {critical_recall: 1.5}}",
            "decision.target.critical_recall in c.yaml: expected a number",
        ),
        (
            "decision: {target: {critical_recall: 0.9, max_forward: 0.2}}",
            "decision.target in c.yaml: expected one of critical_recall and max_forward",
        ),
        (
            "decision: {min_confidence: 1.5}",
            "decision.min_confidence in c.yaml: expected a number",
        ),
        (
            "log: {level: '${'}",
            "log.level in c.yaml: expected ${VAR} or ${VAR:-default}",
        ),
    ];
    for (yaml, start) in table {
        let said = refusal(yaml, &[]);
        assert!(said.starts_with(start), "{yaml}: {said}");
    }
    assert!(
        refusal("a: b: c", &[]).starts_with("the configuration file c.yaml is not valid YAML: ")
    );
    assert!(refusal("log: {}\nlog: {}", &[]).contains("duplicate"));
    let missing = Config::load(Some(Path::new("/none.yaml")), std::iter::empty());
    let said = missing.expect_err("no such file").to_string();
    assert!(
        said.starts_with("cannot read the configuration file /none.yaml: "),
        "{said}"
    );
}

#[test]
fn a_duration_is_at_most_a_day() {
    for day in ["24h", "1day", "86400"] {
        let config = load(&format!("shutdown: {{delay: {day}}}"), &[]).expect("a day is valid");
        assert_eq!(config.shutdown.delay, Duration::from_secs(86_400));
        assert!(
            std::time::Instant::now()
                .checked_add(config.shutdown.delay)
                .is_some()
        );
    }
    for (long, least) in [
        ("server: {request_timeout: 18446744073709551615}", "1ms"),
        ("shutdown: {delay: 500000000000years}", "0s"),
        ("shutdown: {grace: 24h 1ns}", "0s"),
    ] {
        let said = refusal(long, &[]);
        let part = format!("expected a duration from {least} to 1day such as 5s or 250ms, found");
        assert!(said.contains(&part), "{long}: {said}");
    }
}

#[test]
fn an_error_says_its_cause_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let broken = dir.path().join("broken.yaml");
    std::fs::write(&broken, "a: b: c").expect("a file");
    for (path, cause) in [
        (Path::new("/none.yaml"), "os error"),
        (broken.as_path(), "mapping values"),
    ] {
        let refused = Config::load(Some(path), std::iter::empty());
        let error = anyhow::Error::from(refused.expect_err("a broken file"));
        let chain = format!("{error:#}");
        assert_eq!(chain.matches(cause).count(), 1, "{chain}");
    }
}

#[test]
fn impossible_weights_are_refused() {
    let table = [
        (
            "{rules: 0, classifier: 0, anomaly: 0}",
            "at least one weight above 0",
        ),
        (
            "{rules: -1, classifier: 1, anomaly: 1}",
            "a number of at least 0",
        ),
        (
            "{rules: .nan, classifier: 1, anomaly: 1}",
            "a number of at least 0",
        ),
        (
            "{rules: .inf, classifier: 1, anomaly: 1}",
            "a number of at least 0",
        ),
        (
            "{rules: 1, anomaly: 1}",
            "nothing for decision.weights.classifier",
        ),
    ];
    for (weights, part) in table {
        let said = refusal(&format!("decision: {{weights: {weights}}}"), &[]);
        assert!(said.contains(part), "{weights}: {said}");
    }
}

#[test]
fn models_come_from_configmaps_or_a_url() {
    let maps = |yaml: &str| {
        let config = load(&format!("models: {{configmap: {yaml}}}"), &[]).expect("valid");
        config.models.sources.configmap.expect("ConfigMaps")
    };
    let one = maps("{namespace: prod-1, name: models.v2}");
    assert_eq!(one.namespace.as_deref(), Some("prod-1"));
    assert_eq!(one.which, ConfigMaps::Name("models.v2".to_owned()));
    let several = maps("{selector: 'app=logtriage,bundle in (a,b)'}");
    assert_eq!(several.namespace, None);
    let selector = "app=logtriage,bundle in (a,b)".to_owned();
    assert_eq!(several.which, ConfigMaps::Selector(selector));

    let yaml = "models: {url: 'https://host/b.tar.zst', fetch: {ca_file: /ca, token_file: /t}}";
    let variable = [("LOGTRIAGE__MODELS__FETCH__INTERVAL", "90")];
    let sources = load(yaml, &variable).expect("valid").models.sources;
    let url = sources.url.expect("a URL");
    assert_eq!(url.shown(), "https://host/b.tar.zst");
    let fetch = FetchConfig {
        interval: Duration::from_secs(90),
        ca_file: Some(PathBuf::from("/ca")),
        token_file: Some(PathBuf::from("/t")),
    };
    assert_eq!(sources.fetch, fetch);
    assert_eq!(
        defaults().models.sources.fetch.interval,
        Duration::from_secs(60)
    );
}

#[test]
fn models_come_from_one_place() {
    let url = "url: 'https://ann:s3cret@host/b?sig=s3cret'";
    let table = [
        (
            format!("dir: /d, {url}"),
            "models.url in c.yaml: expected nothing beside models.dir (set in c.yaml): models come \
             from one place, found a value",
        ),
        (
            format!("configmap: {{name: m}}, {url}"),
            "models.url in c.yaml: expected nothing beside models.configmap.name",
        ),
        (
            "configmap: {name: m, selector: a=b}".to_owned(),
            "models.configmap.selector in c.yaml: expected nothing beside models.configmap.name",
        ),
        (
            "dir: /d, configmap: {selector: a=b}".to_owned(),
            "models.configmap.selector in c.yaml: expected nothing beside models.dir",
        ),
        (
            "configmap: {namespace: prod}".to_owned(),
            "models.configmap.namespace in c.yaml: expected models.configmap.name or",
        ),
    ];
    for (models, start) in table {
        let said = refusal(&format!("models: {{{models}}}"), &[]);
        assert!(said.starts_with(start), "{models}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    let older = refusal(&format!("models: {{{url}}}"), &[("MODEL_PATH", "/older")]);
    assert!(
        older.contains("beside models.dir (set in the environment variable MODEL_PATH)"),
        "{older}"
    );
}

#[test]
fn sources_that_cannot_work_are_refused_without_their_secrets() {
    let table = [
        (
            "configmap: {name: Models}",
            "models.configmap.name in c.yaml: expected the name of a ConfigMap",
        ),
        (
            "configmap: {name: a, namespace: a.b}",
            "models.configmap.namespace in c.yaml: expected the name of a namespace",
        ),
        (
            "configmap: {selector: 'a b'}",
            "models.configmap.selector in c.yaml: expected a label selector such as",
        ),
        (
            "url: 'ftp://ann:s3cret@host/b?sig=s3cret'",
            "models.url in c.yaml: expected an http or https URL without a fragment, such as \
             https://host/bundle.tar.zst, found \"...@host/b\"",
        ),
        (
            "url: 'http://ann:s3cret@host/b'",
            "models.url in c.yaml: expected https, or a loopback address, for a URL that names",
        ),
        (
            "url: 'http://host/b?sig=s3cret', fetch: {token_file: /t}",
            "models.fetch.token_file in c.yaml: expected an https models.url, or one of loopback, \
             to send a token to, found \"http://host/b\"",
        ),
        (
            "url: 'https://ann:s3cret@host/b', fetch: {token_file: /t}",
            "models.fetch.token_file in c.yaml: expected nothing where models.url names a user",
        ),
        (
            "fetch: {interval: 0s}",
            "models.fetch.interval in c.yaml: expected a duration from 1s to 1day",
        ),
    ];
    for (models, start) in table {
        let said = refusal(&format!("models: {{{models}}}"), &[]);
        assert!(said.starts_with(start), "{models}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    let local = "models: {url: 'http://127.0.0.1:8000/b', fetch: {token_file: /t}}";
    assert!(load(local, &[]).is_ok());
    let printed = "models: {url: 'https://ann:s3cret@host/b?sig=s3cret'}";
    let printed = serde_yaml::to_string(&load(printed, &[]).expect("valid")).expect("printable");
    assert!(!printed.contains("s3cret"), "{printed}");
}

#[test]
fn the_share_of_the_access_log_is_off_or_up_to_one() {
    let share = |said: &str| load("", &[("LOGTRIAGE__LOG__ACCESS", said)]);
    for (said, expected) in [("off", 0.0), ("0.01", 0.01), ("1", 1.0)] {
        let config = share(said).expect("valid");
        assert_eq!(config.log.access.share(), expected, "{said}");
    }
    for said in ["0", "1.5", "-1", "NaN", "on"] {
        let refused = share(said).expect_err("no share");
        assert!(refused.contains("off, or a share"), "{refused}");
    }
}

#[test]
fn a_token_must_be_there_at_the_start() {
    for key in ["operations.admin_token_file", "feedback.token_file"] {
        let variable = format!("LOGTRIAGE__{}", key.to_uppercase().replace('.', "__"));
        let refused = refusal("", &[(&variable, "/nowhere")]);
        assert!(
            refused.contains(key) && refused.contains("/nowhere"),
            "{refused}"
        );
    }
}

const KEY: &str = "RWTHwsASKjxGYKPCtTR/ecXjrFN8ogJjKzQrC+A36SZ4BYR5f8JQUGEM";

#[test]
fn a_trusted_key_is_a_key_or_its_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("site.pub");
    let written = format!("untrusted comment: minisign public key\n{KEY}\n");
    std::fs::write(&path, written).expect("a file");
    let yaml = format!("models: {{trusted_keys: [{KEY}, {}]}}", path.display());
    let config = load(&yaml, &[]).expect("good keys");
    assert_eq!(config.models.trusted_keys, [KEY, KEY]);
    let printed = serde_yaml::to_string(&config).expect("a printable configuration");
    assert_eq!(load(&printed, &[]).expect("what is printed"), config);

    for wrong in ["nowhere.pub", &KEY[1..], &KEY.replace("RW", "XX")] {
        let said = refusal(&format!("models: {{trusted_keys: [{KEY}, {wrong}]}}"), &[]);
        assert!(said.starts_with("models.trusted_keys in c.yaml"), "{said}");
        assert!(said.contains(wrong) && !said.contains(KEY), "{said}");
    }
    std::fs::write(&path, "untrusted comment: empty\n").expect("a file");
    let said = refusal(&yaml, &[]);
    assert!(said.contains("no public key in the file"), "{said}");
}

#[test]
fn the_earliest_time_of_a_bundle_is_a_time() {
    let config = load("models: {min_created: 2026-11-22T00:00:00Z}", &[]).expect("a time");
    let printed = serde_yaml::to_string(&config).expect("a printable configuration");
    assert!(
        printed.contains("min_created: 2026-11-22T00:00:00Z"),
        "{printed}"
    );
    assert_eq!(load(&printed, &[]).expect("what is printed"), config);
    let said = refusal("models: {min_created: yesterday}", &[]);
    assert!(said.starts_with("models.min_created in c.yaml"), "{said}");
}
