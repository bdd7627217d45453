//! `logtriage bundle verify`: would a start serve this bundle, and do both engines agree on it?

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::bundle::{KeyArgs, signed};
use crate::bundle::{ENGINE_TOLERANCE, Loaded, Loader, Origin, Proof, compare_engines};
use crate::config::Config;

/// Prove a bundle as a start does; exits with 1 where it would be refused.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Also run its graphs on both engines, and fail where they differ by more than rounding
    #[arg(long)]
    engines: bool,
    /// Configuration file
    #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyArgs,
    /// The bundle's directory or .tar.zst archive, or the word default for the built-in bundle
    #[arg(default_value = "default")]
    bundle: PathBuf,
}

impl VerifyArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = super::configuration(self.config.as_deref())?;
        let config = self.keys.apply(config);
        let origin = super::origin(&self.bundle)?;
        let loaded = Loader::new(&config)?.load(&origin, Proof::Golden, false)?;
        let mut out = io::stdout().lock();
        write_checks(&mut out, &origin, &loaded, &config)?;
        if self.engines && !write_engines(&mut out, &origin, &config)? {
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn write_checks(
    out: &mut impl Write,
    origin: &Origin,
    loaded: &Loaded,
    config: &Config,
) -> io::Result<()> {
    let manifest = &loaded.manifest;
    let digest = &loaded.snapshot.knowledge().identity.digest;
    writeln!(
        out,
        "bundle:   {} {} ({origin})",
        manifest.name, manifest.version
    )?;
    writeln!(out, "digest:   {digest}")?;
    writeln!(out, "signed:   {}", signed(loaded))?;
    writeln!(
        out,
        "files:    {} of the stated size and SHA-256",
        manifest.files.len()
    )?;
    writeln!(
        out,
        "settings: format {}, normalizer {}, tokenizer {}, numbers {}",
        manifest.format,
        manifest.text.normalizer,
        manifest.text.tokenizer,
        manifest.numeric.version
    )?;
    writeln!(
        out,
        "rules:    {} compile, the site's included",
        loaded.snapshot.knowledge().rules.len()
    )?;
    for (member, info) in ["classifier", "anomaly"]
        .into_iter()
        .zip(loaded.snapshot.model_infos())
    {
        writeln!(
            out,
            "graph:    {member} has the declared shapes, runs on {} ({})",
            info.engine, info.engine_reason
        )?;
    }
    writeln!(
        out,
        "golden:   {} samples gave their verdicts, scores within {}",
        loaded.golden_samples, manifest.golden.tolerance
    )?;
    writeln!(
        out,
        "warm-up:  ran on the models of {} workers",
        config.engine.workers
    )
}

/// False where the engines differ by more than rounding.
fn write_engines(out: &mut impl Write, origin: &Origin, config: &Config) -> anyhow::Result<bool> {
    let mut holds = true;
    for compared in compare_engines(&config.engine, origin)? {
        let member = compared.member;
        match compared.outcome {
            Err(reason) => writeln!(out, "engines:  {member} not compared: {reason}")?,
            Ok(difference) => {
                holds &= difference.holds();
                writeln!(
                    out,
                    "engines:  {member} {}: {} rows, largest difference {:.1e} of the sum of absolute \
                     leaves (at most {ENGINE_TOLERANCE:.0e}), {} changes of the highest score",
                    if difference.holds() {
                        "agrees"
                    } else {
                        "DIFFERS"
                    },
                    difference.rows,
                    difference.largest,
                    difference.argmax_changes
                )?;
            }
        }
    }
    Ok(holds)
}
