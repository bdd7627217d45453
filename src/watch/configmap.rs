//! A bundle in ConfigMaps, watched through the Kubernetes API: a change is here within a second, where
//! the kubelet takes a minute or two to write it into a volume.
//!
//! The watch itself (list, resume, bookmarks) is kube's. What is added is what a service needs that must
//! go on serving: every failure ends in a new listing, so that neither an expired version (410) nor a
//! store that was set back can leave it waiting for what never comes; the pauses between failures grow,
//! which kube's own do not while the listing itself fails; and a trouble is told once.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::core::Status;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::kubernetes::{WATCH_SECONDS, quietly, status_told, told, who};
use super::retry::{Backoff, Reporter};
use super::union::{Gathered, Known, MOST_BYTES, NoBundle, fingerprint};
use super::{Nudge, Sink, stopped};
use crate::config::{ConfigMapConfig, ConfigMaps};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// What is too large is not asked for again soon: it costs the server as much as us.
const PAUSE_IF_TOO_LARGE: Duration = Duration::from_secs(5 * 60);
/// A watch that is still there after this was not refused.
const HELD: Duration = Duration::from_secs(3);
/// ConfigMaps that are applied together come one after the other: time for the others to come.
const TOGETHER: Duration = Duration::from_millis(500);
/// ConfigMaps asked for at once: a page of full ones takes a few megabytes.
const PAGE: u32 = 4;
/// What gives the right to read one ConfigMap, and those with a label: RBAC knows no labels.
const ROLES: [&str; 2] = ["deploy/rbac/role.yaml", "deploy/rbac/role-selector.yaml"];

/// Watches until `stop` says so, or its sender is gone.
///
/// The sink has the files soon after the start, where there are any, and again after each change. A
/// nudge lists anew and tells the sink also what it has.
pub async fn watch(
    config: &ConfigMapConfig,
    client: Client,
    sink: Arc<dyn Sink>,
    nudge: Nudge,
    mut stop: watch::Receiver<bool>,
) {
    let mut nudges = nudge.listen();
    let mut watching = Watching::new(config, client, sink);
    loop {
        let pause = tokio::select! {
            Err(failure) = watching.session() => watching.tell_failure(failure),
            () = nudges.next() => {
                watching.delivered = None;
                continue;
            }
            () = stopped(&mut stop) => return,
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = nudges.next() => watching.delivered = None,
            () = stopped(&mut stop) => return,
        }
    }
}

/// Which ConfigMaps, and how far their content is told.
struct Watching {
    api: Api<ConfigMap>,
    namespace: String,
    which: ConfigMaps,
    report: Reporter,
    backoff: Backoff,
    /// Of the files that the sink has.
    delivered: Option<[u8; 32]>,
    /// Whether what was there last was a bundle's files.
    readable: bool,
}

/// What ended a session.
enum Failure {
    Watch(watcher::Error),
    Content(NoBundle),
}

impl From<watcher::Error> for Failure {
    fn from(error: watcher::Error) -> Failure {
        Failure::Watch(error)
    }
}

impl From<NoBundle> for Failure {
    fn from(error: NoBundle) -> Failure {
        Failure::Content(error)
    }
}

impl Watching {
    fn new(config: &ConfigMapConfig, client: Client, sink: Arc<dyn Sink>) -> Watching {
        let namespace = config.namespace.as_deref();
        let namespace = namespace.unwrap_or(client.default_namespace()).to_owned();
        let source = match &config.which {
            ConfigMaps::Name(name) => format!("configmap {namespace}/{name}"),
            ConfigMaps::Selector(selector) => format!("configmaps {namespace} ({selector})"),
        };
        Watching {
            api: Api::namespaced(client, &namespace),
            namespace,
            which: config.which.clone(),
            report: Reporter::new(sink, source),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            delivered: None,
            readable: false,
        }
    }

    fn events(&self) -> impl Stream<Item = watcher::Result<Event<ConfigMap>>> + use<> {
        let config = watcher::Config::default().timeout(WATCH_SECONDS);
        let config = match &self.which {
            // Also what lets a Role with resourceNames list and watch.
            ConfigMaps::Name(name) => config.fields(&format!("metadata.name={name}")),
            ConfigMaps::Selector(selector) => config.labels(selector),
        };
        watcher(self.api.clone(), config.page_size(PAGE))
    }

    /// Lists, then follows what changes, until something fails.
    async fn session(&mut self) -> Result<Infallible, Failure> {
        let mut events = pin!(self.events());
        let mut gathered = Gathered::default();
        let (mut tell_at, mut held_at) = (None, None);
        // Whether the API lets us watch, and not only list.
        let mut watched = false;
        loop {
            tokio::select! {
                biased;
                event = quietly(events.next()) => {
                    let event = event.unwrap_or(Err(watcher::Error::NoResourceVersion))?;
                    match gathered.follow(event)? {
                        Known::Part => {}
                        // At once: where only the watch is refused, that comes next.
                        Known::Listed => {
                            self.tell(&mut gathered, watched);
                            held_at = Some(Instant::now() + HELD);
                        }
                        Known::Changed => {
                            watched = true;
                            tell_at.get_or_insert(Instant::now() + self.pause());
                        }
                    }
                }
                () = at(tell_at) => {
                    tell_at = None;
                    self.tell(&mut gathered, watched);
                }
                () = at(held_at) => {
                    held_at = None;
                    watched = true;
                    self.backoff.reset();
                    if self.readable {
                        self.report.well();
                    }
                }
            }
        }
    }

    fn pause(&self) -> Duration {
        match self.which {
            ConfigMaps::Name(_) => Duration::ZERO,
            ConfigMaps::Selector(_) => TOGETHER,
        }
    }

    fn tell(&mut self, gathered: &mut Gathered, watched: bool) {
        let union = gathered.union();
        self.readable = union.is_ok();
        match union {
            Ok(files) => {
                if watched {
                    self.report.well();
                }
                let now = Some(fingerprint(&files));
                if self.delivered != now {
                    self.delivered = now;
                    self.report.files(files);
                }
                // One ConfigMap comes whole with each event; of several the others must be kept.
                if matches!(self.which, ConfigMaps::Name(_)) {
                    gathered.forget();
                }
            }
            Err(no_bundle) => self.tell_content(&no_bundle),
        }
    }

    fn tell_content(&mut self, no_bundle: &NoBundle) {
        let namespace = &self.namespace;
        let wanted = match &self.which {
            ConfigMaps::Name(name) => format!("a ConfigMap {name} in the namespace {namespace}"),
            ConfigMaps::Selector(selector) => {
                format!("ConfigMaps with the labels {selector} in the namespace {namespace}")
            }
        };
        match no_bundle {
            NoBundle::Missing => {
                let advice = "`logtriage bundle pack --configmap` writes one";
                let detail = format!("expected {wanted}, found none; {advice}");
                self.report.trouble("missing_source", detail);
            }
            NoBundle::Conflict { key, first, second } => {
                let detail = format!(
                    "expected each file of the bundle in one ConfigMap, found different bytes under \
                     the key {key} in {first} and in {second}; remove it from one of them"
                );
                self.report.trouble("fetch_failed", detail);
            }
            NoBundle::TooLarge => {
                let most = MOST_BYTES >> 20;
                let detail = format!(
                    "expected at most {most} MiB in {wanted}, found more; select fewer, or serve a \
                     larger bundle by models.url"
                );
                self.report.trouble("fetch_failed", detail);
            }
        }
    }

    /// Says what ended a session, and how long to wait before the next.
    fn tell_failure(&mut self, failure: Failure) -> Duration {
        match failure {
            Failure::Content(no_bundle) => {
                self.tell_content(&no_bundle);
                PAUSE_IF_TOO_LARGE
            }
            Failure::Watch(error) => {
                self.tell_watch(&error);
                self.backoff.next()
            }
        }
    }

    fn tell_watch(&mut self, error: &watcher::Error) {
        use watcher::Error::{
            InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed,
        };
        let (verb, status, words) = match error {
            InitialListFailed(error) => ("list", answer(error), told(error)),
            WatchStartFailed(error) => ("watch", answer(error), told(error)),
            WatchError(status) => ("watch", Some(&**status), status_told(status)),
            // Connections end. It is a trouble where the next one is refused.
            WatchFailed(error) => {
                tracing::debug!(error = told(error), "the watch broke off");
                return;
            }
            NoResourceVersion => ("watch", None, error.to_string()),
        };
        let namespace = &self.namespace;
        match status {
            // The version that the watch was to go on from is gone, so everything is listed anew.
            Some(status) if status.code == 410 => tracing::debug!(words, "the watch is too old"),
            Some(status) if status.is_forbidden() => {
                let role = match &self.which {
                    ConfigMaps::Name(_) => ROLES[0],
                    ConfigMaps::Selector(_) => ROLES[1],
                };
                let who = who(status);
                let detail = format!(
                    "expected that {who} may {verb} configmaps in the namespace {namespace}, found \
                     that it may not; apply {role} there (the API server said: {words})"
                );
                self.report.trouble("forbidden", detail);
            }
            _ => {
                let detail = format!(
                    "expected to {verb} configmaps in the namespace {namespace}, found: {words}"
                );
                self.report.trouble("fetch_failed", detail);
            }
        }
    }
}

/// The API server's answer, where it gave one.
fn answer(error: &kube::Error) -> Option<&Status> {
    match error {
        kube::Error::Api(status) => Some(status),
        _ => None,
    }
}

/// Waits until then; for ever where no time is given.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
