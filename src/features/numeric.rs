//! Numeric features of the raw body for the anomaly detector: shape, not words, and no wall clock.
//!
//! Every feature is a small whole number, so that it is exact in float32, equal lines give equal
//! inputs, and a threshold between two whole numbers is free of rounding.

use std::sync::LazyLock;

/// How many features there are.
pub const NUMERIC_WIDTH: usize = 20;
/// One row of the anomaly model's input.
pub type NumericFeatures = [f32; NUMERIC_WIDTH];
/// Version of the features; a bundle trained on another version is refused.
pub const NUMERIC_VERSION: u32 = 1;
/// Names of the features, in the order of the model's columns.
///
/// `log` is `round(4 * log2(1 + x))`, `pct` is `round(100 * x / bytes)`, `entropy_10` is ten times
/// Shannon's entropy of the bytes in bits, `word_length_4` is four times the mean length of a word.
pub const NUMERIC_NAMES: [&str; NUMERIC_WIDTH] = [
    "length_log",
    "entropy_10",
    "digit_pct",
    "upper_pct",
    "lower_pct",
    "space_pct",
    "punctuation_pct",
    "non_ascii_pct",
    "control_log",
    "distinct_bytes",
    "words_log",
    "word_length_4",
    "longest_token_log",
    "longest_repeat_log",
    "percent_encoded_log",
    "quotes_log",
    "brackets_log",
    "nesting_depth",
    "assignments_log",
    "masks_log",
];

/// Computes the features of a body; `masks` is the number of masks in its normalised text.
pub fn numeric_features(body: &str, masks: usize) -> NumericFeatures {
    let tables = &*TABLES;
    let bytes = body.as_bytes();
    let seen = Seen::of(bytes);
    let total = bytes.len();
    let class = |class: Class| percent(seen.classes[class as usize], total);
    let of = |set: &[u8]| -> usize {
        let counts = set.iter().map(|b| seen.histogram[usize::from(*b)]);
        counts.sum::<u32>() as usize
    };
    let log = |count: usize| tables.log(count);
    let mean_word = match seen.words {
        0 => 0.0,
        words => 4.0 * seen.word_bytes() as f64 / words as f64,
    };
    [
        log(total),
        (10.0 * seen.entropy(tables)).round() as f32,
        class(Class::Digit),
        class(Class::Upper),
        class(Class::Lower),
        class(Class::Space),
        class(Class::Punctuation),
        class(Class::NonAscii),
        log(seen.classes[Class::Control as usize] as usize),
        seen.distinct().count() as f32,
        log(seen.words),
        mean_word.round().min(200.0) as f32,
        log(seen.longest_token),
        log(seen.longest_repeat),
        log(percent_encoded(bytes, seen.histogram[usize::from(b'%')])),
        log(of(b"\"'`")),
        log(of(b"()[]{}<>")),
        seen.nesting.min(64) as f32,
        log(of(b"=:")),
        log(masks),
    ]
}

fn percent(part: u32, total: usize) -> f32 {
    if total == 0 {
        0.0
    } else {
        (100.0 * f64::from(part) / total as f64).round() as f32
    }
}

/// What a byte is; each is of one class.
#[derive(Clone, Copy)]
enum Class {
    Digit,
    Upper,
    Lower,
    /// The blank alone: tabs and line ends are control characters.
    Space,
    Punctuation,
    NonAscii,
    Control,
}

/// How many classes there are.
const CLASSES: usize = 7;

/// What the walk over a body asks of a byte.
#[derive(Clone, Copy)]
struct Kind {
    class: Class,
    /// Letters, digits and every byte of a character beyond ASCII.
    word: bool,
    white: bool,
    opens: u8,
    closes: u8,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [kind(0); 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = kind(byte as u8);
        byte += 1;
    }
    kinds
};

const fn kind(byte: u8) -> Kind {
    let class = match byte {
        b'0'..=b'9' => Class::Digit,
        b'A'..=b'Z' => Class::Upper,
        b'a'..=b'z' => Class::Lower,
        b' ' => Class::Space,
        0x80.. => Class::NonAscii,
        _ if byte.is_ascii_control() => Class::Control,
        _ => Class::Punctuation,
    };
    Kind {
        class,
        word: byte.is_ascii_alphanumeric() || byte >= 0x80,
        white: byte.is_ascii_whitespace(),
        opens: matches!(byte, b'{' | b'[' | b'(') as u8,
        closes: matches!(byte, b'}' | b']' | b')') as u8,
    }
}

/// Logarithms of small counts, which is what most lines need.
struct Tables {
    /// `round(4 * log2(1 + n))`.
    log: [f32; SMALL],
    /// `n * log2 n`, 0 for none.
    n_log_n: [f64; SMALL],
}

const SMALL: usize = 1024;

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    log: std::array::from_fn(rounded_log),
    n_log_n: std::array::from_fn(n_log_n),
});

fn rounded_log(count: usize) -> f32 {
    (4.0 * (1.0 + count as f64).log2()).round() as f32
}

fn n_log_n(count: usize) -> f64 {
    match count {
        0 => 0.0,
        n => n as f64 * (n as f64).log2(),
    }
}

impl Tables {
    fn log(&self, count: usize) -> f32 {
        let known = self.log.get(count).copied();
        known.unwrap_or_else(|| rounded_log(count))
    }

    fn n_log_n(&self, count: usize) -> f64 {
        let known = self.n_log_n.get(count).copied();
        known.unwrap_or_else(|| n_log_n(count))
    }
}

/// What one walk over the bytes finds.
struct Seen {
    total: usize,
    histogram: [u32; 256],
    /// A bit for each byte that occurs.
    occurs: [u64; 4],
    classes: [u32; CLASSES],
    words: usize,
    longest_token: usize,
    longest_repeat: usize,
    nesting: usize,
}

impl Seen {
    fn of(bytes: &[u8]) -> Seen {
        let mut seen = Seen {
            total: bytes.len(),
            histogram: [0; 256],
            occurs: [0; 4],
            classes: [0; CLASSES],
            words: 0,
            longest_token: 0,
            longest_repeat: 0,
            nesting: 0,
        };
        let (mut token, mut repeat, mut depth) = (0, 0, 0usize);
        let mut inside = false;
        let mut previous = None;
        for &byte in bytes {
            let kind = &KINDS[usize::from(byte)];
            seen.histogram[usize::from(byte)] += 1;
            seen.occurs[usize::from(byte >> 6)] |= 1 << (byte & 63);
            seen.classes[kind.class as usize] += 1;
            token = if kind.white { 0 } else { token + 1 };
            seen.longest_token = seen.longest_token.max(token);
            repeat = if previous == Some(byte) {
                repeat + 1
            } else {
                1
            };
            seen.longest_repeat = seen.longest_repeat.max(repeat);
            seen.words += usize::from(kind.word && !inside);
            inside = kind.word;
            depth = (depth + usize::from(kind.opens)).saturating_sub(usize::from(kind.closes));
            seen.nesting = seen.nesting.max(depth);
            previous = Some(byte);
        }
        seen
    }

    fn word_bytes(&self) -> usize {
        let classes = [Class::Digit, Class::Upper, Class::Lower, Class::NonAscii];
        let counts = classes.map(|class| self.classes[class as usize]);
        counts.iter().sum::<u32>() as usize
    }

    /// The bytes that occur, ascending.
    fn distinct(&self) -> impl Iterator<Item = usize> {
        self.occurs.iter().enumerate().flat_map(|(place, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let lowest = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(place * 64 + lowest)
            })
        })
    }

    /// Shannon's entropy of the bytes in bits, -sum p log2 p with p = n / total, which is
    /// log2 total - (sum n log2 n) / total.
    fn entropy(&self, tables: &Tables) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        let counts = self.distinct().map(|byte| self.histogram[byte] as usize);
        let sum: f64 = counts.map(|count| tables.n_log_n(count)).sum();
        (tables.n_log_n(self.total) - sum) / self.total as f64
    }
}

/// How many `%` stand before two hexadecimal digits; `signs` is how many there are at all.
fn percent_encoded(bytes: &[u8], signs: u32) -> usize {
    if signs == 0 {
        return 0;
    }
    let encoded = |at: &usize| {
        let digits = bytes.get(at + 1..at + 3);
        digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
    };
    memchr::memchr_iter(b'%', bytes).filter(encoded).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(body: &str, name: &str) -> f32 {
        let at = NUMERIC_NAMES
            .iter()
            .position(|n| *n == name)
            .expect("a known name");
        numeric_features(body, 3)[at]
    }

    #[test]
    fn hand_computed_values() {
        assert_eq!(feature("abcd", "length_log"), 9.0, "4 log2 5 = 9.29");
        assert_eq!(
            feature("abcd", "entropy_10"),
            20.0,
            "four equal bytes are two bits"
        );
        assert_eq!(feature("ab12", "digit_pct"), 50.0);
        assert_eq!(
            feature("aaab cd", "longest_repeat_log"),
            8.0,
            "three: 4 log2 4"
        );
        assert_eq!(feature("aaab cd", "words_log"), 6.0, "two: 4 log2 3 = 6.34");
        assert_eq!(feature("aaab cd", "word_length_4"), 12.0, "mean of 4 and 2");
        assert_eq!(feature("%2e%2e%zz", "percent_encoded_log"), 6.0);
        assert_eq!(feature("{[()]}", "nesting_depth"), 3.0);
        assert_eq!(feature("x", "masks_log"), 8.0);
    }

    proptest::proptest! {
        #[test]
        fn always_small_whole_numbers(body in "(?s).{0,300}") {
            for value in numeric_features(&body, 1) {
                proptest::prop_assert!(value.fract() == 0.0 && (0.0..=1024.0).contains(&value));
            }
        }
    }
}
