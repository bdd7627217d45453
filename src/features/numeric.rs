//! Numeric features of the raw body for the anomaly detector: shape, not words, and no wall clock.
//!
//! Every feature is a small whole number, so that it is exact in float32, equal lines give equal
//! inputs, and a threshold between two whole numbers is free of rounding.

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
    let bytes = body.as_bytes();
    let histogram = histogram(bytes);
    let runs = Runs::of(bytes);
    let total = bytes.len();
    let count = |class: fn(u8) -> bool| -> usize {
        (0..=255u8)
            .filter(|b| class(*b))
            .map(|b| histogram[usize::from(b)])
            .sum()
    };
    let of = |set: &[u8]| -> usize { set.iter().map(|b| histogram[usize::from(*b)]).sum() };
    let words = runs.words;
    let mean_word = if words == 0 {
        0.0
    } else {
        4.0 * runs.word_bytes as f64 / words as f64
    };
    [
        log(total),
        (10.0 * entropy(&histogram, total)).round() as f32,
        percent(count(|b| b.is_ascii_digit()), total),
        percent(count(|b| b.is_ascii_uppercase()), total),
        percent(count(|b| b.is_ascii_lowercase()), total),
        percent(count(|b| b == b' '), total),
        percent(count(|b| b.is_ascii_punctuation()), total),
        percent(count(|b| b >= 0x80), total),
        log(count(|b| b.is_ascii_control())),
        histogram.iter().filter(|n| **n > 0).count() as f32,
        log(words),
        mean_word.round().min(200.0) as f32,
        log(runs.longest_token),
        log(runs.longest_repeat),
        log(runs.percent_encoded),
        log(of(b"\"'`")),
        log(of(b"()[]{}<>")),
        runs.nesting.min(64) as f32,
        log(of(b"=:")),
        log(masks),
    ]
}

fn log(count: usize) -> f32 {
    (4.0 * (1.0 + count as f64).log2()).round() as f32
}

fn percent(part: usize, total: usize) -> f32 {
    if total == 0 {
        0.0
    } else {
        (100.0 * part as f64 / total as f64).round() as f32
    }
}

fn histogram(bytes: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    counts
}

/// Shannon's entropy of the bytes in bits: -sum p log2 p.
fn entropy(histogram: &[usize; 256], total: usize) -> f64 {
    histogram
        .iter()
        .filter(|n| **n > 0)
        .map(|n| {
            let p = *n as f64 / total as f64;
            -p * p.log2()
        })
        .sum()
}

/// What only a walk over the bytes in order can tell.
#[derive(Default)]
struct Runs {
    words: usize,
    word_bytes: usize,
    longest_token: usize,
    longest_repeat: usize,
    percent_encoded: usize,
    nesting: usize,
}

impl Runs {
    fn of(bytes: &[u8]) -> Runs {
        let mut runs = Runs::default();
        let (mut token, mut repeat, mut depth) = (0, 0, 0usize);
        let mut previous = None;
        for (at, &byte) in bytes.iter().enumerate() {
            token = if byte.is_ascii_whitespace() {
                0
            } else {
                token + 1
            };
            repeat = if previous == Some(byte) {
                repeat + 1
            } else {
                1
            };
            runs.longest_token = runs.longest_token.max(token);
            runs.longest_repeat = runs.longest_repeat.max(repeat);
            let word = byte.is_ascii_alphanumeric() || byte >= 0x80;
            let inside = previous.is_some_and(|p: u8| p.is_ascii_alphanumeric() || p >= 0x80);
            runs.words += usize::from(word && !inside);
            runs.word_bytes += usize::from(word);
            match byte {
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' => depth = depth.saturating_sub(1),
                b'%' => {
                    let digits = bytes.get(at + 1..at + 3);
                    let encoded = digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit));
                    runs.percent_encoded += usize::from(encoded);
                }
                _ => {}
            }
            runs.nesting = runs.nesting.max(depth);
            previous = Some(byte);
        }
        runs
    }
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
