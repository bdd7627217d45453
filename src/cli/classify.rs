//! `logtriage classify`: verdicts for files or standard input, in constant memory.

use std::io::{self, BufWriter, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::input::{Line, Lines};
use super::judging::{self, CHUNK};
use super::output::{OutputFormat, Renderer};
use super::progress::Progress;
use super::summary::Summary;
use crate::bundle::Origin;
use crate::pipeline::{Detail, Judgement, Snapshot};
use crate::record::{Entry, Record};
use crate::verdict::Category;

/// Judge the lines of files, or of standard input, by the built-in bundle or another.
#[derive(Debug, Args)]
pub struct ClassifyArgs {
    /// How verdicts are written
    #[arg(long, value_enum, default_value = "ndjson")]
    format: OutputFormat,
    /// Write only these categories
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',', value_parser = category)]
    only: Vec<Category>,
    /// Copy each line to standard output with its verdict as soon as it comes
    #[arg(long, conflicts_with = "format")]
    passthrough: bool,
    /// Add votes and matched rules
    #[arg(long)]
    votes: bool,
    /// Add votes, matched rules, the terms with their effect, and the numeric features
    #[arg(long)]
    explain: bool,
    /// No progress bar and no summary
    #[arg(long, short)]
    quiet: bool,
    /// A bundle's directory, in place of the configured one
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// Do not judge the bundle's golden samples first; for the trainer, which records them
    #[arg(long, requires = "bundle")]
    skip_golden: bool,
    /// Configuration file
    #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Files of lines or NDJSON; standard input where none is named
    files: Vec<PathBuf>,
}

fn category(name: &str) -> Result<Category, String> {
    let names = Category::ALL.map(Category::as_str).join(", ");
    Category::from_name(name).ok_or_else(|| format!("expected one of {names}"))
}

impl ClassifyArgs {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = super::configuration(self.config.as_deref())?;
        let named = self.bundle.clone().map(Origin::Directory);
        let snapshot = judging::snapshot(&config, named, self.skip_golden)?;
        let limits = judging::limits(&config);
        let progress = Progress::start(&self.files, self.quiet);
        let mut lines = Lines::open(self.files.clone(), limits);
        let mut renderer = self.renderer(&snapshot)?;
        let mut summary = Summary::start();
        let mut batch = Vec::new();
        let threads = config.engine.workers.get();
        loop {
            lines.fill(&mut batch, CHUNK * threads, self.passthrough)?;
            if batch.is_empty() {
                break;
            }
            let judgements = judge(&snapshot, &batch, self.detail(), threads);
            let mut judgements = judgements.into_iter();
            for line in &batch {
                let judgement = match &line.entry {
                    Some(Entry::Record(_)) => judgements.next(),
                    _ => None,
                };
                summary.count(line, judgement.as_ref());
                if self.shows(line, judgement.as_ref()) {
                    renderer.write(line, judgement.as_ref())?;
                }
            }
            renderer.end_of_batch()?;
            progress.at(lines.consumed());
        }
        renderer.finish()?;
        progress.finish();
        if !self.quiet {
            summary.print();
        }
        Ok(ExitCode::SUCCESS)
    }

    fn detail(&self) -> Detail {
        match (self.explain, self.votes) {
            (true, _) => Detail::Full,
            (false, true) => Detail::Votes,
            (false, false) => Detail::None,
        }
    }

    fn renderer(&self, snapshot: &Snapshot) -> anyhow::Result<Renderer> {
        let out = BufWriter::new(io::stdout());
        if self.passthrough {
            return Ok(Renderer::passthrough(out));
        }
        let color = io::stdout().is_terminal();
        Renderer::new(out, self.format, &snapshot.knowledge().identity, color)
    }

    /// An unreadable record is always shown: nothing is lost in silence. A blank line is copied.
    fn shows(&self, line: &Line, judgement: Option<&Judgement>) -> bool {
        match judgement {
            Some(j) => self.only.is_empty() || self.only.contains(&j.verdict.category),
            None => line.entry.is_some() || self.passthrough,
        }
    }
}

/// Judges the records of a batch; answers in order.
fn judge(snapshot: &Snapshot, batch: &[Line], detail: Detail, threads: usize) -> Vec<Judgement> {
    let records: Vec<Record> = batch
        .iter()
        .filter_map(|line| match &line.entry {
            Some(Entry::Record(record)) => Some(record.clone()),
            _ => None,
        })
        .collect();
    judging::judge(snapshot, &records, detail, threads)
}
