//! Tests of the literals.

use super::*;
use crate::rules::automaton::LazyRegex;
use crate::rules::dialect;

fn of(pattern: &str) -> Vec<String> {
    let hir = dialect::parse(pattern).expect("parses");
    let rarest = required(&hir).into_iter().next();
    let literals = rarest.map(|set| set.literals).unwrap_or_default();
    literals
        .into_iter()
        .map(|l| String::from_utf8_lossy(&l.bytes).into_owned())
        .collect()
}

#[test]
fn the_rarest_part_is_taken() {
    for (pattern, expected) in [
        (r"^Failed password for \S+", &["failed passw"][..]),
        (r"\S+ segfault at", &[" segfault at"]),
        (r"(?i)ROOT login", &["root login"]),
        (r"(?:foo|bar\d+)baz", &["baz"]),
        (
            r"^(DeleteTrail|StopLogging)$",
            &["deletetrail", "stoplogging"],
        ),
        (r"colou?r", &["color", "colour"]),
        (r"(?:abc)+x", &["abc"]),
        (r"\.{3,}\d", &["..."]),
        (r"\w+@\d+", &[]),
        (r"(?:abc)?\d", &[]),
        (r".*", &[]),
        (r"abc|\d", &[]),
    ] {
        assert_eq!(of(pattern), expected, "{pattern}");
    }
}

#[test]
fn every_part_that_a_match_needs_is_looked_for() {
    let hir = dialect::parse(r"(?:replica|standby)\b.{0,80}\b(?:broken|stopped)").expect("parses");
    let sets = required(&hir).into_iter().map(|set| set.literals.len());
    assert_eq!(sets.collect::<Vec<_>>(), [2, 2]);
    let hir = dialect::parse("x(?:abc|d)").expect("parses");
    assert_eq!(required(&hir).len(), 1, "one string is one set");
}

#[test]
fn words_are_looked_for_as_words() {
    let ends = |pattern: &str| {
        let set = required(&dialect::parse(pattern).expect("parses")).remove(0);
        let literal = &set.literals[0];
        (literal.starts_word, literal.ends_word)
    };
    assert_eq!(ends(r"\bpan\b"), (true, true));
    assert_eq!(ends(r"(?i)\bpan\w*\b"), (true, false));
    assert_eq!(
        ends(r"\b<pan>\b"),
        (false, false),
        "no word begins or ends here"
    );
    assert_eq!(ends(r"\ba longer sentence than is kept\b"), (false, true));
    assert_eq!(
        ends(r"x\b{end} pan"),
        (false, false),
        "inside it needs no look"
    );
    let hir = dialect::parse(r"\bpan\x07").expect("parses");
    assert_eq!(
        required(&hir),
        [],
        "the byte itself is not taken for a boundary"
    );
}

#[test]
fn masks_are_not_worth_looking_for() {
    assert_eq!(of(r"^pid <num>\S+ <ip4>$"), ["pid <num>"]);
}

proptest::proptest! {
    #[test]
    fn a_match_holds_a_literal_of_each_set(
        pattern in r"(?:\\b|[ab|()?*+.\[\]{}^$\\dwx0-3 ]){0,14}",
        text in "[abx0-3 ]{0,24}",
    ) {
        if let Ok(hir) = dialect::parse(&pattern)
            && LazyRegex::new(pattern.clone()).is_match(&text)
        {
            for set in walk(&hir).into_sets() {
                let bytes = text.as_bytes();
                let word = |at: Option<usize>| {
                    at.and_then(|at| bytes.get(at)).is_some_and(|b| is_word(*b))
                };
                let stands = |l: &Literal| {
                    let windows = bytes.windows(l.bytes.len()).enumerate();
                    windows
                        .filter(|(_, window)| window.eq_ignore_ascii_case(&l.bytes))
                        .any(|(at, _)| {
                            let before = l.starts_word && word(at.checked_sub(1));
                            let after = l.ends_word && word(Some(at + l.bytes.len()));
                            !before && !after
                        })
                };
                proptest::prop_assert!(
                    set.literals.iter().any(stands),
                    "`{pattern}` matches `{text}` without any of {:?}",
                    set.literals
                );
            }
        }
    }
}
