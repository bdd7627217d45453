//! A report as one page that needs nothing else: style and plots are inside it.

mod canvas;
mod plots;

use std::fmt::Write;

use super::EvaluateError;
use super::report::Report;
use super::tables::{self, Grid};

/// Most values of the field by which figures are told apart.
const SLICES: usize = 200;

/// Nothing may be loaded, also not by a browser that finds a reason to.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The report as an HTML page with its plots: confusion, recall against volume forwarded, reliability
/// and ROC. It opens without a network and shows no message but those of [`Report::mistakes`].
///
/// # Errors
/// Where a plot cannot be drawn.
pub fn page(report: &Report) -> Result<String, EvaluateError> {
    let title = escape(&format!(
        "Evaluation of {} {}",
        report.bundle.name, report.bundle.version
    ));
    let mut body = String::new();
    add(&mut body, format_args!("<h1>{title}</h1>\n"));
    if let Some(note) = &report.note {
        add(
            &mut body,
            format_args!("<p class=\"note\">{}</p>\n", escape(note)),
        );
    }
    body.push_str(&of_what(report));
    body.push_str(&notes(report));
    body.push_str(&grid(&tables::main(report)));
    body.push_str("<div class=\"plots\">\n");
    for figure in [
        plots::confusion(report)?,
        plots::volume(report)?,
        plots::reliability(report)?,
        plots::roc(report)?,
    ] {
        body.push_str(&figure);
    }
    body.push_str("</div>\n");
    let others = [
        tables::classes(report),
        tables::confusion(report),
        tables::members(report),
        tables::slices(report, SLICES),
        tables::reliability(report),
    ];
    for other in others.iter().chain(&tables::mistakes(report)) {
        body.push_str(&grid(other));
    }
    let style = include_str!("page.css");
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    ))
}

/// Which bundle, and which lines.
fn of_what(report: &Report) -> String {
    let labels = report.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let lines = format!("{} ({})", report.lines, labels.join(", "));
    let rows = [
        ("bundle digest", report.bundle.digest.clone()),
        ("file", report.file.name.clone()),
        ("SHA-256 of the file", report.file.sha256.clone()),
        ("lines", lines),
        ("groups", report.groups.to_string()),
    ];
    let mut list = String::from("<dl>\n");
    for (name, value) in rows {
        add(
            &mut list,
            format_args!("<dt>{name}</dt><dd>{}</dd>\n", escape(&value)),
        );
    }
    list.push_str("</dl>\n");
    list
}

/// What these lines do not give, and what else to know.
fn notes(report: &Report) -> String {
    let mut made = String::new();
    for remark in &report.remarks {
        add(
            &mut made,
            format_args!("<p class=\"note\">{}</p>\n", escape(remark)),
        );
    }
    if report.missing.is_empty() {
        return made;
    }
    made.push_str("<h2>Cannot be had of these lines</h2>\n<ul>\n");
    for missing in &report.missing {
        let (figure, why) = (escape(&missing.figure), escape(&missing.why));
        add(&mut made, format_args!("<li>{figure}: {why}</li>\n"));
    }
    made.push_str("</ul>\n");
    made
}

fn grid(grid: &Grid) -> String {
    let mut made = format!("<h2>{}</h2>\n", escape(&grid.title));
    if !grid.note.is_empty() {
        add(&mut made, format_args!("<p>{}</p>\n", escape(&grid.note)));
    }
    // A wide table scrolls by itself, not the page.
    made.push_str("<div class=\"scroll\"><table>\n<thead>");
    made.push_str(&row("th scope=\"col\"", "th", &grid.head, grid.text));
    made.push_str("</thead>\n<tbody>\n");
    for cells in &grid.rows {
        made.push_str(&row("td", "td", cells, grid.text));
    }
    made.push_str("</tbody>\n</table></div>\n");
    made
}

/// One row; the first `text` cells stand to the left.
fn row(open: &str, close: &str, cells: &[String], text: usize) -> String {
    let mut made = String::from("<tr>");
    for (place, cell) in cells.iter().enumerate() {
        let class = if place < text {
            ""
        } else {
            " class=\"number\""
        };
        add(
            &mut made,
            format_args!("<{open}{class}>{}</{close}>", escape(cell)),
        );
    }
    made.push_str("</tr>\n");
    made
}

/// Text as it may stand in an element or between the quotes of an attribute.
fn escape(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&#39;"),
            other => made.push(other),
        }
    }
    made
}

/// Writing to a string does not fail.
fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_html_loses_it() {
        assert_eq!(
            escape(r#"<b a="1" c='2'>&"#),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"
        );
    }
}
