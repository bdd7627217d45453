//! What is said of one record: the same object in an answer over HTTP and on a line of
//! `logtriage classify`, borrowed from the verdict and written straight into the output.

use serde::Serialize;
use utoipa::ToSchema;

use crate::pipeline::{Explanation, Judgement};
use crate::record::{BadRecord, RecordId};
use crate::verdict::{Category, Claim, Flag, Reason, Scores};

/// What is said of one record.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum RecordResult<'a> {
    /// It was judged.
    Judged(JudgedRecord<'a>),
    /// It could not be read.
    Unread(UnreadRecord<'a>),
}

/// A record that was judged.
#[derive(Serialize, ToSchema)]
pub struct JudgedRecord<'a> {
    /// The caller's id, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RecordId>)]
    pub id: Option<&'a RecordId>,
    /// Place in the request, from 0.
    pub index: usize,
    /// The final category.
    pub category: Category,
    /// How sure that is, from 0 to 1.
    pub confidence: f32,
    /// True when the record must reach the SIEM.
    pub forward: bool,
    /// What decided the category.
    pub reason: Reason,
    /// What else is true.
    #[schema(value_type = Vec<Flag>)]
    pub flags: &'a [Flag],
    /// Scores before floors; they sum to 1, or are all 0 where nobody voted.
    pub scores: Scores,
    /// The frameworks that claim the record.
    #[serde(skip_serializing_if = "<[Claim]>::is_empty")]
    #[schema(value_type = Vec<Claim>)]
    pub compliance: &'a [Claim],
    /// How the verdict came about, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Explanation>)]
    pub explanation: Option<&'a Explanation>,
}

/// A record that could not be read; it is to be forwarded.
#[derive(Serialize, ToSchema)]
pub struct UnreadRecord<'a> {
    /// The caller's id, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RecordId>)]
    pub id: Option<&'a RecordId>,
    /// Place in the request, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub error: RecordError<'a>,
    /// Always true: what could not be judged is never lost.
    pub forward: bool,
}

/// What is wrong with a record.
#[derive(Serialize, ToSchema)]
pub struct RecordError<'a> {
    /// Stable code, such as `no_message`.
    pub code: &'static str,
    /// What was expected, what was found and where.
    #[schema(value_type = String)]
    pub detail: &'a str,
}

impl<'a> JudgedRecord<'a> {
    /// What was decided on the record with this id at this place.
    pub fn new(id: Option<&'a RecordId>, index: usize, judgement: &'a Judgement) -> Self {
        let verdict = &judgement.verdict;
        JudgedRecord {
            id,
            index,
            category: verdict.category,
            confidence: verdict.confidence,
            forward: verdict.forward,
            reason: verdict.reason,
            flags: &verdict.flags,
            scores: verdict.scores,
            compliance: &verdict.compliance,
            explanation: judgement.explanation.as_ref(),
        }
    }
}

impl<'a> From<&'a BadRecord> for UnreadRecord<'a> {
    fn from(bad: &'a BadRecord) -> UnreadRecord<'a> {
        UnreadRecord {
            id: bad.id.as_ref(),
            index: bad.index,
            error: RecordError {
                code: bad.code,
                detail: &bad.detail,
            },
            forward: true,
        }
    }
}
