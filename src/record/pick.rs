//! From one JSON object to a record: which key holds the message, which the other named parts.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use smallvec::SmallVec;

use super::keep::{Budget, MOST_VALUES, Text};
use super::shelf::Shelf;
use super::{BadRecord, Entry, Limits, Record, RecordId};
use crate::parse::Severity;
use crate::parse::known::Known;

/// Keys that may hold the message, best first.
const MESSAGE_KEYS: [&str; 10] = [
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
const EVENT_ORIGINAL: usize = 5;

/// Members read of one object, those with a name of their own aside; what follows them is left out.
const MOST_MEMBERS: usize = MOST_VALUES;
/// Members for which no room has to be made.
const USUAL_MEMBERS: usize = 12;
/// Bytes kept of an id, a source and a timestamp each.
const NAME_LIMIT: usize = 256;

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
    list: SmallVec<[(Cow<'a, str>, &'a RawValue); USUAL_MEMBERS]>,
    left_out: bool,
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

/// The record that the members of an object make; `whole` is the object as text, the message of
/// an object that has none.
pub(super) fn record<'a>(
    index: usize,
    members: Members<'a>,
    whole: &str,
    limits: &Limits,
    shelf: &mut Shelf,
) -> Result<Entry, Fault<'a>> {
    let mut draft = Draft {
        shelf,
        record: Record {
            index,
            ..Record::default()
        },
        message: None,
        blank: false,
        budget: Budget::new(limits.message),
        shortened: false,
    };
    let has_message = members
        .list
        .iter()
        .any(|(key, raw)| may_hold_message(key, raw));
    for (key, raw) in members.list {
        draft.take(key, raw, has_message)?;
    }
    let mut record = draft.record;
    let mut truncated = draft.shortened;
    match draft.message {
        Some((_, text)) => {
            truncated |= members.left_out || draft.budget.left_out;
            from_usual_fields(&mut record, draft.shelf);
            let kept = floor_char(&text, limits.message);
            truncated |= kept < text.len();
            record.message = text.slice_ref(&text[..kept]);
        }
        None if draft.blank => return Ok(no_message(index, record.id)),
        None => {
            // The object is the message; its fields are in there.
            record.fields = Map::new();
            let end = floor_char(whole, limits.message);
            truncated |= end < whole.len();
            record.message = draft.shelf.keep(&whole[..end]);
        }
    }
    record.truncated = truncated;
    Ok(Entry::Record(record))
}

/// False only where the object has no message for certain: then its fields need not be kept.
fn may_hold_message(key: &str, raw: &RawValue) -> bool {
    message_rank(key, raw).is_some() || key == "event" && is_object(raw)
}

/// A record on its way.
struct Draft<'s> {
    shelf: &'s mut Shelf,
    record: Record,
    /// The best message so far and its rank.
    message: Option<(usize, ByteString)>,
    /// True when a message key held a blank text.
    blank: bool,
    /// What may still be kept of further fields.
    budget: Budget,
    /// True where an id, a source or a timestamp was cut.
    shortened: bool,
}

impl Draft<'_> {
    /// Puts one member where it belongs; `keep` says whether further fields are of use.
    fn take<'a>(
        &mut self,
        key: Cow<'_, str>,
        raw: &'a RawValue,
        keep: bool,
    ) -> Result<(), Fault<'a>> {
        if let Some(rank) = message_rank(&key, raw) {
            self.offer(rank, &key, raw);
            return Ok(());
        }
        if key == "event" && is_object(raw) {
            return self.take_event(raw);
        }
        let named = matches!(&*key, "id" | "source" | "timestamp" | "severity");
        // A null in a named place is the same as nothing there.
        if named && (raw.get() == "null" || self.take_named(&key, raw)?) || !keep {
            return Ok(());
        }
        insert(&mut self.record.fields, &mut self.budget, key, raw)
    }

    /// An ECS event: its original text may be the message, what else it holds is a field.
    fn take_event<'a>(&mut self, raw: &'a RawValue) -> Result<(), Fault<'a>> {
        let members = Members::of(raw.get())?;
        self.budget.left_out |= members.left_out;
        let mut event = Map::new();
        let kept = self.budget.take("event".len());
        for (key, raw) in members.list {
            if key == "original" && is_string(raw) {
                self.offer(EVENT_ORIGINAL, "event.original", raw);
            } else if kept {
                insert(&mut event, &mut self.budget, key, raw)?;
            }
        }
        if kept {
            let event = Value::Object(event);
            self.record.fields.insert("event".to_owned(), event);
        }
        Ok(())
    }

    /// Takes the value of a named place; false where it is not of a kind that belongs there.
    fn take_named<'a>(&mut self, key: &str, raw: &'a RawValue) -> Result<bool, Fault<'a>> {
        let value = scalar(raw)?;
        match (key, value) {
            ("id", value) => {
                let Some((id, shortened)) = record_id(&value, self.shelf) else {
                    return Ok(false);
                };
                self.shortened |= shortened;
                self.record.id = Some(id);
            }
            ("source", Scalar::Text(text)) if !text.trim().is_empty() => {
                self.record.source = Some(self.keep_name(&text));
            }
            ("timestamp", Scalar::Text(text)) => {
                self.record.timestamp = Some(self.keep_name(&text));
            }
            ("timestamp", Scalar::Number(number)) => {
                self.record.timestamp = Some(self.keep_name(number));
            }
            ("severity", Scalar::Text(text)) => return Ok(self.take_severity(&text)),
            ("severity", Scalar::Number(number)) => return Ok(self.take_severity(number)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_severity(&mut self, text: &str) -> bool {
        let found = Severity::from_text(text);
        self.record.severity = found.or(self.record.severity);
        found.is_some()
    }

    fn keep_name(&mut self, text: &str) -> ByteString {
        let kept = floor_char(text, NAME_LIMIT);
        self.shortened |= kept < text.len();
        self.shelf.keep(&text[..kept])
    }

    /// Takes a text for the message if it stands before the one there is; the other of both goes
    /// to the fields. Of equal keys the last wins.
    fn offer(&mut self, rank: usize, key: &str, raw: &RawValue) {
        let text = self.shelf.keep_json(raw.get());
        if text.trim().is_empty() {
            self.blank = true;
            return;
        }
        let (name, other) = match &mut self.message {
            Some((best, _)) if *best < rank => (key, text),
            Some((best, old)) if *best > rank => {
                let name = MESSAGE_KEYS[*best];
                *best = rank;
                (name, std::mem::replace(old, text))
            }
            _ => {
                self.message = Some((rank, text));
                return;
            }
        };
        if self.budget.take(name.len() + other.len()) {
            let fields = &mut self.record.fields;
            fields.insert(name.to_owned(), Value::String(other.into()));
        }
    }
}

/// Keeps a member among `fields`, as far as the budget goes.
fn insert<'a>(
    fields: &mut Map<String, Value>,
    budget: &mut Budget,
    key: Cow<'_, str>,
    raw: &'a RawValue,
) -> Result<(), Fault<'a>> {
    if !budget.take_text(key.len()) {
        return Ok(());
    }
    let fault = |error| Fault {
        error,
        fragment: raw.get(),
    };
    if let Some(value) = budget.keep(raw).map_err(fault)? {
        fields.insert(key.into_owned(), value);
    }
    Ok(())
}

fn is_string(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// A value in a named place.
enum Scalar<'a> {
    Text(Cow<'a, str>),
    /// A number as it is written.
    Number(&'a str),
    /// What no named place takes.
    Other,
}

fn scalar(raw: &RawValue) -> Result<Scalar<'_>, Fault<'_>> {
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

/// A bit for each member that [`record`] knows by name and kind, 0 for any other.
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

/// An entry for a record whose message is missing or blank.
pub(super) fn no_message(index: usize, id: Option<RecordId>) -> Entry {
    let detail = "expected a text in message (or msg, log, text, body, event.original, event, \
                  @message, _raw, MESSAGE), found a blank one; send the log line there";
    Entry::Bad(BadRecord {
        index,
        id,
        code: "no_message",
        detail: detail.to_owned(),
    })
}

/// The length of the text, or the last char boundary up to the limit.
pub(super) fn floor_char(text: &str, limit: usize) -> usize {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

fn message_rank(key: &str, raw: &RawValue) -> Option<usize> {
    let rank = MESSAGE_KEYS.iter().position(|name| *name == key)?;
    is_string(raw).then_some(rank)
}

/// A string or a number as an id, and whether it was cut.
fn record_id(value: &Scalar<'_>, shelf: &mut Shelf) -> Option<(RecordId, bool)> {
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

/// Severity and source as shippers name them (`level`, `log.level`, `SYSLOG_IDENTIFIER`, ...),
/// where the record does not state its own.
fn from_usual_fields(record: &mut Record, shelf: &mut Shelf) {
    if record.fields.is_empty() || record.severity.is_some() && record.source.is_some() {
        return;
    }
    let mut known = Known::default();
    let mut texts: Vec<Cow<'_, str>> = Vec::with_capacity(record.fields.len());
    let mut see = |name: &str, value| {
        if let Some(text) = scalar_text(value) {
            known.see(texts.len(), name, &text);
            texts.push(text);
        }
    };
    for (name, value) in &record.fields {
        match value {
            Value::Object(inner) => {
                for (key, value) in inner {
                    see(&format!("{name}.{key}"), value);
                }
            }
            value => see(name, value),
        }
    }
    let source = known
        .source()
        .and_then(|place| texts.get(place))
        .map(|text| shelf.keep(&text[..floor_char(text, NAME_LIMIT)]));
    record.severity = record.severity.or(known.severity());
    record.source = record.source.take().or(source);
}

fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}
