//! The section of the feedback on verdicts.

use std::path::PathBuf;

use serde::Serialize;

use super::error::ConfigError;
use super::reader::Reader;
use super::serialize;
use super::token::TokenFile;

/// Who may say that a verdict was wrong, and where it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedbackConfig {
    /// File of the token that feedback needs; without one it is taken from loopback alone.
    #[serde(rename = "token_file")]
    pub token: Option<TokenFile>,
    /// File that feedback is appended to; without one it is only counted.
    pub path: Option<PathBuf>,
    /// Largest size of that file, in bytes.
    #[serde(serialize_with = "serialize::size")]
    pub max_bytes: usize,
}

impl FeedbackConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<FeedbackConfig, ConfigError> {
        Ok(FeedbackConfig {
            token: TokenFile::of(reader, "feedback.token_file")?,
            path: reader.path("feedback.path")?,
            max_bytes: reader.size("feedback.max_bytes", 64 << 20)?,
        })
    }
}
