//! What of a record's further fields bears on its verdict: their text is searched with the message.

use serde_json::Value;

use crate::record::Record;

/// The text that patterns on the message search: the message, and after it, line by line, the text
/// of every further field. An attack beside a harmless message is an attack.
pub(super) fn searched<'a>(record: &'a Record, buffer: &'a mut String) -> &'a str {
    if record.fields.is_empty() {
        return &record.message;
    }
    buffer.push_str(&record.message);
    record.fields.values().for_each(|v| append_text(v, buffer));
    buffer
}

/// The depth of a record's JSON is bounded where it is read.
fn append_text(value: &Value, buffer: &mut String) {
    match value {
        Value::String(text) => {
            buffer.push('\n');
            buffer.push_str(text);
        }
        Value::Array(items) => items.iter().for_each(|v| append_text(v, buffer)),
        Value::Object(fields) => fields.values().for_each(|v| append_text(v, buffer)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// True for text of several words. What shippers add of their own (names, labels, times) has none.
pub(super) fn is_prose(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().contains(' '),
        Value::Array(items) => items.iter().any(is_prose),
        Value::Object(fields) => fields.values().any(is_prose),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
