//! `logtriage bundle diff`: what another bundle would change, before it serves.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::Value;

use super::input::{Line, Lines};
use crate::bundle::{
    BundleDiff, Changed, ChangedRule, Loader, Origin, Proof, VerdictDiff, VocabularyDiff, diff,
};
use crate::config::Config;
use crate::pipeline::{Detail, Snapshot};
use crate::record::{Entry, Limits, Record};
use crate::verdict::Category;

/// Records judged in one call of the models.
const CHUNK: usize = 256;
/// Most entries of a list in text; `--json` has all of them.
const SHOWN: usize = 20;
/// Most characters of a value in text.
const LONGEST_VALUE: usize = 60;

/// Compare two bundles: settings, vocabulary, rules, and what they make of a file of lines. Neither has
/// to pass its golden samples or be signed. Exits with 0 also where they differ, with 1 where one cannot
/// be read.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Judge the lines of this file with both, as `classify` reads them, with the site's packs and
    /// settings; - is standard input
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Print everything as one JSON document
    #[arg(long)]
    json: bool,
    /// Configuration file
    #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The bundle before: a directory, a .tar.zst archive, or the word default for the built-in one
    a: PathBuf,
    /// The bundle after
    b: PathBuf,
}

/// All that is printed.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    bundles: BundleDiff,
    /// Absent where no lines were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdicts: Option<VerdictDiff>,
}

impl DiffArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (a, b) = (super::origin(&self.a)?, super::origin(&self.b)?);
        let bundles = diff(&a, &b)?;
        let verdicts = match &self.lines {
            Some(path) => {
                let config = comparing(super::configuration(self.config.as_deref())?);
                Some(verdicts(&config, [&a, &b], path.clone())?)
            }
            None => None,
        };
        let report = Report { bundles, verdicts };
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        } else {
            write_text(&mut out, &report)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The configuration without what a bundle must meet before it serves: nothing is to serve here.
fn comparing(mut config: Config) -> Config {
    config.models.trusted_keys.clear();
    config.models.min_created = None;
    config.models.must_forward = None;
    config.engine.workers = NonZeroUsize::MIN;
    config
}

fn verdicts(config: &Config, origins: [&Origin; 2], path: PathBuf) -> anyhow::Result<VerdictDiff> {
    let loader = Loader::new(config)?;
    let [a, b] = origins.map(|origin| loader.load(origin, Proof::Skip, false));
    let (a, b) = (a?.snapshot, b?.snapshot);
    let limits = Limits {
        message: config.server.message_limit,
        json_depth: config.server.json_depth,
        ..Limits::default()
    };
    let mut lines = Lines::open(vec![path], limits);
    let mut found = VerdictDiff::default();
    let (mut batch, mut before) = (Vec::new(), 0);
    loop {
        lines.fill(&mut batch, CHUNK, false)?;
        if batch.is_empty() {
            return Ok(found);
        }
        compare(&a, &b, &batch, before, &mut found);
        before += batch.len();
    }
}

/// Judges the records of a batch that begins after `before` lines.
fn compare(a: &Snapshot, b: &Snapshot, batch: &[Line], before: usize, found: &mut VerdictDiff) {
    let (mut places, mut records): (Vec<usize>, Vec<Record>) = (Vec::new(), Vec::new());
    for (place, line) in batch.iter().enumerate() {
        if let Some(Entry::Record(record)) = &line.entry {
            places.push(before + place + 1);
            records.push(record.clone());
        }
    }
    let (by_a, by_b) = std::thread::scope(|scope| {
        let by_a = scope.spawn(|| a.judge(0, &records, Detail::None));
        let by_b = b.judge(0, &records, Detail::None);
        (by_a.join(), by_b)
    });
    let by_a = by_a.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let judged = by_a.iter().zip(&by_b);
    for ((line, record), (a, b)) in places.into_iter().zip(&records).zip(judged) {
        found.add(line, &record.message, &a.verdict, &b.verdict);
    }
}

fn write_text(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let bundles = &report.bundles;
    for (name, side) in [("a", &bundles.a), ("b", &bundles.b)] {
        let identity = &side.identity;
        let (source, digest) = (&side.source, &identity.digest);
        writeln!(
            out,
            "{name}: {} {} ({source})\n   {digest}",
            identity.name, identity.version
        )?;
    }
    writeln!(out, "\nsettings: {} differ", bundles.settings.len())?;
    for changed in &bundles.settings {
        write_changed(out, "  ", changed)?;
    }
    write_vocabulary(out, &bundles.vocabulary)?;
    let rules = &bundles.rules;
    let [before, after] = rules.rules;
    let (added, removed) = (&rules.added, &rules.removed);
    writeln!(
        out,
        "\nrules: {before} -> {after}; {} added, {} removed, {} changed",
        added.len(),
        removed.len(),
        rules.changed.len()
    )?;
    write_names(out, '+', added)?;
    write_names(out, '-', removed)?;
    for ChangedRule { id, parts } in &rules.changed {
        writeln!(out, "  ~ {id}")?;
        for part in parts {
            write_changed(out, "      ", part)?;
        }
    }
    match &report.verdicts {
        Some(verdicts) => write_verdicts(out, verdicts),
        None => Ok(()),
    }
}

fn write_vocabulary(out: &mut impl Write, vocabulary: &VocabularyDiff) -> io::Result<()> {
    let [before, after] = vocabulary.terms;
    writeln!(
        out,
        "\nvocabulary: {before} -> {after} terms; {} added, {} removed, {} of another idf",
        vocabulary.added.len(),
        vocabulary.removed.len(),
        vocabulary.changed.len()
    )?;
    write_names(out, '+', &vocabulary.added)?;
    write_names(out, '-', &vocabulary.removed)?;
    for changed in vocabulary.changed.iter().take(SHOWN) {
        write_changed(out, "  ~ ", changed)?;
    }
    write_rest(out, vocabulary.changed.len())
}

fn write_names(out: &mut impl Write, sign: char, names: &[String]) -> io::Result<()> {
    for name in names.iter().take(SHOWN) {
        writeln!(out, "  {sign} {name}")?;
    }
    write_rest(out, names.len())
}

fn write_rest(out: &mut impl Write, count: usize) -> io::Result<()> {
    match count.checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "    and {more} more (--json has all)"),
    }
}

fn write_changed(out: &mut impl Write, indent: &str, changed: &Changed) -> io::Result<()> {
    let (a, b) = (shown(&changed.a), shown(&changed.b));
    writeln!(out, "{indent}{}: {a} -> {b}", changed.what)
}

/// A value on one line, shortened.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.len() > 8 => format!("a list of {}", items.len()),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn write_verdicts(out: &mut impl Write, verdicts: &VerdictDiff) -> io::Result<()> {
    let VerdictDiff {
        records,
        category_changes,
        no_longer_forwarded,
        newly_forwarded,
        ..
    } = verdicts;
    writeln!(
        out,
        "\nverdicts on {records} records: {category_changes} of another category, \
         {no_longer_forwarded} no longer forwarded, {newly_forwarded} newly forwarded"
    )?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let names = Category::ALL.map(Category::as_str);
    table.set_header(["a \\ b"].into_iter().chain(names));
    for a in Category::ALL {
        let row = Category::ALL.map(|b| {
            let count = verdicts.matrix.get(&a).and_then(|row| row.get(&b));
            count.copied().unwrap_or(0).to_string()
        });
        table.add_row([a.as_str().to_owned()].into_iter().chain(row));
    }
    for column in 1..=Category::ALL.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{table}")?;
    for example in &verdicts.examples {
        let told = |judged: &crate::bundle::Judged| {
            let to = if judged.forward { "forwarded" } else { "kept" };
            format!("{} {:.2} {to}", judged.category, judged.confidence)
        };
        let (a, b) = (told(&example.a), told(&example.b));
        // A message may hold anything, also what a terminal would obey.
        let message = example.message.replace(char::is_control, " ");
        writeln!(out, "line {}: {a} -> {b}\n    {message}", example.line)?;
    }
    Ok(())
}
