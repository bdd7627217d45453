//! `logtriage config migrate` as a shell sees it: the older files in, files that serve out.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const CONFIG: &str = r#"
app: {name: filter, env: production}
logging: {level: "${LOG_LEVEL:-WARNING}", format: json, output: stdout}
monitoring: {prometheus: {enabled: true, port: "${PROMETHEUS_PORT:-9090}"}}
ingestion: {kafka: {bootstrap_servers: "kafka:29092", topics: {input: raw-logs}}}
processing: {batch_size: "${PROCESSING_BATCH_SIZE:-128}", max_wait_ms: 20}
model:
  path: /app/models/latest
  timeout_seconds: 5.0
  ensemble:
    weights: {rule_based: 0.2, tfidf_xgboost: 0.5, anomaly_detector: 0.3}
  rule_based: {rules_path: configs/rules.yaml}
"#;
const RULES: &str = r"
settings: {case_insensitive: true}
critical:
  - {name: crypto_locker, confidence: 0.95, patterns: ['crypto ?locker']}
noise:
  - {name: health_checks, confidence: 0.9, patterns: ['health.?check']}
";

fn logtriage(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logtriage"));
    let output = command.args(arguments).env_remove("LOGTRIAGE_CONFIG");
    output.output().expect("the binary runs")
}

fn older(config: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("config.yaml"), config).expect("a file");
    fs::write(directory.path().join("rules.yaml"), RULES).expect("a file");
    directory
}

fn migrate(directory: &Path) -> Output {
    let path = |name: &str| directory.join(name).display().to_string();
    logtriage(&[
        "config",
        "migrate",
        &path("config.yaml"),
        "--out",
        &path("new"),
    ])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_it_writes_is_a_configuration_and_rules_that_judge() {
    let directory = older(CONFIG);
    let output = migrate(directory.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    for named in [
        "ingestion (2 keys)",
        "model.path",
        "noise.health_checks",
        "app (2 keys)",
    ] {
        assert!(told.contains(&format!("  {named}: ")), "{named}: {told}");
    }

    let config = directory
        .path()
        .join("new/logtriage.yaml")
        .display()
        .to_string();
    let check = logtriage(&["config", "check", "--config", &config]);
    let holds: serde_yaml::Value = serde_yaml::from_slice(&check.stdout).expect("YAML");
    assert_eq!(holds["decision"]["weights"]["classifier"], 0.5);
    assert_eq!(holds["batch"]["max_records"], 128);
    assert_eq!(holds["batch"]["max_delay"], "20ms");
    assert_eq!(holds["log"]["level"], "warn");

    let line = directory.path().join("line");
    fs::write(&line, "files renamed by CryptoLocker on share7\n").expect("a file");
    let line = line.display().to_string();
    let judged = logtriage(&["classify", "--config", &config, &line]);
    let verdict: serde_json::Value = serde_json::from_slice(&judged.stdout).expect("a verdict");
    assert_eq!(verdict["category"], "critical", "{verdict}");
    assert_eq!(verdict["reason"], "rule_floor");
}

#[test]
fn a_second_run_replaces_nothing() {
    let directory = older(CONFIG);
    assert!(migrate(directory.path()).status.success());
    let output = migrate(directory.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("expected no file at"),
        "{output:?}"
    );
}

#[test]
fn a_value_that_cannot_hold_is_named_by_its_key() {
    let directory = older("processing: {batch_size: 0}\n");
    let output = migrate(directory.path());
    assert_eq!(output.status.code(), Some(64));
    assert!(
        text(&output.stderr).contains("batch.max_records"),
        "{output:?}"
    );
}

#[test]
fn what_is_no_configuration_is_bad_usage() {
    let directory = older("just words\n");
    let output = migrate(directory.path());
    assert_eq!(output.status.code(), Some(64));
    assert!(
        text(&output.stderr).contains("found `just words`"),
        "{output:?}"
    );
}
