//! The four plots of the page.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::EvaluateError;
use super::super::report::Report;
use super::canvas::{BLUE, DrawError, INK, ORANGE, RED, SIZE, figure, legend, nothing, unit_chart};
use crate::verdict::Category;

/// Room for the labels of the confusion matrix, in pixels.
const LEFT: i32 = 100;
const TOP: i32 = 44;

/// Labels down, verdicts across, each cell as dark as its share of the row.
pub(super) fn confusion(report: &Report) -> Result<String, EvaluateError> {
    let about = "Rows are labels, columns verdicts: how many lines, and which share of the row.";
    figure("confusion", "Confusion", about, |area| {
        let style = |size: i32, horizontal| {
            TextStyle::from(("sans-serif", size).into_font())
                .color(&INK)
                .pos(Pos::new(horizontal, VPos::Center))
        };
        let (width, height) = (SIZE.0 as i32 - LEFT - 8, SIZE.1 as i32 - TOP - 8);
        let corner = |column: i32, row: i32| (LEFT + column * width / 4, TOP + row * height / 4);
        let middle = |a: (i32, i32), b: (i32, i32)| ((a.0 + b.0) / 2, (a.1 + b.1) / 2);
        for (place, category) in Category::ALL.into_iter().enumerate() {
            let at = place as i32;
            let name = category.as_str().to_owned();
            let across = middle(corner(at, 0), corner(at + 1, 0));
            let above = (across.0, TOP / 2);
            area.draw(&Text::new(name.clone(), above, style(15, HPos::Center)))?;
            let down = middle(corner(0, at), corner(0, at + 1));
            let beside = (LEFT - 10, down.1);
            area.draw(&Text::new(name, beside, style(15, HPos::Right)))?;
            let total: u64 = report.confusion[place].iter().sum();
            for (column, &count) in (0..).zip(&report.confusion[place]) {
                let share = count as f64 / total.max(1) as f64;
                let cell = [corner(column, at), corner(column + 1, at + 1)];
                let fill = BLUE.mix(0.05 + 0.6 * share).filled();
                let inner = [
                    (cell[0].0 + 2, cell[0].1 + 2),
                    (cell[1].0 - 2, cell[1].1 - 2),
                ];
                area.draw(&Rectangle::new(inner, fill))?;
                let (x, y) = middle(cell[0], cell[1]);
                let counted = Text::new(count.to_string(), (x, y - 10), style(19, HPos::Center));
                area.draw(&counted)?;
                if total > 0 {
                    let share = format!("{:.0} %", share * 100.0);
                    area.draw(&Text::new(share, (x, y + 14), style(13, HPos::Center)))?;
                }
            }
        }
        Ok(())
    })
}

/// Recall of critical and of suspicious lines against the share of all lines forwarded.
pub(super) fn volume(report: &Report) -> Result<String, EvaluateError> {
    let (name, title) = ("volume", "Recall against volume forwarded");
    let points = &report.curves.volume;
    let curve = |of: fn(&super::super::Volume) -> Option<f64>| -> Option<Vec<(f64, f64)>> {
        let points = points
            .iter()
            .map(|point| Some((point.forwarded, of(point)?)));
        points.collect()
    };
    let curves = [
        ("critical", RED, curve(|point| point.critical)),
        ("suspicious", ORANGE, curve(|point| point.suspicious)),
    ];
    if curves.iter().all(|(_, _, curve)| curve.is_none()) {
        let why = "no line is labelled critical or suspicious";
        return Ok(nothing(name, title, why));
    }
    let about = "Lines are forwarded from the highest forward score down; the diagonal is chance. \
                 Points are what this bundle forwards by its own decision.";
    figure(name, title, about, |area| {
        let mut chart = unit_chart(area, "share of all lines forwarded", "recall")?;
        for (name, colour, curve) in curves {
            let Some(curve) = curve else { continue };
            chart
                .draw_series(LineSeries::new(curve, colour.stroke_width(2)))?
                .label(name)
                .legend(move |at| swatch(at, colour));
            let category = Category::from_name(name);
            let class = category.and_then(|category| report.figures.classes.get(&category));
            let own = class.and_then(|class| class.forwarded);
            if let (Some(x), Some(y)) = (report.figures.forwarded, own) {
                chart.draw_series(std::iter::once(Circle::new((x, y), 5, colour.filled())))?;
            }
        }
        legend(&mut chart)
    })
}

/// Share of right verdicts against confidence; the larger a point, the more lines it stands for.
pub(super) fn reliability(report: &Report) -> Result<String, EvaluateError> {
    let about = "Verdicts in ten bins of confidence; on the diagonal confidence is the share of right \
                 verdicts. The larger a point, the more lines.";
    figure("reliability", "Reliability", about, |area| {
        let mut chart = unit_chart(area, "mean confidence", "share of right verdicts")?;
        let bins = &report.reliability.bins;
        let points: Vec<(f64, f64, u64)> = bins
            .iter()
            .filter_map(|bin| Some((bin.confidence?, bin.right?, bin.lines)))
            .collect();
        let line = points.iter().map(|&(x, y, _)| (x, y));
        chart.draw_series(LineSeries::new(line, BLUE.stroke_width(2)))?;
        let most = points.iter().map(|&(_, _, lines)| lines).max().unwrap_or(1);
        chart.draw_series(points.iter().map(|&(x, y, lines)| {
            // An area that grows with the lines.
            let size = 3.0 + 9.0 * (lines as f64 / most as f64).sqrt();
            Circle::new((x, y), size as i32, BLUE.mix(0.7).filled())
        }))?;
        Ok(())
    })
}

/// Critical and suspicious lines forwarded against others forwarded.
pub(super) fn roc(report: &Report) -> Result<String, EvaluateError> {
    let (name, title) = ("roc", "ROC of forwarding");
    let (Some(points), Some(area_under)) = (&report.curves.roc, report.figures.forward_auc) else {
        let why = "it needs critical or suspicious lines and others";
        return Ok(nothing(name, title, why));
    };
    let about = format!("The area under the curve is {area_under:.3}; the diagonal is chance.");
    figure(name, title, &about, |area| -> Result<(), DrawError> {
        let x = "share of routine and noise lines forwarded";
        let mut chart = unit_chart(area, x, "share of the others forwarded")?;
        let line = points.iter().map(|&[x, y]| (x, y));
        chart.draw_series(LineSeries::new(line, BLUE.stroke_width(2)))?;
        Ok(())
    })
}

fn swatch(at: (i32, i32), colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([at, (at.0 + 16, at.1)], colour.stroke_width(2))
}
