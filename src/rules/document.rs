//! The YAML shape of packs, read with every value checked where it stands.
//!
//! Values are checked inside their visitors, not afterwards, because only there does the reader
//! know line and column. Nothing outside this room sees these types.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::dialect::Regex;
use super::names::{check_field, check_id, check_reference, check_tag, read_level};
use super::table::TableDoc;
use crate::parse::Severity;
use crate::verdict::Category;

/// A file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackDoc {
    pub pack: Option<String>,
    pub about: Option<String>,
    #[serde(default)]
    pub rules: Vec<RuleDoc>,
    #[serde(default)]
    pub tables: Vec<TableDoc>,
}

/// A file of compliance rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrameworkDoc {
    pub framework: Checked<IdText>,
    pub title: Option<String>,
    pub about: Option<String>,
    pub retention_days: Checked<Days>,
    pub rules: Vec<ClaimDoc>,
}

/// One detection rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleDoc {
    pub id: Checked<IdText>,
    pub title: String,
    pub category: Category,
    pub confidence: Checked<Confidence>,
    pub floor: Option<bool>,
    #[serde(default)]
    pub source: Many<ScalarText>,
    pub severity: Option<SeverityDoc>,
    #[serde(default)]
    pub any: Vec<PatternDoc>,
    #[serde(default)]
    pub all: Vec<PatternDoc>,
    #[serde(default)]
    pub not: Vec<PatternDoc>,
    #[serde(default)]
    pub tags: Vec<Checked<TagText>>,
    #[serde(default)]
    pub references: Vec<Checked<ReferenceText>>,
    #[serde(default)]
    pub examples: ExamplesDoc,
}

/// One compliance rule: the conditions of a rule without its judgement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimDoc {
    pub id: Checked<IdText>,
    pub title: String,
    #[serde(default)]
    pub source: Many<ScalarText>,
    pub severity: Option<SeverityDoc>,
    #[serde(default)]
    pub any: Vec<PatternDoc>,
    #[serde(default)]
    pub all: Vec<PatternDoc>,
    #[serde(default)]
    pub not: Vec<PatternDoc>,
    #[serde(default)]
    pub references: Vec<Checked<ReferenceText>>,
    #[serde(default)]
    pub examples: ExamplesDoc,
}

/// `severity: {at_least: error, at_most: warning}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeverityDoc {
    pub at_least: Option<Checked<Level>>,
    pub at_most: Option<Checked<Level>>,
}

/// Lines that a rule must and must not match.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExamplesDoc {
    #[serde(default, rename = "match")]
    pub matching: Vec<serde_json::Value>,
    #[serde(default)]
    pub no_match: Vec<serde_json::Value>,
}

/// A regex on the message, or a test of a named field.
#[derive(Debug)]
pub(super) enum PatternDoc {
    Message(Regex),
    Field(FieldDoc),
}

/// `{field: NAME, regex: ... | equals: ... | exists: true}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldDoc {
    pub field: Checked<FieldText>,
    pub regex: Option<Checked<RegexText>>,
    pub equals: Option<Many<ScalarText>>,
    pub exists: Option<bool>,
}

impl<'de> Deserialize<'de> for PatternDoc {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct PatternVisitor;
        impl<'de> Visitor<'de> for PatternVisitor {
            type Value = PatternDoc;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a regex in quotes, or a mapping with `field`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PatternDoc, E> {
                let regex = Regex::parse(text).map_err(E::custom)?;
                Ok(PatternDoc::Message(regex))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PatternDoc, A::Error> {
                let inner = serde::de::value::MapAccessDeserializer::new(map);
                FieldDoc::deserialize(inner).map(PatternDoc::Field)
            }
        }
        de.deserialize_any(PatternVisitor)
    }
}

/// A kind of scalar with its own check; the text of any YAML scalar goes in.
pub(super) trait Scalar {
    /// What the value becomes.
    type Value: fmt::Debug;
    /// Said where something else stands.
    const EXPECTED: &'static str;
    /// The value, or what is wrong with it.
    fn check(text: &str) -> Result<Self::Value, String>;
}

/// A scalar that passed its check.
#[derive(Debug)]
pub(super) struct Checked<S: Scalar>(pub S::Value);

impl<'de, S: Scalar> Deserialize<'de> for Checked<S> {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        de.deserialize_any(ScalarVisitor::<S>(PhantomData))
            .map(Checked)
    }
}

struct ScalarVisitor<S>(PhantomData<S>);

impl<S: Scalar> Visitor<'_> for ScalarVisitor<S> {
    type Value = S::Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(S::EXPECTED)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<S::Value, E> {
        S::check(text).map_err(E::custom)
    }
    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<S::Value, E> {
        self.visit_str(&value.to_string())
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<S::Value, E> {
        self.visit_str(&value.to_string())
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<S::Value, E> {
        self.visit_str(&value.to_string())
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<S::Value, E> {
        self.visit_str(&value.to_string())
    }
}

/// One scalar or a list of them.
#[derive(Debug)]
pub(super) struct Many<S: Scalar>(pub Vec<S::Value>);

impl<S: Scalar> Default for Many<S> {
    fn default() -> Self {
        Many(Vec::new())
    }
}

impl<'de, S: Scalar> Deserialize<'de> for Many<S> {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct ManyVisitor<S>(PhantomData<S>);
        impl<'de, S: Scalar> Visitor<'de> for ManyVisitor<S> {
            type Value = Vec<S::Value>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}, or a list", S::EXPECTED)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(vec![S::check(text).map_err(E::custom)?])
            }
            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(Checked(value)) = seq.next_element::<Checked<S>>()? {
                    values.push(value);
                }
                // An empty list reads like "no filter" and would match everything.
                if values.is_empty() {
                    return Err(A::Error::custom(
                        "expected at least one value, found an empty list",
                    ));
                }
                Ok(values)
            }
        }
        de.deserialize_any(ManyVisitor::<S>(PhantomData)).map(Many)
    }
}

/// Declares a scalar kind in three lines.
macro_rules! scalar {
    ($name:ident, $value:ty, $expected:literal, $check:expr) => {
        #[derive(Debug)]
        pub(super) struct $name;
        impl Scalar for $name {
            type Value = $value;
            const EXPECTED: &'static str = $expected;
            fn check(text: &str) -> Result<$value, String> {
                let check: fn(&str) -> Result<$value, String> = $check;
                check(text)
            }
        }
    };
}

scalar!(IdText, String, "an id in kebab-case", check_id);
scalar!(
    TagText,
    String,
    "a MITRE technique such as attack.t1110.001",
    check_tag
);
scalar!(ReferenceText, String, "a URL", check_reference);
scalar!(FieldText, String, "the name of a field", check_field);
scalar!(ScalarText, String, "a text", |text| match text {
    "" => Err("expected a text, found an empty one".to_owned()),
    _ => Ok(text.to_owned()),
});
scalar!(RegexText, Regex, "a regex", |text| Regex::parse(text));
scalar!(
    Level,
    Severity,
    "a syslog level (emerg to debug, or 0 to 7)",
    read_level
);
scalar!(Days, u32, "a number of days", |text| match text.parse() {
    Ok(days @ 1..=36_500) => Ok(days),
    _ => Err(format!("expected 1 to 36500 days, found {text}")),
});
scalar!(
    Confidence,
    f32,
    "a confidence above 0.25 and up to 1",
    |text| {
        match text.parse::<f32>() {
            // At 0.25 and below, the "rest spread evenly" would outvote the rule's own category.
            Ok(value) if value > 0.25 && value <= 1.0 => Ok(value),
            _ => Err(format!(
                "expected a confidence above 0.25 and up to 1, found {text}"
            )),
        }
    }
);
