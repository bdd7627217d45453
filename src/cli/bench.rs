//! `logtriage bench`: how many records a second, at what latency, for how much CPU and memory.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::bench::workload::{Kind, Workload};
use crate::bench::{
    self, BenchError, Bodies, Form, Lines, Plan, Point, Report, Service, Setting, Target, process,
};
use crate::bundle::{Loader, Origin, Proof};
use crate::config::Config;
use crate::pipeline::Snapshot;

/// Shares of the highest rate that a sweep tries.
const SWEEP: [f64; 9] = [0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.0, 1.1];

/// Measure a service, or the library alone, under load.
///
/// Without --rate, each connection sends its next request when it has its answer. With --rate,
/// requests are due at even intervals whatever becomes of the earlier ones, and latency counts from
/// when a request was due.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["url", "serve", "library"]))]
#[command(group = ArgGroup::new("lines").args(["workload", "file"]))]
pub struct BenchArgs {
    /// A running service, such as http://127.0.0.1:8080
    #[arg(long)]
    url: Option<String>,
    /// Process id of that service, on this machine: for its CPU time and memory
    #[arg(long, requires = "url")]
    pid: Option<u32>,
    /// Start a service on free ports of the loopback, with this environment, and end it afterwards
    #[arg(long)]
    serve: bool,
    /// The pipeline without HTTP
    #[arg(long)]
    library: bool,
    /// Configuration file of the service or the library
    #[arg(long, env = "LOGTRIAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Lines that are made up
    #[arg(long, value_enum, default_value = "unseen")]
    workload: Kind,
    /// Seed of the lines; take another one for each run against the same service
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lines from a file, sent over and over
    #[arg(long)]
    file: Option<PathBuf>,
    /// Records a request
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Connections, or threads of --library; the default is 8, or one thread a worker
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    connections: Option<u16>,
    /// Records a second that are due (open loop)
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// How long to measure
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// How long to load before that
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    warmup: Duration,
    /// End after so many records, however long that takes
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), conflicts_with_all = ["duration", "rate", "plot"])]
    records: Option<u64>,
    /// How records are put into a body
    #[arg(long, value_enum, default_value = "json")]
    format: Form,
    /// Write the report as JSON
    #[arg(long)]
    json: bool,
    /// Measure a series of rates and draw latency against load into this SVG file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rate", "library"])]
    plot: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.01..=1e8).contains(rate));
    rate.ok_or_else(|| "expected records a second, from 0.01 to 100000000".to_owned())
}

/// What `--json` writes for a sweep.
#[derive(Serialize)]
struct Sweep {
    closed: Report,
    points: Vec<Point>,
}

impl BenchArgs {
    /// Runs the command; exit code 1 where nothing was answered, or wrongly.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let form = if self.library {
            Form::Text
        } else {
            self.format
        };
        let bodies = Bodies::build(self.lines()?, form, self.batch as usize);
        let bodies = Arc::new(bodies);
        if self.library {
            return self.library(&bodies);
        }
        let service = self
            .serve
            .then(|| Service::start(self.config.as_deref()))
            .transpose()?;
        let target = Target {
            address: match &service {
                Some(service) => service.address().to_owned(),
                None => address(self.url.as_deref().unwrap_or_default())?,
            },
            path: "/v1/classify".to_owned(),
            form,
            batch: bodies.batch(),
        };
        let drive = Drive {
            args: &self,
            pid: service.as_ref().map(Service::pid).or(self.pid),
            service,
            target,
            bodies,
        };
        match &self.plot {
            Some(path) => drive.sweep(path),
            None => {
                let report = drive.run(&self.plan(8, drive.pid))?;
                self.print(&report, &report)
            }
        }
    }

    fn lines(&self) -> Result<Lines, BenchError> {
        match &self.file {
            Some(path) => Lines::read(path),
            None => Ok(Lines::Made(Workload::new(self.workload, self.seed))),
        }
    }

    fn plan(&self, connections: usize, pid: Option<u32>) -> Plan {
        /// With a number of records, time is no limit: a day stands for that.
        const DAY: Duration = Duration::from_secs(86_400);
        Plan {
            connections: self.connections.map_or(connections, usize::from),
            rate: self.rate,
            warmup: self.warmup,
            duration: if self.records.is_some() {
                DAY
            } else {
                self.duration
            },
            records: self.records,
            pid,
        }
    }

    fn library(&self, bodies: &Bodies) -> anyhow::Result<ExitCode> {
        if self.rate.is_some() {
            let detail = "expected --url or --serve with --rate: the library has no connections";
            return Err(BenchError::Usage(detail.to_owned()).into());
        }
        let config = super::configuration(self.config.as_deref())?;
        let snapshot = snapshot(&config)?;
        let plan = self.plan(config.engine.workers.get(), None);
        let setting = Setting::new("library", None, Form::Text, bodies, &plan);
        let outcome = bench::judge(&snapshot, bodies, &plan)?;
        let mut report = Report::new(setting, outcome);
        report.server.memory_after = process::memory(std::process::id());
        self.print(&report, &report)
    }

    /// Prints the report, or `json` of it, and says how it went.
    fn print(&self, report: &Report, json: &impl Serialize) -> anyhow::Result<ExitCode> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, json)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", report.text())?;
        }
        Ok(if report.requests == 0 || report.wrong > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

fn snapshot(config: &Config) -> anyhow::Result<Snapshot> {
    let named = config.models.dir.clone();
    let origin = named.map_or(Origin::Builtin, Origin::Directory);
    let loader = Loader::new(config)?;
    Ok(loader.load(&origin, Proof::Golden, false)?.snapshot)
}

/// Host and port of a URL; the path is always that of the data port.
fn address(url: &str) -> Result<String, BenchError> {
    let address = url.strip_prefix("http://").map(|a| a.trim_end_matches('/'));
    let address = address.filter(|a| !a.is_empty() && !a.contains(['/', '?', '#', '@']));
    let address = address.ok_or_else(|| {
        BenchError::Usage(format!(
            "expected --url http://HOST:PORT, found {url:?}; only plain HTTP is measured"
        ))
    })?;
    let has_port = address
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Ok(if has_port {
        address.to_owned()
    } else {
        format!("{address}:80")
    })
}

/// A service, the bodies for it, and what was asked for.
struct Drive<'a> {
    args: &'a BenchArgs,
    service: Option<Service>,
    pid: Option<u32>,
    target: Target,
    bodies: Arc<Bodies>,
}

impl Drive<'_> {
    fn run(&self, plan: &Plan) -> anyhow::Result<Report> {
        let memory = || self.pid.and_then(process::memory);
        let mode = if self.args.serve { "serve" } else { "url" };
        let address = Some(self.target.address.as_str());
        let setting = Setting::new(mode, address, self.target.form, &self.bodies, plan);
        let before = memory();
        let outcome = bench::run(&self.target, self.bodies.clone(), plan)?;
        if let Some(wrong) = &outcome.counts.first_wrong {
            eprintln!("logtriage: a wrong answer: {wrong}");
        }
        let mut report = Report::new(setting, outcome);
        report.server.memory_before = before;
        report.server.memory_after = memory();
        let start = self.service.as_ref().map(Service::start_time);
        report.server.start_ms = start.map(|start| start.as_secs_f64() * 1e3);
        Ok(report)
    }

    /// As fast as answered first, then shares of that at given times.
    fn sweep(&self, path: &std::path::Path) -> anyhow::Result<ExitCode> {
        let mut plan = self.args.plan(8, self.pid);
        let closed = self.run(&plan)?;
        let highest = closed.records_per_second;
        if !(0.1..).contains(&highest) {
            return self.args.print(&closed, &closed);
        }
        let mut points = Vec::new();
        for share in SWEEP {
            plan.rate = Some(highest * share);
            // What is due must find a connection until the server itself is the limit.
            plan.connections = plan.connections.max(64);
            let report = self.run(&plan)?;
            if !self.args.json {
                print_point(&report)?;
            }
            points.push(Point {
                due: highest * share,
                answered: report.records_per_second,
                latency_ms: report.latency_ms,
            });
        }
        let (workload, _) = bench::describe(self.bodies.lines());
        let title = format!("{workload} lines, {} a request", self.bodies.batch());
        bench::draw(&points, &title, path)?;
        let sweep = Sweep {
            closed: closed.clone(),
            points,
        };
        self.args.print(&closed, &sweep)
    }
}

fn print_point(report: &Report) -> io::Result<()> {
    let times = &report.latency_ms;
    writeln!(
        io::stdout(),
        "{:>10.0} records/s due, {:>10.0} answered: p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms{}",
        report.setting.rate.unwrap_or_default(),
        report.records_per_second,
        times.p50,
        times.p99,
        times.p999,
        if report.overloaded {
            "; OVERLOADED"
        } else {
            ""
        }
    )
}
