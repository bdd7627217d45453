//! Literals that a text must hold for a regex to match it.
//!
//! For a pattern this finds a set of byte strings of which every matching text holds at least one,
//! case aside. One pass for the literals of all patterns then says which
//! patterns can match at all, and only those are run. A pattern such as `disk.{0,60}full` has several
//! such sets, and needs a literal of each. The sets are found by walking the whole
//! syntax tree, not only its prefixes: most patterns of log lines begin with something variable.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::rarity::{rarest_window, rarity};

/// Most strings that the exact language of a part may have before it is given up.
const MAX_EXACT: usize = 64;
/// Most literals a pattern may bring along.
const MAX_LITERALS: usize = 256;
/// Bytes of a literal that are kept: more only makes comparisons longer.
const MAX_LENGTH: usize = 12;
const _: () = assert!(MAX_LENGTH <= super::prefilter::LONGEST);
/// Shorter literals are in every other line.
const MIN_LENGTH: usize = 2;
/// Largest character class that is spelled out.
const MAX_CLASS: usize = 10;

/// Stands in an exact string where the pattern asks for a word boundary; a pattern that has this byte
/// itself is not spelled out there.
const BOUNDARY: u8 = 7;
/// By how much rarer a literal is that has to begin, or end, a word.
const AT_BOUNDARY: f32 = 2.0;

/// A set of literals of which each matching text holds one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literals {
    pub literals: Vec<Literal>,
    /// How rare they are; higher is rarer.
    pub rarity: f32,
}

/// Bytes that a text must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Literal {
    /// In lower case.
    pub bytes: Vec<u8>,
    /// True where no letter, digit or underscore stands before them.
    pub starts_word: bool,
    /// True where none stands after them.
    pub ends_word: bool,
}

/// Most sets of a pattern that are looked for; each is a bit of a byte.
const MAX_SETS: usize = 6;
/// A further set that is less rare than this, or has a shorter literal, is in too many lines to be worth
/// looking for. Measured with 731 rules (`logtriage bench --library`): less finds more literals in vain,
/// more runs more regexes in vain.
const WORTHWHILE: f32 = 9.0;
const WORTHWHILE_LENGTH: usize = 3;

/// Sets of literals that a match of `hir` cannot do without, the rarest first; none where there is
/// no usable one.
pub(super) fn required(hir: &Hir) -> Vec<Literals> {
    let mut sets = walk(hir).into_sets();
    sets.sort_by(|a, b| b.rarity.total_cmp(&a.rarity));
    sets.dedup_by(|a, b| a.literals == b.literals);
    let worthwhile = |set: &Literals| {
        let long = |literal: &Literal| literal.bytes.len() >= WORTHWHILE_LENGTH;
        set.rarity >= WORTHWHILE && set.literals.iter().all(long)
    };
    let mut first = true;
    // The rarest one is looked for in any case: without it the regex would run on every line.
    sets.retain(|set| std::mem::take(&mut first) || worthwhile(set));
    sets.truncate(MAX_SETS);
    sets
}

/// What is known of a part of a pattern.
struct Part {
    /// All the strings it can match, lower-case, where they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// The sets found inside it, of each of which a match holds a literal.
    sets: Vec<Literals>,
}

impl Part {
    fn exactly(strings: Vec<Vec<u8>>) -> Part {
        Part {
            exact: Some(strings),
            sets: Vec::new(),
        }
    }

    fn unknown() -> Part {
        Part {
            exact: None,
            sets: Vec::new(),
        }
    }

    fn into_sets(self) -> Vec<Literals> {
        let mut sets = self.sets;
        sets.extend(self.exact.and_then(|strings| score(&strings)));
        sets
    }

    fn into_rarest(self) -> Option<Literals> {
        let sets = self.into_sets().into_iter();
        sets.max_by(|a, b| a.rarity.total_cmp(&b.rarity))
    }
}

fn walk(hir: &Hir) -> Part {
    match hir.kind() {
        HirKind::Look(Look::WordAscii | Look::WordStartAscii | Look::WordEndAscii) => {
            Part::exactly(vec![vec![BOUNDARY]])
        }
        HirKind::Empty | HirKind::Look(_) => Part::exactly(vec![Vec::new()]),
        HirKind::Literal(literal) if literal.0.contains(&BOUNDARY) => Part::unknown(),
        HirKind::Literal(literal) => Part::exactly(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => class_strings(class).map_or_else(Part::unknown, Part::exactly),
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Repetition(repetition) => walk_repetition(repetition),
        HirKind::Concat(parts) => walk_concat(parts),
        HirKind::Alternation(parts) => walk_alternation(parts),
    }
}

/// The strings of a small class, folded to lower case.
fn class_strings(class: &Class) -> Option<Vec<Vec<u8>>> {
    match class {
        Class::Bytes(class) => {
            let bytes = class.ranges().iter().flat_map(|r| r.start()..=r.end());
            few(bytes.map(|b| vec![b.to_ascii_lowercase()]))
        }
        Class::Unicode(class) => {
            let letters = class.ranges().iter().flat_map(|r| r.start()..=r.end());
            few(letters.map(|c| c.to_ascii_lowercase().to_string().into_bytes()))
        }
    }
}

/// The different ones among the strings, where they are few.
fn few(strings: impl Iterator<Item = Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    let mut different = Vec::new();
    for string in strings {
        if string == [BOUNDARY] {
            return None;
        }
        if !different.contains(&string) {
            different.push(string);
        }
        if different.len() > MAX_CLASS {
            return None;
        }
    }
    Some(different)
}

fn walk_repetition(repetition: &Repetition) -> Part {
    let sub = walk(&repetition.sub);
    match (repetition.min, repetition.max) {
        (0, Some(1)) => {
            let Some(mut strings) = sub.exact else {
                return Part::unknown();
            };
            strings.push(Vec::new());
            Part::exactly(strings)
        }
        (0, _) => Part::unknown(),
        (1, Some(1)) => sub,
        // The part occurs at least so often, but what a match of the whole looks like is left open.
        (least, _) => {
            let mut sets = Vec::new();
            if let Some([string]) = sub.exact.as_deref() {
                sets.extend(score(&[string.repeat(times(least, string.len()))]));
            }
            sets.extend(sub.into_sets());
            Part { exact: None, sets }
        }
    }
}

/// How often a string of that length stands in a row in as much of a literal as is kept.
fn times(least: u32, length: usize) -> usize {
    let kept = MAX_LENGTH.div_ceil(length.max(1));
    usize::try_from(least).map_or(kept, |least| least.min(kept))
}

fn walk_concat(parts: &[Hir]) -> Part {
    let mut sets = Vec::new();
    // The strings of the run of exact parts that ends here.
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    let mut whole = true;
    for part in parts {
        let part = walk(part);
        sets.extend(part.sets);
        match part.exact {
            Some(strings) if strings.len() * run.len() <= MAX_EXACT => {
                // A class after a word multiplies the literals; the word alone may be better.
                if strings.len() > 1 {
                    sets.extend(score(&run));
                }
                cross(&mut run, &strings);
            }
            Some(strings) => {
                sets.extend(score(&run));
                run = strings;
                whole = false;
            }
            None => {
                sets.extend(score(&run));
                run = vec![Vec::new()];
                whole = false;
            }
        }
    }
    if whole {
        return Part {
            exact: Some(run),
            sets,
        };
    }
    sets.extend(score(&run));
    Part { exact: None, sets }
}

/// Each of the heads with each of the tails behind it.
fn cross(heads: &mut Vec<Vec<u8>>, tails: &[Vec<u8>]) {
    if let [tail] = tails {
        // A letter of a pattern that ignores case comes here, one after the other.
        heads.iter_mut().for_each(|head| head.extend(tail));
        return;
    }
    let joined = heads.iter().flat_map(|head| {
        tails
            .iter()
            .map(move |tail| [head.as_slice(), tail.as_slice()].concat())
    });
    *heads = joined.collect();
}

fn walk_alternation(parts: &[Hir]) -> Part {
    let parts: Vec<Part> = parts.iter().map(walk).collect();
    let count: usize = parts
        .iter()
        .filter_map(|p| p.exact.as_ref())
        .map(Vec::len)
        .sum();
    if count <= MAX_EXACT && parts.iter().all(|p| p.exact.is_some()) {
        let strings = parts.into_iter().filter_map(|p| p.exact).flatten();
        return Part::exactly(strings.collect());
    }
    // Every branch has to bring its own literals, or a match could come without one.
    let sets: Option<Vec<Literals>> = parts.into_iter().map(Part::into_rarest).collect();
    let union: Option<Vec<Literal>> =
        sets.map(|sets| sets.into_iter().flat_map(|set| set.literals).collect());
    Part {
        exact: None,
        sets: union.and_then(set_of).into_iter().collect(),
    }
}

/// The strings as a set of literals, or `None` where one is too short.
fn score(strings: &[Vec<u8>]) -> Option<Literals> {
    let literals: Option<Vec<Literal>> = strings.iter().map(|string| literal_in(string)).collect();
    set_of(literals?)
}

/// The set of these literals, or `None` where there are too many, or none.
fn set_of(mut literals: Vec<Literal>) -> Option<Literals> {
    literals.sort_unstable();
    literals.dedup();
    if literals.is_empty() || literals.len() > MAX_LITERALS {
        return None;
    }
    let each = literals.iter().map(Literal::rarity);
    // Twice as many literals are hit about twice as often.
    let rarity = each.fold(f32::INFINITY, f32::min) - (literals.len() as f32).log2();
    Some(Literals { literals, rarity })
}

/// The rarest window of an exact string, or `None` where the string is too short.
fn literal_in(string: &[u8]) -> Option<Literal> {
    let mut bytes = Vec::with_capacity(string.len());
    // Places in `bytes` at which a word begins or ends.
    let mut boundaries = Vec::new();
    for &byte in string {
        match byte {
            BOUNDARY => boundaries.push(bytes.len()),
            byte => bytes.push(byte),
        }
    }
    if bytes.len() < MIN_LENGTH {
        return None;
    }
    let (start, end) = rarest_window(&bytes, MAX_LENGTH);
    Some(Literal {
        starts_word: boundaries.contains(&start) && is_word(bytes[start]),
        ends_word: boundaries.contains(&end) && is_word(bytes[end - 1]),
        bytes: bytes[start..end].to_vec(),
    })
}

impl Literal {
    fn rarity(&self) -> f32 {
        let ends = u8::from(self.starts_word) + u8::from(self.ends_word);
        rarity(&self.bytes) + AT_BOUNDARY * f32::from(ends)
    }
}

/// What `\b` takes for a part of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
#[path = "literals_tests.rs"]
mod tests;
