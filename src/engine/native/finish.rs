//! From sums of leaves to the operator's output, as ONNX Runtime does it.
//!
//! The ONNX standard leaves open what two classes with one score mean. ONNX Runtime decides it by the
//! classes that have weights, by the signs of the weights and by the number of base values; its rules
//! are followed here to the letter, and `tests/engines.rs` holds both engines side by side. Where it
//! leaves a part of its output unwritten, the graph is refused.

use super::leaves::Weight;
use super::refusal::Refusal;

/// How the trees' values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

impl Aggregate {
    pub(super) const WORDS: &[(&str, Aggregate)] = &[
        ("SUM", Aggregate::Sum),
        ("AVERAGE", Aggregate::Average),
        ("MIN", Aggregate::Min),
        ("MAX", Aggregate::Max),
    ];
}

/// What is done with the scores at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    None,
    Softmax,
    Logistic,
    SoftmaxZero,
    Probit,
}

impl Transform {
    pub(super) const WORDS: &[(&str, Transform)] = &[
        ("NONE", Transform::None),
        ("SOFTMAX", Transform::Softmax),
        ("LOGISTIC", Transform::Logistic),
        ("SOFTMAX_ZERO", Transform::SoftmaxZero),
        ("PROBIT", Transform::Probit),
    ];
}

/// How one score becomes those of two classes, unless by the logistic function of (-s, s).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pair {
    /// (1 - s, s): all weights are at least 0, and s is a probability.
    Complement,
    /// (-s, s).
    Opposite,
}

/// Which rule of ONNX Runtime applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Regressor,
    /// A classifier of one class, or of more than two.
    Classes,
    /// A classifier of two classes.
    Two(Pair),
}

/// Everything that follows the walk.
#[derive(Debug)]
pub(super) struct Finish {
    rule: Rule,
    sums: usize,
    aggregate: Aggregate,
    transform: Transform,
    base: Vec<f32>,
    /// Divisor of an average.
    trees: f32,
}

impl Finish {
    pub(super) fn new(
        classifier: bool,
        sums: usize,
        aggregate: Aggregate,
        transform: Transform,
        base: Vec<f32>,
        trees: usize,
        weights: &[(usize, Weight)],
    ) -> Result<Finish, Refusal> {
        let rule = match (classifier, sums) {
            (false, _) => Rule::Regressor,
            (true, 2) => two_classes(transform, base.len(), weights)?,
            (true, _) => Rule::Classes,
        };
        let fits = base.is_empty() || base.len() == sums || (rule_is_two(rule) && base.len() == 1);
        if !fits {
            return Refusal::malformed(format!(
                "expected {sums} base_values or none, found {}",
                base.len()
            ));
        }
        Ok(Finish {
            rule,
            sums,
            aggregate,
            transform,
            base,
            trees: trees as f32,
        })
    }

    /// Number of sums, which is the number of columns of the output.
    pub(super) fn sums(&self) -> usize {
        self.sums
    }

    /// True where the trees' values are added up.
    pub(super) fn adds(&self) -> bool {
        matches!(self.aggregate, Aggregate::Sum | Aggregate::Average)
    }

    /// Takes a tree's value into a sum.
    #[inline]
    pub(super) fn take(&self, sum: &mut f32, has: &mut bool, value: f32) {
        match self.aggregate {
            Aggregate::Sum | Aggregate::Average => *sum += value,
            Aggregate::Min if !*has || value < *sum => *sum = value,
            Aggregate::Max if !*has || value > *sum => *sum = value,
            Aggregate::Min | Aggregate::Max => {}
        }
        *has = true;
    }

    /// Turns the sums of one row into its output; `has` says which sums some leaf added to.
    pub(super) fn row(&self, sums: &mut [f32], has: &[bool]) {
        match self.rule {
            Rule::Regressor => self.regressor(sums, has),
            Rule::Classes => {
                for (sum, base) in sums.iter_mut().zip(&self.base) {
                    *sum += base;
                }
                self.transform_all(sums);
            }
            Rule::Two(pair) => self.two(sums, has, pair),
        }
    }

    fn regressor(&self, sums: &mut [f32], has: &[bool]) {
        if self.aggregate == Aggregate::Average {
            sums.iter_mut().for_each(|sum| *sum /= self.trees);
        }
        for (sum, base) in sums.iter_mut().zip(&self.base) {
            *sum += base;
        }
        forget_unscored(sums, has);
        self.transform_all(sums);
    }

    /// Two classes. The branches are ONNX Runtime's, down to the sum that it loses where two base
    /// values meet weights of the second class.
    fn two(&self, sums: &mut [f32], has: &[bool], pair: Pair) {
        let second = has[1];
        match self.base.as_slice() {
            [_, base] if second => {
                sums[1] = base + sums[0];
                sums[0] = -sums[1];
            }
            [first, second] => {
                sums[1] += second;
                sums[0] += first;
            }
            [base] => sums[0] += base,
            _ => {}
        }
        if second || self.base.len() == 2 {
            forget_unscored(sums, has);
            self.transform_all(sums);
            return;
        }
        let score = sums[0];
        let scores = match (pair, self.transform) {
            (_, Transform::Logistic) => [logistic(-score), logistic(score)],
            (Pair::Complement, _) => [1.0 - score, score],
            (Pair::Opposite, _) => [-score, score],
        };
        sums.copy_from_slice(&scores);
    }

    fn transform_all(&self, scores: &mut [f32]) {
        match self.transform {
            // Of the others, one score alone has only the last.
            Transform::Probit => scores.iter_mut().for_each(|s| *s = probit(*s)),
            _ if scores.len() == 1 => {}
            Transform::None => {}
            Transform::Logistic => scores.iter_mut().for_each(|s| *s = logistic(*s)),
            Transform::Softmax => softmax(scores),
            Transform::SoftmaxZero => softmax_zero(scores),
        }
    }
}

/// A sum to which no leaf added reads as 0 for ONNX Runtime, its base value notwithstanding.
fn forget_unscored(sums: &mut [f32], has: &[bool]) {
    for (sum, has) in sums.iter_mut().zip(has) {
        if !has {
            *sum = 0.0;
        }
    }
}

fn rule_is_two(rule: Rule) -> bool {
    matches!(rule, Rule::Two(_))
}

/// One class with weights gives one score, which then stands for both classes.
fn two_classes(
    transform: Transform,
    base: usize,
    weights: &[(usize, Weight)],
) -> Result<Rule, Refusal> {
    let first = weights.first().map(|(_, weight)| weight.sum);
    let one_class = weights.iter().all(|(_, w)| Some(w.sum) == first);
    let some_negative = weights.iter().any(|(_, w)| w.value < 0.0);
    if transform == Transform::Probit && base < 2 {
        return Refusal::unsupported(
            "TreeEnsembleClassifier of two classes with post_transform \"PROBIT\"",
        );
    }
    if base == 1 && !one_class {
        return Refusal::unsupported(
            "TreeEnsembleClassifier with one of base_values and weights of two classes",
        );
    }
    Ok(Rule::Two(if one_class && !some_negative {
        Pair::Complement
    } else {
        Pair::Opposite
    }))
}

/// 1 / (1 + e^-x), computed on the side where e^-|x| cannot overflow.
pub(super) fn logistic(x: f32) -> f32 {
    let v = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - v } else { v }
}

/// e^(x - max) over the sum of those.
pub(super) fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - max).exp();
        total += *score;
    }
    scores.iter_mut().for_each(|s| *s /= total);
}

/// As [`softmax`], but scores next to 0 stay there.
fn softmax_zero(scores: &mut [f32]) {
    const NEXT_TO_ZERO: f32 = 1e-7;
    let max = scores.iter().copied().fold(f32::MIN, f32::max);
    let scale = (-max).exp();
    let mut total = 0.0;
    for score in scores.iter_mut() {
        if score.abs() > NEXT_TO_ZERO {
            *score = (*score - max).exp();
            total += *score;
        } else {
            *score *= scale;
        }
    }
    scores.iter_mut().for_each(|s| *s /= total);
}

/// The normal quantile by Winitzki's approximation of the inverse error function (a = 0.147), which
/// ONNX Runtime uses: sqrt(2) erfinv(2 p - 1).
fn probit(p: f32) -> f32 {
    const A: f32 = 0.147;
    let x = 2.0 * p - 1.0;
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let half = 2.0 / (std::f32::consts::PI * A) + 0.5 * log;
    let inner = (half * half - log / A).sqrt() - half;
    std::f32::consts::SQRT_2 * (sign * inner.sqrt())
}
