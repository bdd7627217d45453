//! Why a verdict is what it is: votes, rules, terms with their effect, numbers.

use serde::Serialize;
use utoipa::ToSchema;

use super::lane::Judge;
use super::{Knowledge, read, sentence};
use crate::engine::SparseBatch;
use crate::ensemble::effective_weights;
use crate::features::{NUMERIC_NAMES, NUMERIC_WIDTH, numeric_features};
use crate::parse::{Format, Severity};
use crate::record::Record;
use crate::rules::Rule;
use crate::verdict::{Category, Member, Scores, Verdict};

/// Terms shown in an explanation.
const TOP_TERMS: usize = 10;

/// What led to a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    /// One sentence for a person.
    pub sentence: String,
    /// Each member's vote.
    pub votes: Vec<VoteDetail>,
    /// Every rule that matched, in the order of the packs.
    pub rules: Vec<MatchedRule>,
    /// What the header says and what the models see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<InputDetail>,
    /// The terms that moved the classifier's score of the verdict's category most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<TermEffect>,
    /// The anomaly detector's input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numeric: Vec<NumericFeature>,
}

/// One member's part in a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VoteDetail {
    /// The member.
    pub member: Member,
    /// False for an abstention or a member that was left out.
    pub voted: bool,
    /// Share of this member in the scores; the shares of those who voted sum to 1.
    pub weight: f32,
    /// The vote.
    pub scores: Option<Scores>,
    /// The model's own output before calibration: four probabilities in the order of the bundle's
    /// labels, or one anomaly score (scikit-learn's `score_samples`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Vec<f32>>,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MatchedRule {
    /// The rule's id.
    pub id: String,
    /// What it stands for.
    pub title: String,
    /// The category that it speaks for.
    pub category: Category,
    /// How sure it is.
    pub confidence: f32,
    /// True where the verdict may not fall below its category.
    pub floor: bool,
    /// MITRE technique ids and other tags.
    pub tags: Vec<String>,
}

impl From<&Rule> for MatchedRule {
    fn from(rule: &Rule) -> MatchedRule {
        MatchedRule {
            id: rule.id.clone(),
            title: rule.title.clone(),
            category: rule.category,
            confidence: rule.confidence,
            floor: rule.floor || rule.raises_only,
            tags: rule.tags.clone(),
        }
    }
}

/// What was read of a record.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct InputDetail {
    /// The format recognised.
    pub format: Format,
    /// The program or product.
    pub source: Option<String>,
    /// Severity on the syslog scale, 0 to 7.
    pub severity: Option<Severity>,
    /// The body with its variable parts masked.
    pub normalized: String,
    /// Words, and how many of them the vocabulary lacks.
    pub words: usize,
    /// Words that the vocabulary lacks.
    pub unknown_words: usize,
}

/// A term and what it does.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TermEffect {
    /// A word, or two with a blank between.
    pub term: String,
    /// The calibrated score of the verdict's category with the term, less the score without it.
    pub effect: f32,
}

/// One number of the anomaly detector's input.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NumericFeature {
    /// Its name.
    pub name: &'static str,
    /// Its value, a whole number.
    pub value: f32,
}

impl Explanation {
    pub(super) fn new(
        knowledge: &Knowledge,
        votes: &[Option<Scores>; 3],
        rules: Vec<MatchedRule>,
        raw: [Option<Vec<f32>>; 2],
        verdict: &Verdict,
    ) -> Explanation {
        let weights = effective_weights(&knowledge.policy.weights, votes);
        let [classifier, anomaly] = raw;
        let details = Member::ALL
            .into_iter()
            .zip([None, classifier, anomaly])
            .map(|(member, raw)| {
                let scores = votes[member as usize];
                VoteDetail {
                    member,
                    voted: scores.is_some(),
                    weight: weights[member as usize],
                    scores,
                    raw,
                }
            });
        let votes: Vec<VoteDetail> = details.collect();
        Explanation {
            sentence: sentence::write(verdict, &votes, &rules),
            votes,
            rules,
            input: None,
            terms: Vec::new(),
            numeric: Vec::new(),
        }
    }

    /// Adds the input, and the effect of each term on the score of the verdict's category.
    pub(super) fn look_inside(
        &mut self,
        judge: &mut Judge,
        knowledge: &Knowledge,
        record: &Record,
        verdict: &Verdict,
    ) {
        let parsed = read(record);
        let scratch = &mut judge.scratch;
        scratch.normalized.clear();
        crate::text::normalize(parsed.body, &mut scratch.normalized);
        let masks = scratch.count(&knowledge.vectorizer, parsed.header());
        let (words, unknown_words) = scratch.counts.coverage();
        self.input = Some(InputDetail {
            format: parsed.format,
            source: parsed.source.as_deref().map(str::to_owned),
            severity: parsed.severity,
            normalized: scratch.normalized.clone(),
            words,
            unknown_words,
        });
        let values: [f32; NUMERIC_WIDTH] = numeric_features(parsed.body, masks);
        let numbers = NUMERIC_NAMES.into_iter().zip(values);
        self.numeric = numbers
            .map(|(name, value)| NumericFeature { name, value })
            .collect();
        self.terms = term_effects(judge, knowledge, verdict.category);
    }
}

/// Leave-one-term-out in one batch: the whole row first, then one row a used term without it.
fn term_effects(judge: &mut Judge, knowledge: &Knowledge, category: Category) -> Vec<TermEffect> {
    let vectorizer = &knowledge.vectorizer;
    let counts = &judge.scratch.counts;
    let used: Vec<u32> = counts
        .terms()
        .filter(|term| vectorizer.is_used(*term))
        .collect();
    if counts.is_unknown() || used.is_empty() {
        return Vec::new();
    }
    let mut batch = SparseBatch::default();
    for without in std::iter::once(None).chain(used.iter().copied().map(Some)) {
        batch.push_row(vectorizer.row(counts, without));
    }
    let mut out = Vec::new();
    let classifier = &mut judge.models.classifier;
    let rows = knowledge.classifier_rows(&batch);
    if rows
        .and_then(|rows| classifier.run(rows, &mut out))
        .is_err()
    {
        return Vec::new();
    }
    let score = |row: usize| {
        knowledge
            .classifier
            .vote(&out[row * 4..row * 4 + 4])
            .get(category)
    };
    let whole = score(0);
    let mut effects: Vec<(u32, f32)> = used
        .iter()
        .enumerate()
        .map(|(place, term)| (*term, whole - score(place + 1)))
        .collect();
    effects.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    effects.truncate(TOP_TERMS);
    let named = effects.into_iter().map(|(term, effect)| TermEffect {
        term: vectorizer.term_text(term),
        effect,
    });
    named.collect()
}
