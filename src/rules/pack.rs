//! Packs: files of rules, read and validated into types that cannot be wrong.

use std::path::{Path, PathBuf};

use super::dialect::Regex;
use super::document::PackDoc;
use super::error::{Place, RuleError};
use super::names::Glob;
use super::source::{self, Source};
use super::validate::pack_from;
use crate::parse::Severity;
use crate::verdict::Category;

/// What a rule says of a record that it matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique over all packs.
    pub id: String,
    /// The pack it came in.
    pub pack: String,
    /// What it sees, in a few words.
    pub title: String,
    /// Its category.
    pub category: Category,
    /// The score of its category when it votes; above 0.25, up to 1.
    pub confidence: f32,
    /// True where the models may not judge a matching record below this rule's category.
    pub floor: bool,
    /// True where nobody vouched for the rule: it does not vote, it only raises what stands below its
    /// category.
    pub raises_only: bool,
    /// MITRE techniques, as `attack.t1110.001`.
    pub tags: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
}

/// A file of rules, valid in itself.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Its name.
    pub name: String,
    /// What it covers.
    pub about: String,
    /// Its rules, in the order of the file.
    pub rules: Vec<PackRule>,
}

/// A rule with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct PackRule {
    /// What it says.
    pub rule: Rule,
    /// When it says so.
    pub when: Conditions,
    /// The lines it is tested with.
    pub examples: Examples,
    /// Where it stands.
    pub place: Place,
}

/// When a rule matches: every filter and list that is not empty has to agree.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// One of these fits a source of the record; empty means any.
    pub sources: Vec<Glob>,
    /// The record has a severity, and it lies in here.
    pub severity: Option<SeverityRange>,
    /// At least one matches.
    pub any: Vec<Pattern>,
    /// Every one matches.
    pub all: Vec<Pattern>,
    /// None matches.
    pub not: Vec<Pattern>,
}

/// A range of the syslog scale, both ends included; 0 is the most severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeverityRange {
    /// The most severe level that fits.
    pub from: u8,
    /// The least severe level that fits.
    pub to: u8,
}

impl SeverityRange {
    /// True where the record states a severity in this range.
    pub fn holds(self, severity: Option<Severity>) -> bool {
        severity.is_some_and(|s| (self.from..=self.to).contains(&s.level()))
    }
}

/// One test of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// A regex searched in the message (noise rules: in the masked body).
    Message(Regex),
    /// A regex searched in each value of a field.
    FieldRegex {
        /// Lower-case name.
        field: String,
        /// The regex.
        regex: Regex,
    },
    /// A value of the field is one of these, case aside.
    FieldEquals {
        /// Lower-case name.
        field: String,
        /// Lower-case values.
        values: Vec<String>,
    },
    /// The field is there.
    FieldExists {
        /// Lower-case name.
        field: String,
    },
}

/// Lines that a rule must and must not match: a string is a message, an object is a record.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    /// Each must match.
    pub matching: Vec<serde_json::Value>,
    /// Each must not.
    pub no_match: Vec<serde_json::Value>,
}

/// Reads the packs of one YAML text: a pack, a list of packs, or several documents of either.
///
/// `name` is how errors call the text.
pub fn parse_packs(name: &str, yaml: &str) -> Result<Vec<Pack>, RuleError> {
    let source = Source::new(name, yaml);
    let docs: Vec<PackDoc> = source.documents()?;
    let mut packs = Vec::with_capacity(docs.len());
    // Positions count from the start of each pack, as an author counts.
    for doc in docs {
        packs.push(pack_from(&source, doc)?);
    }
    Ok(packs)
}

/// Reads the one pack of a YAML text.
pub fn parse_pack(name: &str, yaml: &str) -> Result<Pack, RuleError> {
    let mut packs = parse_packs(name, yaml)?;
    let place = Place {
        file: name.to_owned(),
        ..Place::default()
    };
    match (packs.pop(), packs.len()) {
        (Some(pack), 0) => Ok(pack),
        (_, more) => {
            let detail = format!(
                "expected one pack, found {}",
                if more == 0 { 0 } else { more + 1 }
            );
            Err(RuleError::invalid(place, detail))
        }
    }
}

/// Reads the packs of a directory (its `.yaml` and `.yml` files, by name) or of one file.
pub fn read_packs(path: &Path) -> Result<Vec<Pack>, RuleError> {
    let mut packs = Vec::new();
    for (file, yaml) in read_pack_files(path)? {
        packs.extend(parse_packs(&file.display().to_string(), &yaml)?);
    }
    Ok(packs)
}

/// The files of [`read_packs`] and their texts, for whoever has to know which pack stood where.
pub fn read_pack_files(path: &Path) -> Result<Vec<(PathBuf, String)>, RuleError> {
    source::read_files(path)
}
