//! Verdicts as people and programs want them: NDJSON, JSON, a table, lines passed through.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::de::IgnoredAny;

use super::input::Line;
use crate::answer::{JudgedRecord, UnreadRecord};
use crate::pipeline::{Identity, Judgement};
use crate::record::Entry;
use crate::verdict::Category;

/// Characters of a message that a table row shows.
const TABLE_MESSAGE: usize = 100;

/// How verdicts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// One JSON object a line.
    Ndjson,
    /// One JSON document.
    Json,
    /// Columns for a person.
    Table,
}

/// Writes results one by one; nothing is gathered, whatever the length of the input.
pub(super) struct Renderer {
    out: Box<dyn Write>,
    style: Style,
    written: usize,
}

enum Style {
    Ndjson,
    Json(Identity),
    Table { color: bool },
    Passthrough,
}

impl Renderer {
    pub(super) fn new(
        out: impl Write + 'static,
        format: OutputFormat,
        model: &Identity,
        color: bool,
    ) -> anyhow::Result<Renderer> {
        let mut out: Box<dyn Write> = Box::new(out);
        let style = match format {
            OutputFormat::Ndjson => Style::Ndjson,
            OutputFormat::Json => {
                write!(out, "{{\"results\":[")?;
                Style::Json(model.clone())
            }
            OutputFormat::Table => {
                writeln!(
                    out,
                    "{:<10}  {:>4}  {:<7}  {:<14}  message",
                    "category", "conf", "forward", "reason"
                )?;
                Style::Table { color }
            }
        };
        Ok(Renderer {
            out,
            style,
            written: 0,
        })
    }

    /// Copies lines with their verdicts.
    pub(super) fn passthrough(out: impl Write + 'static) -> Renderer {
        Renderer {
            out: Box::new(out),
            style: Style::Passthrough,
            written: 0,
        }
    }

    /// Writes one result; `judgement` is `None` for a record that could not be read.
    pub(super) fn write(
        &mut self,
        line: &Line,
        judgement: Option<&Judgement>,
    ) -> anyhow::Result<()> {
        match &self.style {
            Style::Ndjson => {
                write_result(&mut self.out, line, judgement)?;
                writeln!(self.out)?;
            }
            Style::Json(_) => {
                self.out
                    .write_all(if self.written == 0 { b"\n" } else { b",\n" })?;
                write_result(&mut self.out, line, judgement)?;
            }
            Style::Table { color } => write_table_row(&mut self.out, *color, line, judgement)?,
            Style::Passthrough => pass_through(&mut self.out, line, judgement)?,
        }
        self.written += 1;
        Ok(())
    }

    /// A reader at the other end of a pipe waits for these lines.
    pub(super) fn end_of_batch(&mut self) -> io::Result<()> {
        match self.style {
            Style::Passthrough => self.out.flush(),
            _ => Ok(()),
        }
    }

    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        if let Style::Json(model) = &self.style {
            writeln!(
                self.out,
                "\n],\"model\":{}}}",
                serde_json::to_string(model)?
            )?;
        }
        self.out.flush()?;
        Ok(())
    }
}

fn write_result(
    out: &mut dyn Write,
    line: &Line,
    judgement: Option<&Judgement>,
) -> anyhow::Result<()> {
    match (&line.entry, judgement) {
        (Some(Entry::Record(record)), Some(judgement)) => serde_json::to_writer(
            out,
            &JudgedRecord::new(record.id.as_ref(), record.index, judgement),
        )?,
        (Some(Entry::Bad(bad)), _) => serde_json::to_writer(out, &UnreadRecord::from(bad))?,
        _ => {}
    }
    Ok(())
}

fn write_table_row(
    out: &mut dyn Write,
    color: bool,
    line: &Line,
    judgement: Option<&Judgement>,
) -> anyhow::Result<()> {
    let shown: String = String::from_utf8_lossy(&line.bytes)
        .chars()
        .take(TABLE_MESSAGE)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let Some(judgement) = judgement else {
        writeln!(
            out,
            "{:<10}  {:>4}  {:<7}  {:<14}  {shown}",
            "unreadable", "", "yes", ""
        )?;
        return Ok(());
    };
    let verdict = &judgement.verdict;
    let reason = serde_json::to_value(verdict.reason)?;
    let (start, end) = if color {
        (paint(verdict.category), "\x1b[0m")
    } else {
        ("", "")
    };
    writeln!(
        out,
        "{start}{:<10}{end}  {:>4.2}  {:<7}  {:<14}  {shown}",
        verdict.category.as_str(),
        verdict.confidence,
        if verdict.forward { "yes" } else { "no" },
        reason.as_str().unwrap_or_default(),
    )?;
    Ok(())
}

fn paint(category: Category) -> &'static str {
    match category {
        Category::Critical => "\x1b[1;31m",
        Category::Suspicious => "\x1b[33m",
        Category::Routine => "\x1b[32m",
        Category::Noise => "\x1b[2m",
    }
}

/// The line as it came, with its verdict: a JSON object gets a last key `logtriage`, any other line
/// a prefix `CATEGORY CONFIDENCE forward|keep` and a tab. Not a byte of the line is changed.
fn pass_through(
    out: &mut dyn Write,
    line: &Line,
    judgement: Option<&Judgement>,
) -> anyhow::Result<()> {
    let text = line.bytes.trim_ascii_end();
    if let Some(inside) = text.strip_suffix(b"}").filter(|_| is_object(text)) {
        let empty = inside.trim_ascii_end().ends_with(b"{");
        out.write_all(inside)?;
        out.write_all(if empty {
            b"\"logtriage\":"
        } else {
            b",\"logtriage\":"
        })?;
        match (judgement, &line.entry) {
            (Some(judgement), _) => serde_json::to_writer(&mut *out, &judgement.verdict)?,
            (None, Some(Entry::Bad(bad))) => {
                serde_json::to_writer(&mut *out, &UnreadRecord::from(bad))?;
            }
            _ => out.write_all(b"null")?,
        }
        out.write_all(b"}")?;
    } else {
        match (judgement.map(|j| &j.verdict), &line.entry) {
            (Some(verdict), _) => {
                let action = if verdict.forward { "forward" } else { "keep" };
                write!(
                    out,
                    "{} {:.2} {action}\t",
                    verdict.category, verdict.confidence
                )?;
            }
            (None, Some(_)) => write!(out, "unreadable 0.00 forward\t")?,
            (None, None) => {}
        }
        out.write_all(&line.bytes)?;
    }
    writeln!(out)?;
    Ok(())
}

fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
