//! Votes of the models that are known already, keyed by exactly what each model sees.
//!
//! The classifier sees the normalised text and two tokens of the header; the anomaly detector sees
//! the numeric features, which are small whole numbers. So equal keys give equal votes, and an answer
//! out of the cache is the one that the model would give. A cache belongs to one snapshot and goes
//! with it. Rules, floors and compliance read the raw message and are never cached.
//!
//! An input is kept from the second time on that it is seen: a stream in which no line ever comes
//! back then costs a look and no room.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use rustc_hash::FxBuildHasher;
use serde::Serialize;
use utoipa::ToSchema;

use crate::features::NUMERIC_WIDTH;
use crate::parse::Header;
use crate::verdict::Scores;

/// Longer normalised texts are not kept: they seldom come back, and one would take the room of many.
const LONGEST_TEXT: usize = 640;
/// Stands for a header without a severity.
const NO_SEVERITY: u8 = u8::MAX;

/// What the classifier sees of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TextInput<'a> {
    header: [u8; 2],
    normalized: &'a str,
}

impl<'a> TextInput<'a> {
    pub(super) fn new(header: Header, normalized: &'a str) -> TextInput<'a> {
        let severity = header.severity.map_or(NO_SEVERITY, |s| s.level());
        TextInput {
            header: [header.format as u8, severity],
            normalized,
        }
    }
}

/// A [`TextInput`] that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextKey {
    header: [u8; 2],
    normalized: Box<str>,
}

impl TextKey {
    fn input(&self) -> TextInput<'_> {
        TextInput {
            header: self.header,
            normalized: &self.normalized,
        }
    }
}

impl Hash for TextKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input().hash(state);
    }
}

impl Equivalent<TextKey> for TextInput<'_> {
    fn equivalent(&self, key: &TextKey) -> bool {
        *self == key.input()
    }
}

/// What is known of a normalised text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TextVote {
    /// The classifier's vote; `None` where it abstains.
    pub(super) vote: Option<Scores>,
    /// How many masks the text has, which is one of the numeric features.
    pub(super) masks: usize,
    /// Share of its words that the vocabulary lacks.
    pub(super) unknown_words: Option<f32>,
}

/// What the anomaly detector sees of a record, bit for bit.
pub(super) type NumericInput = [u32; NUMERIC_WIDTH];

/// A row of numeric features as a key.
pub(super) fn numeric_input(row: &[f32]) -> NumericInput {
    std::array::from_fn(|column| row[column].to_bits())
}

/// What a look into the cache found.
pub(super) enum Found<V> {
    /// The model has given this answer before.
    Hit(V),
    /// The model has to be asked; `keep` says whether its answer is to be kept.
    Miss { keep: bool },
}

/// Looks into the caches of all snapshots since the start, by what they found.
#[derive(Debug, Default)]
pub struct CacheCounts {
    /// Of the classifier: hits, misses.
    pub(super) classifier: [AtomicU64; 2],
    /// Of the anomaly detector: hits, misses.
    pub(super) anomaly: [AtomicU64; 2],
}

/// What is known of the remembered votes of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CacheStatus {
    /// Inputs remembered now.
    pub entries: usize,
    /// Records since the start whose vote was remembered.
    pub hits: u64,
    /// Records since the start about which the model was asked.
    pub misses: u64,
}

/// Hits and misses of one batch, for one member.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looks {
    hits: u64,
    misses: u64,
}

impl Looks {
    pub(super) fn count<V>(&mut self, found: &Found<V>) {
        match found {
            Found::Hit(_) => self.hits += 1,
            Found::Miss { .. } => self.misses += 1,
        }
    }

    pub(super) fn report(&mut self, [hits, misses]: &[AtomicU64; 2]) {
        let looks = std::mem::take(self);
        hits.fetch_add(looks.hits, Ordering::Relaxed);
        misses.fetch_add(looks.misses, Ordering::Relaxed);
    }
}

/// The votes of one snapshot's models.
pub struct VoteCache {
    texts: Cache<TextKey, TextVote>,
    numbers: Cache<NumericInput, Option<Scores>>,
    once: SeenOnce,
    counts: Arc<CacheCounts>,
}

impl VoteCache {
    /// Room for `entries` inputs of each model.
    pub fn new(entries: usize, counts: Arc<CacheCounts>) -> VoteCache {
        VoteCache {
            texts: Cache::new(entries),
            numbers: Cache::new(entries),
            once: SeenOnce::new(entries),
            counts,
        }
    }

    /// Of the classifier, of the anomaly detector.
    pub fn status(&self) -> [CacheStatus; 2] {
        let status = |entries, [hits, misses]: &[AtomicU64; 2]| CacheStatus {
            entries,
            hits: hits.load(Ordering::Relaxed),
            misses: misses.load(Ordering::Relaxed),
        };
        [
            status(self.texts.len(), &self.counts.classifier),
            status(self.numbers.len(), &self.counts.anomaly),
        ]
    }

    pub(super) fn counts(&self) -> &CacheCounts {
        &self.counts
    }

    pub(super) fn text(&self, input: TextInput<'_>) -> Found<TextVote> {
        match self.texts.get(&input) {
            Some(vote) => Found::Hit(vote),
            None => Found::Miss {
                keep: input.normalized.len() <= LONGEST_TEXT && self.once.again(&input),
            },
        }
    }

    pub(super) fn numbers(&self, input: &NumericInput) -> Found<Option<Scores>> {
        match self.numbers.get(input) {
            Some(vote) => Found::Hit(vote),
            None => Found::Miss {
                keep: self.once.again(input),
            },
        }
    }

    pub(super) fn keep_text(&self, key: TextKey, vote: TextVote) {
        self.texts.insert(key, vote);
    }

    pub(super) fn keep_numbers(&self, input: NumericInput, vote: Option<Scores>) {
        self.numbers.insert(input, vote);
    }
}

impl From<TextInput<'_>> for TextKey {
    fn from(input: TextInput<'_>) -> TextKey {
        TextKey {
            header: input.header,
            normalized: input.normalized.into(),
        }
    }
}

/// Remembers about which inputs were seen lately, by a few bits of their hash: a wrong guess keeps
/// an entry too early or too late, and changes no answer.
struct SeenOnce {
    prints: Vec<AtomicU32>,
}

impl SeenOnce {
    fn new(entries: usize) -> SeenOnce {
        let places = entries.next_power_of_two();
        SeenOnce {
            prints: (0..places).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// True from the second time on.
    fn again(&self, input: &impl Hash) -> bool {
        let hash = FxBuildHasher.hash_one(input);
        let place = hash as usize & (self.prints.len() - 1);
        let print = (hash >> 32) as u32;
        self.prints[place].swap(print, Ordering::Relaxed) == print
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn cache(entries: usize) -> VoteCache {
        VoteCache::new(entries, Arc::default())
    }

    fn is_hit<V>(found: &Found<V>) -> bool {
        matches!(found, Found::Hit(_))
    }

    #[test]
    fn an_input_is_kept_from_its_second_time_on_and_told_from_its_neighbours() {
        let cache = cache(64);
        let header = parse("disk failed").header();
        let input = TextInput::new(header, "disk failed");
        assert!(matches!(cache.text(input), Found::Miss { keep: false }));
        assert!(matches!(cache.text(input), Found::Miss { keep: true }));
        let vote = TextVote {
            vote: None,
            masks: 3,
            unknown_words: Some(0.5),
        };
        cache.keep_text(input.into(), vote);
        assert!(matches!(cache.text(input), Found::Hit(found) if found == vote));

        let other = parse("<11>Jan  2 03:04:05 host app: disk failed").header();
        assert!(!is_hit(&cache.text(TextInput::new(other, "disk failed"))));
        assert!(!is_hit(&cache.text(TextInput::new(header, "disk faile"))));
        assert_eq!(cache.status().map(|s| s.entries), [1, 0]);
    }

    #[test]
    fn equal_numbers_are_equal_and_others_are_not() {
        let cache = cache(64);
        let mut row = [0.0; NUMERIC_WIDTH];
        cache.keep_numbers(numeric_input(&row), None);
        assert!(is_hit(&cache.numbers(&numeric_input(&row))));
        row[NUMERIC_WIDTH - 1] = 1.0;
        assert!(!is_hit(&cache.numbers(&numeric_input(&row))));
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_no_long_text() {
        let cache = cache(128);
        let header = parse("x").header();
        for n in 0..10_000 {
            let text = format!("line {n}");
            let input = TextInput::new(header, &text);
            cache.keep_text(
                input.into(),
                TextVote {
                    vote: None,
                    masks: n,
                    unknown_words: None,
                },
            );
        }
        assert!(cache.status()[0].entries <= 128, "{:?}", cache.status());
        let long = "x".repeat(LONGEST_TEXT + 1);
        let input = TextInput::new(header, &long);
        cache.text(input);
        assert!(matches!(cache.text(input), Found::Miss { keep: false }));
    }
}
