//! The shipped packs prove themselves by their examples, and broken packs are refused with the
//! place of what is wrong.

use std::path::{Path, PathBuf};

use logtriage::record::Record;
use logtriage::rules::{
    BUILTIN_COMPLIANCE, Coverage, Framework, Input, Pack, RuleSet, Scratch, examine,
    parse_frameworks, parse_pack, parse_packs, read_documents, read_frameworks, read_packs,
    test_claims, test_examples,
};
use logtriage::verdict::{Category, Claim};

fn configs(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("configs")
        .join(part)
}

fn shipped_rules() -> Vec<Pack> {
    read_packs(&configs("rules")).unwrap_or_else(|error| panic!("{error}"))
}

fn shipped_frameworks() -> Vec<Framework> {
    read_frameworks(&configs("compliance")).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_example_of_every_rule_does_what_its_rule_says() {
    let failures = test_examples(&shipped_rules()).unwrap_or_else(|error| panic!("{error}"));
    let listed: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(
        listed.is_empty(),
        "{} examples failed:\n{}",
        listed.len(),
        listed.join("\n")
    );
}

#[test]
fn every_example_of_every_compliance_rule_does_what_its_rule_says() {
    let failures = test_claims(&shipped_frameworks()).unwrap_or_else(|error| panic!("{error}"));
    let listed: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(
        listed.is_empty(),
        "{} examples failed:\n{}",
        listed.len(),
        listed.join("\n")
    );
}

#[test]
fn every_shipped_rule_has_examples_of_both_kinds() {
    let (packs, frameworks) = (shipped_rules(), shipped_frameworks());
    let rules = packs
        .iter()
        .flat_map(|pack| &pack.rules)
        .map(|rule| (&rule.place, &rule.examples));
    let claims = frameworks.iter().flat_map(|framework| &framework.rules);
    let claims = claims.map(|rule| (&rule.place, &rule.examples));
    for (place, examples) in rules.chain(claims) {
        assert!(
            !examples.matching.is_empty(),
            "{place} has no example that must match"
        );
        assert!(
            !examples.no_match.is_empty(),
            "{place} has no example that must not match"
        );
    }
}

#[test]
fn the_shipped_packs_cover_all_categories_and_are_named_like_their_files() {
    let packs = shipped_rules();
    let rules: Vec<_> = packs.iter().flat_map(|pack| &pack.rules).collect();
    assert!(rules.len() >= 520, "{} rules", rules.len());
    for category in Category::ALL {
        assert!(
            rules.iter().any(|rule| rule.rule.category == category),
            "no rule for {category}"
        );
    }
    for rule in rules {
        let file = Path::new(&rule.place.file)
            .file_stem()
            .map(|stem| stem.to_string_lossy());
        assert_eq!(
            file.as_deref(),
            Some(rule.rule.pack.as_str()),
            "{}",
            rule.place
        );
    }
}

#[test]
fn the_built_in_frameworks_are_the_four_that_ship() {
    let built_in = BUILTIN_COMPLIANCE.iter();
    let built_in: Vec<Framework> = built_in
        .flat_map(|(name, yaml)| parse_frameworks(name, yaml).expect("valid"))
        .collect();
    let mut names: Vec<&str> = built_in
        .iter()
        .map(|framework| framework.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["gdpr", "hipaa", "pci-dss", "sox"]);
    let files = std::fs::read_dir(configs("compliance"))
        .expect("configs/compliance")
        .count();
    assert_eq!(
        files,
        built_in.len(),
        "a file of configs/compliance is not built in"
    );
}

#[test]
fn packs_joined_into_one_stream_are_the_same_rules() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(configs("rules"))
        .expect("configs/rules")
        .map(|f| f.expect("file").path())
        .collect();
    files.sort();
    let texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).expect("text"));
    let stream: String = texts.map(|text| format!("---\n{text}\n")).collect();
    let joined = RuleSet::compile(parse_packs("rules.yaml", &stream).expect("valid"), &[]);
    let apart = RuleSet::compile(shipped_rules(), &[]).expect("compiles");
    let joined = joined.expect("compiles");
    assert!(joined.ids().eq(apart.ids()));
}

/// A pack of one good rule whose parts can be swapped for bad ones.
fn pack_with(line: &str) -> String {
    let good = [
        "id: good-rule",
        "title: a title",
        "category: suspicious",
        "confidence: 0.8",
        "any: ['failed']",
    ];
    let key = line.split(':').next().unwrap_or("");
    let mut lines: Vec<&str> = good
        .into_iter()
        .filter(|l| !l.starts_with(&format!("{key}:")))
        .collect();
    lines.push(line);
    format!("pack: demo\nrules:\n  - {}\n", lines.join("\n    "))
}

fn error_of(yaml: &str) -> String {
    let packs = parse_packs("demo.yaml", yaml);
    let set = packs.and_then(|packs| RuleSet::compile(packs, &[]));
    set.map(|set| set.len()).expect_err(yaml).to_string()
}

#[test]
fn each_error_names_file_rule_and_position() {
    // The rule begins in line 3 and its last line is under test: line 7 where it takes the place of
    // a good one, line 8 where it is added.
    for (line, expected) in [
        (
            "category: critcal",
            "demo.yaml:7:15: rule 1 (good-rule): rules[0].category: unknown variant `critcal`",
        ),
        ("category: critcal", "did you mean `critical`?"),
        ("confidence: 1.5", "demo.yaml:7:17: rule 1 (good-rule)"),
        (
            "confidence: 1.5",
            "expected a confidence above 0.25 and up to 1, found 1.5",
        ),
        ("confidence: 0.25", "above 0.25"),
        ("any: ['a (b']", "demo.yaml:7:11: rule 1 (good-rule)"),
        ("any: ['a (b']", "unclosed group, at character 3 of `a (b`"),
        ("tags: [T1110]", "demo.yaml:8:12: rule 1 (good-rule)"),
        (
            "tags: [T1110]",
            "expected a MITRE technique as attack.tNNNN or attack.tNNNN.NNN, found `T1110`",
        ),
        ("severity: {at_least: loud}", "expected a syslog level"),
        (
            "severity: {at_least: error, at_most: warning}",
            "swap `at_least` and `at_most`",
        ),
        (
            "any: []",
            "demo.yaml:3:5: rule 1 (good-rule): expected a pattern under `any` or `all`",
        ),
        (
            "source: []",
            "expected at least one value, found an empty list",
        ),
        ("references: [wiki]", "expected a URL"),
        (
            "any: [{field: a}]",
            "expected exactly one of `regex`, `equals` and `exists` beside field `a`",
        ),
        ("any: [{field: a, exists: false}]", "under `not` instead"),
        ("any: [{feild: a, exists: true}]", "unknown field `feild`"),
        ("any: [{feild: a, exists: true}]", "did you mean `field`?"),
        ("any: [{field: a, regex: '['}]", "rule 1 (good-rule)"),
        ("confidance: 0.8", "demo.yaml:8:5: rule 1 (good-rule)"),
        ("confidance: 0.8", "did you mean `confidence`?"),
    ] {
        let error = error_of(&pack_with(line));
        assert!(
            error.contains(expected),
            "{line}\n  gives    {error}\n  expected {expected}"
        );
    }
}

#[test]
fn a_rule_is_named_even_when_its_id_comes_late_or_not_at_all() {
    let late = "rules:\n  - id: first\n    title: t\n    category: noise\n    confidence: 0.5\n    any: ['x']\n  - title: t\n    category: bad\n    id: second\n";
    assert!(
        error_of(late).contains("rule 2 (second)"),
        "{}",
        error_of(late)
    );
    let missing = "rules:\n  - title: t\n    category: noise\n";
    let error = error_of(missing);
    assert!(
        error.starts_with("demo.yaml:2:5: rule 1: ") && error.contains("missing field `id`"),
        "{error}"
    );
}

#[test]
fn a_noise_rule_may_not_skip_over_words() {
    for wild in ["heartbeat .*", "up [^\"]+ ok", "a(?: \\S+)*", "(?s).{2,}"] {
        let yaml = format!(
            "pack: demo\nrules:\n  - id: quiet\n    title: t\n    category: noise\n    confidence: 0.9\n    any:\n      - '{wild}'\n"
        );
        let error = error_of(&yaml);
        assert!(
            error.starts_with("demo.yaml:8:10: rule 1 (quiet): a noise rule may not skip"),
            "{error}"
        );
        assert!(error.contains(wild), "{error}");
    }
    let by_field = "rules:\n  - {id: quiet, title: t, category: noise, confidence: 0.9, any: [{field: a, exists: true}, 'x']}\n";
    assert!(
        error_of(by_field).contains("account for the whole message"),
        "{}",
        error_of(by_field)
    );
}

#[test]
fn an_id_is_given_once_over_all_packs() {
    let one = parse_pack("one.yaml", &pack_with("title: first")).expect("valid");
    let two = parse_pack("two.yaml", &pack_with("title: second")).expect("valid");
    let error = RuleSet::compile(vec![one, two], &[])
        .expect_err("a duplicate")
        .to_string();
    assert_eq!(
        error,
        "two.yaml:3:5: rule 1 (good-rule): the id is taken by one.yaml:3:5: rule 1 (good-rule); ids are unique over all packs"
    );
}

#[test]
fn a_disabled_rule_has_to_exist() {
    let pack = parse_pack("demo.yaml", &pack_with("title: t")).expect("valid");
    let disable = |id: &str| RuleSet::compile(vec![pack.clone()], &[id.to_owned()]);
    assert_eq!(disable("good-rule").expect("known").len(), 0);
    assert_eq!(disable("good-*").expect("known").len(), 0);
    assert_eq!(disable("*").expect("known").len(), 0);
    let error = disable("god-rule").expect_err("unknown").to_string();
    assert_eq!(
        error,
        "rules.disable names `god-rule`, which no pack has; did you mean `good-rule`?"
    );
    let error = disable("god-*").expect_err("unknown").to_string();
    assert_eq!(
        error,
        "rules.disable names `god-*`, which no pack has; did you mean `good-rule`?"
    );
}

#[test]
fn broken_files_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let error = read_packs(&dir.path().join("nowhere"))
        .expect_err("nothing there")
        .to_string();
    assert!(
        error.contains("nowhere") && error.contains("cannot read"),
        "{error}"
    );
    let error = read_packs(dir.path()).expect_err("empty").to_string();
    assert!(error.contains("no rule pack in"), "{error}");
    std::fs::write(dir.path().join("a.yaml"), "rules: [").expect("written");
    let error = read_packs(dir.path()).expect_err("not YAML").to_string();
    assert!(error.contains("a.yaml:"), "{error}");
    std::fs::write(dir.path().join("a.yaml"), "").expect("written");
    let error = read_documents(dir.path())
        .expect_err("empty file")
        .to_string();
    assert!(
        error.contains("expected a pack, found an empty text"),
        "{error}"
    );
}

#[test]
fn an_error_says_its_cause_once() {
    let error = anyhow::Error::from(read_packs(Path::new("/none")).expect_err("nothing there"));
    let chain = format!("{error:#}");
    assert_eq!(chain.matches("os error").count(), 1, "{chain}");
}

/// What a small set of rules says of a plain message.
fn judge(rules: &str, message: &str) -> (Option<String>, Option<String>, usize) {
    let packs = parse_packs("demo.yaml", rules).unwrap_or_else(|error| panic!("{error}"));
    let set = RuleSet::compile(packs, &[]).expect("compiles");
    let record = Record {
        message: message.into(),
        ..Record::default()
    };
    examine(&record, |input: &Input<'_>| {
        let mut scratch = Scratch::default();
        let matches = set.matches(input, &mut scratch);
        let id = |rule: &logtriage::rules::Rule| rule.id.clone();
        (
            matches.winner.map(id),
            matches.floor.map(id),
            matches.all().count(),
        )
    })
}

#[test]
fn winner_and_floor_follow_the_semantics() {
    let rules = r#"
rules:
  - {id: routine-sure, title: t, category: routine, confidence: 0.9, any: [a]}
  - {id: suspicious-as-sure, title: t, category: suspicious, confidence: 0.9, floor: true, any: [b]}
  - {id: suspicious-less, title: t, category: suspicious, confidence: 0.7, any: [c]}
  - {id: critical-unsure, title: t, category: critical, confidence: 0.84, any: [d]}
  - {id: critical-sure, title: t, category: critical, confidence: 0.85, any: [e]}
  - {id: critical-surer, title: t, category: critical, confidence: 0.86, any: [f]}
  - {id: critical-no-floor, title: t, category: critical, confidence: 0.95, floor: false, any: [g]}
  - {id: quiet, title: t, category: noise, confidence: 1.0, any: ['[a-g]+', 'z']}
"#;
    for (message, winner, floor, count) in [
        ("z", Some("quiet"), None, 1),
        ("a", Some("routine-sure"), None, 2),
        (
            "ab",
            Some("suspicious-as-sure"),
            Some("suspicious-as-sure"),
            3,
        ),
        ("ac", Some("routine-sure"), None, 3),
        ("ad", Some("routine-sure"), None, 3),
        ("abe", Some("suspicious-as-sure"), Some("critical-sure"), 4),
        ("ef", Some("critical-surer"), Some("critical-surer"), 3),
        (
            "gb",
            Some("critical-no-floor"),
            Some("suspicious-as-sure"),
            3,
        ),
        ("z z", None, None, 0),
    ] {
        let expected = (winner.map(str::to_owned), floor.map(str::to_owned), count);
        assert_eq!(judge(rules, message), expected, "{message}");
    }
}

#[test]
fn a_noise_rule_accounts_for_every_word() {
    let rules = r#"
rules:
  - {id: quiet, title: t, category: noise, confidence: 0.9, any: ['heartbeat from \S+ ok|pong']}
"#;
    assert_eq!(judge(rules, "heartbeat from web1 ok").2, 1);
    assert_eq!(judge(rules, "pong").2, 1);
    for more in [
        "heartbeat from web1 ok and root logged in",
        "disk failed; heartbeat from web1 ok",
        "ping pong",
    ] {
        assert_eq!(judge(rules, more).2, 0, "{more}");
    }
}

#[test]
fn a_framework_claims_a_record_once() {
    let yaml = r#"
- framework: pci-dss
  title: PCI
  retention_days: 365
  rules:
    - {id: card, title: t, any: ['card']}
    - {id: card-number, title: t, any: ['card number']}
- framework: gdpr
  retention_days: 1095
  rules:
    - {id: from-crm, title: t, source: ['crm*']}
"#;
    let frameworks = parse_frameworks("all.yaml", yaml).expect("valid");
    let pack = "pack: demo\nrules:\n  - {id: lost, title: t, category: critical, confidence: 0.9, any: ['card lost']}";
    let packs = parse_packs("demo.yaml", pack).expect("valid");
    let set = RuleSet::with_frameworks(packs, &[], frameworks).expect("compiles");
    let claims = |message: &str, source: Option<&str>| -> Vec<String> {
        let record = Record {
            message: message.into(),
            source: source.map(Into::into),
            ..Record::default()
        };
        let found: Vec<Claim> = examine(&record, |input| {
            set.matches(input, &mut Scratch::default()).claims()
        });
        found
            .into_iter()
            .map(|claim| format!("{} {}", claim.framework, claim.retention_days))
            .collect()
    };
    assert_eq!(claims("card number 4111", None), ["pci-dss 365"]);
    assert_eq!(claims("card", Some("CRM-eu")), ["pci-dss 365", "gdpr 1095"]);
    assert_eq!(
        claims("card lost", Some("crm")),
        ["pci-dss 365", "gdpr 1095"],
        "beside a rule"
    );
    assert!(claims("nothing", Some("web")).is_empty());
}

#[test]
fn the_coverage_page_is_what_the_rules_say() {
    let coverage = Coverage::of(&shipped_rules()).unwrap_or_else(|error| panic!("{error}"));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mitre-coverage.md");
    let committed = std::fs::read_to_string(page).expect("docs/mitre-coverage.md");
    assert!(
        committed == coverage.to_string(),
        "docs/mitre-coverage.md is not current: run `make mitre-coverage`"
    );
}

#[test]
fn a_tag_of_an_unknown_technique_is_refused_at_its_rule() {
    let pack = parse_pack("demo.yaml", &pack_with("tags: [attack.t9999]")).expect("valid");
    let error = Coverage::of(&[pack]).expect_err("unknown").to_string();
    assert_eq!(
        error,
        "demo.yaml:3:5: rule 1 (good-rule): expected a technique of configs/mitre-techniques.yaml, found `attack.t9999`: correct the tag, or add T9999 there"
    );
}
