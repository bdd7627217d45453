//! Verdicts as people and programs want them: NDJSON, JSON, a table, lines passed through, a summary.

use std::io::{self, Write};
use std::time::Instant;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::{Value, json};

use super::classify::OutputFormat;
use super::input::Line;
use crate::pipeline::{Explanation, Identity, Judgement};
use crate::record::{BadRecord, Entry, RecordId};
use crate::verdict::{Category, Verdict};

/// Characters of a message that a table row shows.
const TABLE_MESSAGE: usize = 100;

/// One result: the same shape as in an answer over HTTP.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RecordId>,
    index: usize,
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a Explanation>,
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
    Passthrough(Passthrough),
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

    pub(super) fn passthrough(out: impl Write + 'static, style: Passthrough) -> Renderer {
        Renderer {
            out: Box::new(out),
            style: Style::Passthrough(style),
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
            Style::Passthrough(style) => style.write(&mut self.out, line, judgement)?,
        }
        self.written += 1;
        Ok(())
    }

    /// A reader at the other end of a pipe waits for these lines.
    pub(super) fn end_of_batch(&mut self) -> io::Result<()> {
        match self.style {
            Style::Passthrough(_) => self.out.flush(),
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
        (Entry::Record(record), Some(judgement)) => serde_json::to_writer(
            out,
            &Row {
                id: record.id.as_ref(),
                index: record.index,
                verdict: &judgement.verdict,
                explanation: judgement.explanation.as_ref(),
            },
        )?,
        (Entry::Bad(bad), _) => serde_json::to_writer(out, &bad_row(bad))?,
        (Entry::Record(_), None) => {}
    }
    Ok(())
}

fn bad_row(bad: &BadRecord) -> Value {
    json!({
        "id": bad.id,
        "index": bad.index,
        "error": {"code": bad.code, "detail": bad.detail},
        "forward": true,
    })
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

/// The line itself with its verdict: a JSON object gets the key `logtriage`, any other line a prefix
/// `CATEGORY CONFIDENCE forward|keep` and a tab.
pub(super) struct Passthrough;

impl Passthrough {
    pub(super) fn new() -> Passthrough {
        Passthrough
    }

    fn write(
        &self,
        out: &mut dyn Write,
        line: &Line,
        judgement: Option<&Judgement>,
    ) -> anyhow::Result<()> {
        if let Ok(Value::Object(mut object)) = serde_json::from_slice(&line.bytes) {
            let verdict = match (judgement, &line.entry) {
                (Some(judgement), _) => serde_json::to_value(&judgement.verdict)?,
                (None, Entry::Bad(bad)) => bad_row(bad),
                (None, Entry::Record(_)) => Value::Null,
            };
            object.insert("logtriage".to_owned(), verdict);
            serde_json::to_writer(&mut *out, &object)?;
        } else {
            match judgement.map(|j| &j.verdict) {
                Some(verdict) => {
                    let action = if verdict.forward { "forward" } else { "keep" };
                    write!(
                        out,
                        "{} {:.2} {action}\t",
                        verdict.category, verdict.confidence
                    )?;
                }
                None => write!(out, "unreadable 0.00 forward\t")?,
            }
            out.write_all(&line.bytes)?;
        }
        writeln!(out)?;
        Ok(())
    }
}

/// What was judged, for the table at the end.
pub(super) struct Summary {
    started: Instant,
    records: [u64; 4],
    forwarded: [u64; 4],
    bytes: [u64; 4],
    forwarded_bytes: [u64; 4],
    unreadable: u64,
}

impl Summary {
    pub(super) fn start() -> Summary {
        Summary {
            started: Instant::now(),
            records: [0; 4],
            forwarded: [0; 4],
            bytes: [0; 4],
            forwarded_bytes: [0; 4],
            unreadable: 0,
        }
    }

    pub(super) fn count(&mut self, line: &Line, judgement: Option<&Judgement>) {
        let Some(verdict) = judgement.map(|j| &j.verdict) else {
            self.unreadable += 1;
            return;
        };
        let (place, bytes) = (verdict.category.index(), line.bytes.len() as u64);
        self.records[place] += 1;
        self.bytes[place] += bytes;
        if verdict.forward {
            self.forwarded[place] += 1;
            self.forwarded_bytes[place] += bytes;
        }
    }

    /// Prints the table to standard error: standard output belongs to the verdicts.
    pub(super) fn print(&self) {
        let total: u64 = self.records.iter().sum();
        let share =
            |part: u64, whole: u64| format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64);
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "category",
            "records",
            "share",
            "forwarded",
            "bytes",
            "bytes forwarded",
        ]);
        for category in Category::ALL {
            let i = category.index();
            table.add_row([
                category.to_string(),
                self.records[i].to_string(),
                share(self.records[i], total),
                self.forwarded[i].to_string(),
                self.bytes[i].to_string(),
                self.forwarded_bytes[i].to_string(),
            ]);
        }
        let sum = |a: &[u64; 4]| a.iter().sum::<u64>();
        table.add_row([
            "all".to_owned(),
            total.to_string(),
            share(total, total),
            sum(&self.forwarded).to_string(),
            sum(&self.bytes).to_string(),
            sum(&self.forwarded_bytes).to_string(),
        ]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let seconds = self.started.elapsed().as_secs_f64();
        eprintln!("{table}\n");
        eprintln!(
            "{total} records in {seconds:.1} s ({:.0} a second); {} of the records and {} of the bytes are forwarded{}",
            total as f64 / seconds.max(1e-9),
            share(sum(&self.forwarded), total),
            share(sum(&self.forwarded_bytes), sum(&self.bytes)),
            if self.unreadable > 0 {
                format!("; {} records could not be read", self.unreadable)
            } else {
                String::new()
            },
        );
    }
}
