//! A service of one's own: the same program, on free ports of the loopback, ended by its process id.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use super::BenchError;

/// A running service; it is killed when this is dropped.
pub struct Service {
    process: Child,
    address: String,
    start: Duration,
}

impl Service {
    /// Starts `logtriage serve` with the environment of this process, and waits until it serves.
    ///
    /// # Errors
    /// [`BenchError::Refused`] with its exit code where it ends instead.
    pub fn start(config: Option<&Path>) -> Result<Service, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::System)?;
        let mut command = Command::new(program);
        command.arg("serve");
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        // The ports are read from the log, so it must tell them.
        command.envs([
            ("LOGTRIAGE__SERVER__LISTEN", "127.0.0.1:0"),
            ("LOGTRIAGE__OPERATIONS__LISTEN", "127.0.0.1:0"),
            ("LOGTRIAGE__LOG__LEVEL", "info"),
            ("LOGTRIAGE__LOG__FORMAT", "json"),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped());
        let begun = Instant::now();
        let mut process = command.spawn().map_err(BenchError::System)?;
        let Some(log) = process.stderr.take() else {
            unreachable!("standard error was asked for");
        };
        let mut lines = BufReader::new(log).lines();
        let Some(address) = serving(&mut lines) else {
            let status = process.wait().map_err(BenchError::System)?;
            return Err(BenchError::Refused(status.code()));
        };
        let start = begun.elapsed();
        // Read to the end, so that the service never waits for somebody to read its log.
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| pass_on(&line));
        });
        Ok(Service {
            process,
            address,
            start,
        })
    }

    /// Host and port of its data port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// From the start of the process to its ports being open.
    pub fn start_time(&self) -> Duration {
        self.start
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It is ours and holds nothing; both fail only where it ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads the log up to the line that says where it serves; what is wrong is passed on.
fn serving(lines: &mut Lines<BufReader<ChildStderr>>) -> Option<String> {
    for line in lines.map_while(Result::ok) {
        let told: Option<serde_json::Value> = serde_json::from_str(&line).ok();
        match told {
            Some(told) if told["message"] == "serving" => {
                return told["listen"].as_str().map(str::to_owned);
            }
            _ => pass_on(&line),
        }
    }
    None
}

/// Shows a line of the log, unless it only tells what goes well.
fn pass_on(line: &str) {
    let told: Option<serde_json::Value> = serde_json::from_str(line).ok();
    if told.is_none_or(|told| told["level"] != "INFO") {
        eprintln!("{line}");
    }
}
