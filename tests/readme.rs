//! The README's first batch and its answer are real.

mod common;

use logtriage::pipeline::Detail;
use serde_json::Value;

const README: &str = include_str!("../README.md");

/// The indented lines between two markers, without their indent.
fn block(start: &str, end: &str) -> String {
    let (_, rest) = README.split_once(start).expect("the block's start");
    let (inside, _) = rest.split_once(end).expect("the block's end");
    inside
        .lines()
        .map(str::trim_start)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_first_batch_is_answered_as_shown() {
    let lines = block("<<'LOGS'\n", "\n    LOGS\n");
    let shown: Value =
        serde_json::from_str(&block("cut short)\n", "\n\n`?explain")).expect("the answer shown");
    let results = shown["results"].as_array().expect("results");
    let records: Vec<_> = lines
        .lines()
        .enumerate()
        .map(|(index, line)| common::record(index, line))
        .collect();
    assert_eq!(results.len(), records.len());
    let judgements = common::builtin().judge(0, &records, Detail::None);
    for (shown, judged) in results.iter().zip(judgements) {
        let judged = serde_json::to_value(judged.verdict).expect("JSON");
        for key in ["category", "forward", "reason", "flags"] {
            assert_eq!(shown[key], judged[key], "{key} of {shown}");
        }
        for key in ["critical", "suspicious", "routine", "noise"] {
            let number = |value: &Value| value["scores"][key].as_f64().expect("a score");
            assert!(
                (number(shown) - number(&judged)).abs() <= 0.0051,
                "{key} of {shown}: {judged}"
            );
        }
    }
}
