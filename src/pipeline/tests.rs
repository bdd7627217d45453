//! What happens when members fail, with models that fail on purpose: no real graph can be made to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

use super::*;
use crate::engine::{EngineError, GraphInfo, Model, Rows};
use crate::features::{NUMERIC_WIDTH, VocabularyFile};
use crate::rules::parse_pack;
use crate::verdict::Member;

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const PANICS: u8 = 2;

const PACK: &str = "
pack: test
about: one rule of each kind that these tests need
rules:
  - id: test-disk
    title: A disk fails
    category: critical
    confidence: 0.8
    floor: false
    any: ['disk failed']
    examples: {match: ['disk failed', 'the disk failed again'], no_match: ['disk replaced']}
";

/// Holds models up while it is shut.
#[derive(Default)]
pub(crate) struct Gate {
    shut: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    pub(crate) fn set(&self, shut: bool) {
        *self.shut.lock().expect("no panic") = shut;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let shut = self.shut.lock().expect("no panic");
        let _open = self.changed.wait_while(shut, |shut| *shut);
    }
}

/// A model with a constant answer, until it is told to fail.
pub(crate) struct Scripted {
    gate: Arc<Gate>,
    mood: Arc<AtomicU8>,
    runs: Arc<AtomicUsize>,
    width: usize,
    answer: Vec<f32>,
    info: ModelInfo,
}

impl Model for Scripted {
    fn run(&mut self, rows: Rows<'_>, out: &mut Vec<f32>) -> Result<(), EngineError> {
        let batch = rows.count();
        assert_eq!(rows.width(), self.width, "rows of the declared width");
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.gate.pass();
        match self.mood.load(Ordering::Relaxed) {
            FAILS => Err(EngineError::Run {
                file: "scripted".into(),
                batch,
                detail: "told to fail".into(),
            }),
            PANICS => panic!("told to panic"),
            _ => {
                out.clear();
                (0..batch).for_each(|_| out.extend_from_slice(&self.answer));
                Ok(())
            }
        }
    }

    fn info(&self) -> &ModelInfo {
        &self.info
    }
}

/// A snapshot over scripted models, and the strings that pull them.
pub(crate) struct Stage {
    pub(crate) snapshot: Snapshot,
    pub(crate) gate: Arc<Gate>,
    pub(crate) classifier: Arc<AtomicU8>,
    anomaly: Arc<AtomicU8>,
    classifier_runs: Arc<AtomicUsize>,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage::with_workers(1)
    }

    pub(crate) fn with_workers(workers: usize) -> Stage {
        let gate = Arc::new(Gate::default());
        let (classifier, anomaly) = (
            Arc::new(AtomicU8::new(WORKS)),
            Arc::new(AtomicU8::new(WORKS)),
        );
        let classifier_runs = Arc::new(AtomicUsize::new(0));
        let model =
            |mood: &Arc<AtomicU8>, runs: &Arc<AtomicUsize>, width, answer: &[f32]| Scripted {
                gate: gate.clone(),
                mood: mood.clone(),
                runs: runs.clone(),
                width,
                answer: answer.to_vec(),
                info: ModelInfo {
                    engine: "scripted",
                    engine_reason: "a test asks for it".into(),
                    provider: "cpu",
                    graph: GraphInfo::default(),
                },
            };
        let models = || Models {
            classifier: Box::new(model(
                &classifier,
                &classifier_runs,
                1,
                &[0.1, 0.1, 0.7, 0.1],
            )),
            anomaly: Box::new(model(&anomaly, &Arc::default(), NUMERIC_WIDTH, &[-0.9])),
        };
        let others = (1..workers).map(|_| models()).collect();
        let snapshot = Snapshot::new(knowledge(), models(), others);
        Stage {
            snapshot,
            gate,
            classifier,
            anomaly,
            classifier_runs,
        }
    }

    pub(crate) fn panic_on_next_run(&self) {
        self.classifier.store(PANICS, Ordering::Relaxed);
    }

    fn judge(&self, message: &str) -> Verdict {
        let judged = self.snapshot.judge(0, &[record(message)], Detail::None);
        judged[0].verdict.clone()
    }
}

pub(crate) fn record(message: &str) -> Record {
    Record {
        message: message.into(),
        ..Record::default()
    }
}

fn knowledge() -> Knowledge {
    let pack = parse_pack("test", PACK).expect("a valid pack");
    let vocabulary = VocabularyFile {
        version: 1,
        ngram: (1, 1),
        terms: vec!["disk".into()],
        idf: vec![1.0],
        columns: vec![0],
    };
    Knowledge {
        identity: Arc::new(Identity {
            name: "scripted".into(),
            version: "1".into(),
            digest: "sha256:0".into(),
        }),
        rules: Arc::new(RuleSet::compile(vec![pack], &[]).expect("it compiles")),
        vectorizer: Arc::new(Vectorizer::new(vocabulary).expect("a valid vocabulary")),
        classifier: Classifier {
            missing: f32::NAN,
            temperature: 1.0,
            max_unknown: 1.0,
            labels: Category::ALL,
        },
        anomaly: Anomaly {
            knots: vec![0.1, 0.2],
            threshold: 0.9,
        },
        policy: Policy {
            weights: [0.30, 0.45, 0.25],
            noise_threshold: 0.5,
            min_confidence: 0.3,
            forward_at: None,
            forward_degraded: false,
            skip_models_on_compliance: false,
        },
        baseline: Arc::new(Baseline {
            loaded: Instant::now(),
            categories: [0.25; 4],
            deciles: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
            unknown_words: 0.0,
        }),
        stand_in: false,
    }
}

fn near(found: Scores, expected: [f32; 4]) {
    let close = found
        .to_array()
        .iter()
        .zip(expected)
        .all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(close, "expected {expected:?}, found {found:?}");
}

#[test]
fn all_members_judge() {
    // anomaly: strength 1, so 0.9 suspicious and 0.1 routine
    let verdict = Stage::new().judge("disk replaced");
    near(
        verdict.scores,
        [
            0.45 * 0.1 / 0.7,
            (0.045 + 0.225) / 0.7,
            (0.315 + 0.025) / 0.7,
            0.045 / 0.7,
        ],
    );
    assert!(verdict.flags.is_empty());
}

#[test]
fn a_member_that_fails_is_left_out_and_its_weight_goes_to_the_others() {
    let stage = Stage::new();
    stage.anomaly.store(FAILS, Ordering::Relaxed);
    let verdict = stage.judge("disk replaced");
    near(verdict.scores, [0.1, 0.1, 0.7, 0.1]);
    assert_eq!(
        (verdict.category, verdict.flags.as_slice()),
        (Category::Routine, [Flag::Degraded].as_slice())
    );
    assert_eq!(stage.snapshot.failures(), [0, 1]);
}

#[test]
fn with_no_model_left_rules_judge_and_the_rest_is_forwarded() {
    let stage = Stage::new();
    stage.classifier.store(FAILS, Ordering::Relaxed);
    stage.anomaly.store(FAILS, Ordering::Relaxed);
    let matched = stage.judge("disk failed");
    assert_eq!(
        (matched.category, matched.reason),
        (Category::Critical, Reason::Ensemble)
    );
    near(matched.scores, [0.8, 0.2 / 3.0, 0.2 / 3.0, 0.2 / 3.0]);
    let unmatched = stage.judge("disk replaced");
    assert_eq!(
        (unmatched.reason, unmatched.forward),
        (Reason::NoVote, true)
    );
    assert!(unmatched.flags.contains(&Flag::Degraded));
}

#[test]
fn a_failed_member_is_not_asked_again_at_once() {
    let stage = Stage::new();
    stage.classifier.store(FAILS, Ordering::Relaxed);
    stage.judge("disk replaced");
    stage.classifier.store(WORKS, Ordering::Relaxed);
    let verdict = stage.judge("disk replaced");
    assert_eq!(
        stage.classifier_runs.load(Ordering::Relaxed),
        1,
        "the breaker is closed for a second"
    );
    assert!(verdict.flags.contains(&Flag::Degraded));
}

#[test]
fn a_batch_says_where_its_time_went_and_what_was_asked_of_the_models() {
    let stage = Stage::new();
    let timed = |texts: &[&str]| {
        let records: Vec<Record> = texts.iter().map(|text| record(text)).collect();
        let group = Group {
            records: &records,
            detail: Detail::None,
            deadline: None,
        };
        stage.snapshot.judge_timed(0, &[group]).timings
    };
    let failed = |timings: &Timings| timings.runs.map(|run| run.map(|run| run.failed));
    let zero = std::time::Duration::ZERO;

    let begun = Instant::now();
    let timings = timed(&["disk replaced"; 40]);
    let took = begun.elapsed();
    assert_eq!(failed(&timings), [Some(false), Some(false)]);
    let runs = timings.runs.map(|run| run.map_or(zero, |run| run.took));
    let parts = [
        timings.rules,
        timings.features,
        runs[0],
        runs[1],
        timings.decide,
    ];
    assert!(parts.iter().all(|part| *part > zero), "{timings:?}");
    assert!(
        parts.iter().sum::<std::time::Duration>() <= took,
        "{timings:?}"
    );

    assert_eq!(
        failed(&timed(&["zzz"])),
        [None, Some(false)],
        "no known word"
    );
    assert_eq!(failed(&timed(&[])), [None, None]);
    stage.anomaly.store(FAILS, Ordering::Relaxed);
    assert_eq!(failed(&timed(&["disk"])), [Some(false), Some(true)]);
    assert_eq!(stage.snapshot.left_out(), [false, true]);
    assert_eq!(failed(&timed(&["disk"])), [Some(false), None], "left out");
}

#[test]
fn records_of_several_blocks_keep_their_own_texts() {
    let stage = Stage::new();
    // Known and unknown words in turn, late ones between: each has the vote of its own text.
    let records: Vec<Record> = (0..53)
        .map(|n| record(if n % 3 == 0 { "disk replaced" } else { "zzz" }))
        .collect();
    let late = [record("disk failed")];
    let group = |records, deadline| Group {
        records,
        detail: Detail::Votes,
        deadline,
    };
    let groups = [
        group(&records[..7], None),
        group(&late, Some(Instant::now())),
        group(&records[7..], None),
    ];
    let answers = stage.snapshot.judge_groups(0, &groups);
    assert!(answers[1][0].verdict.flags.contains(&Flag::Timeout));
    let judged = answers[0].iter().chain(&answers[2]);
    assert_eq!(judged.clone().count(), 53);
    for (n, judgement) in judged.enumerate() {
        let explanation = judgement.explanation.as_ref().expect("votes");
        let voted = explanation.votes[Member::Classifier as usize].voted;
        assert_eq!(voted, n % 3 == 0, "record {n}");
    }
}

#[test]
fn a_record_without_a_known_word_is_not_shown_to_the_classifier() {
    let stage = Stage::new();
    let verdict = stage.judge("zzz");
    assert_eq!(stage.classifier_runs.load(Ordering::Relaxed), 0);
    assert_eq!(
        verdict.category,
        Category::Suspicious,
        "the anomaly detector votes alone"
    );
    near(verdict.scores, [0.0, 0.9, 0.1, 0.0]);
}

#[test]
fn a_late_record_has_what_the_rules_say() {
    let stage = Stage::new();
    let records = [record("disk failed"), record("disk replaced")];
    let late = Group {
        records: &records,
        detail: Detail::None,
        deadline: Some(Instant::now()),
    };
    let late = stage.snapshot.judge_groups(0, &[late]).remove(0);
    assert_eq!(late[0].verdict.category, Category::Critical);
    assert_eq!(late[1].verdict.reason, Reason::NoVote);
    assert!(
        late.iter()
            .all(|j| j.verdict.forward && j.verdict.flags.contains(&Flag::Timeout))
    );
    assert_eq!(stage.classifier_runs.load(Ordering::Relaxed), 0);
}

#[test]
fn a_vote_is_remembered_and_a_failure_is_not() {
    let mut stage = Stage::new();
    stage.snapshot = stage
        .snapshot
        .with_cache(VoteCache::new(64, Arc::default()));
    let runs = |stage: &Stage| stage.classifier_runs.load(Ordering::Relaxed);
    stage.classifier.store(FAILS, Ordering::Relaxed);
    stage.anomaly.store(FAILS, Ordering::Relaxed);
    let failed = stage.judge("disk replaced");
    assert_eq!(failed.flags, [Flag::LowConfidence, Flag::Degraded]);
    stage.classifier.store(WORKS, Ordering::Relaxed);
    stage.anomaly.store(WORKS, Ordering::Relaxed);
    stage.snapshot.breakers = Default::default();
    let asked = stage.judge("disk replaced");
    assert_eq!((runs(&stage), asked.flags.len()), (2, 0));
    stage.classifier.store(FAILS, Ordering::Relaxed);
    stage.anomaly.store(FAILS, Ordering::Relaxed);
    assert_eq!(stage.judge("disk replaced"), asked, "no model is asked");
    assert_eq!(runs(&stage), 2);
}

#[test]
fn groups_of_one_batch_keep_their_own_detail_and_deadline() {
    let stage = Stage::new();
    let records = [record("disk failed"), record("disk replaced")];
    let group = |detail, deadline| Group {
        records: &records,
        detail,
        deadline,
    };
    let groups = [
        group(Detail::None, None),
        group(Detail::Votes, None),
        group(Detail::None, Some(Instant::now())),
    ];
    let answers = stage.snapshot.judge_groups(0, &groups);
    assert_eq!(stage.classifier_runs.load(Ordering::Relaxed), 1);
    assert_eq!(answers.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    for (answers, (votes, timeout)) in
        answers
            .iter()
            .zip([(false, false), (true, false), (false, true)])
    {
        for judgement in answers {
            assert_eq!(judgement.explanation.is_some(), votes);
            assert_eq!(judgement.verdict.flags.contains(&Flag::Timeout), timeout);
        }
    }
    let rules = |place: usize| {
        answers[1][place]
            .explanation
            .as_ref()
            .map(|e| e.rules.len())
    };
    assert_eq!((rules(0), rules(1)), (Some(1), Some(0)), "in their order");
}

#[test]
fn a_claim_that_skips_the_models_does_not_run_them_and_keeps_the_flags() {
    let mut stage = Stage::new();
    let framework = "
framework: test
title: a framework of these tests
retention_days: 7
rules:
  - id: test-card
    title: cards
    any: ['cardholder']
    examples: {match: ['cardholder a', 'cardholder b'], no_match: ['card']}
";
    let frameworks = crate::rules::parse_frameworks("test", framework).expect("a valid framework");
    let pack = parse_pack("test", PACK).expect("a valid pack");
    let rules = RuleSet::with_frameworks(vec![pack], &[], frameworks).expect("it compiles");
    stage.snapshot.knowledge.rules = Arc::new(rules);
    stage.snapshot.knowledge.policy.skip_models_on_compliance = true;
    stage.snapshot.knowledge.stand_in = true;
    let claimed = stage.judge("disk of the cardholder data");
    assert_eq!(stage.classifier_runs.load(Ordering::Relaxed), 0);
    assert_eq!(
        (claimed.category, claimed.reason),
        (Category::Critical, Reason::Compliance)
    );
    assert_eq!(
        claimed.flags,
        [Flag::Compliance, Flag::Degraded, Flag::FailOpen]
    );
    stage.judge("disk replaced");
    assert_eq!(stage.classifier_runs.load(Ordering::Relaxed), 1);
}

#[test]
fn an_attack_in_another_field_is_seen_by_the_rules() {
    let fields = serde_json::json!({"cmd": {"line": ["disk failed"]}, "n": 1});
    let hidden = Record {
        fields: fields.as_object().expect("an object").clone(),
        ..record("zzz")
    };
    let stage = Stage::new();
    let judged = stage
        .snapshot
        .judge(0, &[hidden, record("zzz")], Detail::Votes);
    let matched = |place: usize| judged[place].explanation.as_ref().map(|e| e.rules.len());
    assert_eq!((matched(0), matched(1)), (Some(1), Some(0)));
}

#[test]
fn signs_tell_who_abstained_and_which_words_are_unknown() {
    let stage = Stage::new();
    let sign = |message: &str| stage.snapshot.judge(0, &[record(message)], Detail::None)[0].signs;
    let expected = |abstained, unknown_words| {
        Some(Signs {
            abstained,
            unknown_words,
        })
    };
    assert_eq!(sign("disk failed"), expected([false; 3], Some(0.5)));
    assert_eq!(sign("zzz"), expected([true, true, false], Some(1.0)));
    assert_eq!(sign("="), expected([true, true, false], None));

    let late = Group {
        records: &[record("disk failed")],
        detail: Detail::None,
        deadline: Some(Instant::now()),
    };
    assert_eq!(stage.snapshot.judge_groups(0, &[late])[0][0].signs, None);
    stage.anomaly.store(FAILS, Ordering::Relaxed);
    assert_eq!(sign("disk failed"), None, "a member was left out");
}
