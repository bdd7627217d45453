//! What the process tells about itself: one table of metrics, and its log.
//!
//! Nothing here knows HTTP; `http`, `app` and the workers of `batch` count, this room names what is
//! counted. `batch` does not know it: it tells an observer.

#[cfg(test)]
mod docs;
mod drift;
mod exposition;
mod feedback;
mod kinds;
mod labels;
mod logs;
mod metrics;
mod series;
mod serving;
mod swaps;
mod tally;
mod traces;

pub use drift::Sample;
pub use exposition::Exposition;
pub use feedback::FeedbackRefusal;
pub use labels::{Check, Overload, Stage};
pub use logs::{
    change as change_logs, init as init_logs, set_level as set_log_level, takes_request,
};
pub use metrics::{Metrics, Table};
pub use series::StageTimer;
pub use tally::Tally;
pub use traces::{Caller, SPANS, Traces, failed, ids, note, start};
