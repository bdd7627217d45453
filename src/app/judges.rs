//! What judges, and the first bundle that it judges by.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::Settings;
use crate::batch::{self, Dispatcher, Workers};
use crate::bundle::{Herald, Loader, News, Origin, Promoter, Rejection, Store};
use crate::config::Config;
use crate::telemetry::Metrics;
use crate::watch::events::Events;
use crate::watch::{Inbox, Keeper, Keeping, Source, Start};

/// How long the start waits for a bundle that comes over the network.
const FIRST_BUNDLE: Duration = Duration::from_secs(5);

/// Those who hear what became of bundles.
pub(super) struct Heralds {
    pub(super) metrics: Arc<Metrics>,
    pub(super) events: Events,
}

impl Herald for Heralds {
    fn tell(&self, news: &News) {
        self.metrics.tell(news);
        self.events.tell(news);
    }
}

/// The parts that judge, and the one that decides by which bundle.
pub(super) struct Judges {
    pub(super) store: Arc<Store>,
    pub(super) dispatcher: Dispatcher,
    pub(super) workers: Workers,
    pub(super) keeping: Keeping,
}

/// Loads what serves first. That computes for a while, so it leaves the async runtime.
pub(super) async fn load(
    settings: Settings,
    heralds: Heralds,
    keeper: Keeper,
    inbox: Inbox,
) -> anyhow::Result<Judges> {
    let loaded = tokio::task::spawn_blocking(move || {
        let Settings {
            config,
            file,
            reread,
            ..
        } = settings;
        let loader = Loader::new(&config)?;
        let (source, first) = first(&config, &inbox);
        let told = match &first {
            Ok(origin) if source == Source::Told => origin.clone(),
            _ => None,
        };
        let metrics = Arc::clone(&heralds.metrics);
        let promoter = Promoter::start(&config.models, loader, first, Arc::new(heralds))?;
        let store = Arc::clone(promoter.store());
        let serving = Arc::clone(&store);
        let started = batch::start(serving, &config.batch, &config.engine, metrics);
        let (dispatcher, workers) = started.context("the workers cannot be started")?;
        let start = Start {
            promoter,
            source,
            first: told,
            file,
            config,
            reread,
        };
        let keeping = Keeping::start(&keeper, inbox, start);
        Ok(Judges {
            store,
            dispatcher,
            workers,
            keeping: keeping.context("the keeper cannot be started")?,
        })
    });
    loaded.await.context("loading the models failed")?
}

/// Where bundles come from, and the one to start with.
fn first(config: &Config, inbox: &Inbox) -> (Source, Result<Option<Origin>, Rejection>) {
    let models = &config.models;
    if let Some(directory) = &models.dir {
        let origin = Origin::Directory(directory.clone());
        return (Source::Directory(directory.clone()), Ok(Some(origin)));
    }
    if models.sources.configmap.is_none() && models.sources.url.is_none() {
        return (Source::Builtin, Ok(None));
    }
    let found = inbox.first(FIRST_BUNDLE).unwrap_or_else(|| {
        let detail = format!("nothing came within {FIRST_BUNDLE:?}; it is waited for on");
        let source = "models.configmap or models.url".to_owned();
        Err(Rejection::new(source, None, "missing_source", detail))
    });
    (Source::Told, found.map(Some))
}
