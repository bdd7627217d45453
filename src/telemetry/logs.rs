//! The process's own log, on standard error. Messages of records are never written to it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::{LogConfig, LogFormat, LogLevel};

/// A further taker of spans and events.
type Taker = Box<dyn Layer<Registry> + Send + Sync>;

/// What changes the level of the log that was set up.
static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();
/// Share of the requests that have a line, as the bits of an f32.
static ACCESS: AtomicU32 = AtomicU32::new(0);

/// Sets up the log of the process. A second call has no effect: the first one holds.
pub fn init(config: &LogConfig) {
    init_with(config, None);
}

/// Sets up the log, and whoever else takes spans. The level is the log's alone: what is traced does
/// not depend on how much is written.
pub(super) fn init_with(config: &LogConfig, further: Option<Taker>) {
    let (filter, handle) = reload::Layer::new(filter(config.level));
    // The level's own filter can be exchanged; that of the spans that are only traced cannot, and needs
    // not say that it lets every level pass.
    let untraced = filter_fn(|metadata| metadata.target() != super::SPANS);
    let filter = filter.and(untraced.with_max_level_hint(LevelFilter::TRACE));
    let log = fmt::layer().with_writer(std::io::stderr);
    let log: Taker = match config.format {
        LogFormat::Json => Box::new(log.json().flatten_event(true).with_filter(filter)),
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            Box::new(log.with_ansi(colours).with_filter(filter))
        }
    };
    let takers: Vec<Taker> = std::iter::once(log).chain(further).collect();
    if let Err(error) = tracing_subscriber::registry().with(takers).try_init() {
        tracing::debug!(%error, "the log was already set up");
        return;
    }
    // Nobody else sets it: it belongs to the log that was just set up.
    let _ = LEVEL.set(handle);
    share(config);
    std::panic::set_hook(Box::new(log_panic));
}

/// Changes the log to what a changed configuration says. Its format stays.
pub fn change(config: &LogConfig) {
    set_level(config.level);
    share(config);
}

fn share(config: &LogConfig) {
    let share = config.access.share();
    ACCESS.store(share.to_bits(), Ordering::Relaxed);
}

/// Changes the level of the log. Without one that [`init`] set up it does nothing.
pub fn set_level(level: LogLevel) {
    if let Some(handle) = LEVEL.get()
        && let Err(error) = handle.reload(filter(level))
    {
        tracing::error!(%error, "the level of the log could not be changed");
    }
}

/// Whether the request that has just come is one of those that have a line of their own.
pub fn takes_request() -> bool {
    let share = f32::from_bits(ACCESS.load(Ordering::Relaxed));
    share > 0.0 && (share >= 1.0 || fastrand::f32() < share)
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Tells where a panic happened. What it says stays out: it may quote a part of a record.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    tracing::error!(
        place = place.as_deref().unwrap_or("unknown"),
        thread = thread.name().unwrap_or("unnamed"),
        "panic"
    );
}
