//! One line of a labelled file: the record to judge, what it is, and which lines it goes with.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::pipeline;
use crate::record::{Entry, Limits, Record, record_from_line};
use crate::text;
use crate::verdict::Category;

/// Most characters of a value in an error.
const LONGEST_SHOWN: usize = 40;

/// A record and what a person says it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// What the pipeline is given: message, source and severity of the line, and nothing else of it, so
    /// that no rule can read the label.
    pub record: Record,
    /// What it is.
    pub label: Category,
    /// Lines of one group are drawn together: the line's group, else its source, else its masked text.
    pub group: String,
    /// The value of the field by which figures are told apart.
    pub slice: Option<String>,
}

impl Labelled {
    /// Reads one line; `by` names the field by which figures are told apart.
    ///
    /// # Errors
    /// What was expected and what was found, where the line is no JSON object, has no message, or has a
    /// label, source, severity or group that is none.
    pub fn read(line: &[u8], index: usize, by: &str, limits: &Limits) -> Result<Labelled, String> {
        let value: Value = serde_json::from_slice(line)
            .map_err(|error| format!("expected one JSON object, found none: {error}"))?;
        let Value::Object(members) = &value else {
            return Err(format!("expected a JSON object, found {}", shown(&value)));
        };
        let label = label(members.get("label"))?;
        let source = name(members, "source")?;
        let group = name(members, "group")?;
        let slice = name(members, by)?;
        let record = record(members, source.as_deref(), index, limits)?;
        // Told apart by what they come from, so that a source called as a group is not taken for it.
        let group = match (group, source) {
            (Some(group), _) => format!("group {group}"),
            (None, Some(source)) => format!("source {source}"),
            (None, None) => {
                let mut masked = String::from("template ");
                text::normalize(pipeline::read(&record).body, &mut masked);
                masked
            }
        };
        Ok(Labelled {
            record,
            label,
            group,
            slice,
        })
    }
}

fn label(found: Option<&Value>) -> Result<Category, String> {
    let names = Category::ALL.map(Category::as_str).join(", ");
    let expected = format!("expected a label, one of {names}");
    let Some(found) = found else {
        return Err(format!("{expected}, found none"));
    };
    let known = found.as_str().and_then(Category::from_name);
    known.ok_or_else(|| format!("{expected}, found {}", shown(found)))
}

/// A member that is text or a number; null and an empty text are none.
fn name(members: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(format!(
            "expected {key} to be text or a number, found {}",
            shown(other)
        )),
    }
}

/// The record, read as `classify` and the service read it.
fn record(
    members: &Map<String, Value>,
    source: Option<&str>,
    index: usize,
    limits: &Limits,
) -> Result<Record, String> {
    let message = match members.get("message") {
        Some(message @ Value::String(_)) => message.clone(),
        Some(other) => {
            return Err(format!(
                "expected message to be text, found {}",
                shown(other)
            ));
        }
        None => return Err("expected a message, found none".to_owned()),
    };
    let mut given = Map::from_iter([("message".to_owned(), message)]);
    if let Some(source) = source {
        given.insert("source".to_owned(), source.into());
    }
    let severity = members.get("severity").filter(|value| !value.is_null());
    if let Some(severity) = severity {
        given.insert("severity".to_owned(), severity.clone());
    }
    let line = Bytes::from(Value::Object(given).to_string());
    match (record_from_line(index, &line, limits), severity) {
        (Entry::Record(record), Some(found)) if record.severity.is_none() => Err(format!(
            "expected severity to be 0 to 7 or a name such as error, found {}",
            shown(found)
        )),
        (Entry::Record(record), _) => Ok(record),
        (Entry::Bad(bad), _) => Err(bad.detail),
    }
}

/// A value as an error shows it: short, and without a message's own control characters (JSON escapes
/// them).
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Labelled, String> {
        Labelled::read(line.as_bytes(), 0, "set", &Limits::default())
    }

    #[test]
    fn the_pipeline_is_given_message_source_and_severity_alone() {
        let line = r#"{"message":"disk failed","label":"critical","source":"kernel","severity":2,
            "group":7,"set":"unix","native_label":"emerg"}"#;
        let found = read(&line.replace('\n', " ")).expect("a labelled line");
        assert_eq!(found.record.message, "disk failed");
        assert_eq!(found.record.source.as_deref(), Some("kernel"));
        assert_eq!(found.record.severity.map(|s| s.level()), Some(2));
        assert!(found.record.fields.is_empty(), "{:?}", found.record.fields);
        assert_eq!(found.label, Category::Critical);
        assert_eq!(
            (found.group.as_str(), found.slice.as_deref()),
            ("group 7", Some("unix"))
        );
    }

    #[test]
    fn the_group_is_the_source_or_the_masked_text() {
        let sourced = read(r#"{"message":"m","label":"noise","source":"a"}"#).expect("a line");
        assert_eq!(sourced.group, "source a");
        let masked = |id: u32| {
            let line = format!(
                r#"{{"message":"user {id} logged in from 10.0.0.{id}","label":"routine","source":""}}"#
            );
            read(&line).expect("a line").group
        };
        assert_eq!(masked(11), masked(12));
        assert!(masked(11).starts_with("template user "), "{}", masked(11));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let cases = [
            ("plain text", "expected one JSON object, found none"),
            ("[1]", "expected a JSON object, found [1]"),
            (
                r#"{"message":"m"}"#,
                "expected a label, one of critical, suspicious, routine, noise, found none",
            ),
            (
                r#"{"message":"m","label":"Critical"}"#,
                r#"found "Critical""#,
            ),
            (r#"{"label":"noise"}"#, "expected a message, found none"),
            (
                r#"{"label":"noise","message":5}"#,
                "expected message to be text, found 5",
            ),
            (
                r#"{"label":"noise","message":"m","source":{}}"#,
                "expected source to be text or a number, found {}",
            ),
            (
                r#"{"label":"noise","message":"m","severity":"loud"}"#,
                r#"expected severity to be 0 to 7 or a name such as error, found "loud""#,
            ),
        ];
        for (line, expected) in cases {
            let found = read(line).expect_err(line);
            assert!(found.contains(expected), "{line}: {found}");
        }
    }
}
