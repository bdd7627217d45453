//! Everything that is told of an evaluation, as JSON has it and as text and the page show it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bootstrap::Bootstrap;
use super::curves::Curves;
use super::figures::{Confusion, Figures};
use super::judged::Evaluation;
use super::mistakes::Mistake;
use super::reliability::Reliability;
use crate::pipeline::Identity;
use crate::verdict::{Category, Member};

/// Fewer groups give intervals that are rough themselves.
const FEW_GROUPS: usize = 20;

/// An evaluation.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Which bundle judged.
    pub bundle: Identity,
    /// Which lines it judged.
    pub file: DataFile,
    /// What their owner says of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Labelled lines.
    pub lines: usize,
    /// Lines of each label.
    pub labels: BTreeMap<Category, usize>,
    /// Groups of lines, which the intervals are drawn from.
    pub groups: usize,
    /// Share of the lines on which a member voted.
    pub voted: f64,
    /// What is told of the verdicts.
    pub figures: Figures,
    /// The 95 % interval of each figure, where there are any.
    pub intervals: Option<Figures<[f64; 2]>>,
    /// How they were made.
    pub bootstrap: Bootstrap,
    /// Figures that these lines do not give, and why.
    pub missing: Vec<Missing>,
    /// What else to know before the figures are believed.
    pub remarks: Vec<String>,
    /// Labels down, verdicts across, most severe first.
    pub confusion: Confusion,
    /// What other thresholds would give.
    pub curves: Curves,
    /// Whether confidence can be taken at its word.
    pub reliability: Reliability,
    /// Each member alone.
    pub members: BTreeMap<Member, OfMember>,
    /// The verdicts told apart by a field of the lines.
    pub by: Slices,
    /// The most confident mistakes, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
}

/// Which lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataFile {
    /// The file's name, without its directories.
    pub name: String,
    /// The SHA-256 of all of it, in hexadecimal digits.
    pub sha256: String,
}

/// A figure that the lines do not give.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missing {
    /// Its name.
    pub figure: String,
    /// Why.
    pub why: String,
}

/// One member alone.
#[derive(Clone, Debug, Serialize)]
pub struct OfMember {
    /// Share of the lines on which it voted.
    pub voted: f64,
    /// What it gets right; it forwards nothing by itself.
    #[serde(flatten)]
    pub figures: Figures,
    /// Labels down, votes across.
    pub confusion: Confusion,
}

/// The verdicts told apart.
#[derive(Clone, Debug, Serialize)]
pub struct Slices {
    /// The field of the lines.
    pub field: String,
    /// One entry a value, the most lines first.
    pub values: Vec<Slice>,
}

/// The lines that have one value of a field.
#[derive(Clone, Debug, Serialize)]
pub struct Slice {
    /// The value; `None` for the lines without one.
    pub name: Option<String>,
    /// How many.
    pub lines: usize,
    /// What is told of them.
    #[serde(flatten)]
    pub figures: Figures,
}

impl Report {
    /// Counts everything up.
    pub fn of(
        evaluation: &Evaluation,
        bundle: Identity,
        file: DataFile,
        note: Option<String>,
    ) -> Report {
        let told = evaluation.of_verdicts();
        let options = evaluation.options();
        let members = Member::ALL.map(|member| (member, evaluation.of_member(member)));
        Report {
            bundle,
            file,
            note,
            lines: evaluation.lines(),
            labels: Category::ALL.into_iter().zip(evaluation.labels()).collect(),
            groups: evaluation.groups(),
            voted: evaluation.voted(),
            missing: missing(evaluation, &told.figures, told.intervals.is_some()),
            remarks: remarks(evaluation),
            figures: told.figures,
            intervals: told.intervals,
            bootstrap: options.bootstrap,
            confusion: told.confusion,
            curves: told.curves,
            reliability: told.reliability,
            members: BTreeMap::from(members),
            by: Slices {
                field: options.by.clone(),
                values: evaluation.slices(),
            },
            mistakes: evaluation.mistakes(),
        }
    }
}

/// What cannot be had, each with the lines that it would need.
fn missing(evaluation: &Evaluation, figures: &Figures, intervals: bool) -> Vec<Missing> {
    let mut found = Vec::new();
    let mut add = |figure: String, why: String| found.push(Missing { figure, why });
    let [critical, suspicious, ..] = evaluation.labels();
    if figures.forward_auc.is_none() {
        let none = if critical + suspicious == 0 {
            "critical or suspicious"
        } else {
            "routine or noise"
        };
        let why = format!("no line is labelled {none}, and lines of both kinds are compared");
        add("forward AUC and ROC curve".to_owned(), why);
    }
    if critical == 0 {
        let why = "no line is labelled critical".to_owned();
        add("critical recall at a share forwarded".to_owned(), why);
    }
    for (category, class) in &figures.classes {
        if class.recall.is_none() {
            let figure = format!("recall, F1 and share forwarded of {category}");
            add(figure, format!("no line is labelled {category}"));
        }
        if class.precision.is_none() {
            let why = format!("no line was judged {category}");
            add(format!("precision of {category}"), why);
        }
    }
    if !intervals && evaluation.options().bootstrap.resamples > 0 {
        let why = "all lines are of one group, and whole groups are drawn".to_owned();
        add("confidence intervals".to_owned(), why);
    }
    found
}

fn remarks(evaluation: &Evaluation) -> Vec<String> {
    let mut made = Vec::new();
    let (degraded, groups) = (evaluation.degraded(), evaluation.groups());
    if degraded > 0 {
        made.push(format!(
            "{degraded} verdicts lack a member that failed: these are not the bundle's figures."
        ));
    }
    if (2..FEW_GROUPS).contains(&groups) && evaluation.options().bootstrap.resamples > 0 {
        made.push(format!(
            "The intervals rest on {groups} groups and are rough themselves; below {FEW_GROUPS} they \
             tend to be too narrow."
        ));
    }
    made
}
