//! The sections that shape the process: server, operations, shutdown, log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use super::error::ConfigError;
use super::reader::{Reader, choose, one_of};
use super::token::TokenFile;
use super::{host, serialize};

/// The data port and what a request may cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServerConfig {
    /// Address of the data port.
    pub listen: SocketAddr,
    /// Largest body as it comes over the wire, in bytes.
    #[serde(serialize_with = "serialize::size")]
    pub body_limit: usize,
    /// Largest body after decompression, in bytes.
    #[serde(serialize_with = "serialize::size")]
    pub decompressed_limit: usize,
    /// Longest part of a message that is judged, in bytes; a longer message is flagged truncated.
    #[serde(serialize_with = "serialize::size")]
    pub message_limit: usize,
    /// Deepest nesting of JSON, from 1 to 127.
    pub json_depth: usize,
    /// Bytes of request bodies that may be held at once, compressed or not.
    #[serde(serialize_with = "serialize::size")]
    pub inflight_bytes: usize,
    /// Time after which a request is answered with what is known by then.
    #[serde(serialize_with = "serialize::duration")]
    pub request_timeout: Duration,
}

impl ServerConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<ServerConfig, ConfigError> {
        Ok(ServerConfig {
            listen: listen(reader, "server.listen", 8080)?,
            body_limit: reader.size("server.body_limit", 20 << 20)?,
            decompressed_limit: reader.size("server.decompressed_limit", 64 << 20)?,
            message_limit: reader.size("server.message_limit", 64 << 10)?,
            // The JSON reader itself stops at 128, so more could not be kept.
            json_depth: reader.or(
                "server.json_depth",
                64,
                "a whole number from 1 to 127",
                |text| text.parse().ok().filter(|depth| (1..=127).contains(depth)),
            )?,
            inflight_bytes: reader
                .size_or_auto("server.inflight_bytes", host::auto_inflight_bytes)?,
            request_timeout: reader.duration(
                "server.request_timeout",
                Duration::from_secs(5),
                Duration::from_millis(1),
            )?,
        })
    }
}

/// The port for probes, metrics and the state of the models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationsConfig {
    /// Address of the operations port.
    pub listen: SocketAddr,
    /// File of the token that verbs which change something need; without one they answer only to
    /// loopback.
    #[serde(rename = "admin_token_file")]
    pub admin_token: Option<TokenFile>,
}

impl OperationsConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<OperationsConfig, ConfigError> {
        Ok(OperationsConfig {
            listen: listen(reader, "operations.listen", 9090)?,
            admin_token: TokenFile::of(reader, "operations.admin_token_file")?,
        })
    }
}

/// How the process ends.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShutdownConfig {
    /// How long requests are still accepted after the signal, while readiness already says no.
    #[serde(serialize_with = "serialize::duration")]
    pub delay: Duration,
    /// How long what is in flight may take after that.
    #[serde(serialize_with = "serialize::duration")]
    pub grace: Duration,
}

impl ShutdownConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<ShutdownConfig, ConfigError> {
        let (delay, grace) = (Duration::from_secs(5), Duration::from_secs(25));
        Ok(ShutdownConfig {
            delay: reader.duration("shutdown.delay", delay, Duration::ZERO)?,
            grace: reader.duration("shutdown.grace", grace, Duration::ZERO)?,
        })
    }
}

/// What the process writes to standard error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogConfig {
    /// The least severe level that is written.
    pub level: LogLevel,
    /// The shape of a line.
    pub format: LogFormat,
    /// Share of the requests that have a line of their own.
    pub access: AccessShare,
}

/// Share of the requests that have a line in the log, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccessShare(f32);

impl AccessShare {
    /// No request has a line.
    pub const OFF: AccessShare = AccessShare(0.0);

    /// The share, from 0 to 1.
    pub fn share(self) -> f32 {
        self.0
    }

    fn named(text: &str) -> Option<AccessShare> {
        if text.eq_ignore_ascii_case("off") {
            return Some(AccessShare::OFF);
        }
        let share: f32 = text.parse().ok()?;
        (share > 0.0 && share <= 1.0).then_some(AccessShare(share))
    }
}

impl Serialize for AccessShare {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0.0 => serializer.serialize_str("off"),
            share => serializer.serialize_f32(share),
        }
    }
}

/// Least severe level written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing at all.
    Off,
    /// What failed.
    Error,
    /// What needs a look.
    Warn,
    /// Start, stop and changes of state.
    Info,
    /// Details for a developer.
    Debug,
    /// Everything.
    Trace,
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

const LEVELS: [(&str, LogLevel); 6] = [
    ("off", LogLevel::Off),
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

impl LogLevel {
    /// The level of that name.
    pub fn named(name: &str) -> Option<LogLevel> {
        choose(&LEVELS, name)
    }

    /// All names, for messages.
    pub fn names() -> String {
        one_of(&LEVELS)
    }
}

impl LogConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<LogConfig, ConfigError> {
        let formats = [("json", LogFormat::Json), ("text", LogFormat::Text)];
        Ok(LogConfig {
            level: reader.word("log.level", LogLevel::Info, &LEVELS)?,
            format: reader.word("log.format", LogFormat::Json, &formats)?,
            access: reader.or(
                "log.access",
                AccessShare::OFF,
                "off, or a share of the requests above 0, up to 1",
                AccessShare::named,
            )?,
        })
    }
}

fn listen(
    reader: &Reader<'_>,
    key: &'static str,
    default_port: u16,
) -> Result<SocketAddr, ConfigError> {
    let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), default_port);
    let expected = "an address and a port such as 0.0.0.0:8080 or [::]:8080";
    reader.or(key, default, expected, |text| text.parse().ok())
}
