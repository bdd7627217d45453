//! `logtriage bundle diff`: what another bundle would change.

mod common;

use std::process::{Command, Output};

use common::Copy;
use serde_json::{Value, json};

/// A line that a rule of the default bundle sends to the SIEM, and one of no interest.
const LINES: &str = "\
<38>Jan  2 03:04:05 web1 sshd[311]: Failed password for invalid user admin from 203.0.113.9 port 52344 ssh2

Jan  2 03:04:05 web1 CRON[42]: (root) CMD (run-parts /etc/cron.hourly)
";

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logtriage"));
    command
        .args(["bundle", "diff"])
        .args(arguments)
        .env_remove("LOGTRIAGE_CONFIG");
    command.output().expect("the binary runs")
}

fn good(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A bundle with another weight, another term and another idf, a rule less, a rule more and a rule
/// that says something else. Its golden samples do not hold any more.
fn other() -> Copy {
    let copy = Copy::new();
    let mut vocabulary: Value =
        serde_json::from_slice(&copy.read("vocabulary.json")).expect("JSON");
    let columns = vocabulary["columns"].as_array().expect("a list").clone();
    let unused = (0..).find(|at| !columns.contains(&json!(at))).expect("one");
    vocabulary["terms"][unused] = "zz-another".into();
    vocabulary["idf"][unused + 1] = 42.5.into();
    copy.replace("vocabulary.json", vocabulary.to_string().as_bytes());

    let rules = String::from_utf8(copy.read("rules.yaml")).expect("UTF-8");
    let mut packs: Vec<Value> = serde_yaml::Deserializer::from_str(&rules)
        .map(|document| serde::Deserialize::deserialize(document).expect("a document"))
        .collect();
    if let [Value::Array(list)] = packs.as_mut_slice() {
        packs = std::mem::take(list);
    }
    let list = packs[0]["rules"].as_array_mut().expect("rules");
    assert_eq!(list[0]["id"], first_rules()[0].as_str());
    list[0]["confidence"] = 0.5.into();
    let mut added = list[1].clone();
    added["id"] = "zz-added".into();
    list[1] = added;
    let yaml = serde_yaml::to_string(&packs).expect("YAML");
    copy.replace("rules.yaml", yaml.as_bytes());
    copy.manifest(|manifest| {
        manifest["version"] = "other".into();
        manifest["members"]["rules"]["weight"] = 0.0.into();
        manifest["members"]["classifier"]["weight"] = 0.0.into();
        manifest["decision"]["min_confidence"] = 0.0.into();
    });
    copy
}

/// Ids of the first two rules of the default bundle.
fn first_rules() -> [String; 2] {
    let rules = include_str!("../bundles/default/rules.yaml");
    let ids = rules.lines().filter_map(|line| {
        let id = line.trim_start_matches(['-', ' ']).strip_prefix("id: ")?;
        Some(id.trim_matches(['"', '\'']).to_owned())
    });
    let ids: Vec<String> = ids.take(2).collect();
    ids.try_into().expect("two rules")
}

#[test]
fn equal_bundles_do_not_differ() {
    let copy = Copy::new();
    let directory = copy.path("").display().to_string();
    let found: Value =
        serde_json::from_str(&good(&["default", &directory, "--json"])).expect("JSON");
    assert_eq!(found["settings"], json!([]));
    assert_eq!(found["rules"]["changed"], json!([]));
    assert_eq!(found["vocabulary"]["changed"], json!([]));
    assert_eq!(found["a"]["digest"], found["b"]["digest"]);
    assert_eq!(found["b"]["source"], json!(directory));
    assert_eq!(found.get("verdicts"), None);
}

#[test]
fn every_kind_of_difference_is_found() {
    let copy = other();
    let directory = copy.path("").display().to_string();
    let lines = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(lines.path(), LINES).expect("lines");
    let lines = lines.path().display().to_string();
    let arguments = ["default", &directory, "--lines", &lines];
    let found = good(&[&arguments[..], &["--json"]].concat());
    let found: Value = serde_json::from_str(&found).expect("JSON");

    let settings = found["settings"].as_array().expect("a list");
    let setting = |path: &str| settings.iter().find(|changed| changed["what"] == path);
    let weight = setting("members.classifier.weight").expect("it changed");
    assert_eq!((&weight["a"], &weight["b"]), (&json!(0.6), &json!(0.0)));
    assert!(setting("files.rules.yaml.sha256").is_some());
    assert!(setting("members.anomaly.weight").is_none());

    let vocabulary = &found["vocabulary"];
    assert_eq!(vocabulary["added"], json!(["zz-another"]));
    assert_eq!(vocabulary["removed"].as_array().map(Vec::len), Some(1));
    assert_eq!(vocabulary["changed"][0]["b"], json!(42.5));
    assert_eq!(vocabulary["changed"].as_array().map(Vec::len), Some(1));

    let [changed, removed] = first_rules();
    assert_eq!(found["rules"]["added"], json!(["zz-added"]));
    assert_eq!(found["rules"]["removed"], json!([removed]));
    let rules = found["rules"]["changed"].as_array().expect("a list");
    assert_eq!((rules.len(), &rules[0]["id"]), (1, &json!(changed)));
    assert_eq!(rules[0]["parts"][0]["what"], "confidence");
    assert_eq!(rules[0]["parts"][0]["b"], json!(0.5));
    // A rule so sure has a floor, and one less sure has none.
    assert_eq!(rules[0]["parts"][1]["what"], "floor");
    assert_eq!(rules[0]["parts"].as_array().map(Vec::len), Some(2));

    // Only the anomaly detector votes, and it is silent on both lines.
    let verdicts = &found["verdicts"];
    assert_eq!(verdicts["records"], 2);
    let examples = verdicts["examples"].as_array().expect("a list");
    assert!(!examples.is_empty(), "{verdicts}");
    let cron = examples.iter().find(|e| e["line"] == 3).expect("line 3");
    assert_eq!(cron["b"]["forward"], true, "nobody voted");
    assert_eq!(verdicts["newly_forwarded"], 1);

    let text = good(&arguments);
    for says in [
        "members.classifier.weight: 0.6 -> 0.0",
        "1 added, 1 removed, 1 of another idf",
        "+ zz-added",
        "confidence: ",
        "verdicts on 2 records",
        "1 newly forwarded",
        "line 3: ",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
}

#[test]
fn a_record_that_would_be_lost_is_named() {
    let copy = Copy::new();
    copy.manifest(|manifest| manifest["decision"]["min_confidence"] = 1.0.into());
    // Routine records, which the copy forwards for want of confidence alone.
    let golden = String::from_utf8(copy.read("golden.jsonl")).expect("UTF-8");
    let samples = golden
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let routine = samples.filter(|sample| {
        let verdict = &sample["verdict"];
        verdict["category"] == "routine" && verdict["flags"] == json!([])
    });
    let records = routine.map(|mut sample| {
        sample.as_object_mut().expect("an object").remove("verdict");
        // With what a terminal would obey, where the masks see nothing of it.
        let message = sample["message"].as_str().expect("a message");
        sample["message"] = format!("{message} \u{1b}\u{1b}").into();
        format!("{sample}\n")
    });
    let records: String = records.collect();
    let lines = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(lines.path(), &records).expect("lines");
    let directory = copy.path("").display().to_string();
    let path = lines.path().display().to_string();
    let text = good(&[&directory, "default", "--lines", &path]);
    assert!(!text.contains(" 0 no longer forwarded"), "{text}");
    let named = text.lines().find(|line| line.starts_with("line "));
    let named = named.expect("one is named");
    assert!(
        named.contains("forwarded -> ") && named.ends_with(" kept"),
        "{named}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn a_bundle_that_cannot_be_read_is_a_failure() {
    let copy = Copy::new();
    copy.write("MODEL_CARD.md", b"trust me");
    let output = run(&["default", &copy.path("").display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(run(&["default"]).status.code(), Some(64));
}
