//! From a model's raw output to a vote: calibration and abstention.

use crate::verdict::{Category, Scores};

/// How the classifier is fed and how its probabilities become a vote.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// What a column holds whose term is absent: NaN or zero, as in training.
    pub missing: f32,
    /// Temperature T of the calibration: softmax(ln p / T) (Guo et al. 2017, section 4.2); 1 leaves p.
    pub temperature: f32,
    /// Share of unknown words above which it abstains: the line is unlike what it was trained on.
    pub max_unknown: f32,
    /// For each column of the model's output, its category.
    pub labels: [Category; 4],
}

impl Classifier {
    /// True where a record of that share of unknown words is too unlike the training data for a vote.
    pub fn abstains_at(&self, unknown_share: Option<f32>) -> bool {
        unknown_share.is_some_and(|share| share > self.max_unknown)
    }

    /// The vote: calibrated probabilities in the order of the categories.
    pub fn vote(&self, raw: &[f32]) -> Scores {
        let calibrated = self.calibrate(raw);
        let mut scores = [0.0; 4];
        for (label, score) in self.labels.iter().zip(calibrated) {
            scores[label.index()] = score;
        }
        Scores::from_array(scores)
    }

    fn calibrate(&self, raw: &[f32]) -> [f32; 4] {
        let mut p = [0.0; 4];
        p.copy_from_slice(&raw[..4]);
        if self.temperature == 1.0 {
            return p;
        }
        let powered = p.map(|p| {
            (f64::from(p).max(f64::MIN_POSITIVE).ln() / f64::from(self.temperature)).exp()
        });
        let total: f64 = powered.iter().sum();
        powered.map(|x| (x / total) as f32)
    }
}

/// How an anomaly score becomes a vote.
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// Ascending quantiles of the negated score over the training data, evenly spaced from 0 to 1.
    pub knots: Vec<f32>,
    /// Strength below which the member abstains, in [0, 1].
    pub threshold: f32,
}

impl Anomaly {
    /// Strength in [0, 1]: the share of the training data that was less anomalous.
    ///
    /// `score` is scikit-learn's `score_samples`: negative, lower is more anomalous.
    pub fn strength(&self, score: f32) -> f32 {
        let x = -score;
        let above = self.knots.partition_point(|knot| *knot <= x);
        if above == 0 {
            return 0.0;
        }
        if above == self.knots.len() {
            return 1.0;
        }
        let (low, high) = (self.knots[above - 1], self.knots[above]);
        let steps = (self.knots.len() - 1) as f32;
        ((above - 1) as f32 + (x - low) / (high - low)) / steps
    }

    /// The vote: 0.5 + 0.4 a for suspicious and the rest for routine, or an abstention.
    pub fn vote(&self, score: f32) -> Option<Scores> {
        let strength = self.strength(score);
        if strength < self.threshold {
            return None;
        }
        let suspicious = 0.5 + 0.4 * strength;
        Some(Scores {
            suspicious,
            routine: 1.0 - suspicious,
            ..Scores::ZERO
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f32, expected: f32) {
        assert!(
            (found - expected).abs() < 1e-6,
            "expected {expected}, found {found}"
        );
    }

    #[test]
    fn temperature_two_takes_square_roots() {
        let classifier = Classifier {
            missing: f32::NAN,
            temperature: 2.0,
            max_unknown: 1.0,
            labels: Category::ALL,
        };
        let vote = classifier.vote(&[0.64, 0.16, 0.16, 0.04]);
        // roots 0.8, 0.4, 0.4, 0.2 over their sum 1.8
        near(vote.critical, 0.8 / 1.8);
        near(vote.noise, 0.2 / 1.8);
    }

    #[test]
    fn labels_say_which_column_is_which_category() {
        let classifier = Classifier {
            missing: 0.0,
            temperature: 1.0,
            max_unknown: 1.0,
            labels: [
                Category::Noise,
                Category::Routine,
                Category::Suspicious,
                Category::Critical,
            ],
        };
        let vote = classifier.vote(&[0.1, 0.2, 0.3, 0.4]);
        assert_eq!(vote.to_array(), [0.4, 0.3, 0.2, 0.1]);
    }

    #[test]
    fn strength_is_the_place_among_the_knots() {
        let anomaly = Anomaly {
            knots: vec![0.3, 0.4, 0.6],
            threshold: 0.75,
        };
        near(anomaly.strength(-0.2), 0.0);
        near(anomaly.strength(-0.35), 0.25);
        near(anomaly.strength(-0.5), 0.75);
        near(anomaly.strength(-0.9), 1.0);
        assert_eq!(
            anomaly.vote(-0.45),
            None,
            "strength 0.625 is below the threshold"
        );
        let vote = anomaly.vote(-0.9).expect("a vote");
        near(vote.suspicious, 0.9);
        near(vote.routine, 0.1);
    }
}
