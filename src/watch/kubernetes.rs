//! The client of the Kubernetes API, set up for a process that must notice when the API is gone.

use std::time::Duration;

use kube::core::Status;
use thiserror::Error;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::retry::causes;

/// How long the server lets a watch run before it ends it in good order. Short, because it bounds how
/// late a connection that died without a word is noticed.
pub(super) const WATCH_SECONDS: u32 = 60;
/// Longest silence of the server: longer than a quiet watch, or each one would end in an error.
const SILENCE: Duration = Duration::from_secs(75);
const CONNECT: Duration = Duration::from_secs(10);

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nothing says where an API server is.
    #[error(
        "expected a way to the Kubernetes API, KUBECONFIG or a pod with the token of a service \
         account (automountServiceAccountToken), found none: {0}"
    )]
    NoWay(String),
    /// What says it cannot be used.
    #[error("the client of the Kubernetes API cannot be set up: {0}")]
    Unusable(String),
}

/// A client for the cluster that KUBECONFIG names, or for the one that this pod runs in.
///
/// # Errors
/// Where neither is there, or its certificates cannot be read. Nothing has been sent by then.
pub async fn client() -> Result<kube::Client, ClientError> {
    let inferred = kube::Config::infer().await;
    let mut config = inferred.map_err(|error| ClientError::NoWay(causes(&error)))?;
    config.connect_timeout = Some(CONNECT);
    // Without it a server that takes a request and never answers would be waited for for ever.
    config.read_timeout = Some(SILENCE);
    // Its pauses grow to minutes unheard; each user here has pauses of its own, and says so.
    config.default_retry = false;
    kube::Client::try_from(config).map_err(|error| ClientError::Unusable(causes(&error)))
}

/// Runs what talks to the API without the log lines of the libraries: they write an error for each
/// failed attempt, and what failed is told by whoever asked, once. Level debug hears them.
pub(super) async fn quietly<F: Future>(future: F) -> F::Output {
    let heard = tracing::enabled!(target: "kube_client", tracing::Level::DEBUG);
    let dispatch = if heard {
        tracing::dispatcher::get_default(Dispatch::clone)
    } else {
        Dispatch::none()
    };
    future.with_subscriber(dispatch).await
}

/// The API server's own words where it answered, else what kept it from that.
pub(super) fn told(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status_told(status),
        kube::Error::Service(error) => causes(&**error),
        other => causes(other),
    }
}

/// Code, reason and message of an answer.
pub(super) fn status_told(status: &Status) -> String {
    let message = shortened(&status.message, 500);
    format!("{} {}: {message}", status.code, status.reason)
}

/// Who asked, as the message of a refusal names it.
pub(super) fn who(status: &Status) -> String {
    let named = status.message.split("User \"").nth(1);
    let name = named.and_then(|rest| rest.split('"').next());
    let Some(name) = name else {
        return "this pod's service account".to_owned();
    };
    let account = name.strip_prefix("system:serviceaccount:");
    match account.and_then(|account| account.split_once(':')) {
        Some((namespace, account)) => format!("the service account {namespace}/{account}"),
        None => format!("the user {name}"),
    }
}

/// At most `most` bytes of a text, whole characters, marked where something is missing.
pub(super) fn shortened(text: &str, most: usize) -> String {
    const MARK: &str = "...";
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most.saturating_sub(MARK.len()));
    format!("{}{MARK}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str) -> Status {
        Status::failure(message, "Forbidden").with_code(403)
    }

    #[test]
    fn a_refusal_names_who_asked() {
        let account = "configmaps is forbidden: User \"system:serviceaccount:prod:logtriage\" \
                       cannot list resource \"configmaps\"";
        for (message, name) in [
            (account, "the service account prod/logtriage"),
            ("User \"ann\" cannot list", "the user ann"),
            ("no", "this pod's service account"),
        ] {
            assert_eq!(who(&refusal(message)), name);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("longer", 5), "lo...");
        assert_eq!(shortened("\u{e9}\u{e9}\u{e9}\u{e9}", 6), "\u{e9}...");
    }
}
