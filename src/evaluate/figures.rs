//! The figures of one judge over lines that may count more than once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ranking::Ranking;
use super::reliability::Reliability;
use crate::verdict::Category;

/// Lines by their label (rows) and by what they were judged (columns), both in the order of
/// [`Category::ALL`].
pub type Confusion = [[u64; 4]; 4];

/// What is told of a judge; `T` is a number, or the interval of one. A figure that the lines do not give
/// is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures<T = f64> {
    /// Mean of the F1 of the categories that lines are labelled with.
    pub macro_f1: Option<T>,
    /// Chance that a critical or suspicious line has a higher forward score than another one; of two
    /// equal scores each is the higher one half the time.
    pub forward_auc: Option<T>,
    /// Share of the lines that are forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<T>,
    /// Mean distance of confidence and share of right verdicts, over the bins of [`Reliability`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<T>,
    /// Share of the critical lines among those of the highest forward score, for each share of all lines.
    pub critical_recall: Vec<AtShare<T>>,
    /// By category.
    pub classes: BTreeMap<Category, Class<T>>,
}

/// Recall of critical lines where a share of all lines is forwarded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtShare<T = f64> {
    /// Share of all lines, above 0 and up to 1.
    pub at: f64,
    /// Share of the critical ones among them. Of lines tied at the edge counts the part that fits, so
    /// that their order is no luck.
    pub recall: Option<T>,
}

/// What is told of one category.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class<T = f64> {
    /// Share of the lines judged as this that are it.
    pub precision: Option<T>,
    /// Share of the lines of this label that are judged as it.
    pub recall: Option<T>,
    /// 2 right / (judged + labelled).
    pub f1: Option<T>,
    /// Share of the lines of this label that are forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<T>,
}

impl<T: Copy> Figures<T> {
    /// Every figure made into another, always in the same order.
    pub(super) fn map<U>(&self, mut of: impl FnMut(Option<T>) -> Option<U>) -> Figures<U> {
        Figures {
            macro_f1: of(self.macro_f1),
            forward_auc: of(self.forward_auc),
            forwarded: of(self.forwarded),
            calibration_error: of(self.calibration_error),
            critical_recall: self
                .critical_recall
                .iter()
                .map(|point| AtShare {
                    at: point.at,
                    recall: of(point.recall),
                })
                .collect(),
            classes: self
                .classes
                .iter()
                .map(|(category, class)| {
                    let class = Class {
                        precision: of(class.precision),
                        recall: of(class.recall),
                        f1: of(class.f1),
                        forwarded: of(class.forwarded),
                    };
                    (*category, class)
                })
                .collect(),
        }
    }
}

/// What a judge made of lines, by place.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub labels: &'a [Category],
    pub predicted: &'a [Category],
    /// By forward score.
    pub ranking: &'a Ranking,
    /// Confidence and who is forwarded: the verdicts have them, members do not.
    pub decided: Option<Decided<'a>>,
}

/// What only a verdict has.
#[derive(Clone, Copy)]
pub(super) struct Decided<'a> {
    pub forwarded: &'a [bool],
    pub confidence: &'a [f32],
}

impl Sample<'_> {
    /// The figures where the line at a place counts `weight` times.
    pub(super) fn figures(&self, at: &[f64], weight: impl Fn(usize) -> u64) -> Figures {
        let confusion = self.confusion(&weight);
        let of_label = confusion.map(|row| row.iter().sum::<u64>());
        let forwarded = self.decided.map(|decided| {
            let mut counted = [0; 4];
            for (place, label) in self.labels.iter().enumerate() {
                counted[label.index()] += weight(place) * u64::from(decided.forwarded[place]);
            }
            counted
        });
        let classes = Category::ALL.map(|category| {
            let class = class(&confusion, category.index(), forwarded.as_ref());
            (category, class)
        });
        let f1: Vec<f64> = classes.iter().filter_map(|(_, class)| class.f1).collect();
        let (forward_auc, recalls) = self.ranked(at, of_label, &weight);
        let recalls = at.iter().zip(recalls);
        Figures {
            macro_f1: (!f1.is_empty()).then(|| f1.iter().sum::<f64>() / f1.len() as f64),
            forward_auc,
            forwarded: forwarded.and_then(|counted| share(sum(counted), sum(of_label))),
            calibration_error: self
                .decided
                .and_then(|decided| self.reliability(decided, &weight).expected_error),
            critical_recall: recalls
                .map(|(&at, recall)| AtShare { at, recall })
                .collect(),
            classes: BTreeMap::from(classes),
        }
    }

    pub(super) fn confusion(&self, weight: impl Fn(usize) -> u64) -> Confusion {
        let mut confusion = [[0; 4]; 4];
        let pairs = self.labels.iter().zip(self.predicted);
        for (place, (label, predicted)) in pairs.enumerate() {
            confusion[label.index()][predicted.index()] += weight(place);
        }
        confusion
    }

    pub(super) fn reliability(
        &self,
        decided: Decided<'_>,
        weight: impl Fn(usize) -> u64,
    ) -> Reliability {
        let pairs = self.labels.iter().zip(self.predicted).enumerate();
        let lines = pairs.map(|(place, (label, predicted))| {
            let confidence = f64::from(decided.confidence[place]);
            (confidence, label == predicted, weight(place))
        });
        Reliability::of(lines)
    }

    /// The area under the curve of forwarding by score (Mann and Whitney's statistic), and the recall of
    /// critical lines at each share: one walk from the highest score down.
    fn ranked(
        &self,
        at: &[f64],
        of_label: [u64; 4],
        weight: impl Fn(usize) -> u64,
    ) -> (Option<f64>, Vec<Option<f64>>) {
        let [critical, suspicious, routine, noise] = of_label.map(|lines| lines as f64);
        let (wanted, others) = (critical + suspicious, routine + noise);
        let rooms: Vec<f64> = at.iter().map(|at| at * (wanted + others)).collect();
        let mut recalls = vec![None; at.len()];
        // Above the block that is looked at: critical lines, those to forward, all.
        let (mut critical_above, mut wanted_above, mut above) = (0.0, 0.0, 0.0);
        let mut pairs = 0.0;
        for block in self.ranking.blocks() {
            let mut tied = [0; 4];
            for &place in block {
                tied[self.labels[place].index()] += weight(place);
            }
            let size = sum(tied) as f64;
            if size == 0.0 {
                continue;
            }
            let tied = tied.map(|lines| lines as f64);
            for (recall, room) in recalls.iter_mut().zip(&rooms) {
                if critical > 0.0 && above < *room && *room <= above + size {
                    let part = (room - above) / size;
                    *recall = Some((critical_above + part * tied[0]) / critical);
                }
            }
            let wanted_tied = tied[0] + tied[1];
            pairs += (tied[2] + tied[3]) * (wanted_above + wanted_tied / 2.0);
            critical_above += tied[0];
            wanted_above += wanted_tied;
            above += size;
        }
        let both = wanted > 0.0 && others > 0.0;
        (both.then(|| pairs / (wanted * others)), recalls)
    }
}

fn class(confusion: &Confusion, at: usize, forwarded: Option<&[u64; 4]>) -> Class {
    let right = confusion[at][at];
    let labelled = sum(confusion[at]);
    let judged = confusion.iter().map(|row| row[at]).sum::<u64>();
    Class {
        precision: share(right, judged),
        recall: share(right, labelled),
        f1: (labelled > 0).then(|| 2.0 * right as f64 / (judged + labelled) as f64),
        forwarded: forwarded.and_then(|counted| share(counted[at], labelled)),
    }
}

fn sum(counted: [u64; 4]) -> u64 {
    counted.iter().sum()
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
