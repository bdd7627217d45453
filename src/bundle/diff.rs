//! Two bundles side by side: what differs in what they say, and in what they make of records.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::files::{Contents, MANIFEST};
use super::load::Parts;
use super::{BundleError, Origin};
use crate::features::VocabularyFile;
use crate::pipeline::Identity;
use crate::rules::{Pack, PackRule, Pattern};
use crate::verdict::{Category, Verdict};

/// Most records shown of those that are judged otherwise.
const MOST_EXAMPLES: usize = 20;
/// Most characters shown of a message.
const LONGEST_MESSAGE: usize = 200;

/// What differs between two bundles, the first being the one before.
#[derive(Debug, Serialize)]
pub struct BundleDiff {
    /// The first.
    pub a: Side,
    /// The second.
    pub b: Side,
    /// Settings by their path in the manifest.
    pub settings: Vec<Changed>,
    /// Terms.
    pub vocabulary: VocabularyDiff,
    /// Rules.
    pub rules: RulesDiff,
}

/// Which bundle.
#[derive(Debug, Serialize)]
pub struct Side {
    /// Where it was read from.
    pub source: String,
    /// Name, version and digest.
    #[serde(flatten)]
    pub identity: Identity,
}

/// Something that both have, or one of them, and not in the same way.
#[derive(Debug, PartialEq, Serialize)]
pub struct Changed {
    /// The path of a setting, a term, or a part of a rule.
    pub what: String,
    /// In the first; null where it is not there.
    pub a: Value,
    /// In the second.
    pub b: Value,
}

/// How two vocabularies differ.
#[derive(Debug, Default, Serialize)]
pub struct VocabularyDiff {
    /// Terms of both.
    pub terms: [usize; 2],
    /// Terms that the first lacks.
    pub added: Vec<String>,
    /// Terms that the second lacks.
    pub removed: Vec<String>,
    /// Terms of another inverse document frequency.
    pub changed: Vec<Changed>,
}

/// How two sets of rules differ, by id.
#[derive(Debug, Default, Serialize)]
pub struct RulesDiff {
    /// Rules of both.
    pub rules: [usize; 2],
    /// Rules that the first lacks.
    pub added: Vec<String>,
    /// Rules that the second lacks.
    pub removed: Vec<String>,
    /// Rules that say something else, or at other times.
    pub changed: Vec<ChangedRule>,
}

/// A rule that both have.
#[derive(Debug, PartialEq, Serialize)]
pub struct ChangedRule {
    /// Its id.
    pub id: String,
    /// The parts that differ.
    pub parts: Vec<Changed>,
}

/// Reads two bundles and compares what they say.
///
/// # Errors
/// Where one cannot be read, or is not what its manifest says.
pub fn diff(a: &Origin, b: &Origin) -> Result<BundleDiff, BundleError> {
    let (settings_a, parts_a) = read(a)?;
    let (settings_b, parts_b) = read(b)?;
    let side = |origin: &Origin, parts: &Parts| Side {
        source: origin.to_string(),
        identity: parts.identity.clone(),
    };
    Ok(BundleDiff {
        settings: changes(&settings_a, &settings_b),
        vocabulary: vocabulary(&parts_a.vocabulary, &parts_b.vocabulary),
        rules: rules(&parts_a.rules, &parts_b.rules),
        a: side(a, &parts_a),
        b: side(b, &parts_b),
    })
}

/// A bundle's settings by their paths, with numbers as they are written, and its parts.
fn read(origin: &Origin) -> Result<(BTreeMap<String, Value>, Parts), BundleError> {
    let contents = Contents::read(origin)?;
    let manifest = serde_json::from_slice(&contents.manifest_bytes);
    let manifest: Value = manifest.map_err(BundleError::unreadable(MANIFEST))?;
    let mut settings = BTreeMap::new();
    flatten("", &manifest, &mut settings);
    let (_, parts) = Parts::of(contents)?;
    Ok((settings, parts))
}

/// The leaves of a document by their paths. A list is a leaf: its places have no names.
fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let Value::Object(members) = value else {
        leaves.insert(path.to_owned(), value.clone());
        return;
    };
    for (name, value) in members {
        let path = match path {
            "" => name.clone(),
            above => format!("{above}.{name}"),
        };
        flatten(&path, value, leaves);
    }
}

/// What is not the same in both; what one lacks is null there.
fn changes(a: &BTreeMap<String, Value>, b: &BTreeMap<String, Value>) -> Vec<Changed> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |side: &BTreeMap<String, Value>, name| side.get(name).cloned().unwrap_or_default();
    let both = names.into_iter().map(|name| Changed {
        what: name.clone(),
        a: of(a, name),
        b: of(b, name),
    });
    both.filter(|changed| changed.a != changed.b).collect()
}

/// Names of `a` that `b` lacks.
fn lacking<V>(a: &BTreeMap<&str, V>, b: &BTreeMap<&str, V>) -> Vec<String> {
    let names = a.keys().filter(|name| !b.contains_key(*name));
    names.map(|name| (*name).to_owned()).collect()
}

fn vocabulary(a: &VocabularyFile, b: &VocabularyFile) -> VocabularyDiff {
    fn terms(file: &VocabularyFile) -> BTreeMap<&str, f64> {
        let terms = file.terms.iter().map(String::as_str);
        terms.zip(file.idf.iter().copied()).collect()
    }
    let (a, b) = (terms(a), terms(b));
    let both = a.iter().filter_map(|(term, idf)| {
        let other = b.get(term)?;
        (idf != other).then(|| Changed {
            what: (*term).to_owned(),
            a: json!(idf),
            b: json!(other),
        })
    });
    VocabularyDiff {
        terms: [a.len(), b.len()],
        added: lacking(&b, &a),
        removed: lacking(&a, &b),
        changed: both.collect(),
    }
}

fn rules(a: &[Pack], b: &[Pack]) -> RulesDiff {
    fn by_id(packs: &[Pack]) -> BTreeMap<&str, &PackRule> {
        let rules = packs.iter().flat_map(|pack| &pack.rules);
        rules.map(|rule| (rule.rule.id.as_str(), rule)).collect()
    }
    let (a, b) = (by_id(a), by_id(b));
    let both = a.iter().filter_map(|(id, rule)| {
        let parts = changes(&parts(rule), &parts(b.get(id)?));
        (!parts.is_empty()).then(|| ChangedRule {
            id: (*id).to_owned(),
            parts,
        })
    });
    RulesDiff {
        rules: [a.len(), b.len()],
        added: lacking(&b, &a),
        removed: lacking(&a, &b),
        changed: both.collect(),
    }
}

/// Everything that makes a rule what it is, but where it stands.
fn parts(rule: &PackRule) -> BTreeMap<String, Value> {
    let (said, when) = (&rule.rule, &rule.when);
    let patterns = |list: &[Pattern]| list.iter().map(pattern).collect::<Vec<_>>();
    let severity = when.severity.map(|range| [range.from, range.to]);
    let sources = when.sources.iter().map(ToString::to_string);
    // As it is written, not as its nearest binary number would be in double precision.
    let confidence: Option<f64> = said.confidence.to_string().parse().ok();
    let parts = [
        ("pack", json!(said.pack)),
        ("title", json!(said.title)),
        ("category", json!(said.category)),
        ("confidence", json!(confidence)),
        ("floor", json!(said.floor)),
        ("tags", json!(said.tags)),
        ("references", json!(said.references)),
        ("sources", json!(sources.collect::<Vec<_>>())),
        ("severity", json!(severity)),
        ("any", json!(patterns(&when.any))),
        ("all", json!(patterns(&when.all))),
        ("not", json!(patterns(&when.not))),
        ("examples.match", json!(rule.examples.matching)),
        ("examples.no_match", json!(rule.examples.no_match)),
    ];
    parts.map(|(name, value)| (name.to_owned(), value)).into()
}

fn pattern(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Message(regex) => regex.to_string(),
        Pattern::FieldRegex { field, regex } => format!("{field} matches {regex}"),
        Pattern::FieldEquals { field, values } => format!("{field} is {}", values.join(" or ")),
        Pattern::FieldExists { field } => format!("{field} is there"),
    }
}

/// How two bundles judge the same records.
#[derive(Debug, Default, Serialize)]
pub struct VerdictDiff {
    /// Records that both judged.
    pub records: u64,
    /// Records of another category.
    pub category_changes: u64,
    /// Records that the first forwards and the second does not.
    pub no_longer_forwarded: u64,
    /// Records that the second forwards and the first does not.
    pub newly_forwarded: u64,
    /// Records by their category in the first, and by that in the second.
    pub matrix: BTreeMap<Category, BTreeMap<Category, u64>>,
    /// Some of those that are judged otherwise, those no longer forwarded before the others.
    pub examples: Vec<Example>,
}

/// A record that is judged otherwise.
#[derive(Debug, Serialize)]
pub struct Example {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Its message, shortened.
    pub message: String,
    /// By the first.
    pub a: Judged,
    /// By the second.
    pub b: Judged,
}

/// The parts of a verdict that decide where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The category.
    pub category: Category,
    /// How sure it is.
    pub confidence: f32,
    /// True where it must reach the SIEM.
    pub forward: bool,
}

impl Judged {
    fn of(verdict: &Verdict) -> Judged {
        Judged {
            category: verdict.category,
            confidence: verdict.confidence,
            forward: verdict.forward,
        }
    }
}

impl VerdictDiff {
    /// Counts one record, which stands at `line`.
    pub fn add(&mut self, line: usize, message: &str, a: &Verdict, b: &Verdict) {
        let (a, b) = (Judged::of(a), Judged::of(b));
        let row = self.matrix.entry(a.category).or_default();
        *row.entry(b.category).or_default() += 1;
        self.records += 1;
        let lost = a.forward && !b.forward;
        self.category_changes += u64::from(a.category != b.category);
        self.no_longer_forwarded += u64::from(lost);
        self.newly_forwarded += u64::from(b.forward && !a.forward);
        if a.category == b.category && a.forward == b.forward {
            return;
        }
        let is_lost = |example: &Example| example.a.forward && !example.b.forward;
        if self.examples.len() == MOST_EXAMPLES {
            // One of the others makes room for one that is lost.
            let other = self.examples.iter().rposition(|e| !is_lost(e));
            match other.filter(|_| lost) {
                Some(other) => self.examples.remove(other),
                None => return,
            };
        }
        let place = match lost {
            true => self.examples.iter().filter(|e| is_lost(e)).count(),
            false => self.examples.len(),
        };
        let message = message.chars().take(LONGEST_MESSAGE).collect();
        let example = Example {
            line,
            message,
            a,
            b,
        };
        self.examples.insert(place, example);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Reason, Scores};

    fn verdict(category: Category, forward: bool) -> Verdict {
        Verdict {
            category,
            confidence: 0.5,
            forward,
            reason: Reason::Ensemble,
            flags: Vec::new(),
            scores: Scores::ZERO,
            compliance: Vec::new(),
        }
    }

    #[test]
    fn lost_records_are_shown_before_all_others() {
        let (routine, noise) = (Category::Routine, Category::Noise);
        let mut diff = VerdictDiff::default();
        let (kept, sent) = (verdict(routine, false), verdict(routine, true));
        let silent = verdict(noise, false);
        diff.add(1, "same", &kept, &kept);
        for line in 2..=40 {
            diff.add(line, "other", &kept, &silent);
        }
        diff.add(41, "lost", &sent, &kept);
        diff.add(42, "lost too", &sent, &silent);
        diff.add(43, "found", &silent, &sent);
        assert_eq!(diff.records, 43);
        assert_eq!(diff.category_changes, 41);
        assert_eq!((diff.no_longer_forwarded, diff.newly_forwarded), (2, 1));
        assert_eq!(diff.matrix[&routine][&routine], 2);
        assert_eq!(diff.matrix[&routine][&noise], 40);
        let lines: Vec<usize> = diff.examples.iter().map(|e| e.line).collect();
        assert_eq!(lines.len(), MOST_EXAMPLES);
        assert_eq!(lines[..4], [41, 42, 2, 3]);
    }

    #[test]
    fn settings_have_paths_and_lists_are_one_setting() {
        let mut leaves = BTreeMap::new();
        let document = json!({"a": {"b": 1, "c": [1, 2]}, "d": null});
        flatten("", &document, &mut leaves);
        let expected = [
            ("a.b", json!(1)),
            ("a.c", json!([1, 2])),
            ("d", json!(null)),
        ];
        assert_eq!(leaves, expected.map(|(k, v)| (k.to_owned(), v)).into());
        let fewer = BTreeMap::from([("a.b".to_owned(), json!(2))]);
        let found = changes(&leaves, &fewer);
        let names: Vec<&str> = found.iter().map(|c| c.what.as_str()).collect();
        assert_eq!(names, ["a.b", "a.c"]);
        assert_eq!((&found[1].a, &found[1].b), (&json!([1, 2]), &Value::Null));
    }
}
