//! What is kept of a record's further fields: so many values, so much text, and no more.
//!
//! A tree of JSON values takes tens of times the room of its text. So what goes beyond the bounds
//! is passed over while it is parsed, never kept first and thrown away after.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Values kept of one record, objects and arrays among them; as many as `parse` keeps fields.
pub(super) const MOST_VALUES: usize = 512;

/// Entries in a half-full node of the map behind a JSON object; a node is taken whole.
const NODE_ENTRIES: usize = 6;
/// Bytes of such a node: eleven entries and its links.
const NODE_BYTES: usize = 11 * (size_of::<String>() + size_of::<Value>()) + 128;

/// A key or a text, borrowed where it has no escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// What may still be kept of one record.
pub(super) struct Budget {
    values: usize,
    text: usize,
    /// True once something did not fit.
    pub left_out: bool,
}

impl Budget {
    /// Room for [`MOST_VALUES`] values with `text` bytes in all, keys among them.
    pub(super) fn new(text: usize) -> Budget {
        Budget {
            values: MOST_VALUES,
            text,
            left_out: false,
        }
    }

    /// Takes room for a value with so many bytes of text; false where there is none.
    pub(super) fn take(&mut self, text: usize) -> bool {
        let fits = self.values > 0 && self.take_text(text);
        self.left_out |= !fits;
        self.values -= usize::from(fits);
        fits
    }

    /// Takes room for a key.
    pub(super) fn take_text(&mut self, text: usize) -> bool {
        let fits = text <= self.text;
        self.left_out |= !fits;
        self.text -= if fits { text } else { 0 };
        fits
    }

    /// The value, or as much of it as fits; `None` where nothing of it does.
    pub(super) fn keep(&mut self, raw: &RawValue) -> Result<Option<Value>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        Keep(self).deserialize(&mut deserializer)
    }
}

/// About how many bytes the fields take beside their text.
pub(super) fn room(fields: &Map<String, Value>) -> usize {
    let nodes = fields.len().div_ceil(NODE_ENTRIES) * NODE_BYTES;
    nodes + fields.values().map(value_room).sum::<usize>()
}

fn value_room(value: &Value) -> usize {
    match value {
        Value::Object(map) => room(map),
        Value::Array(items) => {
            size_of_val(items.as_slice()) + items.iter().map(value_room).sum::<usize>()
        }
        _ => 0,
    }
}

/// Reads one value within a budget.
struct Keep<'b>(&'b mut Budget);

impl Keep<'_> {
    fn scalar(self, value: impl Into<Value>) -> Option<Value> {
        self.0.take(0).then(|| value.into())
    }
}

impl<'de> DeserializeSeed<'de> for Keep<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keep<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.scalar(()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(self.scalar(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.take(text.len()).then(|| text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if !self.0.take(0) {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let mut items = Vec::new();
        while let Some(kept) = seq.next_element_seed(Keep(self.0))? {
            items.extend(kept);
        }
        items.shrink_to_fit();
        Ok(Some(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if !self.0.take(0) {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let mut members = Map::new();
        while let Some(Text(key)) = map.next_key()? {
            if !self.0.take_text(key.len()) {
                map.next_value::<IgnoredAny>()?;
            } else if let Some(value) = map.next_value_seed(Keep(self.0))? {
                members.insert(key.into_owned(), value);
            }
        }
        Ok(Some(Value::Object(members)))
    }
}
