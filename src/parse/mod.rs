//! From a message to what its header says: format, source, severity, body and fields.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Severity on the syslog scale (RFC 5424 section 6.2.1): 0 emergency to 7 debug.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct Severity(u8);

impl Severity {
    /// From a number of the syslog scale; `None` above 7.
    pub fn new(level: u8) -> Option<Severity> {
        (level <= 7).then_some(Severity(level))
    }

    /// 0 (emergency) to 7 (debug).
    pub fn level(self) -> u8 {
        self.0
    }
}

/// What shape a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Free text, perhaps with a level token.
    Plain,
    /// RFC 5424 or RFC 3164, with free text inside.
    Syslog,
    /// ArcSight common event format.
    Cef,
    /// QRadar log event extended format.
    Leef,
    /// A JSON object.
    Json,
    /// key=value pairs.
    Logfmt,
    /// Apache or nginx access line.
    Access,
    /// Kubernetes component log.
    Klog,
}

/// Named values of a message: dotted JSON paths, CEF keys, header parts. One name may occur often.
pub type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What a message's header says, and what is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<'a> {
    /// The innermost format recognised.
    pub format: Format,
    /// Program, product or logger that wrote it.
    pub source: Option<Cow<'a, str>>,
    /// The most severe level that header and body state.
    pub severity: Option<Severity>,
    /// The message without its transport header; never empty unless the message is.
    pub body: &'a str,
    /// Named values, in the order found.
    pub fields: Fields<'a>,
}
