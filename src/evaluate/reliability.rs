//! How far confidence can be taken at its word.

use serde::Serialize;

/// Bins of equal width between 0 and 1; a confidence of 1 is in the last.
const BINS: usize = 10;

/// Confidence against the share of right verdicts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Mean distance of the two, weighted by the lines of the bins; `None` without a line.
    pub expected_error: Option<f64>,
    /// Ten bins, from the least sure to the surest.
    pub bins: Vec<Bin>,
}

/// Verdicts of about the same confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Lowest confidence in it.
    pub from: f64,
    /// Where the next one starts.
    pub to: f64,
    /// Verdicts.
    pub lines: u64,
    /// Mean confidence; `None` in an empty bin.
    pub confidence: Option<f64>,
    /// Share of verdicts whose category is the label; `None` in an empty bin.
    pub right: Option<f64>,
}

impl Reliability {
    /// Of (confidence, whether the verdict is right, how often the line counts).
    pub(super) fn of(lines: impl Iterator<Item = (f64, bool, u64)>) -> Reliability {
        let (mut counts, mut sums, mut rights) = ([0_u64; BINS], [0.0; BINS], [0_u64; BINS]);
        for (confidence, right, weight) in lines {
            let at = ((confidence * BINS as f64) as usize).min(BINS - 1);
            counts[at] += weight;
            sums[at] += confidence * weight as f64;
            rights[at] += weight * u64::from(right);
        }
        let bins = (0..BINS).map(|at| {
            let mean = |sum: f64| (counts[at] > 0).then(|| sum / counts[at] as f64);
            Bin {
                from: at as f64 / BINS as f64,
                to: (at + 1) as f64 / BINS as f64,
                lines: counts[at],
                confidence: mean(sums[at]),
                right: mean(rights[at] as f64),
            }
        });
        let bins: Vec<Bin> = bins.collect();
        let all = counts.iter().sum::<u64>() as f64;
        let apart = (0..BINS).map(|at| (sums[at] - rights[at] as f64).abs());
        Reliability {
            expected_error: (all > 0.0).then(|| apart.sum::<f64>() / all),
            bins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_and_error_by_hand() {
        let lines = [
            (0.0, false, 1),
            (0.85, true, 2),
            (0.81, false, 1),
            (1.0, true, 1),
        ];
        let found = Reliability::of(lines.into_iter());
        let bin = |at: usize| found.bins[at];
        assert_eq!((bin(0).lines, bin(0).right), (1, Some(0.0)));
        assert_eq!((bin(5).lines, bin(5).confidence), (0, None));
        let mean = bin(8).confidence.expect("three lines");
        assert!((mean - 2.51 / 3.0).abs() < 1e-12, "{mean}");
        assert!((bin(8).right.expect("three lines") - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!((bin(9).lines, bin(9).to), (1, 1.0));
        // |0 - 0| + |2.51 - 2| + |1 - 1|, over 5 lines
        let error = found.expected_error.expect("five lines");
        assert!((error - 0.51 / 5.0).abs() < 1e-12, "{error}");
        assert_eq!(Reliability::of(std::iter::empty()).expected_error, None);
    }
}
