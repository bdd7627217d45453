//! Validated values back into the form in which they are written, for `config check`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use super::judgement::{CompliancePacks, Target};
use super::size::display;

pub(super) fn size<S: Serializer>(bytes: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&display(*bytes))
}

pub(super) fn duration<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*value))
}

pub(super) fn time<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(&humantime::format_rfc3339(*time)),
        None => serializer.serialize_none(),
    }
}

pub(super) fn number_or_auto<S: Serializer>(
    number: &Option<NonZeroUsize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => number.serialize(serializer),
        None => serializer.serialize_str("auto"),
    }
}

pub(super) fn compliance<S: Serializer>(
    packs: &[CompliancePacks],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(packs.iter().map(|pack| match pack {
        CompliancePacks::Builtin => "builtin".to_owned(),
        CompliancePacks::Dir(dir) => dir.display().to_string(),
    }))
}

/// A target as the mapping that it is read from.
pub(super) fn target<S: Serializer>(target: &Option<Target>, to: S) -> Result<S::Ok, S::Error> {
    let pair = target.map(|target| match target {
        Target::CriticalRecall(share) => ("critical_recall", share),
        Target::MaxForward(share) => ("max_forward", share),
    });
    pair.map(|(key, share)| BTreeMap::from([(key, share)]))
        .serialize(to)
}
