//! `logtriage features`: what the models see of each record, for the trainer.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::input::Lines;
use crate::features::{NUMERIC_NAMES, NUMERIC_VERSION, TokenSink, numeric_features, send_tokens};
use crate::parse::{Format, Severity};
use crate::pipeline;
use crate::record::{Entry, Limits, Record, RecordId};
use crate::text::{self, NORMALIZER_VERSION, TOKENIZER_VERSION, Tokenizer};

/// Write normalised text, tokens and numeric features of each record as NDJSON.
#[derive(Debug, Args)]
pub struct FeaturesArgs {
    /// Print the versions and the names of the numeric features, and end
    #[arg(long)]
    schema: bool,
    /// Files of lines or NDJSON; standard input where none is named
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Row<'a> {
    index: usize,
    id: &'a Option<RecordId>,
    format: Format,
    source: Option<&'a str>,
    severity: Option<Severity>,
    normalized: &'a str,
    tokens: &'a [String],
    numeric: Vec<u32>,
}

#[derive(Default)]
struct Tokens(Vec<String>);

impl TokenSink for Tokens {
    fn token(&mut self, token: &str, _apart: bool) {
        self.0.push(token.to_owned());
    }
}

impl FeaturesArgs {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut out = BufWriter::new(io::stdout().lock());
        if self.schema {
            serde_json::to_writer(&mut out, &schema())?;
            writeln!(out)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut lines = Lines::open(self.files, Limits::default());
        let mut batch = Vec::new();
        let mut tokenizer = Tokenizer::default();
        loop {
            lines.fill(&mut batch, 256, false)?;
            if batch.is_empty() {
                out.flush()?;
                return Ok(ExitCode::SUCCESS);
            }
            for line in &batch {
                match &line.entry {
                    Some(Entry::Record(record)) => write_row(record, &mut tokenizer, &mut out)?,
                    None => {}
                    Some(Entry::Bad(bad)) => anyhow::bail!("record {}: {}", bad.index, bad.detail),
                }
            }
        }
    }
}

fn schema() -> serde_json::Value {
    json!({
        "normalizer": NORMALIZER_VERSION,
        "tokenizer": TOKENIZER_VERSION,
        "numeric": {"version": NUMERIC_VERSION, "names": NUMERIC_NAMES, "integer": true},
    })
}

fn write_row(
    record: &Record,
    tokenizer: &mut Tokenizer,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let parsed = pipeline::read(record);
    let mut normalized = String::new();
    text::normalize(parsed.body, &mut normalized);
    let mut tokens = Tokens::default();
    let masks = send_tokens(parsed.header(), &normalized, tokenizer, &mut tokens);
    let row = Row {
        index: record.index,
        id: &record.id,
        format: parsed.format,
        source: parsed.source.as_deref(),
        severity: parsed.severity,
        normalized: &normalized,
        tokens: &tokens.0,
        numeric: numeric_features(parsed.body, masks)
            .map(|value| value as u32)
            .to_vec(),
    };
    serde_json::to_writer(&mut *out, &row)?;
    writeln!(out)?;
    Ok(())
}
