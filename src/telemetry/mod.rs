//! What the process tells about itself: one table of metrics, and its log.
//!
//! Nothing here knows HTTP; `http` and `app` count, this room names what is counted.

mod labels;
mod logs;
mod metrics;
mod tally;

pub use labels::{Check, Overload};
pub use logs::init as init_logs;
pub use metrics::Metrics;
pub use tally::Tally;
