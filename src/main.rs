//! The `logtriage` command: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use logtriage::cli::Cli;
use logtriage::config::ConfigError;

/// Bad usage or configuration (`EX_USAGE` of sysexits.h).
const BAD_USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Printing fails only where nobody reads.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(BAD_USAGE),
            };
        }
    };
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("logtriage: {error:#}");
            let bad_configuration = error.downcast_ref::<ConfigError>().is_some();
            if bad_configuration {
                ExitCode::from(BAD_USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
