//! Why the native engine does not take a graph.

use thiserror::Error;

/// Why a graph is not taken. Nothing is ever approximated: what is not known in full is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// A good graph for another engine.
    #[error("{0}")]
    Unsupported(String),
    /// A graph that no engine should run.
    #[error("{0}")]
    Malformed(String),
}

impl Refusal {
    /// For what this engine does not know: operator, attribute, value.
    pub(super) fn unsupported<T>(what: impl Into<String>) -> Result<T, Refusal> {
        Err(Refusal::Unsupported(what.into()))
    }

    /// For what contradicts itself.
    pub(super) fn malformed<T>(what: impl Into<String>) -> Result<T, Refusal> {
        Err(Refusal::Malformed(what.into()))
    }
}
