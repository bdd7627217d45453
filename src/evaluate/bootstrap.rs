//! How sure the figures are: what they would be on other lines of the same kind.
//!
//! Whole groups are drawn, with replacement, as many as there are: lines of one group are alike, and
//! drawing them one by one would call the figures surer than they are (Davison and Hinkley, Bootstrap
//! Methods and their Application, section 3.8).

use serde::Serialize;

use super::figures::{Figures, Sample};

/// Share of the resamples that lies inside an interval.
const LEVEL: f64 = 0.95;

/// How the intervals are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bootstrap {
    /// How often lines are drawn anew; 0 gives no intervals.
    pub resamples: u32,
    /// Where the random numbers start: the same seed gives the same intervals.
    pub seed: u64,
}

impl Bootstrap {
    /// The interval of each figure, from the 2.5th to the 97.5th percentile of the resamples that give
    /// it. `None` where there is nothing to draw, or where more than half of the resamples do not give it.
    pub(super) fn intervals(
        self,
        sample: Sample<'_>,
        at: &[f64],
        groups: &[usize],
    ) -> Option<Figures<[f64; 2]>> {
        let count = groups.iter().max().map_or(0, |most| most + 1);
        if self.resamples == 0 || count < 2 {
            return None;
        }
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let mut values: Vec<Vec<f64>> = Vec::new();
        let mut times = vec![0_u64; count];
        for _ in 0..self.resamples {
            times.fill(0);
            for _ in 0..count {
                times[rng.usize(..count)] += 1;
            }
            note(
                &sample.figures(at, |place| times[groups[place]]),
                &mut values,
            );
        }
        let mut columns = values.into_iter();
        let enough = self.resamples as usize / 2;
        let whole = sample.figures(at, |_| 1);
        Some(whole.map(|figure| {
            let mut values = columns.next()?;
            figure?;
            values.sort_by(f64::total_cmp);
            let tail = (1.0 - LEVEL) / 2.0;
            (values.len() > enough)
                .then(|| [quantile(&values, tail), quantile(&values, 1.0 - tail)])
        }))
    }
}

/// Adds each figure to the values of its kind.
fn note(figures: &Figures, values: &mut Vec<Vec<f64>>) {
    let mut column = 0;
    figures.map::<()>(|figure| {
        if values.len() == column {
            values.push(Vec::new());
        }
        values[column].extend(figure);
        column += 1;
        None
    });
}

/// The quantile of sorted values, linear between two of them; `values` holds at least one.
fn quantile(values: &[f64], at: f64) -> f64 {
    let place = at * (values.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let next = values[(below + 1).min(values.len() - 1)];
    values[below] + part * (next - values[below])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::ranking::Ranking;
    use crate::verdict::Category::{self, Critical, Routine};

    const SEEDED: Bootstrap = Bootstrap {
        resamples: 400,
        seed: 1,
    };

    fn intervals(bootstrap: Bootstrap, groups: &[usize]) -> Option<Figures<[f64; 2]>> {
        let labels = [Critical, Routine].repeat(20);
        // Every fourth line is judged wrong.
        let predicted: Vec<Category> = (0..40)
            .map(|at| if at % 4 == 0 { Routine } else { labels[at] })
            .collect();
        let ranking = Ranking::new(&[0.5; 40]);
        let sample = Sample {
            labels: &labels,
            predicted: &predicted,
            ranking: &ranking,
            decided: None,
        };
        bootstrap.intervals(sample, &[0.5], groups)
    }

    #[test]
    fn quantiles_are_linear_between_values() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[7.0], 0.975), 7.0);
    }

    #[test]
    fn the_interval_of_a_share_is_that_of_the_binomial_and_groups_widen_it() {
        let alone: Vec<usize> = (0..40).collect();
        let found = intervals(SEEDED, &alone).expect("intervals");
        let [low, high] = found.classes[&Critical].recall.expect("critical lines");
        // 10 of 20 right: 0.5 with a standard error of 0.11, so about 0.28 to 0.72
        assert!(
            (0.23..0.33).contains(&low) && (0.67..0.77).contains(&high),
            "{low} {high}"
        );
        let tens: Vec<usize> = (0..40).map(|at| (at % 4) + 4 * (at / 20)).collect();
        let wide = intervals(SEEDED, &tens).expect("intervals").classes[&Critical].recall;
        let [wide_low, wide_high] = wide.expect("critical lines");
        assert!(wide_low < low && high < wide_high, "{wide_low} {wide_high}");
        // All scores are equal: half is the area of every resample that has both kinds.
        assert_eq!(found.forward_auc, Some([0.5, 0.5]));
        assert_eq!(found.forwarded, None);
    }

    #[test]
    fn a_seed_repeats_and_without_groups_or_resamples_there_is_no_interval() {
        let alone: Vec<usize> = (0..40).collect();
        assert_eq!(intervals(SEEDED, &alone), intervals(SEEDED, &alone));
        let other = Bootstrap { seed: 2, ..SEEDED };
        assert_ne!(intervals(SEEDED, &alone), intervals(other, &alone));
        assert_eq!(intervals(SEEDED, &[0; 40]), None);
        let none = Bootstrap {
            resamples: 0,
            ..SEEDED
        };
        assert_eq!(intervals(none, &alone), None);
    }
}
