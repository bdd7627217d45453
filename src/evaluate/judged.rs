//! Lines with what the pipeline and each member made of them, one column a property.

use std::collections::HashMap;

use super::bootstrap::Bootstrap;
use super::curves::Curves;
use super::figures::{Confusion, Decided, Figures, Sample};
use super::labelled::Labelled;
use super::mistakes::{Mistake, Mistakes};
use super::ranking::Ranking;
use super::reliability::Reliability;
use super::report::{OfMember, Slice};
use crate::pipeline::Judgement;
use crate::verdict::{Category, Flag, Member, Reason, Scores, Verdict};

/// Where an abstention stands in the order of forward scores.
const ABSTAINED: f64 = 0.5;

/// What is wanted of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Shares of all lines for which the recall of critical ones is told, above 0 and up to 1.
    pub at: Vec<f64>,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
    /// The field of a line by which figures are told apart.
    pub by: String,
    /// How many of the most confident mistakes are kept, messages and all.
    pub mistakes: usize,
}

/// Labelled lines and their judgements, collected one by one. No message is kept but those of the
/// mistakes asked for.
pub struct Evaluation {
    options: Options,
    labels: Vec<Category>,
    verdicts: Column,
    members: [Column; 3],
    forwarded: Vec<bool>,
    confidence: Vec<f32>,
    groups: Names,
    slices: Names,
    mistakes: Mistakes,
    degraded: usize,
}

/// What one judge made of each line.
#[derive(Default)]
struct Column {
    predicted: Vec<Category>,
    scores: Vec<f64>,
    voted: usize,
    /// The raw score of each line, until a line has none; only of a member with a single one.
    raw: Vec<f64>,
}

/// Names met, numbered as they come, and the number of each line's.
#[derive(Default)]
struct Names {
    known: HashMap<Option<String>, usize>,
    of_line: Vec<usize>,
}

impl Evaluation {
    /// Without a line as yet.
    pub fn new(options: Options) -> Evaluation {
        let mistakes = Mistakes::new(options.mistakes);
        Evaluation {
            options,
            labels: Vec::new(),
            verdicts: Column::default(),
            members: Default::default(),
            forwarded: Vec::new(),
            confidence: Vec::new(),
            groups: Names::default(),
            slices: Names::default(),
            mistakes,
            degraded: 0,
        }
    }

    /// Adds a line, its number in the file, and its judgement with votes.
    pub fn add(&mut self, labelled: Labelled, line: usize, judgement: &Judgement) {
        let verdict = &judgement.verdict;
        let voted = verdict.reason != Reason::NoVote;
        self.mistakes.add(&labelled, line, verdict);
        self.labels.push(labelled.label);
        self.groups.add(Some(labelled.group));
        self.slices.add(labelled.slice);
        self.verdicts
            .add(verdict.category, forward_score(verdict), voted);
        self.forwarded.push(verdict.forward);
        self.confidence.push(verdict.confidence);
        let lacking = |flag: &Flag| matches!(flag, Flag::Degraded | Flag::FailOpen);
        self.degraded += usize::from(verdict.flags.iter().any(lacking));
        for (member, column) in Member::ALL.into_iter().zip(&mut self.members) {
            let votes = judgement.explanation.iter().flat_map(|e| &e.votes);
            let vote = votes.into_iter().find(|vote| vote.member == member);
            let cast = vote.filter(|vote| vote.voted).and_then(|vote| vote.scores);
            match cast {
                Some(scores) => column.add(scores.winner(), worth(scores), true),
                None => column.add(Category::Routine, ABSTAINED, false),
            }
            if let Some([raw]) = vote.and_then(|vote| vote.raw.as_deref()) {
                column.raw.push(f64::from(*raw));
            }
        }
    }

    /// How many lines were added.
    pub fn lines(&self) -> usize {
        self.labels.len()
    }

    /// What was asked for.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Lines of each label.
    pub(super) fn labels(&self) -> [usize; 4] {
        Category::ALL.map(|category| self.labels.iter().filter(|&&l| l == category).count())
    }

    /// How many groups the lines are of.
    pub(super) fn groups(&self) -> usize {
        self.groups.known.len()
    }

    /// Verdicts that lack a member.
    pub(super) fn degraded(&self) -> usize {
        self.degraded
    }

    /// The most confident mistakes, the surest first.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        self.mistakes.surest()
    }

    /// Share of lines on which somebody voted.
    pub(super) fn voted(&self) -> f64 {
        self.verdicts.voted as f64 / self.lines().max(1) as f64
    }

    /// Everything that is told of the verdicts.
    pub(super) fn of_verdicts(&self) -> OfVerdicts {
        let at = &self.options.at;
        let ranking = Ranking::new(&self.verdicts.scores);
        let decided = Decided {
            forwarded: &self.forwarded,
            confidence: &self.confidence,
        };
        let sample = self.sample(&self.verdicts, &ranking, Some(decided));
        let bootstrap = self.options.bootstrap;
        OfVerdicts {
            figures: sample.figures(at, |_| 1),
            intervals: bootstrap.intervals(sample, at, &self.groups.of_line),
            confusion: sample.confusion(|_| 1),
            curves: Curves::of(&self.labels, &ranking),
            reliability: sample.reliability(decided, |_| 1),
        }
    }

    /// One member alone.
    pub(super) fn of_member(&self, member: Member) -> OfMember {
        let column = &self.members[member as usize];
        // The anomaly score is low where a line is strange, and is there on lines without a vote too.
        let raw: Vec<f64> = column.raw.iter().map(|raw| -raw).collect();
        let by_raw = member == Member::Anomaly && raw.len() == self.lines();
        let ranking = Ranking::new(if by_raw { &raw } else { &column.scores });
        let sample = self.sample(column, &ranking, None);
        OfMember {
            voted: column.voted as f64 / self.lines().max(1) as f64,
            figures: sample.figures(&self.options.at, |_| 1),
            confusion: sample.confusion(|_| 1),
        }
    }

    /// The verdicts told apart by the field that the options name, the most lines first.
    pub(super) fn slices(&self) -> Vec<Slice> {
        let mut places = vec![Vec::new(); self.slices.known.len()];
        for (place, &slice) in self.slices.of_line.iter().enumerate() {
            places[slice].push(place);
        }
        let known = self.slices.known.iter();
        let mut made: Vec<Slice> = known
            .map(|(name, &slice)| self.slice(name.clone(), &places[slice]))
            .collect();
        made.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.name.cmp(&b.name)));
        made
    }

    fn slice(&self, name: Option<String>, places: &[usize]) -> Slice {
        let labels: Vec<Category> = places.iter().map(|&at| self.labels[at]).collect();
        let predicted: Vec<_> = places
            .iter()
            .map(|&at| self.verdicts.predicted[at])
            .collect();
        let scores: Vec<f64> = places.iter().map(|&at| self.verdicts.scores[at]).collect();
        let forwarded: Vec<bool> = places.iter().map(|&at| self.forwarded[at]).collect();
        let confidence: Vec<f32> = places.iter().map(|&at| self.confidence[at]).collect();
        let sample = Sample {
            labels: &labels,
            predicted: &predicted,
            ranking: &Ranking::new(&scores),
            decided: Some(Decided {
                forwarded: &forwarded,
                confidence: &confidence,
            }),
        };
        Slice {
            name,
            lines: places.len(),
            figures: sample.figures(&self.options.at, |_| 1),
        }
    }

    fn sample<'a>(
        &'a self,
        column: &'a Column,
        ranking: &'a Ranking,
        decided: Option<Decided<'a>>,
    ) -> Sample<'a> {
        Sample {
            labels: &self.labels,
            predicted: &column.predicted,
            ranking,
            decided,
        }
    }
}

/// What is told of the verdicts alone.
pub(super) struct OfVerdicts {
    pub figures: Figures,
    pub intervals: Option<Figures<[f64; 2]>>,
    pub confusion: Confusion,
    pub curves: Curves,
    pub reliability: Reliability,
}

impl Column {
    fn add(&mut self, predicted: Category, score: f64, voted: bool) {
        self.predicted.push(predicted);
        self.scores.push(score);
        self.voted += usize::from(voted);
    }
}

impl Names {
    fn add(&mut self, name: Option<String>) {
        let next = self.known.len();
        self.of_line.push(*self.known.entry(name).or_insert(next));
    }
}

/// critical + suspicious.
fn worth(scores: Scores) -> f64 {
    f64::from(scores.critical) + f64::from(scores.suspicious)
}

/// The forward score of a verdict, see the head of this room.
fn forward_score(verdict: &Verdict) -> f64 {
    let score = worth(verdict.scores);
    match (verdict.reason, verdict.category) {
        (Reason::NoVote, _) => ABSTAINED,
        (_, Category::Critical | Category::Suspicious) => score.max(f64::from(verdict.confidence)),
        (_, Category::Routine | Category::Noise) => score,
    }
}

#[cfg(test)]
#[path = "judged_tests.rs"]
mod tests;
