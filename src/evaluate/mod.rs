//! How well the pipeline judges labelled lines: figures, how sure they are, and a report of them.
//!
//! ```text
//! line -> labelled -> (pipeline judges) -> judged: one column a judge -> figures, curves, reliability
//!                                                                    -> bootstrap: intervals
//!                                                                    -> report -> JSON, text, HTML
//! ```
//!
//! The forward score of a verdict is critical + suspicious, at least its confidence where it stands at
//! one of the two (there a floor may have raised it), and 0.5 where nobody voted. A member that abstains
//! counts as routine with a forward score of 0.5; the anomaly member is ranked by its raw score.

mod bootstrap;
mod curves;
mod figures;
mod html;
mod judged;
mod labelled;
mod mistakes;
mod ranking;
mod reliability;
mod report;
mod tables;
mod text;

use thiserror::Error;

pub use bootstrap::Bootstrap;
pub use curves::{Curves, Volume};
pub use figures::{AtShare, Class, Confusion, Figures};
pub use html::page;
pub use judged::{Evaluation, Options};
pub use labelled::Labelled;
pub use mistakes::Mistake;
pub use reliability::{Bin, Reliability};
pub use report::{DataFile, Missing, OfMember, Report, Slice, Slices};
pub use text::write_text;

/// Why there are no figures.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// A line that is not a labelled record.
    #[error("{file}: line {line}: {detail}")]
    Line {
        /// The file, as it was named.
        file: String,
        /// Its number, from 1, blank lines counted.
        line: usize,
        /// What was expected and what was found.
        detail: String,
    },
    /// A file without one labelled line.
    #[error("{file}: expected at least one labelled line, found none")]
    Empty {
        /// The file, as it was named.
        file: String,
    },
    /// A plot that could not be drawn.
    #[error("the plot of {plot} cannot be drawn: {detail}")]
    Plot {
        /// Which.
        plot: &'static str,
        /// The drawing library's words.
        detail: String,
    },
}
