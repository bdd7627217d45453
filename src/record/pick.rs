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
        id.into_value()
            .ok()
            .and_then(|value| record_id(&value).ok())
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
    let mut record = Record {
        index,
        ..Record::default()
    };
    let mut message: Option<(usize, String)> = None;
    let mut blank = false;
    let mut severity = None;
    for (key, part) in members.0 {
        if let Some(rank) = message_rank(&key, &part) {
            // Strings behind the best one stay fields; the last of equal keys wins.
            match offer(
                &mut record.fields,
                &mut message,
                rank,
                &key,
                part.into_value()?,
            ) {
                Offer::Taken => {}
                Offer::Blank => blank = true,
            }
            continue;
        }
        match &*key {
            "event" if part.is_object() => {
                let mut value = part.into_value()?;
                if let Some(text) = take_original(&mut value) {
                    let offered = offer(
                        &mut record.fields,
                        &mut message,
                        EVENT_ORIGINAL,
                        "event.original",
                        text,
                    );
                    blank |= matches!(offered, Offer::Blank);
                }
                record.fields.insert(key.into_owned(), value);
            }
            "id" => keep_unless(&mut record.fields, "id", part.into_value()?, |value| {
                record_id(value).map(|id| record.id = Some(id))
            }),
            "source" => keep_unless(&mut record.fields, "source", part.into_value()?, |value| {
                text_of(value, false).map(|text| record.source = Some(text))
            }),
            "timestamp" => keep_unless(
                &mut record.fields,
                "timestamp",
                part.into_value()?,
                |value| text_of(value, true).map(|text| record.timestamp = Some(text)),
            ),
            "severity" => keep_unless(
                &mut record.fields,
                "severity",
                part.into_value()?,
                |value| {
                    let found = text_of(value, true)
                        .ok()
                        .and_then(|text| Severity::from_text(&text));
                    found.map(|found| severity = Some(found)).ok_or(())
                },
            ),
            _ => {
                record.fields.insert(key.into_owned(), part.into_value()?);
            }
        }
    }
    record.severity = severity;
    Ok(finish(
        record,
        message.map(|(_, text)| text),
        blank,
        whole,
        limits,
    ))
}

fn finish(
    mut record: Record,
    message: Option<String>,
    blank: bool,
    whole: impl FnOnce() -> String,
    limits: &Limits,
) -> Entry {
    match message {
        Some(text) => {
            from_usual_fields(&mut record);
            record.message = text;
        }
        None if blank => return no_message(record.index, record.id),
        None => {
            // The object is the message; its fields are in there.
            record.fields = Map::new();
            record.message = whole();
        }
    }
    record.truncated = cut(&mut record.message, limits.message);
    Entry::Record(record)
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

enum Offer {
    Taken,
    Blank,
}

/// Takes a string for the message if it stands before the one there is; the other of both goes to
/// the fields.
fn offer(
    fields: &mut Map<String, Value>,
    message: &mut Option<(usize, String)>,
    rank: usize,
    key: &str,
    value: Value,
) -> Offer {
    let Value::String(text) = value else {
        return Offer::Taken;
    };
    if text.trim().is_empty() {
        return Offer::Blank;
    }
    match message {
        Some((best, _)) if *best < rank => {
            fields.insert(key.to_owned(), Value::String(text));
        }
        Some((best, old)) if *best > rank => {
            let name = MESSAGE_KEYS[*best].to_owned();
            fields.insert(name, Value::String(std::mem::replace(old, text)));
            *best = rank;
        }
        _ => *message = Some((rank, text)),
    }
    Offer::Taken
}

fn take_original(event: &mut Value) -> Option<Value> {
    let map = event.as_object_mut()?;
    if map.get("original")?.is_string() {
        map.remove("original")
    } else {
        None
    }
}

/// Gives a value to its named place, or keeps it as a field where it does not fit.
fn keep_unless(
    fields: &mut Map<String, Value>,
    key: &str,
    value: Value,
    take: impl FnOnce(&Value) -> Result<(), ()>,
) {
    if take(&value).is_err() && !value.is_null() {
        fields.insert(key.to_owned(), value);
    }
}

fn record_id(value: &Value) -> Result<RecordId, ()> {
    match value {
        Value::String(text) => Ok(RecordId::Text(text.clone())),
        Value::Number(number) => Ok(match number.as_i64() {
            Some(number) => RecordId::Number(number),
            None => RecordId::Text(number.to_string()),
        }),
        _ => Err(()),
    }
}

fn text_of(value: &Value, numbers: bool) -> Result<String, ()> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
        Value::Number(number) if numbers => Ok(number.to_string()),
        _ => Err(()),
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
