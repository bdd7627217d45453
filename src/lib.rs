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
//! pipeline: parse -> rules ---------------------------------------------\
//!                 -> text (masks, tokens) -> features -> engine: classifier -> ensemble -> verdict
//!                                         -> features -> engine: anomaly ---/
//! ```
//!
//! A start (or a swap of models):
//!
//! ```text
//! directory or built-in bytes -> bundle: digests, shapes, golden samples, warm-up -> snapshot -> app
//! ```
//!
//! # Who may import whom
//!
//! `cli, app -> http -> batch -> pipeline -> {rules, features, engine, ensemble} -> {text, parse,
//! record, verdict}`; `bundle` builds snapshots out of the parts of `pipeline`; `config` is read by
//! `app` and `cli`, which alone know every room. Nothing below `http` knows HTTP or metrics.

pub mod app;
pub mod batch;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod engine;
pub mod ensemble;
pub mod features;
pub mod http;
pub mod parse;
pub mod pipeline;
pub mod record;
pub mod rules;
pub mod telemetry;
pub mod text;
pub mod verdict;
