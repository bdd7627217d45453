//! `logtriage bundle inspect`: what a bundle holds, without serving it. The other commands for bundles
//! have files of their own.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::bundle::{Loaded, Loader, Origin, Proof};
use crate::config::{Config, public_key};

/// Look at bundles, compare, sign and pack them.
#[derive(Debug, Args)]
pub struct BundleArgs {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    Inspect(InspectArgs),
    Verify(super::verify::VerifyArgs),
    Keygen(super::signing::KeygenArgs),
    Sign(super::signing::SignArgs),
    Pack(super::pack::PackArgs),
    Diff(super::diff::DiffArgs),
}

/// Load and prove a bundle, then show its identity, settings, files and graphs.
#[derive(Debug, Args)]
struct InspectArgs {
    /// Print everything as one JSON document
    #[arg(long)]
    json: bool,
    /// Configuration file
    #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyArgs,
    /// The bundle's directory or .tar.zst archive; the built-in bundle where none is named
    #[arg(default_value = "default")]
    bundle: PathBuf,
}

/// Keys in the place of the configured ones.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    /// A public key, or its file, that must have signed the bundle; may be said several times, one of
    /// them is enough [default: models.trusted_keys]
    #[arg(long = "key", value_name = "KEY", value_parser = public_key)]
    keys: Vec<String>,
}

impl KeyArgs {
    /// The configuration with these keys.
    pub(super) fn apply(&self, mut config: Config) -> Config {
        if !self.keys.is_empty() {
            config.models.trusted_keys = self.keys.clone();
        }
        config
    }
}

impl BundleArgs {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            BundleCommand::Inspect(args) => args.run(),
            BundleCommand::Verify(args) => args.run(),
            BundleCommand::Keygen(args) => args.run(),
            BundleCommand::Sign(args) => args.run(),
            BundleCommand::Pack(args) => args.run(),
            BundleCommand::Diff(args) => args.run(),
        }
    }
}

impl InspectArgs {
    fn run(self) -> anyhow::Result<ExitCode> {
        let config = super::configuration(self.config.as_deref())?;
        let config = self.keys.apply(config);
        let origin = super::origin(&self.bundle)?;
        let loaded = Loader::new(&config)?.load(&origin, Proof::Golden, false)?;
        let knowledge = loaded.snapshot.knowledge();
        let [classifier, anomaly] = loaded.snapshot.model_infos();
        let everything = json!({
            "source": origin.to_string(),
            "digest": knowledge.identity.digest,
            "signed_by": loaded.signed_by,
            "proof": "golden samples passed",
            "rules": knowledge.rules.len(),
            "manifest": loaded.manifest,
            "models": {"classifier": classifier, "anomaly": anomaly},
        });
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &everything)?;
            writeln!(out)?;
            return Ok(ExitCode::SUCCESS);
        }
        write_text(&mut out, &origin, &loaded)?;
        for (member, info) in [("classifier", classifier), ("anomaly", anomaly)] {
            writeln!(
                out,
                "\n{member}: {} on {} ({})",
                info.engine, info.provider, info.engine_reason
            )?;
            let graph = serde_json::to_value(&info.graph)?;
            for (key, value) in graph
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, v)| !v.is_null())
            {
                writeln!(out, "  {key}: {value}")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Who signed a bundle, as far as anybody asked.
pub(super) fn signed(loaded: &Loaded) -> String {
    match &loaded.signed_by {
        Some(id) => format!("by the trusted key {id}"),
        None => "not looked at (no trusted keys, or built in)".to_owned(),
    }
}

fn write_text(out: &mut impl Write, origin: &Origin, loaded: &Loaded) -> io::Result<()> {
    let manifest = &loaded.manifest;
    let knowledge = loaded.snapshot.knowledge();
    let members = &manifest.members;
    writeln!(
        out,
        "bundle:  {} {} ({origin})",
        manifest.name, manifest.version
    )?;
    writeln!(out, "digest:  {}", knowledge.identity.digest)?;
    writeln!(out, "created: {}", manifest.created)?;
    writeln!(out, "signed:  {}", signed(loaded))?;
    writeln!(out, "proof:   golden samples passed")?;
    writeln!(
        out,
        "text:    normalizer {}, tokenizer {}, n-grams {} to {}",
        manifest.text.normalizer,
        manifest.text.tokenizer,
        manifest.text.ngram.0,
        manifest.text.ngram.1
    )?;
    writeln!(
        out,
        "decision: min_confidence {}, noise_threshold {}",
        manifest.decision.min_confidence, manifest.decision.noise_threshold
    )?;
    writeln!(out, "\nmember      weight  what")?;
    writeln!(
        out,
        "rules       {:<6}  {} rules",
        members.rules.weight,
        knowledge.rules.len()
    )?;
    let classifier = &members.classifier;
    writeln!(
        out,
        "classifier  {:<6}  {}, {} columns, missing {:?}, temperature {}",
        classifier.weight,
        classifier.kind,
        classifier.input_width,
        classifier.missing,
        classifier.calibration.temperature
    )?;
    let anomaly = &members.anomaly;
    writeln!(
        out,
        "anomaly     {:<6}  {}, {} columns, threshold {}",
        anomaly.weight, anomaly.kind, anomaly.input_width, anomaly.threshold
    )?;
    writeln!(out, "\n{:<18} {:>9}  sha256", "file", "bytes")?;
    for (name, entry) in &manifest.files {
        writeln!(out, "{name:<18} {:>9}  {}", entry.size, entry.sha256)?;
    }
    Ok(())
}
