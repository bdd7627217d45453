//! What `logtriage bench` measures with: lines, requests, connections, and what is read off.
//!
//! The load shares the machine with what it loads, so it is cheap: bodies are built ahead, answers
//! are counted and a sample of them is checked, one thread does all of it. What counts is records
//! per CPU second of the server, which its own process is asked for.

mod bodies;
mod child;
mod client;
mod library;
mod load;
mod measure;
mod plot;
pub mod process;
mod report;
pub mod workload;

use std::path::PathBuf;

use thiserror::Error;

pub use bodies::{Bodies, Form, Lines};
pub use child::Service;
pub use client::Target;
pub use library::judge;
pub use load::{Look, Outcome, Plan, run};
pub use measure::{Counts, Percentiles, Times};
pub use plot::{Point, draw};
pub use report::{Report, Setting, describe};

/// Why nothing could be measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// Arguments that cannot be met.
    #[error("{0}")]
    Usage(String),
    /// A file of lines that cannot be used.
    #[error("{}: {detail}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        detail: String,
    },
    /// The service that was to be measured ended before it served.
    #[error(
        "expected a service, found that it ended with exit code {}; its own words are above",
        .0.map_or_else(|| "none".to_owned(), |code| code.to_string())
    )]
    Refused(Option<i32>),
    /// The system gave no thread, no runtime or no process.
    #[error("the system refuses what the measurement needs: {0}")]
    System(#[from] std::io::Error),
}

impl BenchError {
    /// True where arguments or configuration are to blame.
    pub fn is_usage(&self) -> bool {
        matches!(self, BenchError::Usage(_) | BenchError::Refused(Some(64)))
    }
}
