//! One record on its way: what is read of it, and what is gathered until the ensemble decides.

use super::Detail;
use super::Knowledge;
use super::cache::TextKey;
use super::further::{is_prose, searched};
use crate::ensemble::Evidence;
use crate::features::{Counts, Vectorizer, send_tokens};
use crate::parse::{Header, Parsed};
use crate::record::Record;
use crate::rules::{self, Input};
use crate::text::{self, Tokenizer};

/// Buffers for reading one record.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) searched: String,
    pub(super) normalized: String,
    pub(super) counts: Counts,
    pub(super) tokenizer: Tokenizer,
    pub(super) rules: rules::Scratch,
}

/// What is gathered of one record before the ensemble decides.
pub(super) struct Case<'a> {
    pub(super) detail: Detail,
    /// What the models see beside the normalised text; `None` where they are not asked.
    pub(super) input: Option<(Header, &'a str)>,
    pub(super) evidence: Evidence,
    pub(super) matched: Vec<super::MatchedRule>,
    /// Row of the classifier's batch; `None` where it is not asked: its vote is known, or it abstains
    /// for want of a known token.
    pub(super) classifier_row: Option<usize>,
    /// Row of the anomaly detector's batch; `None` where it is not asked.
    pub(super) anomaly_row: Option<usize>,
    /// Masks of the normalised text.
    pub(super) masks: usize,
    /// Share of its words that the vocabulary lacks.
    pub(super) unknown_words: Option<f32>,
    /// True where both models were asked, or their votes were known.
    pub(super) looked_at: bool,
    /// Where the classifier's vote is to be kept.
    pub(super) text_key: Option<TextKey>,
    /// True where the anomaly detector's vote is to be kept.
    pub(super) keep_numbers: bool,
    /// Raw output of classifier and anomaly detector, for explanations.
    pub(super) raw: [Option<Vec<f32>>; 2],
}

impl Scratch {
    /// Normalises the body and lets rules and compliance speak.
    pub(super) fn open<'a>(
        &mut self,
        knowledge: &Knowledge,
        record: &Record,
        parsed: &Parsed<'a>,
        detail: Detail,
    ) -> Case<'a> {
        self.normalized.clear();
        text::normalize(parsed.body, &mut self.normalized);
        self.searched.clear();
        let input = Input {
            message: searched(record, &mut self.searched),
            masked: &self.normalized,
            source: parsed.source.as_deref(),
            record_source: record.source.as_deref(),
            severity: parsed.severity,
            fields: &parsed.fields,
            extra: &record.fields,
        };
        let matches = knowledge.rules.matches(&input, &mut self.rules);
        Case {
            detail,
            input: Some((parsed.header(), parsed.body)),
            evidence: Evidence {
                votes: [matches.vote(), None, None],
                rule_floor: matches.floor.map(|rule| (rule.category, rule.confidence)),
                raise: matches.raise.map(|rule| (rule.category, rule.confidence)),
                severity: parsed.severity,
                claims: matches.claims(),
                prose_beside: record.fields.values().any(is_prose),
                truncated: record.truncated,
                degraded: knowledge.stand_in,
                fail_open: knowledge.stand_in,
                ..Evidence::default()
            },
            matched: if detail == Detail::None {
                Vec::new()
            } else {
                matches.all().map(Into::into).collect()
            },
            classifier_row: None,
            anomaly_row: None,
            masks: 0,
            unknown_words: None,
            looked_at: false,
            text_key: None,
            keep_numbers: false,
            raw: [None, None],
        }
    }

    /// Counts the tokens of the normalised body; returns how many of them are masks.
    pub(super) fn count(&mut self, vectorizer: &Vectorizer, header: Header) -> usize {
        let masks = {
            let mut sink = vectorizer.start(&mut self.counts);
            send_tokens(header, &self.normalized, &mut self.tokenizer, &mut sink)
        };
        Vectorizer::finish(&mut self.counts);
        masks
    }
}

impl Case<'_> {
    pub(super) fn keep_raw(&mut self, member: usize, raw: &[f32]) {
        if self.detail != Detail::None {
            self.raw[member] = Some(raw.to_vec());
        }
    }
}
