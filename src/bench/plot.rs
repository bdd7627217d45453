//! Latency against load, as an SVG file.

use std::path::Path;

use plotters::prelude::*;

use super::BenchError;
use super::measure::Percentiles;

/// One load of a sweep.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Point {
    /// Records a second that were due.
    pub due: f64,
    /// Records a second that were answered.
    pub answered: f64,
    /// Latency in milliseconds.
    pub latency_ms: Percentiles,
}

/// A percentile that is drawn: its name, its colour, where it is read.
type Line = (&'static str, RGBColor, fn(&Percentiles) -> f64);
const LINES: [Line; 3] = [
    ("p50", BLUE, |times| times.p50),
    ("p99", RED, |times| times.p99),
    ("p99.9", BLACK, |times| times.p999),
];

/// Writes the drawing: the median and two high percentiles over the load, latency on a logarithmic
/// scale.
///
/// # Errors
/// Where the file cannot be written.
pub fn draw(points: &[Point], title: &str, path: &Path) -> Result<(), BenchError> {
    try_draw(points, title, path).map_err(|error| BenchError::File {
        path: path.to_owned(),
        detail: format!("the plot cannot be written: {error}"),
    })
}

fn try_draw(points: &[Point], title: &str, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let times = || {
        LINES
            .iter()
            .flat_map(|line| points.iter().map(|p| (line.2)(&p.latency_ms)))
    };
    // A logarithmic axis has no zero, and an axis must have a length.
    let least = times().fold(1.0, f64::min).max(1e-3) * 0.8;
    let most = times().fold(1.0, f64::max) * 1.25;
    let widest = points.iter().map(|p| p.due).fold(1.0, f64::max) * 1.05;
    let area = SVGBackend::new(path, (800, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..widest, (least..most).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("records/s due")
        .y_desc("latency, ms")
        .draw()?;
    for (name, colour, read) in LINES {
        let series = points
            .iter()
            .map(|p| (p.due, read(&p.latency_ms).max(least)));
        chart
            .draw_series(LineSeries::new(series, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_are_drawn_and_a_sweep_without_answers_is_no_panic() {
        let point = |due, p50| Point {
            due,
            answered: due,
            latency_ms: Percentiles {
                p50,
                p99: p50 * 10.0,
                p999: p50 * 40.0,
                ..Percentiles::default()
            },
        };
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("plot.svg");
        draw(&[point(10.0, 0.5), point(2e4, 3.0)], "a < b", &path).expect("a plot");
        let drawn = std::fs::read_to_string(&path).expect("the plot");
        assert!(drawn.contains("p99.9") && drawn.contains("a &lt; b"));
        assert!(
            drawn.matches("<polyline").count() >= 3,
            "one line a percentile"
        );
        draw(&[], "nothing", &path).expect("a plot");
        draw(&[point(5.0, 0.0)], "no answer", &path).expect("a plot");
        assert!(draw(&[], "", &directory.path().join("no/such")).is_err());
    }
}
