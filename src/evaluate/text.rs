//! A report for people at a terminal.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};

use super::report::Report;
use super::tables::{self, Grid};

/// Most values of the field by which figures are told apart.
const SLICES: usize = 20;

/// Writes the report as text.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_text(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let bundle = &report.bundle;
    writeln!(out, "bundle: {} {}", bundle.name, bundle.version)?;
    writeln!(out, "        {}", bundle.digest)?;
    writeln!(out, "file:   {}", report.file.name)?;
    writeln!(out, "        sha256:{}", report.file.sha256)?;
    let labels = report.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let (lines, groups) = (report.lines, report.groups);
    writeln!(
        out,
        "lines:  {lines} ({}) in {groups} groups",
        labels.join(", ")
    )?;
    if let Some(note) = &report.note {
        writeln!(out, "note:   {note}")?;
    }
    let mut grids = vec![
        tables::main(report),
        tables::classes(report),
        tables::confusion(report),
        tables::members(report),
        tables::slices(report, SLICES),
        tables::reliability(report),
    ];
    grids.extend(tables::mistakes(report));
    for grid in &grids {
        write_grid(out, grid)?;
    }
    if !report.missing.is_empty() {
        writeln!(out, "\nCannot be had of these lines")?;
    }
    for missing in &report.missing {
        writeln!(out, "  {}: {}", missing.figure, missing.why)?;
    }
    for remark in &report.remarks {
        writeln!(out, "\n{remark}")?;
    }
    Ok(())
}

fn write_grid(out: &mut impl Write, grid: &Grid) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(&grid.head);
    for row in &grid.rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(grid.text) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(out, "\n{}", grid.title)?;
    if !grid.note.is_empty() {
        writeln!(out, "{}", grid.note)?;
    }
    // The style pads cells, also the last one of a line.
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
