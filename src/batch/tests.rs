//! The queue and its workers over scripted models: order, room, deadlines, panics, the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::config::Config;
use crate::pipeline::tests::{Stage, record};
use crate::verdict::{Category, Flag, Reason};

fn start_over(stage: Stage, queue: &str) -> (Dispatcher, Workers) {
    let environment = [
        ("LOGTRIAGE__BATCH__MAX_RECORDS", "4"),
        ("LOGTRIAGE__BATCH__QUEUE_RECORDS", queue),
        ("LOGTRIAGE__ENGINE__WORKERS", "2"),
    ];
    let environment = environment.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = Config::load(None, environment.into_iter()).expect("a valid configuration");
    let store = Arc::new(Store::holding(stage.snapshot));
    start(store, &config.batch, &config.engine).expect("threads")
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn messages(texts: &[&str]) -> Vec<Record> {
    texts.iter().map(|text| record(text)).collect()
}

#[tokio::test]
async fn answers_keep_the_order_of_the_records_over_chunks_and_workers() {
    let (dispatcher, workers) = start_over(Stage::new(), "100");
    let texts: Vec<&str> = (0..50)
        .map(|n| {
            if n % 3 == 0 {
                "disk failed"
            } else {
                "disk replaced"
            }
        })
        .collect();
    let judged = dispatcher
        .judge(messages(&texts), Detail::Votes, soon())
        .await
        .expect("room");
    assert_eq!(judged.judgements.len(), 50);
    for (text, judgement) in texts.iter().zip(&judged.judgements) {
        let rules = &judgement.explanation.as_ref().expect("votes").rules;
        assert_eq!(rules.is_empty(), *text == "disk replaced", "{text}");
    }
    assert_eq!(dispatcher.waiting(), 0);
    drop(dispatcher);
    workers.join();
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_refused_whole_but_a_large_one_runs_alone() {
    let (dispatcher, _workers) = start_over(Stage::new(), "5");
    let large = dispatcher
        .judge(messages(&["disk replaced"; 20]), Detail::None, soon())
        .await;
    assert_eq!(large.expect("nothing else waits").judgements.len(), 20);

    dispatcher.shared.waiting.fetch_add(4, Ordering::Relaxed);
    let refused = dispatcher
        .judge(messages(&["disk replaced"; 2]), Detail::None, soon())
        .await;
    let overloaded = refused.expect_err("five fit, four are taken");
    assert!(overloaded.retry_after >= Duration::from_secs(1));
    assert_eq!(dispatcher.waiting(), 4, "nothing of it was taken");
    assert!(
        dispatcher
            .judge(messages(&["disk replaced"]), Detail::None, soon())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn after_the_deadline_the_rules_answer_alone() {
    let (dispatcher, _workers) = start_over(Stage::new(), "100");
    let texts = ["disk failed", "disk replaced"];
    let judged = dispatcher
        .judge(messages(&texts), Detail::None, Instant::now())
        .await
        .expect("room");
    let [failed, replaced] = judged.judgements.as_slice() else {
        panic!("two answers");
    };
    assert_eq!(failed.verdict.category, Category::Critical);
    assert_eq!(replaced.verdict.reason, Reason::NoVote);
    for judgement in [failed, replaced] {
        assert!(judgement.verdict.forward && judgement.verdict.flags.contains(&Flag::Timeout));
    }
}

#[tokio::test]
async fn a_panic_is_answered_fail_open_and_the_worker_goes_on() {
    let stage = Stage::new();
    stage.panic_on_next_run();
    let mood = stage.classifier.clone();
    let (dispatcher, _workers) = start_over(stage, "100");
    let judged = dispatcher
        .judge(messages(&["disk replaced"; 6]), Detail::None, soon())
        .await
        .expect("room");
    assert_eq!(judged.judgements.len(), 6, "no record is lost");
    assert!(
        judged
            .judgements
            .iter()
            .all(|j| j.verdict.forward && j.verdict.flags.contains(&Flag::FailOpen))
    );
    mood.store(0, Ordering::Relaxed);
    let judged = dispatcher
        .judge(messages(&["disk replaced"]), Detail::None, soon())
        .await
        .expect("room");
    assert!(judged.judgements[0].verdict.flags.is_empty());
}

#[tokio::test]
async fn a_caller_that_went_away_frees_its_room() {
    let (dispatcher, workers) = start_over(Stage::new(), "100");
    let asked = dispatcher.judge(messages(&["disk replaced"; 40]), Detail::None, soon());
    // Polled once, so that its records are queued, and dropped.
    let _ = tokio::time::timeout(Duration::ZERO, asked).await;
    let judged = dispatcher
        .judge(messages(&["disk replaced"]), Detail::None, soon())
        .await;
    assert!(judged.is_ok());
    let waiting = dispatcher.shared.clone();
    drop(dispatcher);
    workers.join();
    assert_eq!(waiting.waiting.load(Ordering::Relaxed), 0);
}
