//! The commands: one file each, arguments in and an exit code out.

pub mod bench;
pub mod bundle;
pub mod classify;
pub mod config;
mod diff;
pub mod features;
mod input;
mod migrate;
mod output;
mod pack;
mod progress;
pub mod rules;
pub mod serve;
mod signing;
mod summary;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::BenchError;
use crate::bundle::{BundleError, Origin};
use crate::config::{AccessShare, Config, ConfigError, LogConfig, LogFormat, LogLevel};
use crate::migrate::MigrateError;
use crate::telemetry;

/// Judges log records: critical, suspicious, routine or noise, how sure it is, and why.
#[derive(Debug, Parser)]
#[command(name = "logtriage", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::BenchArgs),
    Bundle(bundle::BundleArgs),
    Classify(classify::ClassifyArgs),
    Config(config::ConfigArgs),
    Features(features::FeaturesArgs),
    Rules(rules::RulesArgs),
    Serve(serve::ServeArgs),
}

/// Exit code of bad usage or configuration (`EX_USAGE` of sysexits.h).
pub const BAD_USAGE: u8 = 64;

/// The exit code of an error: 64 where the configuration is to blame, else 1.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    let site = error
        .downcast_ref()
        .is_some_and(BundleError::is_of_the_site);
    let usage = error.downcast_ref().is_some_and(BenchError::is_usage);
    let config = error.is::<ConfigError>() || error.is::<MigrateError>();
    if site || usage || config {
        ExitCode::from(BAD_USAGE)
    } else {
        ExitCode::FAILURE
    }
}

impl Cli {
    /// Runs the command that the arguments name.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if !matches!(self.command, Command::Serve(_)) {
            // A command that ends by itself speaks up only where something is wrong.
            telemetry::init_logs(&LogConfig {
                level: LogLevel::Warn,
                format: LogFormat::Text,
                access: AccessShare::OFF,
            });
        }
        match self.command {
            Command::Bench(args) => args.run(),
            Command::Bundle(args) => args.run(),
            Command::Classify(args) => args.run(),
            Command::Config(args) => args.run(),
            Command::Features(args) => args.run(),
            Command::Rules(args) => args.run(),
            Command::Serve(args) => args.run(),
        }
    }
}

/// A bundle by its name on the command line: a directory, a `.tar.zst` archive, or the word default for
/// the one built in.
fn origin(name: &Path) -> Result<Origin, BundleError> {
    if name.as_os_str() == "default" {
        Ok(Origin::Builtin)
    } else {
        Origin::at(name)
    }
}

/// The configuration of a command: the file, if any, and the environment.
fn configuration(path: Option<&Path>) -> Result<Config, ConfigError> {
    // A variable that is no Unicode cannot be one of ours.
    let variables = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    Config::load(path, variables)
}
