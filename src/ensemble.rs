//! From votes, floors and flags to a verdict: the one place that decides.

use crate::parse::Severity;
use crate::verdict::{Category, Claim, Flag, Member, Reason, Scores, Verdict};

/// What the bundle and the configuration say about deciding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Weight of each member in the order of [`Member::ALL`]; not all zero.
    pub weights: [f32; 3],
    /// Noise with a lower score becomes routine.
    pub noise_threshold: f32,
    /// A verdict of lower confidence is forwarded. For routine and noise the two count
    /// together, unless prose stands beside the message.
    pub min_confidence: f32,
    /// A record of which critical and suspicious together score this or more is forwarded: what
    /// `decision.target` picks from the bundle's curve.
    pub forward_at: Option<f32>,
    /// True where everything is forwarded while a member is left out.
    pub forward_degraded: bool,
    /// True where a compliance match skips the models.
    pub skip_models_on_compliance: bool,
}

/// What is known of one record when its verdict is due.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Each member's vote in the order of [`Member::ALL`]; `None` is an abstention.
    pub votes: [Option<Scores>; 3],
    /// The most severe matching rule with a floor: its category and confidence.
    pub rule_floor: Option<(Category, f32)>,
    /// The most severe matching rule that nobody vouched for: it raises, and does nothing else.
    pub raise: Option<(Category, f32)>,
    /// The severity that header or caller states.
    pub severity: Option<Severity>,
    /// Frameworks that claim the record.
    pub claims: Vec<Claim>,
    /// The record holds prose beside its message, which the models and the noise rules do not read:
    /// it is never noise.
    pub prose_beside: bool,
    /// A member was left out.
    pub degraded: bool,
    /// The deadline passed before the models were asked.
    pub timeout: bool,
    /// Only the first part of the message was judged.
    pub truncated: bool,
    /// Forwarded whatever the verdict: nothing that may drop a record is trusted now.
    pub fail_open: bool,
}

/// A severity of this level or a more severe one floors at suspicious (RFC 5424: 2 is critical).
const SEVERITY_FLOOR: u8 = 2;

/// Decides one record, as the section "Ensemble" of ARCHITECTURE.md describes.
pub fn decide(policy: &Policy, evidence: Evidence) -> Verdict {
    if skips_models(policy, &evidence) {
        return skipped(policy, evidence);
    }
    let scores = weighted_mean(&policy.weights, &evidence.votes);
    let voted = scores.map(|s| match winner(s, policy.noise_threshold) {
        Category::Noise if evidence.prose_beside => Category::Routine,
        category => category,
    });
    let standing = voted.unwrap_or(Category::Routine);
    let severity_floor = evidence
        .severity
        .is_some_and(|s| s.level() <= SEVERITY_FLOOR);
    let unraised = [
        Some(standing),
        evidence.rule_floor.map(|(category, _)| category),
        severity_floor.then_some(Category::Suspicious),
    ];
    let unraised = unraised.into_iter().flatten().min().unwrap_or(standing);
    // Where it raises nothing, its confidence counts for nothing: that could keep a record back.
    let raise = evidence
        .raise
        .filter(|(category, _)| category.more_severe_than(unraised));
    let category = raise.map_or(unraised, |(category, _)| category);

    let scores = scores.unwrap_or(Scores::ZERO);
    let floors = raise.or(evidence.rule_floor);
    let holding_floor = floors.filter(|(floor, _)| *floor == category);
    let floor_confidence = holding_floor.map_or(0.0, |(_, confidence)| confidence);
    let confidence = scores.get(category).max(floor_confidence);
    let reason = match voted {
        _ if holding_floor.is_some() => Reason::RuleFloor,
        _ if severity_floor && category == Category::Suspicious => Reason::SeverityFloor,
        Some(_) => Reason::Ensemble,
        None => Reason::NoVote,
    };
    let certainty = certainty(category, scores, confidence, evidence.prose_beside);
    let flags = flags(policy, &evidence, certainty, Some(forward_score(scores)));
    let forced = flags.iter().any(|f| *f != Flag::Degraded);
    let forward = category.index() <= Category::Suspicious.index()
        || reason == Reason::NoVote
        || forced
        || (evidence.degraded && policy.forward_degraded);
    Verdict {
        category,
        confidence,
        forward,
        reason,
        flags,
        scores,
        compliance: evidence.claims,
    }
}

/// The weights of those who voted, scaled to sum to 1; zero for those who did not. All zero where
/// nobody with a weight voted.
pub fn effective_weights(weights: &[f32; 3], votes: &[Option<Scores>; 3]) -> [f32; 3] {
    let mut effective = [0.0; 3];
    for member in Member::ALL {
        if votes[member as usize].is_some() {
            effective[member as usize] = weights[member as usize];
        }
    }
    let total: f32 = effective.iter().sum();
    if total > 0.0 {
        effective = effective.map(|w| w / total);
    }
    effective
}

/// The weighted mean over the members that voted, or `None` where nobody with a weight did.
fn weighted_mean(weights: &[f32; 3], votes: &[Option<Scores>; 3]) -> Option<Scores> {
    let effective = effective_weights(weights, votes);
    if effective.iter().all(|w| *w == 0.0) {
        return None;
    }
    let mut sum = [0.0; 4];
    for (vote, weight) in votes.iter().zip(effective) {
        let Some(vote) = vote else { continue };
        for (total, score) in sum.iter_mut().zip(vote.to_array()) {
            *total += weight * score;
        }
    }
    Some(Scores::from_array(sum))
}

/// The highest score wins, ties go to the more severe, and noise needs the threshold.
fn winner(scores: Scores, noise_threshold: f32) -> Category {
    let winner = scores.winner();
    if winner == Category::Noise && scores.noise < noise_threshold {
        return Category::Routine;
    }
    winner
}

/// How much of the scores speaks for what is done with the record: of routine and noise, which are both
/// kept back, their sum; else the confidence. Noise that its threshold turned into routine has routine's
/// own small score, and is no less sure to be neither critical nor suspicious. A score for noise says
/// nothing of prose that the models did not read.
fn certainty(category: Category, scores: Scores, confidence: f32, prose_beside: bool) -> f32 {
    match category {
        Category::Routine | Category::Noise if !prose_beside => {
            confidence.max(scores.routine + scores.noise)
        }
        _ => confidence,
    }
}

/// What speaks for forwarding a record: the score of critical plus that of suspicious.
fn forward_score(scores: Scores) -> f32 {
    scores.critical + scores.suspicious
}

/// `score` is the record's forward score, `None` where no vote was asked for.
fn flags(policy: &Policy, evidence: &Evidence, certainty: f32, score: Option<f32>) -> Vec<Flag> {
    let over = |at: f32| score.is_some_and(|score| score >= at);
    let all = [
        (!evidence.claims.is_empty(), Flag::Compliance),
        (certainty < policy.min_confidence, Flag::LowConfidence),
        (policy.forward_at.is_some_and(over), Flag::Target),
        (evidence.degraded, Flag::Degraded),
        (evidence.timeout, Flag::Timeout),
        (evidence.truncated, Flag::Truncated),
        (evidence.fail_open, Flag::FailOpen),
    ];
    all.into_iter()
        .filter(|(true_of_it, _)| *true_of_it)
        .map(|(_, flag)| flag)
        .collect()
}

/// True where the configuration asks that the models are skipped for records that a framework claims.
pub fn skips_models(policy: &Policy, evidence: &Evidence) -> bool {
    policy.skip_models_on_compliance && !evidence.claims.is_empty()
}

/// `compliance.skip_models`: the models are not asked, the record goes through as critical.
fn skipped(policy: &Policy, evidence: Evidence) -> Verdict {
    let confidence = 1.0;
    Verdict {
        category: Category::Critical,
        confidence,
        forward: true,
        reason: Reason::Compliance,
        flags: flags(policy, &evidence, confidence, None),
        scores: Scores::peaked(Category::Critical, confidence),
        compliance: evidence.claims,
    }
}
