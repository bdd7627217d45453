//! From one JSON object to a record: which key holds the message, which the other named parts.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

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

/// A value that is parsed only if it is needed.
enum Part<'a> {
    Raw(&'a RawValue),
    Value(Value),
}

impl Part<'_> {
    fn is_string(&self) -> bool {
        match self {
            Part::Raw(raw) => raw.get().starts_with('"'),
            Part::Value(value) => value.is_string(),
        }
    }

    fn is_object(&self) -> bool {
        match self {
            Part::Raw(raw) => raw.get().starts_with('{'),
            Part::Value(value) => value.is_object(),
        }
    }

    /// The text of a string, or of `null` and the like nothing.
    fn into_text(self) -> Result<Option<String>, serde_json::Error> {
        match self {
            Part::Raw(raw) if raw.get().starts_with('"') => {
                serde_json::from_str(raw.get()).map(Some)
            }
            Part::Value(Value::String(text)) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    fn into_value(self) -> Result<Value, serde_json::Error> {
        match self {
            Part::Raw(raw) => serde_json::from_str(raw.get()),
            Part::Value(value) => Ok(value),
        }
    }
}

/// The members of an object, in order.
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, Part<'a>)>);

impl From<Map<String, Value>> for Members<'static> {
    fn from(map: Map<String, Value>) -> Self {
        let part = |(key, value)| (Cow::Owned(key), Part::Value(value));
        Members(map.into_iter().map(part).collect())
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((key, Part::Raw(value)));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl Members<'_> {
    /// The caller's id, for an answer about an object that cannot be read further.
    pub(super) fn id(self) -> Option<RecordId> {
        let id = self.0.into_iter().rev().find(|(key, _)| key == "id")?.1;
        id.into_value().ok().and_then(|value| record_id(value).ok())
    }
}

/// The record that the members make; `whole` gives the object as text, for the message of an
/// object that has none.
pub(super) fn record(
    index: usize,
    members: Members<'_>,
    whole: impl FnOnce() -> String,
    limits: &Limits,
) -> Result<Entry, serde_json::Error> {
    let mut draft = Draft {
        record: Record {
            index,
            ..Record::default()
        },
        ..Draft::default()
    };
    let has_message = members
        .0
        .iter()
        .any(|(key, part)| may_hold_message(key, part));
    for (key, part) in members.0 {
        draft.take(key, part, has_message)?;
    }
    let mut record = draft.record;
    match draft.message {
        Some((_, text)) => {
            from_usual_fields(&mut record);
            record.message = text;
        }
        None if draft.blank => return Ok(no_message(index, record.id)),
        None => {
            // The object is the message; its fields are in there.
            record.fields = Map::new();
            record.message = whole();
        }
    }
    record.truncated = cut(&mut record.message, limits.message);
    Ok(Entry::Record(record))
}

/// False only where the object has no message for certain: then its fields need not be kept.
fn may_hold_message(key: &str, part: &Part<'_>) -> bool {
    message_rank(key, part).is_some() || key == "event" && part.is_object()
}

/// A record on its way.
#[derive(Default)]
struct Draft {
    record: Record,
    /// The best message so far and its rank.
    message: Option<(usize, String)>,
    /// True when a message key held a blank text.
    blank: bool,
}

impl Draft {
    /// Puts one member where it belongs; `keep` says whether further fields are of use.
    fn take(
        &mut self,
        key: Cow<'_, str>,
        part: Part<'_>,
        keep: bool,
    ) -> Result<(), serde_json::Error> {
        if let Some(rank) = message_rank(&key, &part) {
            if let Some(text) = part.into_text()? {
                self.offer(rank, &key, text);
            }
            return Ok(());
        }
        let record = &mut self.record;
        let left = match &*key {
            "event" if part.is_object() => {
                let mut event = part.into_value()?;
                if let Some(text) = take_original(&mut event) {
                    self.offer(EVENT_ORIGINAL, "event.original", text);
                }
                Some(event)
            }
            "id" => match record_id(part.into_value()?) {
                Ok(id) => {
                    record.id = Some(id);
                    None
                }
                Err(value) => Some(value),
            },
            "source" => match part.into_value()? {
                Value::String(text) if !text.trim().is_empty() => {
                    record.source = Some(text);
                    None
                }
                other => Some(other),
            },
            "timestamp" => match part.into_value()? {
                Value::String(text) => {
                    record.timestamp = Some(text);
                    None
                }
                Value::Number(number) => {
                    record.timestamp = Some(number.to_string());
                    None
                }
                other => Some(other),
            },
            "severity" => {
                let value = part.into_value()?;
                let found = scalar_text(&value).and_then(|text| Severity::from_text(&text));
                record.severity = found.or(record.severity);
                if found.is_some() { None } else { Some(value) }
            }
            _ if keep => Some(part.into_value()?),
            _ => None,
        };
        // A null in a named place is the same as nothing there.
        let named = matches!(&*key, "id" | "source" | "timestamp" | "severity");
        if let Some(value) = left
            && keep
            && !(named && value.is_null())
        {
            self.record.fields.insert(key.into_owned(), value);
        }
        Ok(())
    }

    /// Takes a text for the message if it stands before the one there is; the other of both goes
    /// to the fields. Of equal keys the last wins.
    fn offer(&mut self, rank: usize, key: &str, text: String) {
        if text.trim().is_empty() {
            self.blank = true;
            return;
        }
        match &mut self.message {
            Some((best, _)) if *best < rank => {
                self.record
                    .fields
                    .insert(key.to_owned(), Value::String(text));
            }
            Some((best, old)) if *best > rank => {
                let name = MESSAGE_KEYS[*best].to_owned();
                let old = std::mem::replace(old, text);
                self.record.fields.insert(name, Value::String(old));
                *best = rank;
            }
            _ => self.message = Some((rank, text)),
        }
    }
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

/// Cuts the message to the limit at a char boundary; true where something was cut off.
pub(super) fn cut(message: &mut String, limit: usize) -> bool {
    if message.len() <= limit {
        return false;
    }
    let mut end = limit;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.truncate(end);
    true
}

fn message_rank(key: &str, part: &Part<'_>) -> Option<usize> {
    let rank = MESSAGE_KEYS.iter().position(|name| *name == key)?;
    part.is_string().then_some(rank)
}

fn take_original(event: &mut Value) -> Option<String> {
    let map = event.as_object_mut()?;
    map.get("original")?.as_str()?;
    match map.remove("original")? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A string or a number as an id; anything else is given back.
fn record_id(value: Value) -> Result<RecordId, Value> {
    match value {
        Value::String(text) => Ok(RecordId::Text(text)),
        Value::Number(number) => Ok(match number.as_i64() {
            Some(number) => RecordId::Number(number),
            None => RecordId::Text(number.to_string()),
        }),
        other => Err(other),
    }
}

/// Severity and source as shippers name them (`level`, `log.level`, `SYSLOG_IDENTIFIER`, ...),
/// where the record does not state its own.
fn from_usual_fields(record: &mut Record) {
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
        .map(|text| text.to_string());
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
