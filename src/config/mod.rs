//! Configuration: a YAML file and the environment become a [`Config`] that cannot be wrong.
//!
//! Two stages. The first gathers what is said, key by key, from the file (with `${VAR:-default}`),
//! from the names of earlier systems and from `LOGTRIAGE__SECTION__KEY`, in rising precedence, and
//! refuses keys that do not exist. The second reads each value into its type and range. Both name
//! the key, the place where it was said, and what would be right. `auto` is resolved here, so the
//! rest of the program sees plain numbers.

mod cache;
mod cgroup;
mod error;
mod feedback;
mod given;
mod host;
mod judgement;
mod keys;
mod models;
mod reader;
mod selector;
mod serialize;
mod service;
pub(crate) mod size;
mod sources;
mod substitute;
#[cfg(test)]
mod tests;
mod token;

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

pub use cache::CacheConfig;
pub use cgroup::{Cgroup, Throttled};
pub use error::ConfigError;
pub use feedback::FeedbackConfig;
pub use host::processors;
pub use judgement::{
    ComplianceConfig, CompliancePacks, DecisionConfig, OnDegraded, RulesConfig, Target, Weights,
};
pub use models::{
    BatchConfig, EngineConfig, EngineKind, MemberEngines, ModelsConfig, OnStartFailure,
    Optimization, Provider, public_key,
};
pub use service::{
    AccessShare, LogConfig, LogFormat, LogLevel, OperationsConfig, ServerConfig, ShutdownConfig,
};
pub use sources::{
    ConfigMapConfig, ConfigMaps, FetchConfig, SourceUrl, SourcesConfig, is_config_map_name,
    is_namespace_name,
};
pub use token::TokenFile;

use given::Sayings;
use reader::Reader;

/// The whole configuration, validated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// The data port and what a request may cost.
    pub server: ServerConfig,
    /// The operations port.
    pub operations: OperationsConfig,
    /// Where the models come from.
    pub models: ModelsConfig,
    /// What runs them.
    pub engine: EngineConfig,
    /// How records are gathered for them.
    pub batch: BatchConfig,
    /// Which of the models' votes are remembered.
    pub cache: CacheConfig,
    /// Rules beside those of the bundle.
    pub rules: RulesConfig,
    /// What a compliance match does.
    pub compliance: ComplianceConfig,
    /// Thresholds and weights in place of the bundle's.
    pub decision: DecisionConfig,
    /// What becomes of feedback on verdicts.
    pub feedback: FeedbackConfig,
    /// How the process ends.
    pub shutdown: ShutdownConfig,
    /// What the process writes to standard error.
    pub log: LogConfig,
}

impl Config {
    /// The configuration that the file, if any, and the environment give together.
    ///
    /// # Errors
    /// The first thing found wrong; nothing has been opened or started by then.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let env: HashMap<String, String> = env.collect();
        let sayings = Sayings::collect(path, &env)?;
        Config::read(&Reader::new(&sayings))
    }

    fn read(reader: &Reader<'_>) -> Result<Config, ConfigError> {
        Ok(Config {
            server: ServerConfig::read(reader)?,
            operations: OperationsConfig::read(reader)?,
            models: ModelsConfig::read(reader)?,
            engine: EngineConfig::read(reader)?,
            batch: BatchConfig::read(reader)?,
            cache: CacheConfig::read(reader)?,
            rules: RulesConfig::read(reader)?,
            compliance: ComplianceConfig::read(reader)?,
            decision: DecisionConfig::read(reader)?,
            feedback: FeedbackConfig::read(reader)?,
            shutdown: ShutdownConfig::read(reader)?,
            log: LogConfig::read(reader)?,
        })
    }
}
