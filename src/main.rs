//! The `logtriage` command: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use logtriage::cli::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Printing fails only where nobody reads.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(logtriage::cli::BAD_USAGE),
            };
        }
    };
    match cli.run() {
        Ok(code) => code,
        Err(error) if reader_went_away(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("logtriage: {error:#}");
            logtriage::cli::exit_code(&error)
        }
    }
}

/// `logtriage classify ... | head` is no failure.
fn reader_went_away(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        let json = cause.downcast_ref::<serde_json::Error>();
        cause.downcast_ref().is_some_and(broken)
            || json.is_some_and(|e| e.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe))
    })
}
