//! The matcher held against the plain reading of the same rules, on real and on broken lines.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::explain::PlainReader;
use super::*;
use crate::parse::Severity;
use crate::record::Record;
use crate::verdict::Category;

/// Rules that take every way through the matcher.
const CORNERS: &str = r#"
pack: corners
rules:
  - {id: plain, title: t, category: critical, confidence: 0.9, any: ['segfault at [0-9a-f]+']}
  - {id: folded, title: t, category: suspicious, confidence: 0.5, any: ['(?i)ROOT login']}
  - {id: no-literal, title: t, category: routine, confidence: 0.5, any: ['[a-z]+@[0-9]+', 'user [a-z]+ logged (?:in|out)']}
  - {id: both, title: t, category: suspicious, confidence: 0.6, all: ['\bfailed\b', '\d+'], any: ['ssh', 'ftp']}
  - {id: veto, title: t, category: suspicious, confidence: 0.6, any: ['password'], not: ['^accepted', {field: ok, equals: ["true"]}]}
  - {id: from-source, title: t, category: suspicious, confidence: 0.6, source: [sshd, 'a*d'], any: ['.']}
  - {id: levels, title: t, category: suspicious, confidence: 0.6, severity: {at_least: error}, any: ['failed']}
  - {id: by-field, title: t, category: suspicious, confidence: 0.6, all: [{field: eventName, regex: '^(Delete|Stop)'}, {field: Deep.Path, exists: true}]}
  - {id: by-value, title: t, category: suspicious, confidence: 0.6, any: [{field: eventID, equals: [4625, "4771"]}, {field: eventName, regex: '^[a-z]{3}$'}]}
  - {id: quiet, title: t, category: noise, confidence: 0.9, any: ['heartbeat ok from \S+ seq <num>', '\S+']}
  - {id: quiet-veto, title: t, category: noise, confidence: 0.9, all: ['connection from \S+ closed'], not: ['root']}
"#;

fn corners() -> Vec<Pack> {
    parse_packs("corners.yaml", CORNERS).expect("the corner pack is valid")
}

fn shipped() -> Vec<Pack> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/rules");
    read_packs(&dir).expect("the shipped packs are valid")
}

/// The ids that the plain reading finds.
fn plain_ids(packs: &[Pack], reader: &PlainReader, input: &Input<'_>) -> Vec<String> {
    let rules = packs.iter().flat_map(|pack| &pack.rules);
    let holding = rules.filter(|rule| {
        let noise = rule.rule.category == Category::Noise;
        reader.why_not(&rule.when, noise, input).is_none()
    });
    holding.map(|rule| rule.rule.id.clone()).collect()
}

fn assert_same(
    packs: &[Pack],
    set: &RuleSet,
    reader: &PlainReader,
    scratch: &mut Scratch,
    record: &Record,
) {
    examine(record, |input| {
        let matches = set.matches(input, scratch);
        let fast: Vec<&str> = matches.all().map(|rule| rule.id.as_str()).collect();
        assert_eq!(fast, plain_ids(packs, reader, input), "{record:?}");
    });
}

/// Every example of the shipped packs as a record.
fn example_records(packs: &[Pack]) -> Vec<Record> {
    let rules = packs.iter().flat_map(|pack| &pack.rules);
    let examples =
        rules.flat_map(|rule| rule.examples.matching.iter().chain(&rule.examples.no_match));
    examples
        .map(|example| examples::record_of(example).expect("a record"))
        .collect()
}

#[test]
fn the_prefilter_is_exact_on_every_example() {
    let packs = shipped();
    let set = RuleSet::compile(packs.clone(), &[]).expect("compiles");
    let (reader, mut scratch) = (PlainReader::default(), Scratch::default());
    for record in example_records(&packs) {
        assert_same(&packs, &set, &reader, &mut scratch, &record);
    }
}

#[test]
fn the_prefilter_is_exact_on_mutated_examples() {
    let packs = shipped();
    let set = RuleSet::compile(packs.clone(), &[]).expect("compiles");
    let records = example_records(&packs);
    let (reader, scratch) = (
        PlainReader::default(),
        std::cell::RefCell::new(Scratch::default()),
    );
    let mutation = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<[u16; 3]>(),
        0..6u8,
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1500));
    let outcome = runner.run(&mutation, |(a, b, cuts, kind)| {
        let mut record = a.get(&records).clone();
        record.message = mutate(&record.message, &b.get(&records).message, cuts, kind).into();
        record.severity = Severity::new((cuts[0] % 12) as u8);
        assert_same(&packs, &set, &reader, &mut scratch.borrow_mut(), &record);
        Ok(())
    });
    outcome.expect("the same rules");
}

/// Breaks a line, or splices it with another, at character boundaries.
fn mutate(line: &str, other: &str, cuts: [u16; 3], kind: u8) -> String {
    let chars: Vec<char> = line.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let cut = |cut: u16, len: usize| usize::from(cut) % (len + 1);
    let (from, to) = (cut(cuts[0], chars.len()), cut(cuts[1], chars.len()));
    let (from, to) = (from.min(to), from.max(to));
    let text = |part: &[char]| part.iter().collect::<String>();
    match kind {
        0 => text(&chars[..from]) + &text(&chars[to..]),
        1 => text(&chars[from..to]),
        2 => text(&chars[..from]) + &text(&other[cut(cuts[2], other.len())..]),
        3 => text(&chars[..from]) + &text(&other) + &text(&chars[from..]),
        4 => text(&chars[..from]) + &text(&chars[from..to]).to_uppercase() + &text(&chars[to..]),
        _ => text(&chars[..from]) + "\u{212a}\0é " + &text(&chars[from..]),
    }
}

/// Words of which the corner rules are made, so that random lines hit them.
fn corner_line() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "segfault",
        "at",
        "00ff",
        "root",
        "Login",
        "ROOT",
        "a@1",
        "user",
        "bob",
        "logged",
        "in",
        "out",
        "failed",
        "ssh",
        "ftp",
        "7",
        "password",
        "accepted",
        "heartbeat",
        "ok",
        "from",
        "seq",
        "12",
        "connection",
        "closed",
        "web1",
        "é",
        "",
    ]);
    prop::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

fn corner_fields() -> impl Strategy<Value = Map<String, Value>> {
    let name = prop::sample::select(vec![
        "eventName",
        "EVENTID",
        "deep",
        "deep.path",
        "ok",
        "other",
    ]);
    let leaf = prop_oneof![
        prop::sample::select(vec!["DeleteTrail", "abc", "4625", "true", "x"]).prop_map(Value::from),
        Just(Value::from(4771)),
        Just(Value::from(true)),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            inner.prop_map(|value| serde_json::json!({ "path": value })),
        ]
    });
    prop::collection::vec((name, value), 0..4).prop_map(|pairs| {
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    })
}

proptest! {
    #[test]
    fn the_corner_rules_match_as_they_read(
        message in corner_line(),
        fields in corner_fields(),
        source in prop::option::of(prop::sample::select(vec!["sshd", "auditd", "SSHD", "x"])),
        level in prop::option::of(0..8u8),
    ) {
        let packs = corners();
        let set = RuleSet::compile(packs.clone(), &[]).expect("compiles");
        let record = Record {
            message: message.into(),
            fields,
            source: source.map(Into::into),
            severity: level.and_then(Severity::new),
            ..Record::default()
        };
        assert_same(&packs, &set, &PlainReader::default(), &mut Scratch::default(), &record);
    }

    #[test]
    fn no_text_makes_the_reader_panic(yaml in r"[ \n:\-{}\[\]a-z'#&*!|>]{0,200}") {
        let _ = parse_packs("random.yaml", &yaml);
        let _ = parse_frameworks("random.yaml", &yaml);
    }

    #[test]
    fn no_broken_pack_makes_the_reader_panic(at in any::<prop::sample::Index>(), text in "[ \n:{}\\[\\]\"'a-z0-9]{0,6}") {
        let mut yaml = CORNERS.to_owned();
        let at = at.index(yaml.len());
        yaml.insert_str(at, &text);
        if let Ok(packs) = parse_packs("random.yaml", &yaml) {
            let _ = RuleSet::compile(packs, &[]);
        }
    }
}

#[test]
fn hostile_records_take_linear_time() {
    let rules = r#"
rules:
  - {id: value, title: t, category: critical, confidence: 0.9, any: [{field: name, regex: '\bmalware\b'}, {field: name, regex: 'malware[0-9]'}]}
  - {id: text, title: t, category: critical, confidence: 0.9, any: ['\bmalware\b', 'malware[0-9]']}
  - {id: quiet, title: t, category: noise, confidence: 0.9, any: ['malware ok'], not: ['\bmalware\b']}
"#;
    let packs = parse_packs("demo.yaml", rules).expect("valid");
    let set = RuleSet::compile(packs, &[]).expect("compiles");
    let hostile = "xmalwarex".repeat(300_000);
    let fields = [
        ("name", Value::from(hostile.as_str())),
        ("name", Value::from(vec!["xmalwarex"; 300_000])),
        (hostile.as_str(), Value::from(vec!["x"; 300_000])),
    ];
    let mut scratch = Scratch::default();
    let started = std::time::Instant::now();
    for (name, value) in fields {
        let fields = Map::from_iter([(name.to_owned(), value)]);
        for (message, masked) in [("x y", "x y"), (hostile.as_str(), hostile.as_str())] {
            let input = Input {
                message,
                masked,
                source: None,
                record_source: None,
                severity: None,
                fields: &[],
                extra: &fields,
            };
            assert_eq!(set.matches(&input, &mut scratch).all().count(), 0);
        }
    }
    // A search for each literal seen, or a hash of the name for each value, would need minutes.
    assert!(
        started.elapsed().as_secs() < 20,
        "{:?} for values of {} bytes",
        started.elapsed(),
        hostile.len()
    );
}

#[test]
fn each_value_of_a_field_is_tried() {
    let rules = "rules:\n  - {id: value, title: t, category: critical, confidence: 0.9, any: [{field: name, regex: '\\bmalware\\b'}]}\n";
    let packs = parse_packs("demo.yaml", rules).expect("valid");
    let set = RuleSet::compile(packs.clone(), &[]).expect("compiles");
    let names = serde_json::json!(["xmalware", "malwarex malwarex", "a malware b"]);
    let record = Record {
        fields: Map::from_iter([("name".to_owned(), names)]),
        ..Record::default()
    };
    let mut scratch = Scratch::default();
    assert_same(&packs, &set, &PlainReader::default(), &mut scratch, &record);
    examine(&record, |input| {
        assert_eq!(set.matches(input, &mut scratch).all().count(), 1);
    });
}

#[test]
fn one_scratch_serves_many_sets() {
    let (small, large) = (corners(), shipped());
    let sets =
        [&small, &large].map(|packs| RuleSet::compile(packs.clone(), &[]).expect("compiles"));
    let (reader, mut scratch) = (PlainReader::default(), Scratch::default());
    for record in example_records(&large).iter().take(60) {
        assert_same(&small, &sets[0], &reader, &mut scratch, record);
        assert_same(&large, &sets[1], &reader, &mut scratch, record);
    }
}

#[test]
fn a_rule_that_only_raises_neither_votes_nor_silences_others() {
    let mut packs = corners();
    for rule in packs.iter_mut().flat_map(|pack| &mut pack.rules) {
        rule.rule.raises_only = rule.rule.id == "plain";
    }
    let set = RuleSet::compile(packs, &[]).expect("valid");
    let mut scratch = Scratch::default();
    let record = Record {
        message: "segfault at 0 after a root login".into(),
        ..Record::default()
    };
    examine(&record, |input| {
        let matches = set.matches(input, &mut scratch);
        let id = |rule: Option<&Rule>| rule.map(|rule| rule.id.clone());
        assert_eq!(id(matches.winner).as_deref(), Some("folded"));
        assert_eq!(id(matches.raise).as_deref(), Some("plain"));
        assert_eq!(id(matches.floor), None, "0.9 critical, but it only raises");
        assert_eq!(
            matches.all().count(),
            2,
            "it is told among those that matched"
        );
    });
}
