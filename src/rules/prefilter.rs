//! Which of many short literals stand in a text, ASCII case aside.
//!
//! Every literal is known by four of its bytes, the rarest in a row (or by all of a shorter one). One
//! pass over the text hashes each four bytes and looks into a bitmap that fits a processor's fastest
//! cache; only where a bit is set, the literals behind it are compared. The looks do not depend on
//! each other, whereas an automaton waits at each byte for the state that the byte before led to.

use memchr::memmem;
use rustc_hash::FxHashMap;

use super::literals::{self, is_word};

/// Bits of a hash.
const HASH_BITS: u32 = 16;
const WORDS: usize = 1 << (HASH_BITS - 6);
/// The longest literal: a comparison loads so many bytes of the text at once.
pub(super) const LONGEST: usize = size_of::<u128>();
/// The shortest literal, and the most bytes by which one is known.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=4;
/// So few literals are looked for one by one: a vectorised search for each is shorter than a pass.
const FEW: usize = 4;

/// Finds literals and tells who needs them.
#[derive(Debug, Default)]
pub(super) struct Prefilter {
    /// Of the literals known by two, three and four bytes.
    tables: [Table; 3],
}

/// The literals that are known by the same number of bytes.
#[derive(Debug, Default)]
struct Table {
    /// A bit for each hash of the bytes by which some literal is known; empty without literals.
    bits: Vec<u64>,
    /// The literals known by the same bytes.
    known: FxHashMap<u32, Vec<Literal>>,
    /// All the literals, in place of the above, where there are [`FEW`].
    few: Vec<(memmem::Finder<'static>, Literal)>,
}

/// A test that needs a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    /// Its number.
    pub test: u32,
    /// Which of its sets the literal is of, as a bit.
    pub set: u8,
}

/// A literal and the tests that need it.
#[derive(Debug)]
struct Literal {
    /// Its bytes in lower case, the first one lowest, and ones where there are bytes.
    bytes: u128,
    mask: u128,
    /// Where in it the bytes stand by which it is known.
    offset: usize,
    starts_word: bool,
    ends_word: bool,
    owners: Box<[Owner]>,
}

impl Prefilter {
    /// Over literals of 2 to [`LONGEST`] bytes, each with the tests that need it.
    /// `rarity` says of bytes how seldom they stand in log lines.
    pub(super) fn new(
        literals: impl IntoIterator<Item = (literals::Literal, Vec<Owner>)>,
        rarity: impl Fn(&[u8]) -> f32,
    ) -> Prefilter {
        let mut prefilter = Prefilter::default();
        for (literal, owners) in literals {
            let bytes = literal.bytes;
            debug_assert!((*LENGTHS.start()..=LONGEST).contains(&bytes.len()));
            let length = bytes.len().min(*LENGTHS.end());
            let offset = rarest(&bytes, length, &rarity);
            let literal = Literal {
                bytes: load(&bytes),
                mask: u128::MAX >> (8 * (LONGEST - bytes.len())),
                offset,
                starts_word: literal.starts_word,
                ends_word: literal.ends_word,
                owners: owners.into(),
            };
            let key = key(&bytes[offset..][..length]);
            prefilter.tables[length - LENGTHS.start()].add(key, literal);
        }
        prefilter.tables.iter_mut().for_each(Table::settle);
        prefilter
    }

    /// Calls `found` with the owners of each literal that stands in the text; of one that stands
    /// there often, more than once. `lower` is working memory.
    pub(super) fn search(&self, text: &str, lower: &mut Vec<u8>, mut found: impl FnMut(&[Owner])) {
        lower.clear();
        lower.extend_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        // So that a comparison may load beyond the end. A literal with a NUL may be found there in
        // vain, which costs no more than a regex.
        lower.extend_from_slice(&[0; LONGEST]);
        let [pairs, triples, quads] = &self.tables;
        pairs.search::<2>(lower, &mut found);
        triples.search::<3>(lower, &mut found);
        quads.search::<4>(lower, &mut found);
    }
}

impl Table {
    fn add(&mut self, key: u32, literal: Literal) {
        let (word, bit) = place(key);
        self.bits.resize(WORDS, 0);
        self.bits[word] |= bit;
        self.known.entry(key).or_default().push(literal);
    }

    /// Once every literal is in.
    fn settle(&mut self) {
        if self.known.values().map(Vec::len).sum::<usize>() > FEW {
            return;
        }
        self.bits = Vec::new();
        for literal in self.known.drain().flat_map(|(_, literals)| literals) {
            let finder = memmem::Finder::new(&literal.text()).into_owned();
            self.few.push((finder, literal));
        }
    }

    fn search<const LENGTH: usize>(&self, text: &[u8], found: &mut impl FnMut(&[Owner])) {
        let end = text.len() - LONGEST;
        for (finder, literal) in &self.few {
            let mut places = finder.find_iter(&text[..end]);
            if places.any(|start| literal.is_bounded(text, start)) {
                found(&literal.owners);
            }
        }
        if self.bits.is_empty() {
            return;
        }
        for (at, bytes) in text[..end].windows(LENGTH).enumerate() {
            let key = key(bytes);
            let (word, bit) = place(key);
            if self.bits[word] & bit != 0 {
                self.compare(key, text, at, found);
            }
        }
    }

    fn compare(&self, key: u32, text: &[u8], at: usize, found: &mut impl FnMut(&[Owner])) {
        let Some(literals) = self.known.get(&key) else {
            return;
        };
        for literal in literals {
            let Some(start) = at.checked_sub(literal.offset) else {
                continue;
            };
            let there = load(&text[start..start + LONGEST]);
            if there & literal.mask == literal.bytes && literal.is_bounded(text, start) {
                found(&literal.owners);
            }
        }
    }
}

impl Literal {
    fn length(&self) -> usize {
        (self.mask.count_ones() / 8) as usize
    }

    fn text(&self) -> Vec<u8> {
        self.bytes.to_le_bytes()[..self.length()].to_vec()
    }

    /// True where it begins and ends a word as far as it has to; it stands at `start`.
    fn is_bounded(&self, text: &[u8], start: usize) -> bool {
        let in_word = |at: usize| text.get(at).is_some_and(|byte| is_word(*byte));
        let before = self.starts_word && start > 0 && in_word(start - 1);
        let after = self.ends_word && in_word(start + self.length());
        !before && !after
    }
}

/// The place of the rarest bytes in a row.
fn rarest(bytes: &[u8], length: usize, rarity: impl Fn(&[u8]) -> f32) -> usize {
    let windows = bytes.windows(length).map(rarity).enumerate();
    windows
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(place, _)| place)
}

/// Up to [`LONGEST`] bytes as a number.
fn load(bytes: &[u8]) -> u128 {
    let mut whole = [0; LONGEST];
    whole[..bytes.len()].copy_from_slice(bytes);
    u128::from_le_bytes(whole)
}

/// Up to four bytes as a number.
fn key(bytes: &[u8]) -> u32 {
    let mut key = [0; 4];
    key[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(key)
}

/// The word and the bit of a key. The multiplier is that of Fibonacci hashing, 2^32 over the golden
/// ratio (Knuth, The Art of Computer Programming 3, section 6.4).
fn place(key: u32) -> (usize, u64) {
    let hash = key.wrapping_mul(0x9e37_79b9) >> (32 - HASH_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(literals: &[&str], text: &str) -> Vec<u32> {
        let numbered = literals.iter().zip(0..);
        let literals = numbered.map(|(literal, n)| {
            let owner = Owner { test: n, set: 1 };
            let bytes = literal.trim_matches('|').as_bytes().to_vec();
            let (starts_word, ends_word) = (literal.starts_with('|'), literal.ends_with('|'));
            (
                literals::Literal {
                    bytes,
                    starts_word,
                    ends_word,
                },
                vec![owner],
            )
        });
        let prefilter = Prefilter::new(literals, |_| 0.0);
        let mut found = Vec::new();
        prefilter.search(text, &mut Vec::new(), |owners| {
            found.extend(owners.iter().map(|owner| owner.test));
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn literals_are_found_at_both_ends_and_inside_each_other() {
        let literals = ["failed", "fail", "su", "root", "ot"];
        assert_eq!(found(&literals, "FAILED su for root"), [0, 1, 2, 3, 4]);
        assert_eq!(found(&literals, "fai"), [0; 0]);
        assert_eq!(found(&literals, "su"), [2]);
        assert_eq!(found(&literals, ""), [0; 0]);
        assert_eq!(found(&[], "root"), [0; 0]);
    }

    #[test]
    fn a_word_is_found_where_it_is_one() {
        let many = [
            "|pan|", "|panel", "anel|", "pan", "|xx|", "|yy", "|zzz|", "|uuu|", "|vvv|", "|www|",
        ];
        for literals in [&many[..4], &many[..]] {
            assert_eq!(found(literals, "pan"), [0, 3]);
            assert_eq!(found(literals, "a panel_"), [1, 3]);
            assert_eq!(found(literals, "japan panel"), [1, 2, 3]);
            assert_eq!(found(literals, "japan (PAN)"), [0, 3]);
        }
    }

    proptest::proptest! {
        #[test]
        fn exactly_the_literals_that_stand_there_are_found(
            literals in proptest::collection::vec("[abé ]{2,5}", 0..12),
            text in "[abABé ]{0,40}",
        ) {
            let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
            let lower = text.to_ascii_lowercase();
            let expected: Vec<u32> = literals
                .iter()
                .zip(0..)
                .filter(|(literal, _)| lower.contains(**literal))
                .map(|(_, n)| n)
                .collect();
            proptest::prop_assert_eq!(found(&literals, &text), expected);
        }
    }
}
