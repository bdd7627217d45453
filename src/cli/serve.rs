//! `logtriage serve`: the service, until a signal ends it.

use std::path::PathBuf;
use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::app::{App, Settings, Signals};
use crate::config::processors;
use crate::telemetry;

/// Serve over HTTP until SIGTERM or SIGINT; a second signal ends at once.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Configuration file in YAML; without one the defaults and the environment hold
    #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ServeArgs {
    /// Runs the service. A bad configuration is told before anything is opened.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = super::configuration(self.config.as_deref())?;
        let runtime = runtime()?;
        let traces = {
            // Traces are sent on the runtime.
            let _entered = runtime.enter();
            telemetry::start(&config.log)
        };
        let file = self.config.clone();
        let settings = Settings {
            config,
            file: self.config,
            reread: Box::new(move || super::configuration(file.as_deref())),
            traces,
        };
        let served = runtime.block_on(serve(settings));
        // What still runs was given its time, and must not hold up the end.
        runtime.shutdown_background();
        if let Err(error) = served {
            tracing::error!(error = format!("{error:#}"), "the service failed");
            return Ok(super::exit_code(&error));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The async runtime: as many threads as there are whole processors, and as many again for work on
/// large bodies.
///
/// Judging runs on `engine.workers` threads of its own, also one a processor. So at most three
/// threads a processor are ever busy, and in practice the async ones are only briefly: what they do
/// on a body is bounded, the rest goes to a blocking thread. Fewer async threads than processors
/// would bound small requests, where HTTP costs more than judging; more would, under a quota, spend
/// it early in each period, and then health checks wait for the next. Tokio's own defaults are the
/// processors (which it counts as we do) and 512 blocking threads, each with a body to decode. On
/// one processor or less this comes to one thread of each kind.
fn runtime() -> std::io::Result<Runtime> {
    let threads = processors().get();
    Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(threads)
        .thread_name("http")
        .enable_all()
        .build()
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    // Signals are caught before the ports open: one that comes early is not lost.
    let signals = signals()?;
    App::start(settings).await?.run(signals).await
}

/// SIGTERM and SIGINT, each as one message. The task ends with the runtime.
fn signals() -> anyhow::Result<Signals> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        while either(&mut terminate, &mut interrupt).await {
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// True when one of the two came, false when none can come any more.
async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> bool {
    let came = tokio::select! {
        came = terminate.recv() => came,
        came = interrupt.recv() => came,
    };
    came.is_some()
}
