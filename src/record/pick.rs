//! From one JSON object to a record: which key holds the message, which the other named parts.

use std::borrow::Cow;

use bytestring::ByteString;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::keep::Budget;
use super::members::{
    EVENT_ORIGINAL, Fault, MESSAGE_KEYS, Members, NAME_LIMIT, Scalar, is_object, is_string,
    message_rank, record_id, scalar,
};
use super::shelf::Shelf;
use super::{BadRecord, Entry, Limits, Record, RecordId};
use crate::parse::Severity;
use crate::parse::known::Known;

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
