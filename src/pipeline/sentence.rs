//! The readable sentence: one line that tells a person why.

use super::{MatchedRule, VoteDetail};
use crate::verdict::{Flag, Reason, Verdict};

/// Writes the sentence of a verdict.
pub(super) fn write(verdict: &Verdict, votes: &[VoteDetail], rules: &[MatchedRule]) -> String {
    let percent = (verdict.confidence * 100.0).round();
    let mut sentence = match verdict.reason {
        Reason::RuleFloor => format!(
            "{} ({percent} %): {}",
            verdict.category,
            deciding_rule(verdict, rules).map_or("a rule decides".into(), |r| format!(
                "rule {} ({}) sets the floor",
                r.id, r.title
            ))
        ),
        Reason::SeverityFloor => format!(
            "{} ({percent} %): the sender's severity sets the floor",
            verdict.category
        ),
        Reason::Ensemble => format!(
            "{} ({percent} %): {}",
            verdict.category,
            voters(verdict, votes)
        ),
        Reason::NoVote => "nothing known about this record, so it is forwarded".to_owned(),
        Reason::Compliance => {
            "a compliance framework claims the record, and the models are skipped".to_owned()
        }
    };
    if verdict.flags.contains(&Flag::Degraded) {
        sentence.push_str("; judged without all members");
    }
    if verdict.flags.contains(&Flag::Truncated) {
        sentence.push_str("; only the first part of the message was judged");
    }
    sentence.push_str(if verdict.forward {
        "; forward"
    } else {
        "; no need to forward"
    });
    sentence
}

fn deciding_rule<'a>(verdict: &Verdict, rules: &'a [MatchedRule]) -> Option<&'a MatchedRule> {
    let floors = rules
        .iter()
        .filter(|r| r.floor && r.category == verdict.category);
    floors.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

/// `rules say suspicious 80 %, classifier says routine 52 %`.
fn voters(verdict: &Verdict, votes: &[VoteDetail]) -> String {
    let said: Vec<String> = votes
        .iter()
        .filter_map(|vote| {
            let scores = vote.scores?;
            let top = scores.winner();
            let verb = if vote.member.as_str().ends_with('s') {
                "say"
            } else {
                "says"
            };
            Some(format!(
                "{} {verb} {top} {:.0} %",
                vote.member.as_str(),
                scores.get(top) * 100.0
            ))
        })
        .collect();
    let raised = votes
        .iter()
        .filter_map(|v| v.scores)
        .all(|s| s.winner() != verdict.category);
    let note = if raised { ", together" } else { "" };
    format!("{}{note}", said.join(", "))
}
