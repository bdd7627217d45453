//! Dispatcher, queue and workers over scripted models: order, sharing, deadlines, panics, the end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::super::*;
use crate::config::Config;
use crate::pipeline::tests::{Stage, record};
use crate::verdict::{Category, Flag, Reason};

/// Remembers the batches, and what the models were asked for when records were judged.
#[derive(Default)]
struct Log(Mutex<Vec<(Release, usize)>>, Mutex<Vec<[bool; 2]>>);

impl Observer for Log {
    fn released(
        &self,
        release: Release,
        records: usize,
        waits: &mut dyn Iterator<Item = Duration>,
    ) {
        assert!(waits.count() <= records);
        self.0.lock().expect("no panic").push((release, records));
    }

    fn judged(&self, snapshot: &Snapshot, timings: &Timings) {
        assert_eq!(snapshot.model_infos()[0].engine, "scripted");
        let asked = timings.runs.map(|run| run.is_some());
        self.1.lock().expect("no panic").push(asked);
    }
}

/// What a task asked, and its answer.
type Asked = (Vec<&'static str>, Vec<Judgement>);

/// A dispatcher with batches of 4.
struct Bench {
    dispatcher: Dispatcher,
    workers: Workers,
    log: Arc<Log>,
}

fn start_over(stage: Stage, settings: &[(&str, &str)]) -> Bench {
    let given = settings.iter().map(|(key, value)| {
        let key = format!("LOGTRIAGE__{}", key.to_uppercase().replace('.', "__"));
        (key, (*value).to_owned())
    });
    let usual = [
        ("LOGTRIAGE__BATCH__MAX_RECORDS", "4"),
        ("LOGTRIAGE__ENGINE__WORKERS", "1"),
    ];
    let usual = usual.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config::load(None, usual.into_iter().chain(given)).expect("a configuration");
    let store = Arc::new(Store::holding(stage.snapshot));
    let log = Arc::new(Log::default());
    let observer: Arc<dyn Observer> = log.clone();
    let started = start(store, &config.batch, &config.engine, observer);
    let (dispatcher, workers) = started.expect("threads");
    Bench {
        dispatcher,
        workers,
        log,
    }
}

impl Bench {
    fn judge(
        &self,
        records: Vec<Record>,
        detail: Detail,
        deadline: Instant,
    ) -> impl Future<Output = Result<Judged, Overloaded>> {
        let ticket = self.dispatcher.ticket();
        self.dispatcher.judge(ticket, records, detail, deadline)
    }

    /// A request that has begun, and does not arrive while this is kept.
    fn announce(&self) -> Ticket {
        let mut ticket = self.dispatcher.ticket();
        ticket.announce();
        ticket
    }

    async fn ask(&self, texts: &[&str]) -> Vec<Judgement> {
        let judged = self.judge(messages(texts), Detail::Votes, soon());
        judged.await.expect("room").judgements
    }

    /// Asks in a task of its own, which has come as far as the queue.
    async fn queue(&self, asking: &mut JoinSet<Asked>, texts: &[&'static str]) {
        let (dispatcher, texts) = (self.dispatcher.clone(), texts.to_vec());
        asking.spawn(async move {
            let ticket = dispatcher.ticket();
            let judged = dispatcher.judge(ticket, messages(&texts), Detail::Votes, soon());
            let judgements = judged.await.expect("room").judgements;
            (texts, judgements)
        });
        tokio::task::yield_now().await;
    }

    /// Keeps the only worker busy with one request until the gate opens.
    async fn occupy(&self, asking: &mut JoinSet<Asked>) {
        self.queue(asking, &["disk replaced"; 4]).await;
        while self.log.0.lock().expect("no panic").is_empty() {
            std::thread::yield_now();
        }
    }

    fn batches(self) -> Vec<(Release, usize)> {
        drop(self.dispatcher);
        self.workers.join();
        self.log.0.lock().expect("no panic").clone()
    }
}

/// Each answer is that of its text: the one rule matches "disk failed".
fn fits((texts, judgements): &Asked) {
    assert_eq!(texts.len(), judgements.len());
    for (text, judgement) in texts.iter().zip(judgements) {
        let rules = &judgement.explanation.as_ref().expect("votes").rules;
        assert_eq!(!rules.is_empty(), *text == "disk failed", "{text}");
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn messages(texts: &[&str]) -> Vec<Record> {
    texts.iter().map(|text| record(text)).collect()
}

#[tokio::test]
async fn answers_keep_the_order_of_the_records_over_chunks_and_workers() {
    let bench = start_over(Stage::with_workers(2), &[("engine.workers", "2")]);
    let texts: Vec<&'static str> = (0..50)
        .map(|n| {
            if n % 3 == 0 {
                "disk failed"
            } else {
                "disk replaced"
            }
        })
        .collect();
    let judgements = bench.ask(&texts).await;
    assert_eq!(judgements.len(), 50);
    fits(&(texts, judgements));
    let load = bench.dispatcher.load();
    assert_eq!((load.held, load.queued), (0, Room::default()));
    assert!(
        bench
            .batches()
            .iter()
            .all(|(release, _)| *release == Release::Direct)
    );
}

#[tokio::test]
async fn requests_that_come_while_the_workers_are_busy_share_the_next_batch() {
    let stage = Stage::new();
    let gate = stage.gate.clone();
    gate.set(true);
    let bench = start_over(stage, &[("batch.max_delay", "60s")]);
    let mut asking = JoinSet::new();
    bench.occupy(&mut asking).await;
    for text in ["disk failed", "disk replaced", "disk failed", "zzz"] {
        bench.queue(&mut asking, &[text]).await;
    }
    assert_eq!(bench.dispatcher.load().queued.records, 4);
    assert_eq!(bench.dispatcher.load().held, 8);
    gate.set(false);
    let answers = asking.join_all().await;
    assert_eq!(answers.len(), 5);
    answers.iter().for_each(fits);
    assert_eq!(bench.batches(), [(Release::Direct, 4), (Release::Size, 4)]);
}

#[tokio::test]
async fn one_alone_waits_only_for_company_that_is_on_its_way() {
    let bench = start_over(Stage::new(), &[("batch.max_delay", "60s")]);
    bench.ask(&["disk failed"]).await;
    let coming = bench.announce();
    let mut asking = JoinSet::new();
    bench.queue(&mut asking, &["disk failed"]).await;
    bench.queue(&mut asking, &["zzz"]).await;
    drop(coming);
    assert_eq!(asking.join_all().await.len(), 2);
    let batches = [(Release::Complete, 1), (Release::Complete, 2)];
    assert_eq!(bench.batches(), batches);

    let bench = start_over(Stage::new(), &[]);
    let coming = bench.announce();
    bench.ask(&["disk failed"]).await;
    drop(coming);
    assert_eq!(bench.batches(), [(Release::Delay, 1)]);
}

#[tokio::test]
async fn in_a_drain_nobody_waits() {
    let bench = start_over(Stage::new(), &[("batch.max_delay", "60s")]);
    let mut asking = JoinSet::new();
    let _coming = bench.announce();
    bench.queue(&mut asking, &["disk failed"]).await;
    bench.dispatcher.drain();
    assert_eq!(asking.join_all().await.len(), 1);
    assert_eq!(bench.batches(), [(Release::Drain, 1)]);
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_when_to_come_again() {
    let stage = Stage::new();
    let gate = stage.gate.clone();
    gate.set(true);
    let bench = start_over(stage, &[("batch.queue_records", "5")]);
    let mut asking = JoinSet::new();
    bench.occupy(&mut asking).await;
    bench.queue(&mut asking, &["disk replaced"; 2]).await;
    bench.queue(&mut asking, &["disk replaced"; 2]).await;
    let two = messages(&["disk replaced"; 2]);
    let refused = bench.judge(two, Detail::None, soon()).await;
    let overloaded = refused.expect_err("five fit, four are taken");
    assert_eq!(overloaded.full, Full::Records);
    assert!(overloaded.retry_after >= Duration::from_secs(1));
    let one = Room {
        records: 1,
        bytes: 0,
    };
    let two = Room {
        records: 2,
        bytes: 0,
    };
    let mut ticket = bench.dispatcher.ticket();
    assert_eq!(ticket.look(one, 2), Ok(()));
    assert_eq!(ticket.look(two, 2), Err(overloaded));
    drop(ticket);
    assert_eq!(bench.dispatcher.drained_in(), overloaded.retry_after);
    assert_eq!(bench.dispatcher.load().queued.records, 4);
    gate.set(false);
    asking.join_all().await;
    assert_eq!(bench.ask(&["disk replaced"; 20]).await.len(), 20, "alone");
}

#[tokio::test]
async fn after_the_deadline_the_rules_answer_alone() {
    let bench = start_over(Stage::new(), &[("batch.max_delay", "60s")]);
    let texts = messages(&["disk failed", "disk replaced"]);
    let _coming = bench.announce();
    let judged = bench.judge(texts, Detail::None, Instant::now());
    let judged = judged.await.expect("room");
    let [failed, replaced] = judged.judgements.as_slice() else {
        panic!("two answers");
    };
    assert_eq!(failed.verdict.category, Category::Critical);
    assert_eq!(replaced.verdict.reason, Reason::NoVote);
    for judgement in [failed, replaced] {
        assert!(judgement.verdict.forward && judgement.verdict.flags.contains(&Flag::Timeout));
    }
    assert_eq!(bench.batches(), [(Release::Deadline, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_hangs_does_not_hold_its_callers_for_ever() {
    let stage = Stage::new();
    let gate = stage.gate.clone();
    gate.set(true);
    let bench = start_over(stage, &[]);
    let mut asking = JoinSet::new();
    bench.occupy(&mut asking).await;
    let begun = tokio::time::Instant::now();
    let judgements = bench.ask(&["disk replaced"; 9]).await;
    assert_eq!(judgements.len(), 9, "no record is lost");
    assert!(
        judgements
            .iter()
            .all(|j| j.verdict.flags.contains(&Flag::FailOpen))
    );
    assert!(begun.elapsed() < Duration::from_secs(60) + 2 * OVERDUE);
    let load = bench.dispatcher.load();
    assert_eq!(load.queued, Room::default(), "what waited has left");
    asking.join_all().await;
    gate.set(false);
    assert_eq!(bench.batches().len(), 1);
}

#[tokio::test]
async fn a_panic_is_answered_fail_open_and_the_worker_goes_on() {
    let stage = Stage::new();
    stage.panic_on_next_run();
    let mood = stage.classifier.clone();
    let bench = start_over(stage, &[]);
    let judgements = bench.ask(&["disk replaced"; 6]).await;
    assert_eq!(judgements.len(), 6, "no record is lost");
    assert!(
        judgements
            .iter()
            .all(|j| j.verdict.forward && j.verdict.flags.contains(&Flag::FailOpen))
    );
    mood.store(0, Ordering::Relaxed);
    let judgements = bench.ask(&["disk replaced"]).await;
    assert!(judgements[0].verdict.flags.is_empty());
}

#[tokio::test]
async fn a_panic_in_a_shared_batch_hits_only_the_request_that_is_to_blame() {
    let stage = Stage::new();
    stage.panic_on_next_run();
    let gate = stage.gate.clone();
    gate.set(true);
    let bench = start_over(stage, &[("batch.max_delay", "60s")]);
    let mut asking = JoinSet::new();
    bench.occupy(&mut asking).await;
    // The classifier panics where it is asked, and it is not asked of what it does not know.
    bench.queue(&mut asking, &["zzz", "zzz", "zzz"]).await;
    bench.queue(&mut asking, &["disk replaced"]).await;
    gate.set(false);
    let answers = asking.join_all().await;
    let fails = |count: usize| {
        let asked = answers.iter().find(|(_, judged)| judged.len() == count);
        let (_, judged) = asked.expect("an answer");
        let failed = |j: &Judgement| j.verdict.flags.contains(&Flag::FailOpen);
        judged.iter().map(failed).collect::<Vec<_>>()
    };
    assert_eq!(fails(1), [true]);
    assert_eq!(fails(3), [false; 3]);
    let log = Arc::clone(&bench.log);
    assert_eq!(bench.batches().len(), 2);
    let asked = log.1.lock().expect("no panic").clone();
    assert_eq!(asked, [[false, true]], "of what panicked nothing is told");
}

#[tokio::test]
async fn a_rehearsal_goes_all_the_way_and_is_not_told() {
    let bench = start_over(Stage::new(), &[("batch.max_delay", "60s")]);
    let judged = bench.dispatcher.rehearse(record("disk failed"), soon());
    let judged = judged.await.expect("room").judgements;
    let votes = &judged[0].explanation.as_ref().expect("votes").votes;
    assert!(votes.iter().all(|vote| vote.voted), "{votes:?}");
    let load = bench.dispatcher.load();
    assert_eq!((load.judged, load.rehearsed), (1, 1));
    bench.ask(&["zzz"]).await;
    let load = bench.dispatcher.load();
    assert_eq!((load.judged, load.rehearsed), (2, 1));
    let log = Arc::clone(&bench.log);
    assert_eq!(bench.batches(), [(Release::Complete, 1)]);
    assert_eq!(*log.1.lock().expect("no panic"), [[false, true]]);
}

#[tokio::test]
async fn a_rehearsal_beside_records_of_others_does_not_count_with_them() {
    let stage = Stage::new();
    let gate = stage.gate.clone();
    gate.set(true);
    let bench = start_over(stage, &[("batch.max_delay", "60s")]);
    let mut asking = JoinSet::new();
    bench.occupy(&mut asking).await;
    bench.queue(&mut asking, &["disk failed", "zzz"]).await;
    let dispatcher = bench.dispatcher.clone();
    let rehearsal = tokio::spawn(async move {
        let judged = dispatcher.rehearse(record("disk failed"), soon()).await;
        judged.expect("room").judgements.len()
    });
    tokio::task::yield_now().await;
    assert_eq!(bench.dispatcher.load().queued.records, 3);
    gate.set(false);
    asking.join_all().await;
    assert_eq!(rehearsal.await.expect("no panic"), 1);
    let batches = [(Release::Direct, 4), (Release::Complete, 2)];
    assert_eq!(bench.batches(), batches);
}

#[tokio::test]
async fn a_caller_that_went_away_frees_its_room() {
    let stage = Stage::new();
    let gate = stage.gate.clone();
    gate.set(true);
    let bench = start_over(stage, &[]);
    let mut asking = JoinSet::new();
    bench.occupy(&mut asking).await;
    let mut leaving = JoinSet::new();
    bench.queue(&mut leaving, &["disk replaced"; 40]).await;
    bench.queue(&mut leaving, &["disk replaced"; 3]).await;
    assert_eq!(bench.dispatcher.load().queued.records, 43);
    leaving.shutdown().await;
    assert_eq!(bench.dispatcher.load().queued, Room::default());
    assert_eq!(bench.dispatcher.load().held, 4, "the worker has these");
    gate.set(false);
    asking.join_all().await;
    assert_eq!(bench.batches(), [(Release::Direct, 4)]);
}
