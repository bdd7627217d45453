use super::*;

fn settings(yaml: &str) -> MigratedSettings {
    migrate_settings(yaml).expect("a mapping")
}

fn value(yaml: &str, key: &str) -> Option<String> {
    settings(yaml).values.get(key).cloned()
}

fn left(left: &[Left]) -> Vec<&str> {
    left.iter().map(|left| left.from.as_str()).collect()
}

#[test]
fn weights_are_taken_all_or_none() {
    let all = "model: {ensemble: {weights: {rule_based: 0.3, tfidf_xgboost: 0.5, anomaly: 0.2}}}";
    assert_eq!(
        value(all, "decision.weights.anomaly").as_deref(),
        Some("0.2")
    );
    assert_eq!(
        value(all, "decision.weights.classifier").as_deref(),
        Some("0.5")
    );
    let two = settings("model: {ensemble: {weights: {rule_based: 0.3, tfidf_xgboost: 0.7}}}");
    assert!(two.values.is_empty(), "{two:?}");
    assert_eq!(two.left.len(), 2, "{two:?}");
}

#[test]
fn units_are_added_and_variables_stay() {
    let wait = |text: &str| {
        value(
            &format!("processing: {{max_wait_ms: '{text}'}}"),
            "batch.max_delay",
        )
        .expect("taken")
    };
    assert_eq!(wait("100"), "100ms");
    assert_eq!(wait("${WAIT:-20}"), "${WAIT:-20}ms");
    let timeout = |text: &str| {
        value(
            &format!("model: {{timeout_seconds: {text}}}"),
            "server.request_timeout",
        )
    };
    assert_eq!(timeout("5.0").as_deref(), Some("5s"));
    assert_eq!(timeout("0.25").as_deref(), Some("250ms"));
    assert_eq!(timeout("soon"), None);
}

#[test]
fn host_and_port_become_an_address() {
    let given =
        "api: {host: 127.0.0.1, port: '${API_PORT:-8000}'}\nmonitoring: {prometheus: {port: 9090}}";
    assert_eq!(
        value(given, "server.listen").as_deref(),
        Some("127.0.0.1:${API_PORT:-8000}")
    );
    assert_eq!(
        value(given, "operations.listen").as_deref(),
        Some("0.0.0.0:9090")
    );
}

#[test]
fn the_first_of_two_sources_wins_and_the_other_is_named() {
    let both = settings("processing: {timeout_seconds: 60}\napi: {timeout: 30}");
    assert_eq!(
        both.values
            .get("server.request_timeout")
            .map(String::as_str),
        Some("60s")
    );
    assert_eq!(left(&both.left), ["api.timeout"]);
}

#[test]
fn what_has_no_counterpart_is_named_and_what_is_unknown_as_well() {
    let found = settings(
        "ingestion: {kafka: {topics: {input: raw, output: filtered}}}\nmodel: {path: /m, colour: red}",
    );
    assert_eq!(
        left(&found.left),
        ["model.colour", "ingestion (2 keys)", "model.path"]
    );
}

#[test]
fn compliance_keeps_its_older_meaning() {
    let on = settings("model: {compliance: {enabled: true}}");
    assert_eq!(
        on.values.get("compliance.skip_models").map(String::as_str),
        Some("true")
    );
    let off = settings("model: {compliance: {enabled: false}}");
    assert_eq!(
        off.values.get("rules.compliance").map(String::as_str),
        Some("[]")
    );
}

#[test]
fn anything_else_than_a_mapping_is_refused_with_what_was_found() {
    let error = migrate_settings("- a\n- b\n").expect_err("a list");
    assert!(error.to_string().contains("found a list of 2"), "{error}");
    let error = migrate_rules("model: {path: x}").expect_err("no category");
    assert!(
        error.to_string().contains("found the keys model"),
        "{error}"
    );
}

#[test]
fn rules_become_a_pack_that_matches_what_they_matched() {
    let older = r"
settings: {case_insensitive: true, default_category: routine}
critical:
  - {name: data_exfiltration, confidence: 0.9, patterns: ['exfiltrat(ion|ing)', '(?<=x)y']}
noise:
  - {name: health_checks, confidence: 0.9, patterns: ['health.?check']}
";
    let found = migrate_rules(older).expect("rules");
    let pack = crate::rules::parse_pack("p", &found.pack).expect("a pack of ours");
    assert_eq!(pack.rules.len(), 1);
    assert_eq!(
        pack.rules[0].rule.id,
        "predecessor-critical-data-exfiltration"
    );
    assert!(pack.rules[0].rule.floor, "a sure critical rule floors");
    assert!(found.pack.contains("(?i)exfiltrat"), "{}", found.pack);
    assert_eq!(
        left(&found.left),
        [
            "settings.default_category",
            "critical.data_exfiltration: (?<=x)y",
            "noise.health_checks"
        ]
    );
}
