//! What is read off a judgement.

use super::*;
use crate::pipeline::{Explanation, VoteDetail};
use crate::record::Record;
use crate::verdict::Category::{Critical, Noise, Routine, Suspicious};

fn verdict(category: Category, scores: [f32; 4], confidence: f32, reason: Reason) -> Verdict {
    Verdict {
        category,
        confidence,
        forward: category <= Suspicious,
        reason,
        flags: Vec::new(),
        scores: Scores::from_array(scores),
        compliance: Vec::new(),
    }
}

fn vote(member: Member, scores: Option<[f32; 4]>, raw: Option<Vec<f32>>) -> VoteDetail {
    VoteDetail {
        member,
        voted: scores.is_some(),
        weight: 0.5,
        scores: scores.map(Scores::from_array),
        raw,
    }
}

fn evaluation(lines: Vec<(Category, Verdict, Vec<VoteDetail>)>) -> Evaluation {
    let mut evaluation = Evaluation::new(Options {
        at: vec![0.5],
        bootstrap: Bootstrap {
            resamples: 0,
            seed: 1,
        },
        by: "set".to_owned(),
        mistakes: 1,
    });
    for (at, (label, verdict, votes)) in lines.into_iter().enumerate() {
        let labelled = Labelled {
            record: Record {
                message: format!("line\u{1b}[2J {at}").into(),
                ..Record::default()
            },
            label,
            group: "one".to_owned(),
            slice: (at > 0).then(|| "set".to_owned()),
        };
        let explanation = Explanation {
            sentence: String::new(),
            votes,
            rules: Vec::new(),
            input: None,
            terms: Vec::new(),
            numeric: Vec::new(),
        };
        let judgement = Judgement {
            verdict,
            explanation: Some(explanation),
            signs: None,
        };
        evaluation.add(labelled, at + 1, &judgement);
    }
    evaluation
}

#[test]
fn the_forward_score_heeds_floors_and_silence() {
    let scores = [0.25, 0.125, 0.5, 0.125];
    let of = |category, confidence, reason| {
        forward_score(&verdict(category, scores, confidence, reason))
    };
    assert_eq!(of(Routine, 0.5, Reason::Ensemble), 0.375);
    assert_eq!(of(Critical, 0.75, Reason::RuleFloor), 0.75);
    assert_eq!(of(Suspicious, 0.125, Reason::SeverityFloor), 0.375);
    assert_eq!(of(Routine, 0.0, Reason::NoVote), 0.5);
}

#[test]
fn members_abstain_as_routine_and_strange_lines_come_first() {
    let sure = verdict(Critical, [1.0, 0.0, 0.0, 0.0], 1.0, Reason::Ensemble);
    let calm = verdict(Noise, [0.0, 0.0, 0.25, 0.75], 0.75, Reason::Ensemble);
    let strange = || vote(Member::Anomaly, None, Some(vec![-0.75]));
    let usual = || {
        vote(
            Member::Anomaly,
            Some([0.0, 0.5, 0.5, 0.0]),
            Some(vec![-0.25]),
        )
    };
    let rule = vote(Member::Rules, Some([1.0, 0.0, 0.0, 0.0]), None);
    let lines = vec![
        (Critical, sure.clone(), vec![rule, strange()]),
        (Routine, calm.clone(), vec![usual()]),
    ];
    let found = evaluation(lines);
    let anomaly = found.of_member(Member::Anomaly);
    // It did not vote on the critical line, and ranks it first by its raw score.
    assert_eq!(
        (anomaly.voted, anomaly.figures.forward_auc),
        (0.5, Some(1.0))
    );
    assert_eq!(
        anomaly.confusion,
        [[0, 0, 1, 0], [0; 4], [0, 1, 0, 0], [0; 4]]
    );
    let rules = found.of_member(Member::Rules);
    assert_eq!((rules.figures.macro_f1, rules.voted), (Some(1.0), 0.5));
    assert_eq!(
        found.of_member(Member::Classifier).figures.forward_auc,
        Some(0.5)
    );

    // Where a line has no raw score, the votes rank: the line without a vote is above the other no more.
    let lines = vec![(Critical, sure, vec![]), (Routine, calm, vec![usual()])];
    let found = evaluation(lines).of_member(Member::Anomaly);
    assert_eq!(found.figures.forward_auc, Some(0.5));
}

#[test]
fn slices_and_mistakes_are_told() {
    let sure = |confidence| verdict(Critical, [1.0, 0.0, 0.0, 0.0], confidence, Reason::Ensemble);
    let lines = vec![
        (Routine, sure(0.5), vec![]),
        (Routine, sure(0.75), vec![]),
        (Critical, sure(1.0), vec![]),
    ];
    let found = evaluation(lines);
    let slices = found.slices();
    let sizes: Vec<_> = slices
        .iter()
        .map(|s| (s.name.as_deref(), s.lines))
        .collect();
    assert_eq!(sizes, [(Some("set"), 2), (None, 1)]);
    assert_eq!(slices[0].figures.forwarded, Some(1.0));
    assert_eq!(slices[1].figures.forward_auc, None);
    let [mistake] = &found.mistakes()[..] else {
        panic!("one was asked for: {:?}", found.mistakes());
    };
    assert_eq!((mistake.line, mistake.confidence), (2, 0.75));
    assert_eq!(mistake.message, "line [2J 1");
}
