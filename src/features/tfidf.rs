//! Tf-idf exactly as scikit-learn computes it, on the pruned columns that the model splits on.
//!
//! Formula (scikit-learn 1.x, `TfidfVectorizer(sublinear_tf=True, smooth_idf=True, norm="l2")`):
//! weight = (1 + ln tf) * idf, divided by the l2 norm over ALL terms of the vocabulary, in float64 in
//! ascending order of the terms, then cast to float32: the same operations in the same order.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::TokenSink;

/// `vocabulary.json` of a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VocabularyFile {
    /// Version of this file's form; 1.
    pub version: u32,
    /// Shortest and longest n-gram, in words: (1, 1) or (1, 2).
    pub ngram: (u32, u32),
    /// Terms in the order of their index; a bigram has one blank inside.
    pub terms: Vec<String>,
    /// Inverse document frequency of each term.
    pub idf: Vec<f64>,
    /// The term index of each model column, ascending.
    pub columns: Vec<u32>,
}

/// Why a vocabulary cannot be used.
#[derive(Debug, Error)]
pub enum VectorizerError {
    /// A file of another form.
    #[error(
        "expected vocabulary version 1 with n-grams (1, 1) or (1, 2), found version {version} with {ngram:?}"
    )]
    Form {
        /// The version found.
        version: u32,
        /// The n-gram range found.
        ngram: (u32, u32),
    },
    /// Lists that do not belong together.
    #[error("expected one idf a term, found {terms} terms and {idf} idf values")]
    Lengths {
        /// Number of terms.
        terms: usize,
        /// Number of idf values.
        idf: usize,
    },
    /// An idf that no corpus gives.
    #[error("expected a finite idf of at least 1 for term {term:?}, found {idf}")]
    Idf {
        /// The term.
        term: String,
        /// Its idf.
        idf: f64,
    },
    /// A column that names no term, or stands out of order.
    #[error("expected ascending columns below {terms}, found {column} at position {position}")]
    Column {
        /// Where in `columns`.
        position: usize,
        /// What it says.
        column: u32,
        /// Number of terms.
        terms: usize,
    },
    /// A term that occurs twice, or has too many words.
    #[error("expected distinct terms of one or two words, found {term:?} at position {position}")]
    Term {
        /// Where in `terms`.
        position: usize,
        /// The term.
        term: String,
    },
}

const NO_COLUMN: u32 = u32::MAX;
const NO_WORD: u32 = u32::MAX;

/// A vocabulary ready to count: words and pairs of words by number, no string built on the way.
#[derive(Debug)]
pub struct Vectorizer {
    /// Number of every word that occurs in some term.
    words: FxHashMap<Box<str>, u32>,
    /// Term index of a word that is a term by itself, by word number; `NO_COLUMN` where it is not.
    unigrams: Vec<u32>,
    /// Term index of a pair of word numbers.
    bigrams: FxHashMap<(u32, u32), u32>,
    idf: Vec<f64>,
    /// Model column of each term, `NO_COLUMN` for those that only count in the norm.
    column_of: Vec<u32>,
    width: usize,
}

/// Counts of one record, and what else a member wants to know of it. Reused from record to record.
#[derive(Debug, Default)]
pub struct Counts {
    /// (term index, count), sorted by term once counted.
    terms: Vec<(u32, u32)>,
    raw: Vec<u32>,
    previous: u32,
    words: usize,
    unknown: usize,
}

impl Counts {
    /// True where no token is known to the vocabulary; header tokens alone do not count as known.
    pub fn is_unknown(&self) -> bool {
        self.words == self.unknown
    }

    /// Words seen, and how many of them the vocabulary lacks.
    pub fn coverage(&self) -> (usize, usize) {
        (self.words, self.unknown)
    }

    /// Share of the words that the vocabulary lacks; `None` where there is no word.
    pub fn unknown_share(&self) -> Option<f32> {
        (self.words > 0).then(|| self.unknown as f32 / self.words as f32)
    }

    /// The distinct terms of the record, ascending.
    pub fn terms(&self) -> impl Iterator<Item = u32> + '_ {
        self.terms.iter().map(|(term, _)| *term)
    }
}

struct Counter<'a> {
    vectorizer: &'a Vectorizer,
    counts: &'a mut Counts,
}

impl TokenSink for Counter<'_> {
    fn token(&mut self, token: &str, apart: bool) {
        let number = self.vectorizer.words.get(token).copied().unwrap_or(NO_WORD);
        let unigram = match number {
            NO_WORD => NO_COLUMN,
            known => self.vectorizer.unigrams[known as usize],
        };
        if unigram != NO_COLUMN {
            self.counts.raw.push(unigram);
        }
        if apart {
            return;
        }
        self.counts.words += 1;
        self.counts.unknown += usize::from(unigram == NO_COLUMN);
        let previous = std::mem::replace(&mut self.counts.previous, number);
        if previous != NO_WORD
            && number != NO_WORD
            && let Some(term) = self.vectorizer.bigrams.get(&(previous, number))
        {
            self.counts.raw.push(*term);
        }
    }
}

impl Vectorizer {
    /// Checks a vocabulary and makes it ready.
    pub fn new(file: VocabularyFile) -> Result<Vectorizer, VectorizerError> {
        check(&file)?;
        let mut vectorizer = Vectorizer {
            words: FxHashMap::default(),
            unigrams: Vec::new(),
            bigrams: FxHashMap::default(),
            column_of: vec![NO_COLUMN; file.terms.len()],
            width: file.columns.len(),
            idf: file.idf,
        };
        for (column, term) in file.columns.iter().enumerate() {
            vectorizer.column_of[*term as usize] = column as u32;
        }
        for (index, term) in file.terms.iter().enumerate() {
            if !vectorizer.add_term(term, index as u32) {
                return Err(VectorizerError::Term {
                    position: index,
                    term: term.clone(),
                });
            }
        }
        Ok(vectorizer)
    }

    /// Number of model columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Starts the counts of a record; tokens are then sent to the sink that it returns.
    pub fn start<'a>(&'a self, counts: &'a mut Counts) -> impl TokenSink + 'a {
        counts.raw.clear();
        counts.terms.clear();
        counts.previous = NO_WORD;
        counts.words = 0;
        counts.unknown = 0;
        Counter {
            vectorizer: self,
            counts,
        }
    }

    /// Ends the counting: sorts the terms and sums equal ones.
    pub fn finish(counts: &mut Counts) {
        counts.raw.sort_unstable();
        for term in counts.raw.drain(..) {
            match counts.terms.last_mut() {
                Some((last, count)) if *last == term => *count += 1,
                _ => counts.terms.push((term, 1)),
            }
        }
    }

    /// The model's row: (column, value) of the columns that are present, ascending.
    /// A term in `without` is treated as if the record did not have it.
    pub fn row<'a>(
        &'a self,
        counts: &'a Counts,
        without: Option<u32>,
    ) -> impl Iterator<Item = (u32, f32)> + 'a {
        let weight =
            |term: u32, count: u32| (1.0 + f64::from(count).ln()) * self.idf[term as usize];
        let present = move || {
            counts
                .terms
                .iter()
                .filter(move |(term, _)| Some(*term) != without)
        };
        let norm = present()
            .map(|(t, n)| weight(*t, *n).powi(2))
            .sum::<f64>()
            .sqrt();
        // Columns ascend with their terms.
        present().filter_map(move |(term, count)| {
            let column = self.column_of[*term as usize];
            (column != NO_COLUMN).then(|| (column, (weight(*term, *count) / norm) as f32))
        })
    }

    /// True where some split of the model looks at the term.
    pub fn is_used(&self, term: u32) -> bool {
        self.column_of[term as usize] != NO_COLUMN
    }

    /// The text of a term, found by search: for explanations, not for the request path.
    pub fn term_text(&self, term: u32) -> String {
        let word = |number: u32| {
            let found = self.words.iter().find(|(_, n)| **n == number);
            found.map_or("?", |(text, _)| text)
        };
        if let Some(number) = self.unigrams.iter().position(|t| *t == term) {
            return word(number as u32).to_owned();
        }
        let pair = self.bigrams.iter().find(|(_, t)| **t == term);
        pair.map_or_else(String::new, |((a, b), _)| {
            format!("{} {}", word(*a), word(*b))
        })
    }

    /// False for a term that is there already or has not one or two words.
    fn add_term(&mut self, term: &str, index: u32) -> bool {
        let mut words = term.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some(word), None, None) if !word.is_empty() => {
                let number = self.word_number(word) as usize;
                std::mem::replace(&mut self.unigrams[number], index) == NO_COLUMN
            }
            (Some(first), Some(second), None) if !first.is_empty() && !second.is_empty() => {
                let pair = (self.word_number(first), self.word_number(second));
                self.bigrams.insert(pair, index).is_none()
            }
            _ => false,
        }
    }

    fn word_number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.words.get(word) {
            return *number;
        }
        let number = self.unigrams.len() as u32;
        self.unigrams.push(NO_COLUMN);
        self.words.insert(word.into(), number);
        number
    }
}

fn check(file: &VocabularyFile) -> Result<(), VectorizerError> {
    if file.version != 1 || !matches!(file.ngram, (1, 1 | 2)) {
        return Err(VectorizerError::Form {
            version: file.version,
            ngram: file.ngram,
        });
    }
    let terms = file.terms.len();
    if file.idf.len() != terms {
        return Err(VectorizerError::Lengths {
            terms,
            idf: file.idf.len(),
        });
    }
    if let Some((term, idf)) = file
        .terms
        .iter()
        .zip(&file.idf)
        .find(|(_, idf)| !(idf.is_finite() && **idf >= 1.0))
    {
        return Err(VectorizerError::Idf {
            term: term.clone(),
            idf: *idf,
        });
    }
    let mut least = 0;
    for (position, column) in file.columns.iter().enumerate() {
        if *column < least || *column as usize >= terms {
            return Err(VectorizerError::Column {
                position,
                column: *column,
                terms,
            });
        }
        least = column + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> VocabularyFile {
        VocabularyFile {
            version: 1,
            ngram: (1, 2),
            terms: ["@format:plain", "a", "a b", "b", "c"]
                .map(String::from)
                .to_vec(),
            idf: vec![1.0, 2.0, 3.0, 1.5, 1.25],
            columns: vec![1, 2],
        }
    }

    fn counted(vectorizer: &Vectorizer, words: &[&str]) -> Counts {
        let mut counts = Counts::default();
        {
            let mut sink = vectorizer.start(&mut counts);
            sink.token("@format:plain", true);
            for word in words {
                sink.token(word, false);
            }
        }
        Vectorizer::finish(&mut counts);
        counts
    }

    #[test]
    fn a_row_is_the_hand_computed_one() {
        let vectorizer = Vectorizer::new(vocabulary()).expect("a good vocabulary");
        let counts = counted(&vectorizer, &["a", "b", "a", "x"]);
        let row: Vec<_> = vectorizer.row(&counts, None).collect();
        // weights: header 1, a (1 + ln 2) 2, "a b" 3, b 1.5
        let a = (1.0 + 2f64.ln()) * 2.0;
        let norm = (1.0 + a * a + 9.0 + 2.25).sqrt();
        assert_eq!(row, [(0, (a / norm) as f32), (1, (3.0 / norm) as f32)]);
        assert_eq!(counts.coverage(), (4, 1));
        assert_eq!(counts.unknown_share(), Some(0.25));
        assert_eq!(Counts::default().unknown_share(), None);
        assert!(!counts.is_unknown());
    }

    #[test]
    fn a_record_without_a_known_term_has_an_empty_row() {
        let vectorizer = Vectorizer::new(vocabulary()).expect("a good vocabulary");
        let counts = counted(&vectorizer, &["x", "y"]);
        assert_eq!(vectorizer.row(&counts, None).count(), 0);
        assert!(
            counts.is_unknown(),
            "a header token does not make a record known"
        );
    }

    #[test]
    fn a_term_left_out_changes_the_norm() {
        let vectorizer = Vectorizer::new(vocabulary()).expect("a good vocabulary");
        let counts = counted(&vectorizer, &["a"]);
        let row: Vec<_> = vectorizer.row(&counts, Some(0)).collect();
        assert_eq!(row, [(0, 1.0)]);
    }

    #[test]
    fn bad_vocabularies_are_refused() {
        type Spoil = fn(&mut VocabularyFile);
        let cases: [(Spoil, &str); 6] = [
            (|v| v.version = 2, "version 2"),
            (|v| v.idf.truncate(2), "2 idf values"),
            (|v| v.idf[1] = f64::NAN, "found NaN"),
            (|v| v.columns = vec![2, 1], "found 1 at position 1"),
            (|v| v.columns = vec![9], "found 9 at position 0"),
            (|v| v.terms[4] = "a".into(), "found \"a\" at position 4"),
        ];
        for (spoil, expected) in cases {
            let mut file = vocabulary();
            spoil(&mut file);
            let error = Vectorizer::new(file).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
