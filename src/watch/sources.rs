//! The tasks that talk to the network for the keeper: a source of bundles, and the teller of Events.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::events::{self, Events, Pod, Waiting};
use super::{Keeper, Nudge, Sink, client, configmap, fetch};
use crate::config::{ConfigMapConfig, ModelsConfig};

/// The running tasks.
pub struct Sources {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Sources {
    /// Starts what the configuration and the environment ask for: whoever finds bundles tells `keeper`,
    /// and what is handed to [`Events`] is told on the own pod, where there is one.
    pub fn start(models: &ModelsConfig, keeper: &Keeper, nudge: &Nudge) -> (Sources, Events) {
        let mut tasks = JoinSet::new();
        let (stop, stopped) = watch::channel(false);
        let sink: Arc<dyn Sink> = Arc::new(keeper.clone());
        if let Some(config) = &models.sources.configmap {
            tasks.spawn(watch_configmap(
                config.clone(),
                Arc::clone(&sink),
                nudge.clone(),
                stopped.clone(),
            ));
        }
        if let Some(url) = &models.sources.url {
            let (url, config) = (url.clone(), models.sources.fetch.clone());
            let (nudge, stopped) = (nudge.clone(), stopped.clone());
            tasks.spawn(async move {
                fetch::watch(&url, &config, sink, nudge, stopped).await;
            });
        }
        let events = match Pod::from_env(|name| std::env::var(name).ok()) {
            Some(pod) => {
                let (events, waiting) = Events::new();
                tasks.spawn(tell_events(pod, waiting, stopped));
                events
            }
            None => {
                tracing::debug!("no Events: POD_NAME, POD_NAMESPACE and POD_UID are not all set");
                Events::default()
            }
        };
        (Sources { stop, tasks }, events)
    }

    /// Ends the tasks; Events that wait still have a moment.
    pub async fn join(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a source of bundles failed");
            }
        }
    }
}

async fn watch_configmap(
    config: ConfigMapConfig,
    sink: Arc<dyn Sink>,
    nudge: Nudge,
    stopped: watch::Receiver<bool>,
) {
    match client().await {
        Ok(client) => configmap::watch(&config, client, sink, nudge, stopped).await,
        Err(error) => sink.trouble("models.configmap", "missing_source", error.to_string()),
    }
}

async fn tell_events(pod: Pod, waiting: Waiting, stopped: watch::Receiver<bool>) {
    match client().await {
        Ok(client) => events::tell(pod, client, waiting, stopped).await,
        Err(error) => tracing::warn!(%error, "no Events are told"),
    }
}
