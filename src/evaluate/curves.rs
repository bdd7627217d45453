//! What each possible threshold on the forward score would give.

use serde::Serialize;

use super::ranking::Ranking;
use crate::verdict::Category;

/// A point is left out where it is nearer than this to the one before it, in both directions.
const STEP: f64 = 1e-3;

/// Two curves of forwarding from the highest forward score down.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curves {
    /// (share of the routine and noise lines forwarded, share of the critical and suspicious ones);
    /// `None` where one of the two kinds is missing.
    pub roc: Option<Vec<[f64; 2]>>,
    /// Recall against the share of all lines forwarded. Between two points the part of a tie that fits.
    pub volume: Vec<Volume>,
}

/// Recall where a share of all lines is forwarded; `None` where no line has the label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Volume {
    /// Share of all lines that is forwarded.
    pub forwarded: f64,
    /// Share of the critical lines among them.
    pub critical: Option<f64>,
    /// Share of the suspicious lines among them.
    pub suspicious: Option<f64>,
}

impl Curves {
    pub(super) fn of(labels: &[Category], ranking: &Ranking) -> Curves {
        let mut steps = vec![[0_u64; 4]];
        let mut above = [0; 4];
        for block in ranking.blocks() {
            for &place in block {
                above[labels[place].index()] += 1;
            }
            steps.push(above);
        }
        let all = above;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let roc = steps.iter().map(|step| {
            let others = share(step[2] + step[3], all[2] + all[3])?;
            Some([others, share(step[0] + step[1], all[0] + all[1])?])
        });
        let volume = steps.iter().map(|step| Volume {
            forwarded: share(step.iter().sum(), all.iter().sum()).unwrap_or(0.0),
            critical: share(step[0], all[0]),
            suspicious: share(step[1], all[1]),
        });
        Curves {
            roc: roc
                .collect::<Option<Vec<_>>>()
                .map(|points| thin(points, |point| *point)),
            volume: thin(volume.collect(), |point| {
                // Both only rise, so their sum tells of either.
                let recalls = point.critical.unwrap_or(0.0) + point.suspicious.unwrap_or(0.0);
                [point.forwarded, recalls]
            }),
        }
    }
}

/// Leaves out what no plot can show. The first and the last point stay.
fn thin<P: Copy>(points: Vec<P>, place: impl Fn(&P) -> [f64; 2]) -> Vec<P> {
    let last = points.len().saturating_sub(1);
    let mut kept: Vec<P> = Vec::new();
    for (at, point) in points.into_iter().enumerate() {
        let far = kept.last().is_none_or(|before| {
            let ([x, y], [from_x, from_y]) = (place(&point), place(before));
            (x - from_x).abs() >= STEP || (y - from_y).abs() >= STEP
        });
        if far || at == last {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use Category::{Critical, Noise, Routine, Suspicious};

    #[test]
    fn points_by_hand_and_a_tie_is_one_step() {
        let labels = [Critical, Routine, Suspicious, Noise];
        let curves = Curves::of(&labels, &Ranking::new(&[0.9, 0.5, 0.5, 0.1]));
        let roc = curves.roc.expect("both kinds");
        assert_eq!(roc, [[0.0, 0.0], [0.0, 0.5], [0.5, 1.0], [1.0, 1.0]]);
        let volume: Vec<_> = curves
            .volume
            .iter()
            .map(|v| (v.forwarded, v.critical, v.suspicious))
            .collect();
        let expected = [
            (0.0, 0.0, 0.0),
            (0.25, 1.0, 0.0),
            (0.75, 1.0, 1.0),
            (1.0, 1.0, 1.0),
        ];
        assert_eq!(volume, expected.map(|(x, c, s)| (x, Some(c), Some(s))));
    }

    #[test]
    fn one_kind_has_no_roc_and_many_points_are_thinned() {
        let one = Curves::of(&[Routine, Noise], &Ranking::new(&[0.2, 0.1]));
        assert_eq!((one.roc, one.volume[1].critical), (None, None));
        let labels: Vec<Category> = (0..20_000).map(|at| Category::ALL[at % 4]).collect();
        let scores: Vec<f64> = (0..20_000).map(f64::from).collect();
        let curves = Curves::of(&labels, &Ranking::new(&scores));
        assert!(curves.volume.len() <= 2_002, "{}", curves.volume.len());
        let roc = curves.roc.expect("both kinds");
        assert_eq!(roc.last(), Some(&[1.0, 1.0]));
        assert!(roc.len() <= 2_002, "{}", roc.len());
    }
}
