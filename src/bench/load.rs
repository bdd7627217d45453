//! The load: connections that send as fast as they are answered, or at given times.
//!
//! At given times (an open loop) a request is due whether or not earlier ones are answered, and its
//! latency counts from then: a server that stalls is charged for every request that it kept waiting,
//! not for the few that were under way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::Builder;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{sleep, timeout_at};

use super::BenchError;
use super::bodies::Bodies;
use super::client::{Client, Target};
use super::measure::Counts;
use super::process;

/// How long what was due in time may still be sent and answered.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Looks that are kept; of more, every second one is dropped.
const MOST_LOOKS: usize = 256;

/// How hard and how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Connections, each with one request at a time.
    pub connections: usize,
    /// Records a second, arriving at even intervals; `None` is as fast as they are answered.
    pub rate: Option<f64>,
    /// What is sent before it counts.
    pub warmup: Duration,
    /// How long it counts.
    pub duration: Duration,
    /// Ends the load after so many records, warm-up not counted.
    pub records: Option<u64>,
    /// The server's process id.
    pub pid: Option<u32>,
}

/// What a load found.
pub struct Outcome {
    /// The requests.
    pub counts: Counts,
    /// From the end of the warm-up to the last answer that counts.
    pub elapsed: Duration,
    /// CPU time of the server in that time.
    pub server_cpu: Option<Duration>,
    /// CPU time of this process in that time.
    pub client_cpu: Option<Duration>,
    /// The server's memory on the way.
    pub looks: Vec<Look>,
}

/// The server's memory at one time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Look {
    /// Records answered by then, from the end of the warm-up.
    pub records: u64,
    /// Bytes resident.
    pub resident: u64,
}

/// What all connections share.
struct Shared {
    bodies: Arc<Bodies>,
    counted_from: Instant,
    until: Instant,
    /// Requests that may still be sent and count; without a limit, all of them.
    left: AtomicU64,
    answered: AtomicU64,
    /// When each request is due, in an open loop.
    due: Option<AsyncMutex<UnboundedReceiver<Instant>>>,
    looks: Mutex<Vec<Look>>,
}

/// Runs a load to its end.
///
/// # Errors
/// Where the runtime cannot be made.
pub fn run(target: &Target, bodies: Arc<Bodies>, plan: &Plan) -> Result<Outcome, BenchError> {
    // One thread: the client must leave the processors to the server.
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(BenchError::System)?;
    let outcome = runtime.block_on(drive(target, bodies, plan));
    runtime.shutdown_background();
    Ok(outcome)
}

async fn drive(target: &Target, bodies: Arc<Bodies>, plan: &Plan) -> Outcome {
    let batch = bodies.batch() as u64;
    let begin = Instant::now();
    let counted_from = begin + plan.warmup;
    let until = counted_from + plan.duration;
    let due = plan
        .rate
        .map(|rate| AsyncMutex::new(pace(begin, until, batch as f64 / rate)));
    let limit = plan.records.map(|records| records.div_ceil(batch));
    let shared = Arc::new(Shared {
        bodies,
        counted_from,
        until,
        left: AtomicU64::new(limit.unwrap_or(u64::MAX)),
        answered: AtomicU64::new(0),
        due,
        looks: Mutex::default(),
    });
    let watch = tokio::spawn(watch(plan.pid, shared.clone()));
    let connections: Vec<_> = (0..plan.connections)
        .map(|_| tokio::spawn(connection(Client::new(target.clone()), shared.clone())))
        .collect();
    sleep(plan.warmup).await;
    let cpu = || [plan.pid, Some(std::process::id())].map(|pid| pid.and_then(process::cpu));
    let before = cpu();
    let mut counts = Counts::default();
    for connection in connections {
        match connection.await {
            Ok(counted) => counts.merge(counted),
            Err(_) => counts.failed("panic"),
        }
    }
    let elapsed = counted_from.elapsed();
    let after = cpu();
    if limit.is_none() {
        give_up(&shared, &mut counts).await;
    }
    watch.abort();
    let looks = std::mem::take(&mut *shared.looks.lock().unwrap_or_else(PoisonError::into_inner));
    let [server_cpu, client_cpu] = [0, 1].map(|who| Some(after[who]?.saturating_sub(before[who]?)));
    Outcome {
        counts,
        elapsed,
        server_cpu,
        client_cpu,
        looks,
    }
}

/// Sends until the time is over, or nothing more is to be sent.
async fn connection(mut client: Client, shared: Arc<Shared>) -> Counts {
    let mut counts = Counts::default();
    while let Some(due) = shared.next_due().await {
        if due >= shared.counted_from && !shared.take() {
            break;
        }
        let request = shared.bodies.next();
        let records = counts.records;
        client
            .ask(due, request, shared.counted_from, &mut counts)
            .await;
        let answered = counts.records - records;
        shared.answered.fetch_add(answered, Ordering::Relaxed);
    }
    counts
}

impl Shared {
    /// When the next request is due; `None` where none is.
    async fn next_due(&self) -> Option<Instant> {
        let now = Instant::now();
        let Some(due) = &self.due else {
            return (now < self.until).then_some(now);
        };
        // What was not sent by then never will be, and is counted by `give_up`.
        let stop = self.until + AFTERWARDS;
        if now >= stop {
            return None;
        }
        let next = async { due.lock().await.recv().await };
        timeout_at(stop.into(), next).await.ok()?
    }

    /// Takes one of the requests that are left.
    fn take(&self) -> bool {
        let left = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
            .is_ok()
    }
}

/// Says when requests are due, each at its own time. A thread, since the runtime's timer knows only
/// whole milliseconds; it sleeps, since a thread that spins takes a processor from the server.
fn pace(begin: Instant, until: Instant, interval: f64) -> UnboundedReceiver<Instant> {
    // Bounded by the time of the load: what is due is sixteen bytes a request.
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let mut turn = 0_u64;
        loop {
            let due = begin + Duration::from_secs_f64(interval * turn as f64);
            if due >= until {
                return;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.send(due).is_err() {
                return;
            }
            turn += 1;
        }
    });
    receiver
}

/// Counts what was due and found no connection: it had waited so long already.
async fn give_up(shared: &Shared, counts: &mut Counts) {
    let Some(due) = &shared.due else { return };
    let now = Instant::now();
    let mut never_sent = due.lock().await;
    while let Ok(due) = never_sent.try_recv() {
        if due >= shared.counted_from {
            counts.unsent += 1;
            counts.latency.add(now.duration_since(due));
        }
    }
}

/// Looks at the server's memory from time to time, until it is aborted.
async fn watch(pid: Option<u32>, shared: Arc<Shared>) {
    let Some(pid) = pid else { return };
    sleep(
        shared
            .counted_from
            .saturating_duration_since(Instant::now()),
    )
    .await;
    let mut pause = LOOK;
    while let Some(memory) = process::memory(pid) {
        {
            let mut looks = shared.looks.lock().unwrap_or_else(PoisonError::into_inner);
            looks.push(Look {
                records: shared.answered.load(Ordering::Relaxed),
                resident: memory.resident,
            });
            if looks.len() >= MOST_LOOKS {
                let mut place = 0_usize;
                looks.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                pause *= 2;
            }
        }
        sleep(pause).await;
    }
}
