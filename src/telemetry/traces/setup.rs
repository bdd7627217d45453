//! The OTEL_ variables, as far as the library does not read them itself: whether there is anything to
//! send to, and how.

use std::time::Duration;

use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::client::Sender;
use super::export::Counted;

/// Spans that wait, where OTEL_BSP_MAX_QUEUE_SIZE says nothing else.
const QUEUE: usize = 2_048;
/// How long a request may take, where OTEL_EXPORTER_OTLP_TIMEOUT says nothing else.
const PATIENCE: Duration = Duration::from_secs(10);

/// Variables by name; empty ones count as unset, as the specification has it.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the variables ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// No traces.
    Nothing,
    /// No traces, because of something that is not understood.
    Unknown(String),
    /// Traces over that protocol.
    Over(Protocol),
}

/// Reads the variables that decide whether anything is built.
pub(super) fn wanted(environment: Environment<'_>) -> Wanted {
    let said = |name: &str| environment(name).map(|value| value.trim().to_ascii_lowercase());
    let of_traces = |name: &str| {
        said(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
            .or_else(|| said(&format!("OTEL_EXPORTER_OTLP_{name}")))
    };
    if said("OTEL_SDK_DISABLED").as_deref() == Some("true") {
        return Wanted::Nothing;
    }
    match said("OTEL_TRACES_EXPORTER").as_deref() {
        None if of_traces("ENDPOINT").is_none() => return Wanted::Nothing,
        None | Some("otlp") => {}
        Some("none") => return Wanted::Nothing,
        Some(other) => {
            let detail = format!("expected OTEL_TRACES_EXPORTER to be otlp or none, found {other}");
            return Wanted::Unknown(detail);
        }
    }
    match of_traces("PROTOCOL").as_deref() {
        Some("grpc") => Wanted::Over(Protocol::Grpc),
        None | Some("http/protobuf") => Wanted::Over(Protocol::HttpBinary),
        Some(other) => Wanted::Unknown(format!(
            "expected OTEL_EXPORTER_OTLP_PROTOCOL to be grpc or http/protobuf, found {other}"
        )),
    }
}

/// What makes and sends spans. Needs an async runtime, on which it sends.
///
/// # Errors
/// Where the variables name an address or headers that nothing can be sent to or with.
pub(super) fn provider(
    protocol: Protocol,
    environment: Environment<'_>,
) -> anyhow::Result<SdkTracerProvider> {
    let builder = SpanExporter::builder();
    let exporter = match protocol {
        Protocol::Grpc => {
            // Used where the address is one of https.
            let tls = ClientTlsConfig::new().with_enabled_roots();
            builder.with_tonic().with_tls_config(tls).build()?
        }
        protocol => {
            let sender = Sender::new(patience(environment))?;
            let builder = builder.with_http().with_protocol(protocol);
            builder.with_http_client(sender).build()?
        }
    };
    let most = number(environment, "OTEL_BSP_MAX_QUEUE_SIZE");
    let processor = Counted::new(exporter, most.unwrap_or(QUEUE).max(1));
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_resource(resource(environment));
    Ok(provider.build())
}

fn patience(environment: Environment<'_>) -> Duration {
    let milliseconds = number(environment, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
        .or_else(|| number(environment, "OTEL_EXPORTER_OTLP_TIMEOUT"));
    milliseconds.map_or(PATIENCE, |ms| Duration::from_millis(ms as u64))
}

fn number(environment: Environment<'_>, name: &str) -> Option<usize> {
    environment(name)?.trim().parse().ok()
}

/// Who sends: what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, and the program's own name and
/// version where they say nothing.
fn resource(environment: Environment<'_>) -> Resource {
    let attributes = environment("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let says = |key: &str| {
        let mut pairs = attributes
            .split(',')
            .filter_map(|pair| pair.split_once('='));
        pairs.any(|(name, _)| name.trim() == key)
    };
    let mut builder = Resource::builder();
    if environment("OTEL_SERVICE_NAME").is_none() && !says("service.name") {
        builder = builder.with_service_name(env!("CARGO_PKG_NAME"));
    }
    if !says("service.version") {
        let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        builder = builder.with_attribute(version);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(said: &[(&str, &str)]) -> Wanted {
        let environment = |name: &str| {
            let found = said.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        wanted(&environment)
    }

    #[test]
    fn nothing_is_built_unless_an_endpoint_or_exporter_is_named() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let protocol = |name| ("OTEL_EXPORTER_OTLP_PROTOCOL", name);
        let http = Wanted::Over(Protocol::HttpBinary);
        assert_eq!(asked(&[]), Wanted::Nothing);
        assert_eq!(asked(&[protocol("grpc")]), Wanted::Nothing);
        assert_eq!(asked(&[endpoint]), http);
        assert_eq!(asked(&[endpoint, protocol("http/protobuf")]), http);
        assert_eq!(
            asked(&[endpoint, protocol("GRPC ")]),
            Wanted::Over(Protocol::Grpc)
        );
        assert_eq!(asked(&[("OTEL_TRACES_EXPORTER", "otlp")]), http);
        assert_eq!(
            asked(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/x")]),
            http
        );
        let own = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
        assert_eq!(asked(&[endpoint, own, protocol("grpc")]), http);
        assert_eq!(
            asked(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]),
            Wanted::Nothing
        );
        assert_eq!(
            asked(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]),
            Wanted::Nothing
        );
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        for (name, value) in [
            ("OTEL_TRACES_EXPORTER", "console"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ] {
            let Wanted::Unknown(detail) = asked(&[endpoint, (name, value)]) else {
                panic!("{name}={value} was taken");
            };
            assert!(detail.contains(name) && detail.contains(value), "{detail}");
        }
    }

    #[test]
    fn the_resource_names_the_program_unless_the_variables_do() {
        let named = |said: &'static [(&str, &str)], key: &'static str| {
            let environment = move |name: &str| {
                let found = said.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let value = resource(&environment).get(&opentelemetry::Key::new(key));
            value.map(|value| value.to_string())
        };
        assert_eq!(named(&[], "service.name").as_deref(), Some("logtriage"));
        let version = named(&[], "service.version");
        assert_eq!(version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
        let said = &[("OTEL_SERVICE_NAME", "triage-eu")];
        assert_ne!(named(said, "service.name").as_deref(), Some("logtriage"));
        let said = &[("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.version=7")];
        assert_ne!(
            named(said, "service.version").as_deref(),
            version.as_deref()
        );
    }
}
