//! Kubernetes Events on the own pod: what became of a bundle, where `kubectl describe pod` shows it.
//!
//! Events are a courtesy: nothing waits for them, few are told, and without the right to write them, or
//! outside a cluster, there are none. The log and `/v1/models` always have the whole story.

use std::collections::HashMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::kubernetes::{quietly, shortened, told, who};
use super::quota::Quota;
use super::stopped;
use crate::bundle::{Herald, News};

/// Events that may wait to be told.
const WAITING: usize = 16;
const BURST: u32 = 5;
const EVERY: Duration = Duration::from_secs(30);
const SAME: Duration = Duration::from_secs(5 * 60);
/// The API's own bound of a note, in bytes.
const LONGEST_NOTE: usize = 1024;
/// Events whose return is counted; more are told anew.
const RECORDERS: usize = 16;
const LONGEST_CALL: Duration = Duration::from_secs(10);
/// Time for what waits when the process ends: why it ends may be in it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What became of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModelEvent {
    /// It serves.
    Promoted {
        /// Name of the bundle.
        name: String,
        /// Its version.
        version: String,
        /// Its digest.
        digest: String,
        /// Where it came from.
        source: String,
    },
    /// It was refused, or could not be read; what served serves on.
    Rejected {
        /// Stable code.
        code: String,
        /// What was expected, what was found, and where.
        detail: String,
        /// Where it came from.
        source: String,
    },
    /// Somebody went back to it, and it serves until that is released or a new one comes.
    RolledBack {
        /// Name of the bundle that serves now.
        name: String,
        /// Its version.
        version: String,
        /// Its digest.
        digest: String,
        /// The version that served before.
        from: String,
    },
}

/// The pod that the Events are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// `POD_NAME`.
    pub name: String,
    /// `POD_NAMESPACE`.
    pub namespace: String,
    /// `POD_UID`; by it `kubectl describe` finds the Events of a pod.
    pub uid: String,
}

impl Pod {
    /// What the downward API says through the environment; `None` where a part is missing.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Option<Pod> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        Some(Pod {
            name: get("POD_NAME")?,
            namespace: get("POD_NAMESPACE")?,
            uid: get("POD_UID")?,
        })
    }
}

/// Where Events are handed in. Copies hand in at the same place.
#[derive(Clone, Debug, Default)]
pub struct Events(Option<mpsc::Sender<ModelEvent>>);

/// Where they come out: see [`tell`].
#[derive(Debug)]
pub struct Waiting(mpsc::Receiver<ModelEvent>);

impl Events {
    /// Both ends. Where nobody is to be told, use [`Events::default`], which takes and drops.
    pub fn new() -> (Events, Waiting) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Events(Some(sender)), Waiting(receiver))
    }

    /// Hands one in. Returns at once; one that finds the queue full is dropped.
    pub fn send(&self, event: ModelEvent) {
        let Some(sender) = &self.0 else { return };
        if sender.try_send(event).is_err() {
            tracing::debug!("an Event was dropped: too many wait to be told");
        }
    }
}

impl Herald for Events {
    fn tell(&self, news: &News) {
        let event = match news {
            News::Promoted {
                identity, source, ..
            } => ModelEvent::Promoted {
                name: identity.name.clone(),
                version: identity.version.clone(),
                digest: identity.digest.clone(),
                source: source.clone(),
            },
            News::RolledBack { identity, from, .. } => ModelEvent::RolledBack {
                name: identity.name.clone(),
                version: identity.version.clone(),
                digest: identity.digest.clone(),
                from: from.clone(),
            },
            News::Refused(rejection) => ModelEvent::Rejected {
                code: rejection.code.to_owned(),
                detail: rejection.detail.clone(),
                source: rejection.source.clone(),
            },
            // The site's own people changed it, and the log says so.
            News::Reconfigured { .. } => return,
        };
        self.send(event);
    }
}

/// Tells Events until `stop` says so, or its sender is gone; what waits then still has a moment.
pub async fn tell(pod: Pod, client: Client, mut waiting: Waiting, mut stop: watch::Receiver<bool>) {
    let mut teller = Teller::new(pod, client);
    loop {
        tokio::select! {
            event = waiting.0.recv() => match event {
                Some(event) => teller.tell(event).await,
                None => return,
            },
            () = stopped(&mut stop) => break,
        }
    }
    waiting.0.close();
    let rest = async {
        while let Some(event) = waiting.0.recv().await {
            teller.tell(event).await;
        }
    };
    // What is left untold after that is in the log.
    let _ = timeout(LAST_WORDS, rest).await;
}

struct Teller {
    client: Client,
    pod: Pod,
    quota: Quota<ModelEvent>,
    /// What was told lately, each by a recorder of its own: told again, it is counted.
    recorders: HashMap<ModelEvent, Recorder>,
    dropped: usize,
    warned: bool,
}

impl Teller {
    fn new(pod: Pod, client: Client) -> Teller {
        Teller {
            client,
            pod,
            quota: Quota::new(BURST, EVERY, SAME),
            recorders: HashMap::new(),
            dropped: 0,
            warned: false,
        }
    }

    async fn tell(&mut self, event: ModelEvent) {
        // A version may well be promoted again; that a bundle is still bad is no news.
        let rejection = matches!(event, ModelEvent::Rejected { .. }).then(|| event.clone());
        if !self.quota.take(rejection) {
            self.dropped += 1;
            tracing::debug!(?event, "an Event was dropped: too many, or the same again");
            return;
        }
        let told = event.note(std::mem::take(&mut self.dropped));
        let recorder = self.recorder(&event);
        let regarding = regarding(&self.pod);
        let publish = recorder.publish(&told, &regarding);
        let complaint = match timeout(LONGEST_CALL, quietly(publish)).await {
            Ok(Ok(())) => {
                self.warned = false;
                return;
            }
            Ok(Err(error)) => told_with_advice(&error),
            Err(_) => "the API server did not answer in time".to_owned(),
        };
        // Perhaps what it would count is gone: the next one is told anew.
        self.recorders.remove(&event);
        self.complain(&complaint);
    }

    /// The recorder of this very Event. One that has told another of the same reason would count that
    /// one up instead, and the new note would be lost.
    fn recorder(&mut self, event: &ModelEvent) -> Recorder {
        if self.recorders.len() >= RECORDERS {
            self.recorders.clear();
        }
        let recorder = self.recorders.entry(event.clone()).or_insert_with(|| {
            let reporter = Reporter {
                controller: "logtriage".to_owned(),
                instance: Some(self.pod.name.clone()),
            };
            Recorder::new(self.client.clone(), reporter)
        });
        recorder.clone()
    }

    /// Once aloud, then in a low voice, until one gets through.
    fn complain(&mut self, error: &str) {
        let pod = &self.pod.name;
        if std::mem::replace(&mut self.warned, true) {
            tracing::debug!(pod, error, "an Event could not be told");
        } else {
            tracing::warn!(
                pod,
                error,
                "an Event could not be told; further ones go to level debug"
            );
        }
    }
}

fn told_with_advice(error: &kube::Error) -> String {
    let words = told(error);
    match error {
        kube::Error::Api(status) if status.is_forbidden() => format!(
            "expected that {} may create and patch events of the group events.k8s.io, found that it \
             may not; apply deploy/rbac/role.yaml (the API server said: {words})",
            who(status)
        ),
        _ => words,
    }
}

fn regarding(pod: &Pod) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        name: Some(pod.name.clone()),
        namespace: Some(pod.namespace.clone()),
        uid: Some(pod.uid.clone()),
        ..ObjectReference::default()
    }
}

impl ModelEvent {
    /// The Event as it is told, with the number of those before it that were not.
    fn note(&self, dropped: usize) -> Event {
        let (type_, reason, action, mut note) = match self {
            ModelEvent::Promoted {
                name,
                version,
                digest,
                source,
            } => {
                let note = format!("bundle {name} {version} ({digest}) from {source} serves");
                (EventType::Normal, "ModelPromoted", "Promote", note)
            }
            ModelEvent::Rejected {
                code,
                detail,
                source,
            } => {
                let note = format!("{code}: {detail} (from {source}); what served serves on");
                (EventType::Warning, "ModelRejected", "Reject", note)
            }
            ModelEvent::RolledBack {
                name,
                version,
                digest,
                from,
            } => {
                let note = format!(
                    "rolled back from {from} to bundle {name} {version} ({digest}), which serves \
                     until it is released or a new one comes"
                );
                (EventType::Warning, "ModelRolledBack", "RollBack", note)
            }
        };
        let more = match dropped {
            0 => String::new(),
            dropped => format!(" [{dropped} before this one were not told: see the log]"),
        };
        note = shortened(&note, LONGEST_NOTE - more.len()) + &more;
        Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note),
            action: action.to_owned(),
            secondary: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(detail: &str) -> ModelEvent {
        ModelEvent::Rejected {
            code: "wrong_digest".to_owned(),
            detail: detail.to_owned(),
            source: "configmap prod/models".to_owned(),
        }
    }

    #[test]
    fn a_note_fits_the_api_and_says_what_was_left_out() {
        let event = rejected("expected x").note(0);
        assert_eq!(
            (event.type_, &*event.reason),
            (EventType::Warning, "ModelRejected")
        );
        assert_eq!(
            event.note.as_deref(),
            Some("wrong_digest: expected x (from configmap prod/models); what served serves on")
        );
        let long = rejected(&"\u{e9}".repeat(2000))
            .note(12)
            .note
            .expect("a note");
        assert!(
            long.len() <= LONGEST_NOTE && long.len() > LONGEST_NOTE - 4,
            "{}",
            long.len()
        );
        assert!(
            long.ends_with("... [12 before this one were not told: see the log]"),
            "{long}"
        );
    }

    #[test]
    fn a_pod_has_all_its_names_or_none() {
        let with = |missing: &str| {
            let missing = missing.to_owned();
            Pod::from_env(move |name| (name != missing).then(|| name.to_lowercase()))
        };
        let pod = with("").expect("all three");
        assert_eq!(
            (&*pod.name, &*pod.namespace, &*pod.uid),
            ("pod_name", "pod_namespace", "pod_uid")
        );
        for name in ["POD_NAME", "POD_NAMESPACE", "POD_UID"] {
            assert_eq!(with(name), None, "{name}");
        }
        assert_eq!(Pod::from_env(|_| Some(String::new())), None);
    }

    #[test]
    fn handing_in_never_waits() {
        let (events, mut waiting) = Events::new();
        for _ in 0..WAITING + 5 {
            events.send(rejected("x"));
        }
        let mut kept = 0;
        while waiting.0.try_recv().is_ok() {
            kept += 1;
        }
        assert_eq!(kept, WAITING);
        drop(waiting);
        events.send(rejected("nobody is left"));
        Events::default().send(rejected("nobody was ever there"));
    }
}
