//! The tables of a report, the same in text and on the page.

use super::figures::{Class, Figures};
use super::report::Report;
use crate::verdict::Category;

/// One table: the first column is text, the others are mostly numbers.
pub(super) struct Grid {
    pub title: String,
    /// What to know of it.
    pub note: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Columns that hold text, and stand to the left.
    pub text: usize,
}

impl Grid {
    fn new(title: &str, note: impl Into<String>, head: &[&str], rows: Vec<Vec<String>>) -> Grid {
        Grid {
            title: title.to_owned(),
            note: note.into(),
            head: head.iter().map(|&cell| cell.to_owned()).collect(),
            rows,
            text: 1,
        }
    }
}

/// Three digits, or a dash where there is no figure.
pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

/// A share of all lines in whole or tenth percents.
pub(super) fn percent(share: f64) -> String {
    // 0.07 * 100 is not quite 7.
    format!("{} %", (share * 1000.0).round() / 10.0)
}

fn interval(ends: Option<[f64; 2]>) -> String {
    ends.map_or_else(String::new, |[low, high]| format!("{low:.3} to {high:.3}"))
}

/// The main figures with their intervals.
pub(super) fn main(report: &Report) -> Grid {
    let figures = &report.figures;
    let ends = |of: fn(&Figures<[f64; 2]>) -> Option<[f64; 2]>| {
        interval(report.intervals.as_ref().and_then(of))
    };
    let row = |name: &str, value, ends| vec![name.to_owned(), number(value), ends];
    let mut rows = vec![
        row("macro-F1", figures.macro_f1, ends(|f| f.macro_f1)),
        row("forward AUC", figures.forward_auc, ends(|f| f.forward_auc)),
    ];
    for (place, point) in figures.critical_recall.iter().enumerate() {
        let name = format!("critical recall at {} forwarded", percent(point.at));
        let of_point = report.intervals.as_ref();
        let of_point = of_point.and_then(|f| f.critical_recall[place].recall);
        rows.push(row(&name, point.recall, interval(of_point)));
    }
    let (error, of_error) = (figures.calibration_error, ends(|f| f.calibration_error));
    rows.extend([
        row("share forwarded", figures.forwarded, ends(|f| f.forwarded)),
        row("calibration error", error, of_error),
    ]);
    let note = match (&report.intervals, report.bootstrap.resamples) {
        (Some(_), resamples) => format!(
            "Intervals: 95 %, {resamples} resamples of {} groups, seed {}.",
            report.groups, report.bootstrap.seed
        ),
        (None, _) => String::new(),
    };
    Grid::new("Figures", note, &["figure", "value", "95 % interval"], rows)
}

/// Precision, recall and share forwarded of each category.
pub(super) fn classes(report: &Report) -> Grid {
    let with = |category: Category, of: fn(&Class) -> Option<f64>, ends: Ends| {
        let value = number(of(&report.figures.classes[&category]));
        let between = report.intervals.as_ref();
        let between = interval(between.and_then(|f| ends(&f.classes[&category])));
        if between.is_empty() {
            value
        } else {
            format!("{value} ({between})")
        }
    };
    let rows = Category::ALL.map(|category| {
        vec![
            category.to_string(),
            report.labels[&category].to_string(),
            with(category, |c| c.precision, |c| c.precision),
            with(category, |c| c.recall, |c| c.recall),
            number(report.figures.classes[&category].f1),
            with(category, |c| c.forwarded, |c| c.forwarded),
        ]
    });
    let head = [
        "category",
        "lines",
        "precision",
        "recall",
        "F1",
        "forwarded",
    ];
    Grid::new("By category", "", &head, rows.to_vec())
}

type Ends = fn(&Class<[f64; 2]>) -> Option<[f64; 2]>;

/// Labels down, verdicts across.
pub(super) fn confusion(report: &Report) -> Grid {
    let rows = Category::ALL.map(|category| {
        let counts = report.confusion[category.index()].map(|count| count.to_string());
        [vec![category.to_string()], counts.to_vec()].concat()
    });
    let names = Category::ALL.map(Category::as_str);
    let head = [&["label \\ judged"][..], &names].concat();
    Grid::new("Confusion", "", &head, rows.to_vec())
}

/// Each member alone, and all together.
pub(super) fn members(report: &Report) -> Grid {
    let row = |name: &str, voted: f64, figures: &Figures| {
        let main = [figures.macro_f1, figures.forward_auc].map(number);
        let recalls = figures.critical_recall.iter().map(|p| number(p.recall));
        let cells = [name.to_owned(), percent(voted)].into_iter();
        cells.chain(main).chain(recalls).collect()
    };
    let members = report.members.iter();
    let mut rows: Vec<Vec<String>> = members
        .map(|(member, of)| row(member.as_str(), of.voted, &of.figures))
        .collect();
    rows.push(row("verdict", report.voted, &report.figures));
    let mut grid = Grid::new(
        "Members alone",
        "Where a member abstains it counts as routine, with a forward score of 0.5; the anomaly \
         member is ranked by its raw score.",
        &["judge", "votes on", "macro-F1", "forward AUC"],
        rows,
    );
    grid.head.extend(recall_head(report));
    grid
}

fn recall_head(report: &Report) -> impl Iterator<Item = String> {
    let points = report.figures.critical_recall.iter();
    points.map(|point| format!("critical at {}", percent(point.at)))
}

/// The verdicts told apart, `most` rows.
pub(super) fn slices(report: &Report, most: usize) -> Grid {
    let values = &report.by.values;
    let rows = values.iter().take(most).map(|slice| {
        let figures = &slice.figures;
        let name = slice.name.as_deref().unwrap_or("(none)");
        let main = [figures.macro_f1, figures.forward_auc, figures.forwarded].map(number);
        let recalls = figures.critical_recall.iter().map(|p| number(p.recall));
        // A name comes out of the file, and may hold what a terminal would obey.
        let cells = [name.replace(char::is_control, " "), slice.lines.to_string()];
        cells.into_iter().chain(main).chain(recalls).collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let note = match values.len().saturating_sub(most) {
        0 => String::new(),
        more => format!("And {more} more with fewer lines; --format json has all."),
    };
    let head = [
        report.by.field.as_str(),
        "lines",
        "macro-F1",
        "forward AUC",
        "forwarded",
    ];
    let mut grid = Grid::new(&format!("By {}", report.by.field), note, &head, rows);
    grid.head.extend(recall_head(report));
    grid
}

/// Confidence against the share of right verdicts.
pub(super) fn reliability(report: &Report) -> Grid {
    let rows = report.reliability.bins.iter().map(|bin| {
        vec![
            format!("{:.1} to {:.1}", bin.from, bin.to),
            bin.lines.to_string(),
            number(bin.confidence),
            number(bin.right),
        ]
    });
    let head = ["confidence", "lines", "mean confidence", "share right"];
    Grid::new("Reliability", "", &head, rows.collect())
}

/// The most confident mistakes, where they were asked for.
pub(super) fn mistakes(report: &Report) -> Option<Grid> {
    let rows = report.mistakes.iter().map(|mistake| {
        vec![
            mistake.label.to_string(),
            mistake.category.to_string(),
            if mistake.forward { "yes" } else { "no" }.to_owned(),
            mistake.message.clone(),
            mistake.line.to_string(),
            format!("{:.3}", mistake.confidence),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let head = [
        "label",
        "judged",
        "forwarded",
        "message",
        "line",
        "confidence",
    ];
    let mut grid = Grid::new("Most confident mistakes", "", &head, rows);
    grid.text = 4;
    (!grid.rows.is_empty()).then_some(grid)
}
