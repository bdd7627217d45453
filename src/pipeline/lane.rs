//! One worker's models and scratch, and the walk of a batch through them.

use super::asking::{Asked, ask, dense};
use super::cache::{Found, Looks, TextInput, TextVote, VoteCache, numeric_input};
use super::case::{Case, Scratch};
use super::timings::{Laps, Timings};
use super::{Detail, Explanation, Group, Judgement, Knowledge, Signs, Snapshot, Timed, read};
use crate::engine::{Model, ModelInfo, SparseBatch};
use crate::ensemble;
use crate::features::{NUMERIC_WIDTH, numeric_features};
use crate::parse::Header;
use crate::record::Record;
use crate::verdict::Member;

/// Records that are read before the first of them is turned into rows: the tables of the rules, and
/// then those of the words, stay in the processor's caches, and one look at the clock serves all.
const BLOCK: usize = 16;

/// One loaded set of models.
pub struct Models {
    /// The classifier.
    pub classifier: Box<dyn Model>,
    /// The anomaly detector.
    pub anomaly: Box<dyn Model>,
}

impl Models {
    pub(super) fn infos(&self) -> [ModelInfo; 2] {
        [self.classifier.info().clone(), self.anomaly.info().clone()]
    }
}

/// Models with the buffers that they are fed from. One worker uses it at a time.
pub struct Judge {
    pub(super) models: Models,
    pub(super) scratch: Scratch,
    /// The normalised texts of a block.
    texts: [String; BLOCK],
    classifier_rows: SparseBatch,
    anomaly_rows: Vec<f32>,
    classifier_out: Vec<f32>,
    anomaly_out: Vec<f32>,
    /// Looks into the vote cache of the present batch: classifier, anomaly.
    looks: [Looks; 2],
}

impl Judge {
    pub(super) fn new(models: Models) -> Judge {
        Judge {
            models,
            scratch: Scratch::default(),
            texts: Default::default(),
            classifier_rows: SparseBatch::default(),
            anomaly_rows: Vec::new(),
            classifier_out: Vec::new(),
            anomaly_out: Vec::new(),
            looks: Default::default(),
        }
    }

    pub(super) fn into_models(self) -> Models {
        self.models
    }

    pub(super) fn judge(&mut self, snapshot: &Snapshot, groups: &[Group<'_>]) -> Timed {
        let mut timings = Timings::default();
        let mut laps = Laps::start();
        let mut cases = self.gather(snapshot, groups, &mut timings, &mut laps);
        let asked = self.ask_models(snapshot, &mut laps);
        timings.runs = asked.map(Asked::run);
        self.vote(snapshot, &mut cases, asked.map(Asked::answered));
        let mut cases = cases.into_iter();
        let answers = groups.iter().map(|group| {
            let judged = group.records.iter().zip(cases.by_ref());
            judged
                .map(|(record, case)| self.conclude(snapshot, record, case))
                .collect()
        });
        let answers = answers.collect();
        timings.decide = laps.lap();
        Timed { answers, timings }
    }

    /// Reads the records: headers, rules, tokens, and the rows that the models will see.
    fn gather<'a>(
        &mut self,
        snapshot: &Snapshot,
        groups: &[Group<'a>],
        timings: &mut Timings,
        laps: &mut Laps,
    ) -> Vec<Case<'a>> {
        self.classifier_rows.clear();
        self.anomaly_rows.clear();
        let count = groups.iter().map(|group| group.records.len()).sum();
        let mut cases = Vec::with_capacity(count);
        for group in groups {
            for record in group.records {
                let place = cases.len() % BLOCK;
                cases.push(self.open(snapshot, record, group.detail, group.is_late()));
                std::mem::swap(&mut self.scratch.normalized, &mut self.texts[place]);
                if place + 1 == BLOCK || cases.len() == count {
                    timings.rules += laps.lap();
                    let block = cases.len() - 1 - place;
                    self.feed(snapshot, &mut cases[block..]);
                    timings.features += laps.lap();
                }
            }
        }
        cases
    }

    /// Reads one record's header and lets the rules speak. The models are not asked about a late one,
    /// or one whose claim skips them.
    fn open<'a>(
        &mut self,
        snapshot: &Snapshot,
        record: &'a Record,
        detail: Detail,
        late: bool,
    ) -> Case<'a> {
        let knowledge = snapshot.knowledge();
        let parsed = read(record);
        let mut case = self.scratch.open(knowledge, record, &parsed, detail);
        case.evidence.timeout = late;
        if late || ensemble::skips_models(&knowledge.policy, &case.evidence) {
            case.input = None;
        }
        case
    }

    /// Makes the rows of a block.
    fn feed(&mut self, snapshot: &Snapshot, block: &mut [Case<'_>]) {
        for (place, case) in block.iter_mut().enumerate() {
            let Some((header, body)) = case.input else {
                continue;
            };
            std::mem::swap(&mut self.scratch.normalized, &mut self.texts[place]);
            // What explains a verdict looks at the models themselves.
            let cache = snapshot.cache.as_ref();
            let cache = cache.filter(|_| case.detail == Detail::None);
            self.feed_classifier(snapshot.knowledge(), header, cache, case);
            self.feed_anomaly(body, cache, case);
            case.looked_at = true;
        }
    }

    fn feed_classifier(
        &mut self,
        knowledge: &Knowledge,
        header: Header,
        cache: Option<&VoteCache>,
        case: &mut Case<'_>,
    ) {
        if let Some(cache) = cache {
            let input = TextInput::new(header, &self.scratch.normalized);
            let found = cache.text(input);
            self.looks[0].count(&found);
            match found {
                Found::Hit(known) => {
                    case.evidence.votes[Member::Classifier as usize] = known.vote;
                    case.masks = known.masks;
                    case.unknown_words = known.unknown_words;
                    return;
                }
                Found::Miss { keep } => case.text_key = keep.then(|| input.into()),
            }
        }
        case.masks = self.scratch.count(&knowledge.vectorizer, header);
        case.unknown_words = self.scratch.counts.unknown_share();
        let unlike = knowledge.classifier.abstains_at(case.unknown_words);
        if !unlike && !self.scratch.counts.is_unknown() {
            let row = knowledge.vectorizer.row(&self.scratch.counts, None);
            case.classifier_row = Some(self.classifier_rows.push_row(row));
        }
    }

    fn feed_anomaly(&mut self, body: &str, cache: Option<&VoteCache>, case: &mut Case<'_>) {
        let row = numeric_features(body, case.masks);
        if let Some(cache) = cache {
            let found = cache.numbers(&numeric_input(&row));
            self.looks[1].count(&found);
            match found {
                Found::Hit(vote) => {
                    case.evidence.votes[Member::Anomaly as usize] = vote;
                    return;
                }
                Found::Miss { keep } => case.keep_numbers = keep,
            }
        }
        case.anomaly_row = Some(self.anomaly_rows.len() / NUMERIC_WIDTH);
        self.anomaly_rows.extend_from_slice(&row);
    }

    /// Runs both models on their rows.
    fn ask_models(&mut self, snapshot: &Snapshot, laps: &mut Laps) -> [Asked; 2] {
        let [classifier_breaker, anomaly_breaker] = &snapshot.breakers;
        [
            ask(
                self.models.classifier.as_mut(),
                classifier_breaker,
                snapshot.knowledge().classifier_rows(&self.classifier_rows),
                &mut self.classifier_out,
                laps,
            ),
            ask(
                self.models.anomaly.as_mut(),
                anomaly_breaker,
                dense(&self.anomaly_rows),
                &mut self.anomaly_out,
                laps,
            ),
        ]
    }

    /// Turns the models' output into votes, and remembers them.
    fn vote(&mut self, snapshot: &Snapshot, cases: &mut [Case<'_>], answered: [bool; 2]) {
        let knowledge = snapshot.knowledge();
        let [classified, measured] = answered;
        for case in cases.iter_mut() {
            if let Some(row) = case.classifier_row.filter(|_| classified) {
                let raw = &self.classifier_out[row * 4..row * 4 + 4];
                let vote = knowledge.classifier.vote(raw);
                case.evidence.votes[Member::Classifier as usize] = Some(vote);
                case.keep_raw(0, raw);
            }
            if let Some(row) = case.anomaly_row.filter(|_| measured) {
                let score = self.anomaly_out[row];
                case.evidence.votes[Member::Anomaly as usize] = knowledge.anomaly.vote(score);
                case.keep_raw(1, &[score]);
            }
            let unclassified = case.classifier_row.is_some() && !classified;
            let unmeasured = case.anomaly_row.is_some() && !measured;
            case.evidence.degraded |= unclassified || unmeasured;
            case.looked_at &= !(unclassified || unmeasured);
        }
        if let Some(cache) = &snapshot.cache {
            self.remember(cache, cases, classified, measured);
        }
    }

    /// Keeps the votes of this batch that were seen before, and counts its looks.
    fn remember(
        &mut self,
        cache: &VoteCache,
        cases: &mut [Case<'_>],
        classified: bool,
        measured: bool,
    ) {
        for case in cases {
            let votes = &case.evidence.votes;
            let known = case.classifier_row.is_none() || classified;
            if let Some(key) = case.text_key.take().filter(|_| known) {
                let vote = votes[Member::Classifier as usize];
                let known = TextVote {
                    vote,
                    masks: case.masks,
                    unknown_words: case.unknown_words,
                };
                cache.keep_text(key, known);
            }
            if let Some(row) = case.anomaly_row.filter(|_| case.keep_numbers && measured) {
                let row = &self.anomaly_rows[row * NUMERIC_WIDTH..][..NUMERIC_WIDTH];
                cache.keep_numbers(numeric_input(row), votes[Member::Anomaly as usize]);
            }
        }
        let counts = cache.counts();
        self.looks[0].report(&counts.classifier);
        self.looks[1].report(&counts.anomaly);
    }

    fn conclude(&mut self, snapshot: &Snapshot, record: &Record, case: Case<'_>) -> Judgement {
        let knowledge = snapshot.knowledge();
        let votes = case.evidence.votes;
        let signs = case.looked_at.then(|| Signs {
            abstained: votes.map(|vote| vote.is_none()),
            unknown_words: case.unknown_words,
        });
        let Case {
            detail,
            evidence,
            matched,
            raw,
            ..
        } = case;
        let verdict = ensemble::decide(&knowledge.policy, evidence);
        let explanation = (detail != Detail::None).then(|| {
            let mut explanation = Explanation::new(knowledge, &votes, matched, raw, &verdict);
            if detail == Detail::Full {
                explanation.look_inside(self, knowledge, record, &verdict);
            }
            explanation
        });
        Judgement {
            verdict,
            explanation,
            signs,
        }
    }
}
