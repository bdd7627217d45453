//! What a load found, as JSON for programs and as a few lines for people.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::bodies::{Bodies, Form, Lines};
use super::load::{Look, Outcome, Plan};
use super::measure::Percentiles;
use super::process::Memory;

/// A rate that is missed by more is an overload.
const NEARLY: f64 = 0.98;

/// What was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// `url`, `serve` or `library`.
    pub mode: &'static str,
    /// Host and port, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Kind of workload, or `file`.
    pub workload: String,
    /// Seed of the workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Form of the bodies.
    pub form: Form,
    /// Records in each body.
    pub batch: usize,
    /// Connections, or threads of the library.
    pub connections: usize,
    /// Records a second that were due, in an open loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Seconds that do not count.
    pub warmup_seconds: f64,
}

impl Setting {
    /// Of a plan for these bodies.
    pub fn new(
        mode: &'static str,
        address: Option<&str>,
        form: Form,
        bodies: &Bodies,
        plan: &Plan,
    ) -> Setting {
        let (workload, seed) = describe(bodies.lines());
        Setting {
            mode,
            address: address.map(str::to_owned),
            workload,
            seed,
            form,
            batch: bodies.batch(),
            connections: plan.connections,
            rate: plan.rate,
            warmup_seconds: plan.warmup.as_secs_f64(),
        }
    }
}

/// Name and seed of a source of lines.
pub fn describe(lines: &Lines) -> (String, Option<u64>) {
    match lines {
        Lines::Read(_) => ("file".to_owned(), None),
        Lines::Made(workload) => {
            let kind = format!("{:?}", workload.kind()).to_lowercase();
            (kind, Some(workload.seed()))
        }
    }
}

/// One load and what it found. Times are in milliseconds or, where the name says so, in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was asked for.
    #[serde(flatten)]
    pub setting: Setting,
    /// Seconds that count.
    pub seconds: f64,
    /// Records answered.
    pub records: u64,
    /// Records answered a second.
    pub records_per_second: f64,
    /// Million bytes of lines a second.
    pub megabytes_per_second: f64,
    /// Average bytes of a line.
    pub line_bytes: f64,
    /// Average bytes of a body.
    pub body_bytes: f64,
    /// Requests answered 200.
    pub requests: u64,
    /// Others, by status or kind.
    pub errors: BTreeMap<String, u64>,
    /// Requests that were due and never sent.
    pub unsent: u64,
    /// Answers looked into.
    pub checked: u64,
    /// Of them, those without one verdict a record.
    pub wrong: u64,
    /// True where the server did not keep up with the rate.
    pub overloaded: bool,
    /// From when a request was due to its answer.
    pub latency_ms: Percentiles,
    /// From when a request was sent to its answer.
    pub service_ms: Percentiles,
    /// The server.
    pub server: Server,
    /// CPU seconds of the load itself, which shares the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cpu_seconds: Option<f64>,
}

/// What the server used.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Server {
    /// CPU seconds, of user and system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Records answered for each of them: what one core does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records_per_cpu_second: Option<f64>,
    /// From the start of the process to its ports being open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<f64>,
    /// Memory before the first request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_before: Option<Memory>,
    /// Memory after the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_after: Option<Memory>,
    /// Memory on the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Look>,
}

impl Report {
    /// Puts a report together.
    pub fn new(setting: Setting, outcome: Outcome) -> Report {
        let counts = outcome.counts;
        let seconds = outcome.elapsed.as_secs_f64().max(1e-9);
        let rate = counts.records as f64 / seconds;
        let cpu = outcome.server_cpu.map(|cpu| cpu.as_secs_f64());
        let per_cpu = |cpu: f64| (cpu > 0.0).then(|| counts.records as f64 / cpu);
        let missed = setting.rate.is_some_and(|due| rate < due * NEARLY);
        Report {
            seconds,
            records: counts.records,
            records_per_second: rate,
            megabytes_per_second: counts.line_bytes as f64 / seconds / 1e6,
            line_bytes: counts.line_bytes as f64 / counts.records.max(1) as f64,
            body_bytes: counts.body_bytes as f64 / counts.answered.max(1) as f64,
            requests: counts.answered,
            errors: counts.errors,
            unsent: counts.unsent,
            checked: counts.checked,
            wrong: counts.wrong,
            overloaded: counts.unsent > 0 || missed,
            latency_ms: counts.latency.percentiles(),
            service_ms: counts.service.percentiles(),
            server: Server {
                cpu_seconds: cpu,
                records_per_cpu_second: cpu.and_then(per_cpu),
                looks: outcome.looks,
                ..Server::default()
            },
            client_cpu_seconds: outcome.client_cpu.as_ref().map(Duration::as_secs_f64),
            setting,
        }
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let setting = &self.setting;
        let pace = match setting.rate {
            Some(rate) => format!("{rate:.0} records/s due"),
            None => "as fast as answered".to_owned(),
        };
        writeln!(
            out,
            "{} lines of {:.0} bytes, {} a request, {} connections, {pace}",
            setting.workload, self.line_bytes, setting.batch, setting.connections
        )?;
        writeln!(
            out,
            "{:>12.0} records/s   {:.1} MB/s   {} records in {:.2} s",
            self.records_per_second, self.megabytes_per_second, self.records, self.seconds
        )?;
        if let (Some(rate), Some(cpu)) =
            (self.server.records_per_cpu_second, self.server.cpu_seconds)
        {
            writeln!(
                out,
                "{rate:>12.0} records per CPU second of the server ({cpu:.2} s)"
            )?;
        }
        let times = &self.latency_ms;
        writeln!(
            out,
            "latency ms: p50 {:.3}   p90 {:.3}   p99 {:.3}   p99.9 {:.3}   max {:.3}",
            times.p50, times.p90, times.p99, times.p999, times.max
        )?;
        if let Some(memory) = self.server.memory_after {
            let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
            writeln!(
                out,
                "memory MiB: {:.1} resident, {:.1} at most",
                mib(memory.resident),
                mib(memory.peak)
            )?;
        }
        writeln!(
            out,
            "{} requests answered, {} checked, {} wrong, {} never sent{}",
            self.requests,
            self.checked,
            self.wrong,
            self.unsent,
            if self.overloaded { "; OVERLOADED" } else { "" }
        )?;
        for (kind, count) in &self.errors {
            writeln!(out, "failed: {count} x {kind}")?;
        }
        Ok(())
    }
}
