//! The section of the vote cache.

use std::num::NonZeroUsize;

use serde::Serialize;

use super::error::ConfigError;
use super::host;
use super::reader::Reader;

/// The votes that are remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheConfig {
    /// False asks the models about every record.
    pub enabled: bool,
    /// Inputs kept of each model.
    pub entries: NonZeroUsize,
}

impl CacheConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<CacheConfig, ConfigError> {
        let words = [("true", true), ("false", false)];
        Ok(CacheConfig {
            enabled: reader.word("cache.enabled", true, &words)?,
            entries: reader.count_or_auto("cache.entries", host::auto_cache_entries)?,
        })
    }
}
