//! The members of one JSON object, and which of them a record knows by name.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::RecordId;
use super::keep::{MOST_VALUES, Text};
use super::pick::floor_char;
use super::shelf::Shelf;

/// Keys that may hold the message, best first.
pub(super) const MESSAGE_KEYS: [&str; 10] = [
    "message",
    "msg",
    "log",
    "text",
    "body",
    "event.original",
    "event",
    "@message",
    "_raw",
    "MESSAGE",
];
/// Rank of `event.original`, which also stands nested.
pub(super) const EVENT_ORIGINAL: usize = 5;

/// Members read of one object, those with a name of their own aside; what follows them is left out.
const MOST_MEMBERS: usize = MOST_VALUES;
/// Members for which no room has to be made.
const USUAL_MEMBERS: usize = 12;
/// Bytes kept of an id, a source and a timestamp each.
pub(super) const NAME_LIMIT: usize = 256;

/// What could not be parsed, and the part of the text in which.
pub(super) struct Fault<'a> {
    pub error: serde_json::Error,
    pub fragment: &'a str,
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault<'a>> {
    serde_json::from_str(text).map_err(|error| Fault {
        error,
        fragment: text,
    })
}

/// The members of an object, in order; their values are parsed only if they are needed.
pub(super) struct Members<'a> {
    pub(super) list: SmallVec<[(Cow<'a, str>, &'a RawValue); USUAL_MEMBERS]>,
    pub(super) left_out: bool,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut list = SmallVec::new();
                let mut left_out = false;
                // A bit for each name met: one of them is found however late it comes.
                let mut names = 0_u16;
                while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    let name = name_bit(&key, value);
                    if list.len() < MOST_MEMBERS || name & !names != 0 {
                        list.push((key, value));
                    } else {
                        left_out = true;
                    }
                    names |= name;
                }
                Ok(Members { list, left_out })
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl<'a> Members<'a> {
    /// The members of the object that `text` is.
    pub(super) fn of(text: &'a str) -> Result<Members<'a>, Fault<'a>> {
        parse(text)
    }

    /// The caller's id, for an answer about an object that cannot be read further.
    pub(super) fn id(self) -> Option<RecordId> {
        let id = self.list.into_iter().rev().find(|(key, _)| key == "id")?.1;
        record_id(&scalar(id).ok()?, &mut Shelf::over(&Bytes::new())).map(|(id, _)| id)
    }
}

/// A bit for each member that [`super::pick::record`] knows by name and kind, 0 for any other.
fn name_bit(key: &str, raw: &RawValue) -> u16 {
    let others = ["id", "source", "timestamp", "severity"];
    let place = match key {
        "event" if is_object(raw) => Some(MESSAGE_KEYS.len()),
        "original" if is_string(raw) => Some(MESSAGE_KEYS.len() + 1),
        _ => message_rank(key, raw).or_else(|| {
            let place = others.iter().position(|name| *name == key)?;
            Some(MESSAGE_KEYS.len() + 2 + place)
        }),
    };
    place.map_or(0, |place| 1 << place)
}

pub(super) fn is_string(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

pub(super) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// A value in a named place.
pub(super) enum Scalar<'a> {
    Text(Cow<'a, str>),
    /// A number as it is written.
    Number(&'a str),
    /// What no named place takes.
    Other,
}

pub(super) fn scalar(raw: &RawValue) -> Result<Scalar<'_>, Fault<'_>> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'"') => {
            let Text(text) = parse(text)?;
            Scalar::Text(text)
        }
        Some(b'-' | b'0'..=b'9') => Scalar::Number(text),
        _ => Scalar::Other,
    })
}

pub(super) fn message_rank(key: &str, raw: &RawValue) -> Option<usize> {
    let rank = MESSAGE_KEYS.iter().position(|name| *name == key)?;
    is_string(raw).then_some(rank)
}

/// A string or a number as an id, and whether it was cut.
pub(super) fn record_id(value: &Scalar<'_>, shelf: &mut Shelf) -> Option<(RecordId, bool)> {
    let text = match value {
        Scalar::Text(text) => text,
        Scalar::Number(number) => match number.parse() {
            Ok(number) => return Some((RecordId::Number(number), false)),
            Err(_) => *number,
        },
        Scalar::Other => return None,
    };
    let kept = floor_char(text, NAME_LIMIT);
    let id = RecordId::Text(shelf.keep(&text[..kept]));
    Some((id, kept < text.len()))
}
