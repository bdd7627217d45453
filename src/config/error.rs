//! What can be wrong with a configuration, said so that the reader knows which line to change.

use std::path::PathBuf;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration file {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said; part of the message, so not its source as well.
        cause: std::io::Error,
    },
    /// The file is not YAML.
    #[error("the configuration file {} is not valid YAML: {cause}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What the YAML reader said, with line and column; part of the message, so not its source
        /// as well.
        cause: serde_yaml::Error,
    },
    /// A key that this program does not know.
    #[error("unknown key {key} in {origin}; {advice}")]
    UnknownKey {
        /// Its full path.
        key: String,
        /// The file, or the environment variable.
        origin: String,
        /// The nearest known key, or the keys that would be known there.
        advice: String,
    },
    /// A `${VAR}` whose variable is not set.
    #[error(
        "{key} in {origin} uses ${{{variable}}}, but the environment variable {variable} is not \
         set; set it or write ${{{variable}:-default}}"
    )]
    MissingVariable {
        /// The key whose value names the variable.
        key: String,
        /// The file.
        origin: String,
        /// The variable.
        variable: String,
    },
    /// A value of a wrong type, or out of its range.
    #[error("{key} in {origin}: expected {expected}, found {found}")]
    Invalid {
        /// Full path of the key.
        key: String,
        /// The file, or the environment variable.
        origin: String,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
}
