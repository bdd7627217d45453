//! What the plots share: a drawing that becomes an element of the page, its colours, its axes.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::super::EvaluateError;
use super::escape;

/// Pixels of a plot before the page scales it.
pub(super) const SIZE: (u32, u32) = (560, 440);

/// Text and axes; the page's style makes it light where the page is dark.
pub(super) const INK: RGBColor = BLACK;
/// Grid lines; the page's style knows it too.
pub(super) const GRID: RGBColor = RGBColor(0xD0, 0xD0, 0xD0);
/// Readable on white and on black, and apart from each other for most who see few colours.
pub(super) const RED: RGBColor = RGBColor(0xD5, 0x45, 0x4B);
/// As [`RED`].
pub(super) const ORANGE: RGBColor = RGBColor(0xD9, 0x8A, 0x1F);
/// As [`RED`].
pub(super) const BLUE: RGBColor = RGBColor(0x3B, 0x82, 0xC4);

/// A drawing area over a string.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A chart of two shares.
pub(super) type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// What drawing fails with.
pub(super) type DrawError = Box<dyn std::error::Error>;

/// Draws into a figure of the page: a name for people and tests, a title, what it shows.
pub(super) fn figure(
    name: &'static str,
    title: &str,
    about: &str,
    draw: impl FnOnce(&Area<'_>) -> Result<(), DrawError>,
) -> Result<String, EvaluateError> {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(&area).and_then(|()| area.present().map_err(DrawError::from))
    };
    drawn.map_err(|error| EvaluateError::Plot {
        plot: name,
        detail: error.to_string(),
    })?;
    // Inside a page an SVG needs no namespace, and its size is the style's.
    let start = svg.find("<svg").unwrap_or(0);
    let inside = svg[start..].find('>').map_or(0, |end| start + end + 1);
    let (width, height) = SIZE;
    let (title, about) = (escape(title), escape(about));
    Ok(format!(
        "<figure id=\"{name}\">\n<figcaption>{title}</figcaption>\n<p>{about}</p>\n\
         <svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {width} {height}\">{}</figure>\n",
        &svg[inside..]
    ))
}

/// A figure for which the lines give nothing to draw.
pub(super) fn nothing(name: &str, title: &str, why: &str) -> String {
    let (title, why) = (escape(title), escape(why));
    format!(
        "<figure id=\"{name}\">\n<figcaption>{title}</figcaption>\n<p>Cannot be drawn: {why}.</p>\n\
         </figure>\n"
    )
}

/// Axes from 0 to 1, with the diagonal that stands for chance, or for confidence at its word.
pub(super) fn unit_chart<'a, 'b>(
    area: &'a Area<'b>,
    x: &str,
    y: &str,
) -> Result<Chart<'a, 'b>, DrawError> {
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    let share = |value: &f64| format!("{value:.1}");
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(&share)
        .y_label_formatter(&share)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .x_desc(x)
        .y_desc(y)
        .draw()?;
    let diagonal = [(0.0, 0.0), (1.0, 1.0)];
    chart.draw_series(std::iter::once(PathElement::new(diagonal, INK.mix(0.4))))?;
    Ok(chart)
}

/// Says what is drawn in which colour, low on the right, where these curves seldom are.
pub(super) fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>) -> Result<(), DrawError> {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font(("sans-serif", 14))
        .border_style(GRID)
        .draw()?;
    Ok(())
}
