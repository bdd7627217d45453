//! `logtriage config check`: what holds in the end, once file and environment are put together; and
//! `config migrate`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::migrate::MigrateArgs;

/// Look at the configuration.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Read the configuration and print what holds, as YAML; exits with 64 where it is wrong
    Check {
        /// Configuration file in YAML; without one the defaults and the environment hold
        #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
    Migrate(MigrateArgs),
}

impl ConfigArgs {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = match self.command {
            ConfigCommand::Check { config } => config,
            ConfigCommand::Migrate(args) => return args.run(),
        };
        let config = super::configuration(config.as_deref())?;
        let yaml = serde_yaml::to_string(&config)?;
        std::io::stdout().lock().write_all(yaml.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
