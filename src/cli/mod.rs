//! The commands: one file each, arguments in and an exit code out.

pub mod features;
mod input;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Judges log records: critical, suspicious, routine or noise, how sure it is, and why.
#[derive(Debug, Parser)]
#[command(name = "logtriage", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Features(features::FeaturesArgs),
}

impl Cli {
    /// Runs the command that the arguments name.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Features(args) => args.run(),
        }
    }
}
