//! What the workload promises: sizes, formats, and texts that differ or recur after masking.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::*;
use crate::pipeline;
use crate::record::Record;
use crate::text;

const LINES_MADE: u64 = 20_000;

fn made(kind: Kind, seed: u64) -> Vec<String> {
    let workload = Workload::new(kind, seed);
    let line = |number| {
        let mut line = String::new();
        workload.line(number, &mut line);
        line
    };
    (0..LINES_MADE).map(line).collect()
}

/// What the models see of a line, but for the numbers.
fn masked(line: &str) -> String {
    let record = Record {
        message: line.into(),
        ..Record::default()
    };
    let mut normalized = String::new();
    text::normalize(pipeline::read(&record).body, &mut normalized);
    normalized
}

#[test]
fn the_weights_are_thousandths() {
    assert_eq!(LINES.iter().map(|(weight, _)| weight).sum::<u32>(), 1_000);
    for (_, form) in LINES {
        assert!(form.contains("$new"), "{form}");
        assert_eq!(form.matches("$serial").count(), 1, "{form}");
    }
}

#[test]
fn sizes_are_as_stated() {
    for (kind, seed) in [
        (Kind::Unseen, 1),
        (Kind::Unseen, 2),
        (Kind::Repetitive, 1),
        (Kind::Repetitive, 2),
    ] {
        let mut sizes: Vec<usize> = made(kind, seed).iter().map(String::len).collect();
        sizes.sort_unstable();
        let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
        let at = |share: f64| sizes[(share * sizes.len() as f64) as usize];
        let found = format!(
            "{kind:?} {seed}: mean {mean:.1}, {:?}",
            [0.01, 0.25, 0.5, 0.75, 0.9, 0.99].map(at)
        );
        assert!((mean - 140.0).abs() <= 4.0, "{found}");
        for (share, low, high) in [
            (0.01, 85, 105),
            (0.25, 115, 135),
            (0.5, 130, 146),
            (0.75, 148, 162),
            (0.9, 155, 175),
            (0.99, 205, 260),
        ] {
            assert!((low..=high).contains(&at(share)), "{share}: {found}");
        }
    }
}

#[test]
fn unseen_lines_differ_after_masking() {
    let lines = made(Kind::Unseen, 7);
    let texts: HashSet<String> = lines.iter().map(|line| masked(line)).collect();
    assert_eq!(texts.len() as u64, LINES_MADE);
}

#[test]
fn seeds_have_no_masked_text_in_common() {
    let first: HashSet<String> = made(Kind::Unseen, 1).iter().map(|l| masked(l)).collect();
    assert!(
        made(Kind::Unseen, 2)
            .iter()
            .all(|line| !first.contains(&masked(line)))
    );
}

#[test]
fn repetitive_lines_recur_after_masking_alone() {
    let lines = made(Kind::Repetitive, 7);
    let raw: HashSet<&String> = lines.iter().collect();
    assert_eq!(raw.len() as u64, LINES_MADE, "no line comes twice");
    let mut texts: HashMap<String, u64> = HashMap::new();
    for line in &lines {
        *texts.entry(masked(line)).or_default() += 1;
    }
    assert!(
        (300..=2 * SHAPES).contains(&texts.len()),
        "{} distinct texts",
        texts.len()
    );
    // Under Zipf's law the first of 400 has 15 %, the first ten 45 %.
    let mut counts: Vec<u64> = texts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    assert!((0.10..0.20).contains(&(counts[0] as f64 / LINES_MADE as f64)));
    let first_ten: u64 = counts[..10].iter().sum();
    assert!((0.35..0.55).contains(&(first_ten as f64 / LINES_MADE as f64)));
}

#[test]
fn formats_are_mixed() {
    let mut formats: BTreeMap<String, u64> = BTreeMap::new();
    for line in made(Kind::Unseen, 3) {
        let record = Record {
            message: line.into(),
            ..Record::default()
        };
        let format = format!("{:?}", pipeline::read(&record).format);
        *formats.entry(format).or_default() += 1;
    }
    assert!(formats.len() >= 7, "{formats:?}");
    let most = formats.values().max().copied().unwrap_or_default();
    assert!(most < LINES_MADE / 3, "{formats:?}");
}

#[test]
fn a_body_stamped_anew_holds_the_later_lines_words() {
    for kind in [Kind::Unseen, Kind::Repetitive] {
        let workload = Workload::new(kind, 5);
        let (mut body, mut stamps) = (String::new(), Vec::new());
        for number in 0..50_u32 {
            let start = body.len();
            workload.line(u64::from(number), &mut body);
            let text = body.as_bytes()[start..].to_vec();
            workload.stamps(u64::from(number), &text, start, number, &mut stamps);
            body.push('\n');
        }
        let mut bytes = body.clone().into_bytes();
        workload.restamp(&stamps, 0, &mut bytes);
        assert_eq!(bytes, body.as_bytes(), "the same numbers change nothing");
        workload.restamp(&stamps, 1_000_000, &mut bytes);
        let stamped = String::from_utf8(bytes).expect("ASCII is replaced by ASCII");
        for (old, new) in body.lines().zip(stamped.lines()) {
            assert_ne!(old, new);
            assert_eq!(old.len(), new.len());
            assert_eq!(masked(old) == masked(new), kind == Kind::Repetitive);
        }
    }
}
