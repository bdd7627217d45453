//! Tables of packs: each row is a rule, told by the value of a field, and a broken table is refused
//! with the place of what is wrong.

use logtriage::record::Record;
use logtriage::rules::{Input, RuleSet, Scratch, examine, parse_packs};

fn error_of(yaml: &str) -> String {
    let packs = parse_packs("demo.yaml", yaml);
    let set = packs.and_then(|packs| RuleSet::compile(packs, &[]));
    set.map(|set| set.len()).expect_err(yaml).to_string()
}

/// A pack of one table; each part can be swapped for another text.
fn table_with(part: &str, other: &str) -> String {
    let table = "pack: demo
tables:
  - table: calls
    fields: [eventName, detail.eventName]
    patterns: ['call={value}\\b']
    source: ['*.cloud']
    not: [{field: errorCode, exists: true}]
    rows:
      - value: [Stop, Delete*]
        id: call-stop
        title: stopped
        category: critical
        confidence: 0.9
        or: ['^stopped by hand']
      - value: [Get, 44]
        id: call-get
        title: read
        category: routine
        confidence: 0.6
        all: [{field: user, exists: true}]
";
    assert!(table.contains(part), "{part}");
    table.replace(part, other)
}

#[test]
fn a_row_matches_by_fields_patterns_and_filters() {
    let set = |yaml: &str| {
        let packs = parse_packs("demo.yaml", yaml).unwrap_or_else(|error| panic!("{error}"));
        RuleSet::compile(packs, &[]).expect("compiles")
    };
    let set = set(&table_with("pack: demo", "pack: demo"));
    let ids = |message: &str, source: &str| -> Vec<String> {
        let record = Record {
            message: message.into(),
            source: Some(source.into()),
            ..Record::default()
        };
        examine(&record, |input: &Input<'_>| {
            let mut scratch = Scratch::default();
            let matches = set.matches(input, &mut scratch);
            matches.all().map(|rule| rule.id.clone()).collect()
        })
    };
    for (message, expected) in [
        (r#"{"eventName":"Stop"}"#, Some("call-stop")),
        (r#"{"EVENTNAME":"stop"}"#, Some("call-stop")),
        (r#"{"detail":{"eventName":"DeleteAll"}}"#, Some("call-stop")),
        (r#"{"eventName":"NoDelete"}"#, None),
        (r#"{"eventName":"Stopped"}"#, None),
        ("now call=Stop by eve", Some("call-stop")),
        ("now call=DeleteAll by eve", Some("call-stop")),
        ("now call=Stopped by eve", None),
        ("stopped by hand", Some("call-stop")),
        // The filter of the table, and that of the row.
        (r#"{"eventName":"Stop","errorCode":"Denied"}"#, None),
        (r#"{"eventName":44,"user":"bob"}"#, Some("call-get")),
        (r#"{"eventName":"Get"}"#, None),
    ] {
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(ids(message, "audit.cloud"), expected, "{message}");
        assert!(ids(message, "elsewhere").is_empty(), "{message}");
    }
}

#[test]
fn an_error_in_a_table_names_file_line_table_and_row() {
    for (part, other, expected) in [
        (
            "category: routine",
            "category: rutine",
            "demo.yaml:18:19: row 2 of table calls (call-get): tables[0].rows[1].category: unknown variant `rutine`",
        ),
        (
            "confidence: 0.6",
            "confidence: 6",
            "demo.yaml:19:21: row 2 of table calls (call-get)",
        ),
        ("value: [Get, 44]", "valeu: [Get]", "did you mean `value`?"),
        (
            "value: [Get, 44]",
            "value: []",
            "tables[0].rows[1].value: expected at least one value, found an empty list",
        ),
        (
            "call={value}",
            "call=",
            "demo.yaml:5:16: table calls: tables[0].patterns[0]: expected {value} in the pattern",
        ),
        (
            "'call={value}\\b'",
            "'({value}'",
            "the regex does not compile: unclosed group",
        ),
        (
            "value: [Get, 44]\n        id: call-get\n        title: read",
            "value: [stop]\n        id: call-get\n        title: read",
            "",
        ),
        (
            "    fields: [eventName, detail.eventName]\n    patterns: ['call={value}\\b']\n",
            "",
            "demo.yaml:3:5: table calls: expected `fields` or `patterns` that hold the value, found neither",
        ),
        (
            "category: routine",
            "category: noise",
            "demo.yaml:16:9: row 2 of table calls (call-get): a noise rule has to account for the whole message",
        ),
        (
            "id: call-get",
            "id: call-stop",
            "row 2 of table calls (call-stop): the id is taken by demo.yaml:10:9: row 1 of table calls (call-stop)",
        ),
    ] {
        let yaml = table_with(part, other);
        if expected.is_empty() {
            // With a condition of its own a row may name a value that another names.
            assert!(parse_packs("demo.yaml", &yaml).is_ok());
            continue;
        }
        let error = error_of(&yaml);
        assert!(
            error.contains(expected),
            "{other}\n  gives    {error}\n  expected {expected}"
        );
    }
    let twice = table_with("        all: [{field: user, exists: true}]\n", "");
    let error = error_of(&twice.replace("[Get, 44]", "[Get, STOP]"));
    assert!(
        error.starts_with("demo.yaml:16:9: row 2 of table calls (call-get): the value `STOP` stands in row `call-stop` too"),
        "{error}"
    );
}

#[test]
fn a_pack_without_rules_and_rows_is_refused() {
    let error = error_of("pack: demo\n");
    assert!(error.contains("one row under `tables`"), "{error}");
    let error = error_of("pack: demo\ntables:\n  - {table: t, fields: [a], rows: []}\n");
    assert!(error.contains("expected at least one row"), "{error}");
}
