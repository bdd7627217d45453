//! logtriage judges log records: critical, suspicious, routine or noise, how sure it is, whether
//! the record must reach the SIEM, and why.
//!
//! # The map
//!
//! A request, in the order the code runs it:
//!
//! ```text
//! bytes -> http -> record -> batch (queue, workers) -> pipeline -> verdicts -> bytes
//!
//! pipeline: parse -> text (masks) -> rules ------------------------------\
//!                         |-> tokens -> features -> engine: classifier ----> ensemble -> verdict
//!                         \-> features (numeric) -> engine: anomaly ------/
//! ```
//!
//! A start:
//!
//! ```text
//! directory or built-in bytes -> bundle: digests, settings, shapes, golden samples, warm-up
//!                             -> pipeline::Snapshot -> bundle::Store -> app serves
//! ```
//!
//! A swap:
//!
//! ```text
//! volume, ConfigMap, URL, site files, verbs -> watch: keeper -> bundle: the same proof, beside what serves
//!                             -> promote: one ArcSwap   (any failure: what serves stays, and why is told)
//! ```
//!
//! | room | owns |
//! |---|---|
//! | [`verdict`] | the words that all rooms share |
//! | [`record`], [`parse`] | bodies to records, a message's header to source, severity, body, fields |
//! | [`text`], [`features`] | masks and tokens, model inputs |
//! | [`rules`], [`engine`], [`ensemble`] | what votes, what runs a graph, what decides |
//! | [`pipeline`] | a snapshot and how it judges a batch |
//! | [`answer`] | what is said of one record, over HTTP and on the command line |
//! | [`bench`](mod@bench) | what `logtriage bench` measures with: workload, load, percentiles |
//! | [`batch`] | the bounded queue and the threads that judge |
//! | [`bundle`] | what makes a snapshot of files, and refuses to |
//! | [`watch`] | where bundles and settings come from while the service runs, and the keeper that acts on it |
//! | [`feedback`] | what people say of verdicts, kept in a file |
//! | [`http`], [`telemetry`] | the two ports; metrics, traces, drift and the log |
//! | [`migrate`] | configuration and rules of the Python service that came before, as ours |
//! | [`config`], [`app`], [`cli`] | what is configured, who builds everything, the commands |
//!
//! # Who may import whom
//!
//! `cli, app -> http -> batch -> pipeline -> {rules, features, engine, ensemble} -> {text, parse,
//! record, verdict}`. `bundle` builds snapshots out of the parts of `pipeline`, and `batch` takes the
//! serving one from its store. `watch` gives `bundle` its orders; `http` passes verbs on to it.
//! `telemetry` hears of batches as their observer and of swaps as their herald; neither knows it.
//! `config` is plain values that any room may take. Nothing below `http` knows how to serve HTTP, or
//! metrics.

pub mod answer;
pub mod app;
pub mod batch;
pub mod bench;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod engine;
pub mod ensemble;
pub mod features;
pub mod feedback;
pub mod http;
pub mod migrate;
pub mod parse;
pub mod pipeline;
pub mod record;
pub mod rules;
pub mod telemetry;
pub mod text;
pub mod verdict;
pub mod watch;
