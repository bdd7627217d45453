//! The composition root: builds every part from the configuration, owns every task, and ends them
//! in order.

mod judges;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::batch::{Dispatcher, Workers};
use crate::bundle::Store;
use crate::config::{Config, FeedbackConfig};
use crate::feedback::{Journal, Writing};
use crate::http::{self, Feedback, Lifecycle, Operations, Phase, Progress, Pulse, Service};
use crate::telemetry::{Metrics, Traces};
use crate::watch::{Keeper, Keeping, Nudge, Reread, Sources};

use judges::{Heralds, Judges};

/// Time for connections to close after their last answer, also where the grace is over.
const CLOSING: Duration = Duration::from_millis(500);

/// Longest that the end waits for what traces are sent to; it may not be there.
const SENDING: Duration = Duration::from_secs(5);

/// Signals to end: the first one asks, the second one insists.
pub type Signals = mpsc::Receiver<()>;

/// The configuration, and how it is read again when it changes.
pub struct Settings {
    /// What holds at the start.
    pub config: Config,
    /// The file that it was read from, if any.
    pub file: Option<PathBuf>,
    /// Reads it again.
    pub reread: Reread,
    /// What is traced is sent before the process ends.
    pub traces: Option<Traces>,
}

impl Settings {
    /// A configuration that does not change.
    pub fn fixed(config: Config) -> Settings {
        let same = config.clone();
        Settings {
            config,
            file: None,
            reread: Box::new(move || Ok(same.clone())),
            traces: None,
        }
    }
}

/// A running service.
pub struct App {
    data: Port,
    operations: Port,
    lifecycle: Lifecycle,
    dispatcher: Dispatcher,
    workers: Workers,
    keeping: Keeping,
    sources: Sources,
    trying: Trying,
    writing: Option<Writing>,
    traces: Option<Traces>,
    delay: Duration,
    grace: Duration,
}

/// A port that is served by a task of its own.
struct Port {
    address: SocketAddr,
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

impl Port {
    async fn open(address: SocketAddr) -> anyhow::Result<TcpListener> {
        let listener = TcpListener::bind(address).await;
        listener.with_context(|| format!("cannot listen on {address}; is it in use?"))
    }

    fn serve(
        listener: TcpListener,
        router: axum::Router,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<Port> {
        let address = listener
            .local_addr()
            .context("the listener has no address")?;
        let (stop, stopped) = watch::channel(None);
        let task = tokio::spawn(http::serve(listener, router, lifecycle.clone(), stopped));
        Ok(Port {
            address,
            stop,
            task,
        })
    }

    /// Ends the port's connections by that instant, and its task.
    async fn close(self, by: Instant) {
        self.stop.send_replace(Some(by));
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task of a port failed");
        }
    }
}

/// The task that tries whether a verdict can be given.
struct Trying {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Trying {
    fn start(pulse: Pulse, dispatcher: Dispatcher) -> Trying {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(pulse.keep(dispatcher, stopped));
        Trying { stop, task }
    }

    async fn end(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that tries the way of a record failed");
        }
    }
}

impl App {
    /// Loads the models, starts the workers, opens the ports. When it returns, requests are served.
    ///
    /// # Errors
    /// Where the models are refused, a worker cannot start or a port cannot be opened.
    pub async fn start(mut settings: Settings) -> anyhow::Result<App> {
        let config = &settings.config.clone();
        let traces = settings.traces.take();
        let metrics = Arc::new(Metrics::new().context("two metrics have the same name")?);
        let lifecycle = Lifecycle::default();
        let nudge = Nudge::default();
        let (keeper, inbox) = Keeper::new(nudge.clone());
        let (sources, events) = Sources::start(&config.models, &keeper, &nudge);
        let heralds = Heralds {
            metrics: Arc::clone(&metrics),
            events,
        };
        let Judges {
            store,
            dispatcher,
            workers,
            keeping,
        } = judges::load(settings, heralds, keeper.clone(), inbox).await?;
        let data = Port::open(config.server.listen).await?;
        let operations = Port::open(config.operations.listen).await?;

        let service = Service::new(
            Box::new(dispatcher.clone()),
            Arc::clone(&metrics),
            lifecycle.clone(),
            &config.server,
        );
        let (feedback, writing) = feedback(&config.feedback)?;
        let service = service.with_feedback(feedback);
        let models = Arc::clone(&store);
        let counter = dispatcher.clone();
        let pulse = Pulse::default();
        let state = Operations {
            models: Box::new(move || models.status()),
            metrics,
            lifecycle: lifecycle.clone(),
            progress: Progress::default(),
            pulse: pulse.clone(),
            load: Box::new(move || counter.load()),
            keeper,
            admin_token: config.operations.admin_token.clone(),
        };
        let app = App {
            data: Port::serve(data, http::data_router(Arc::new(service)), &lifecycle)?,
            operations: Port::serve(
                operations,
                http::operations_router(Arc::new(state)),
                &lifecycle,
            )?,
            lifecycle,
            trying: Trying::start(pulse, dispatcher.clone()),
            dispatcher,
            workers,
            keeping,
            sources,
            writing,
            traces,
            delay: config.shutdown.delay,
            grace: config.shutdown.grace,
        };
        app.announce(config, &store);
        Ok(app)
    }

    /// The address of the data port, with the port that the system chose where 0 was asked for.
    pub fn data_address(&self) -> SocketAddr {
        self.data.address
    }

    /// The address of the operations port.
    pub fn operations_address(&self) -> SocketAddr {
        self.operations.address
    }

    fn announce(&self, config: &Config, store: &Store) {
        let serving = store.status().serving;
        let model = serving.identity;
        let engine = serving.models.first().map(|model| &model.info);
        tracing::info!(
            listen = %self.data.address,
            operations = %self.operations.address,
            bundle = model.name,
            bundle_version = model.version,
            bundle_digest = model.digest,
            engine = engine.map(|info| info.engine),
            provider = engine.map(|info| info.provider),
            workers = config.engine.workers.get(),
            body_limit = config.server.body_limit,
            decompressed_limit = config.server.decompressed_limit,
            message_limit = config.server.message_limit,
            inflight_bytes = config.server.inflight_bytes,
            queue_records = config.batch.queue_records.map(NonZeroUsize::get),
            queue_bytes = config.batch.queue_bytes,
            "serving"
        );
    }

    /// Serves until a signal comes, then ends in order: unready at once, still accepting for the
    /// delay, then refusing while what is in flight is finished within the grace. A second signal
    /// ends at once.
    ///
    /// # Errors
    /// Where the second signal cut the end short.
    pub async fn run(self, mut signals: Signals) -> anyhow::Result<()> {
        wait(&mut signals).await;
        tracing::info!(delay = ?self.delay, grace = ?self.grace, "ending: unready from now on");
        tokio::select! {
            () = self.end() => Ok(()),
            () = wait(&mut signals) => anyhow::bail!("a second signal ended the process at once"),
        }
    }

    async fn end(self) {
        self.lifecycle.enter(Phase::Leaving);
        sleep(self.delay).await;
        self.lifecycle.enter(Phase::Draining);
        self.dispatcher.drain();
        let by = Instant::now() + self.grace;
        // The port stays open meanwhile, so that late requests hear a 503 and not a reset.
        if timeout_at(by, self.lifecycle.idle()).await.is_err() {
            tracing::warn!("requests were still in flight at the end of the grace");
        }
        self.data.close(by.max(Instant::now() + CLOSING)).await;
        self.operations.close(Instant::now() + CLOSING).await;
        self.trying.end().await;
        // With the last dispatcher the workers end, when they have judged what they hold.
        drop(self.dispatcher);
        self.sources.join().await;
        let (workers, keeping, writing) = (self.workers, self.keeping, self.writing);
        let joined = tokio::task::spawn_blocking(move || {
            workers.join();
            keeping.join();
            if let Some(writing) = writing {
                writing.join();
            }
        });
        let joined = timeout_at(by.max(Instant::now() + CLOSING), joined).await;
        if let Some(traces) = self.traces {
            let left = by.max(Instant::now() + CLOSING) - Instant::now();
            let sent = tokio::task::spawn_blocking(move || traces.end(left.min(SENDING)));
            if let Err(error) = sent.await {
                tracing::error!(%error, "the sending of traces could not be joined");
            }
        }
        match joined {
            Ok(Ok(())) => tracing::info!("ended"),
            Ok(Err(error)) => tracing::error!(%error, "the workers could not be joined"),
            Err(_) => tracing::warn!("workers were still judging at the end of the grace"),
        }
    }
}

/// Who may give feedback, and the thread that keeps it where a file is configured.
fn feedback(config: &FeedbackConfig) -> anyhow::Result<(Feedback, Option<Writing>)> {
    let started = config.path.as_ref();
    let started = started.map(|path| Journal::start(path, config.max_bytes));
    let started = started.transpose();
    let started = started.context("the thread of the feedback cannot be started")?;
    let (journal, writing) = started.unzip();
    let token = config.token.clone();
    Ok((Feedback { token, journal }, writing))
}

/// The next signal; never, where nobody is left who could send one.
async fn wait(signals: &mut Signals) {
    if signals.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}
