//! `logtriage evaluate`: what a bundle makes of labelled lines, in figures.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use super::judging::{self, CHUNK};
use crate::evaluate::{
    Bootstrap, DataFile, EvaluateError, Evaluation, Labelled, Options, Report, page, write_text,
};
use crate::pipeline::{Detail, Snapshot};
use crate::record::{Limits, Record};

/// Measure a bundle on a file of labelled lines: what it gets right, what it forwards, and how sure the
/// figures are.
///
/// FILE is NDJSON, one object a line: message, label (critical, suspicious, routine or noise), and
/// optionally source, severity and group. Nothing else of a line is judged. Lines of one group are drawn
/// together for the intervals; without a group the source stands for it, else the masked message.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// A bundle: a directory, a .tar.zst archive, or the word default for the built-in one; else the
    /// configured one
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// Do not judge the bundle's golden samples first; for the trainer, which has none yet
    #[arg(long, requires = "bundle")]
    skip_golden: bool,
    /// Configuration file
    #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// How the report is written to standard output
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
    /// Also write the report as an HTML page, with plots and without anything to load
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
    /// Percents of all lines for which the recall of critical ones is told
    #[arg(long, value_name = "PERCENTS", value_delimiter = ',', value_parser = share, default_value = "20,30,50")]
    at: Vec<f64>,
    /// Tell figures apart by this field of the lines
    #[arg(long, value_name = "FIELD", default_value = "source")]
    by: String,
    /// How often lines are drawn anew for the intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=100_000))]
    bootstrap: u32,
    /// Where the random numbers of the intervals start
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Show the N most confident mistakes, with the start of their messages
    #[arg(long, value_name = "N", default_value_t = 0)]
    mistakes: usize,
    /// What to say of the lines at the head of the report, such as where their labels are from
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Labelled lines; - is standard input
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReportFormat {
    /// Tables for people
    Text,
    /// One JSON document
    Json,
}

fn share(percent: &str) -> Result<f64, String> {
    let number: Option<f64> = percent.trim().trim_end_matches('%').trim_end().parse().ok();
    let known = number.filter(|number| *number > 0.0 && *number <= 100.0);
    known.map_or_else(
        || Err("expected a number above 0 and up to 100".to_owned()),
        |number| Ok(number / 100.0),
    )
}

impl EvaluateArgs {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = super::configuration(self.config.as_deref())?;
        let named = self.bundle.as_deref().map(super::origin).transpose()?;
        let snapshot = judging::snapshot(&config, named, self.skip_golden)?;
        let mut reader = Reader::open(&self.file, &self.by, judging::limits(&config))?;
        let mut evaluation = Evaluation::new(Options {
            at: self.at.clone(),
            bootstrap: Bootstrap {
                resamples: self.bootstrap,
                seed: self.seed,
            },
            by: self.by.clone(),
            mistakes: self.mistakes,
        });
        judge_all(
            &snapshot,
            &mut reader,
            &mut evaluation,
            config.engine.workers.get(),
        )?;
        if evaluation.lines() == 0 {
            return Err(EvaluateError::Empty { file: reader.name }.into());
        }
        let identity = snapshot.knowledge().identity.as_ref().clone();
        let report = Report::of(&evaluation, identity, reader.data_file(), self.note.clone());
        // The page first: who reads only the start of the text has it all the same.
        if let Some(path) = &self.html {
            std::fs::write(path, page(&report)?)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let mut out = io::stdout().lock();
        match self.format {
            ReportFormat::Text => write_text(&mut out, &report)?,
            ReportFormat::Json => {
                serde_json::to_writer_pretty(&mut out, &report)?;
                writeln!(out)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn judge_all(
    snapshot: &Snapshot,
    reader: &mut Reader,
    evaluation: &mut Evaluation,
    threads: usize,
) -> anyhow::Result<()> {
    loop {
        let batch = reader.read(CHUNK * threads)?;
        if batch.is_empty() {
            return Ok(());
        }
        let records: Vec<Record> = batch.iter().map(|(_, l)| l.record.clone()).collect();
        let judgements = judging::judge(snapshot, &records, Detail::Votes, threads);
        for ((line, labelled), judgement) in batch.into_iter().zip(&judgements) {
            evaluation.add(labelled, line, judgement);
        }
    }
}

/// Reads labelled lines, and the digest of all of the file with them.
struct Reader {
    input: Box<dyn BufRead>,
    name: String,
    by: String,
    limits: Limits,
    line: usize,
    records: usize,
    digest: Sha256,
}

impl Reader {
    fn open(path: &Path, by: &str, limits: Limits) -> anyhow::Result<Reader> {
        let name = path.display().to_string();
        let input: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).with_context(|| format!("cannot open {name}"))?)
        };
        Ok(Reader {
            input: Box::new(BufReader::new(input)),
            name,
            by: by.to_owned(),
            limits,
            line: 0,
            records: 0,
            digest: Sha256::new(),
        })
    }

    /// Up to `most` labelled lines with their numbers; none at the end.
    fn read(&mut self, most: usize) -> anyhow::Result<Vec<(usize, Labelled)>> {
        let mut batch = Vec::new();
        let mut bytes = Vec::new();
        while batch.len() < most {
            bytes.clear();
            let read = self.input.read_until(b'\n', &mut bytes);
            if read.with_context(|| format!("cannot read {}", self.name))? == 0 {
                break;
            }
            self.digest.update(&bytes);
            self.line += 1;
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let labelled = Labelled::read(&bytes, self.records, &self.by, &self.limits);
            let labelled = labelled.map_err(|detail| EvaluateError::Line {
                file: self.name.clone(),
                line: self.line,
                detail,
            })?;
            self.records += 1;
            batch.push((self.line, labelled));
        }
        Ok(batch)
    }

    fn data_file(self) -> DataFile {
        let digest = self.digest.finalize();
        let base = Path::new(&self.name).file_name();
        DataFile {
            name: base.map_or(self.name.clone(), |base| base.display().to_string()),
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}
