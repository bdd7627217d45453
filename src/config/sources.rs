//! Where bundles come from while the service runs, beside a directory: `models.configmap`,
//! `models.url`, `models.fetch`.
//!
//! Names, selectors and URLs are checked here as far as that needs no network, so that a slip of the
//! pen ends the start instead of being retried for ever.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use serde::{Serialize, Serializer};

use super::error::ConfigError;
use super::given::Text;
use super::reader::Reader;
use super::selector::{SELECTOR, is_selector};
use super::serialize;

/// The sources of bundles that are asked over the network. At most one of them and `models.dir` is
/// given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourcesConfig {
    /// ConfigMaps that hold a bundle, read through the Kubernetes API.
    pub configmap: Option<ConfigMapConfig>,
    /// Where an archive of a bundle is fetched from.
    pub url: Option<SourceUrl>,
    /// How it is fetched.
    pub fetch: FetchConfig,
}

/// Which ConfigMaps hold the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigMapConfig {
    /// Their namespace; without one the pod's own, or the kubeconfig's.
    pub namespace: Option<String>,
    /// Which ones in it.
    #[serde(flatten)]
    pub which: ConfigMaps,
}

/// One ConfigMap or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigMaps {
    /// The one of that name.
    Name(String),
    /// All that a label selector finds: the union of their keys is one bundle.
    Selector(String),
}

/// How an archive is fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FetchConfig {
    /// Time from one look to the next.
    #[serde(serialize_with = "serialize::duration")]
    pub interval: Duration,
    /// PEM file of the only authorities that may vouch for the server; without one the system's.
    pub ca_file: Option<PathBuf>,
    /// File that holds a bearer token, read at each look.
    pub token_file: Option<PathBuf>,
}

const INTERVAL: Duration = Duration::from_secs(60);
/// More often would be a load and not a watch; `POST /v1/models/reload` looks at once.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

impl SourcesConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<SourcesConfig, ConfigError> {
        let sources = SourcesConfig {
            configmap: ConfigMapConfig::read(reader)?,
            url: url(reader)?,
            fetch: FetchConfig {
                interval: reader.duration("models.fetch.interval", INTERVAL, SHORTEST_INTERVAL)?,
                ca_file: reader.path("models.fetch.ca_file")?,
                token_file: reader.path("models.fetch.token_file")?,
            },
        };
        one_source(reader)?;
        sources.credentials_stay_secret(reader)?;
        Ok(sources)
    }

    /// Whoever reads along on the way could push models of their own with what they read.
    fn credentials_stay_secret(&self, reader: &Reader<'_>) -> Result<(), ConfigError> {
        let Some(url) = &self.url else { return Ok(()) };
        let key = "models.fetch.token_file";
        if url.user_info().is_some() && self.fetch.token_file.is_some() {
            let expected = "nothing where models.url names a user: one of the two proves who asks";
            return Err(refuse(reader, key, expected, "a path"));
        }
        if url.may_carry_credentials() {
            return Ok(());
        }
        let found = format!("{:?}", url.shown());
        if self.fetch.token_file.is_some() {
            let expected = "an https models.url, or one of loopback, to send a token to";
            return Err(refuse(reader, key, expected, &found));
        }
        if url.user_info().is_some() {
            let expected = "https, or a loopback address, for a URL that names a user";
            return Err(refuse(reader, "models.url", expected, &found));
        }
        Ok(())
    }
}

/// Refuses a second source: which one won would be a matter of luck.
fn one_source(reader: &Reader<'_>) -> Result<(), ConfigError> {
    let keys = [
        "models.dir",
        "models.configmap.name",
        "models.configmap.selector",
        "models.url",
    ];
    let mut given = keys.iter().filter(|key| reader.given(key).is_some());
    let (Some(first), Some(second)) = (given.next(), given.next()) else {
        return Ok(());
    };
    let place = reader.given(first).map(|given| given.origin.as_str());
    let expected = format!(
        "nothing beside {first} (set in {}): models come from one place",
        place.unwrap_or("another place")
    );
    Err(refuse(reader, second, &expected, "a value"))
}

impl ConfigMapConfig {
    fn read(reader: &Reader<'_>) -> Result<Option<ConfigMapConfig>, ConfigError> {
        let namespace = reader.optional(
            "models.configmap.namespace",
            "the name of a namespace: up to 63 of a-z, 0-9 and -",
            |text| is_namespace_name(text).then(|| text.to_owned()),
        )?;
        let name = reader.optional(
            "models.configmap.name",
            "the name of a ConfigMap: up to 253 of a-z, 0-9, - and .",
            |text| is_config_map_name(text).then(|| ConfigMaps::Name(text.to_owned())),
        )?;
        let selector = reader.optional("models.configmap.selector", SELECTOR, |text| {
            is_selector(text).then(|| ConfigMaps::Selector(text.to_owned()))
        })?;
        match (name.or(selector), &namespace) {
            (Some(which), _) => Ok(Some(ConfigMapConfig { namespace, which })),
            (None, None) => Ok(None),
            (None, Some(found)) => Err(refuse(
                reader,
                "models.configmap.namespace",
                "models.configmap.name or models.configmap.selector beside it",
                &format!("{found:?} alone"),
            )),
        }
    }
}

/// True for what a namespace can be called: up to 63 of a-z, 0-9 and -.
pub fn is_namespace_name(text: &str) -> bool {
    is_dns_name(text, 63) && !text.contains('.')
}

/// True for what a ConfigMap can be called: up to 253 of a-z, 0-9, - and dots.
pub fn is_config_map_name(text: &str) -> bool {
    is_dns_name(text, 253)
}

/// Names of Kubernetes objects (RFC 1123): labels of a-z, 0-9 and -, joined by dots.
fn is_dns_name(text: &str, longest: usize) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let label = |label: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        label.chars().all(plain) && edge(label.chars().next()) && edge(label.chars().last())
    };
    text.len() <= longest && text.split('.').all(label)
}

/// URL of an archive. What may be a secret in it, the user information and the query, is told to
/// the server alone: neither `Display`, `Debug` nor `Serialize` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceUrl(Uri);

impl SourceUrl {
    /// Reads an http or https URL without a fragment.
    pub fn parse(text: &str) -> Option<SourceUrl> {
        // `Uri` drops a fragment without a word.
        if text.contains('#') || text.contains(char::is_whitespace) {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let (host, authority) = (uri.host()?, uri.authority()?.as_str());
        let port = authority.rsplit('@').next()?.strip_prefix(host)?;
        let port = port.is_empty() || uri.port_u16().is_some_and(|port| port > 0);
        (scheme && !host.is_empty() && port).then_some(SourceUrl(uri))
    }

    /// The whole of it, for the request.
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// Without user information and query: what may stand in a log, a status or an Event.
    pub fn shown(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map(|a| a.as_str()).unwrap_or_default();
        let place = authority.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{place}{}", self.0.path())
    }

    /// `user:password` as the URL has it, percent-encoded.
    pub fn user_info(&self) -> Option<&str> {
        let (user, _) = self.0.authority()?.as_str().rsplit_once('@')?;
        Some(user).filter(|user| !user.is_empty())
    }

    /// True for https.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Whether a token or a password may be sent there: encrypted, or without leaving this host.
    pub fn may_carry_credentials(&self) -> bool {
        let host = self.0.host().unwrap_or_default();
        let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
        let loopback = address.map_or(host.eq_ignore_ascii_case("localhost"), |a| a.is_loopback());
        self.is_encrypted() || loopback
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for SourceUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

/// As `Reader::optional`, but what was found is told without its secrets.
fn url(reader: &Reader<'_>) -> Result<Option<SourceUrl>, ConfigError> {
    let key = "models.url";
    let expected = "an http or https URL without a fragment, such as https://host/bundle.tar.zst";
    let Some(given) = reader.given(key) else {
        return Ok(None);
    };
    let Text::One(text) = &given.text else {
        return Err(refuse(reader, key, expected, "a list"));
    };
    match SourceUrl::parse(text.trim()) {
        Some(url) => Ok(Some(url)),
        None => {
            let found = format!("{:?}", without_secrets(text));
            Err(refuse(reader, key, expected, &found))
        }
    }
}

/// A text that is no URL, cut where a secret of a URL could begin.
fn without_secrets(text: &str) -> String {
    let before_query = text.split('?').next().unwrap_or_default();
    match before_query.rsplit_once('@') {
        Some((_, after)) => format!("...@{after}"),
        None => before_query.to_owned(),
    }
}

/// The error for a key whose value does not go with the rest.
fn refuse(reader: &Reader<'_>, key: &'static str, expected: &str, found: &str) -> ConfigError {
    let origin = reader.given(key).map(|given| given.origin.clone());
    ConfigError::Invalid {
        key: key.to_owned(),
        origin: origin.unwrap_or_else(|| "the configuration".to_owned()),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> SourceUrl {
        SourceUrl::parse(text).unwrap_or_else(|| panic!("{text} is a URL"))
    }

    #[test]
    fn a_url_shows_neither_its_user_nor_its_query() {
        let url = parsed("https://ann:s3cret@host.example:8443/a/b.tar.zst?sig=s3cret");
        let shown = "https://host.example:8443/a/b.tar.zst";
        assert_eq!(url.shown(), shown);
        assert_eq!(format!("{url} {url:?}"), format!("{shown} {shown}"));
        assert_eq!(url.user_info(), Some("ann:s3cret"));
        assert_eq!(url.uri().query(), Some("sig=s3cret"));
    }

    #[test]
    fn what_is_no_url_of_an_archive_is_refused() {
        for text in [
            "",
            "bundle.tar.zst",
            "/srv/bundle.tar.zst",
            "ftp://host/b",
            "file:///b",
            "https://",
            "https:///b",
            "https://host/b#part",
            "https://host:0/b",
            "https://host:port/b",
            "https://host:70000/b",
            "https://ho st/b",
        ] {
            assert_eq!(SourceUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn credentials_go_over_https_or_stay_on_this_host() {
        for text in [
            "https://host/b",
            "http://127.0.0.1:8000/b",
            "http://127.1.2.3/b",
            "http://[::1]:80/b",
            "http://localhost/b",
        ] {
            assert!(parsed(text).may_carry_credentials(), "{text}");
        }
        for text in [
            "http://host/b",
            "http://10.0.0.1/b",
            "http://127.0.0.1.example/b",
            "http://localhost.example/b",
            "http://[::2]/b",
        ] {
            assert!(!parsed(text).may_carry_credentials(), "{text}");
        }
    }
}
