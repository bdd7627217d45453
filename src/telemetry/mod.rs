//! What the process tells about itself: one table of metrics, and its log.
//!
//! Nothing here knows HTTP; `http`, `app` and the workers of `batch` count, this room names what is
//! counted. `batch` does not know it: it tells an observer.

#[cfg(test)]
mod docs;
mod exposition;
mod kinds;
mod labels;
mod logs;
mod metrics;
mod series;
mod serving;
mod swaps;
mod tally;

pub use exposition::Exposition;
pub use labels::{Check, Overload, Stage};
pub use logs::{init as init_logs, set_level as set_log_level};
pub use metrics::{Metrics, Table};
pub use series::StageTimer;
pub use tally::Tally;
