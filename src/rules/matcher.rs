//! Which of many conditions hold for a record: one pass over the message, one over its masked
//! body, one over its fields, and then only the regexes that those passes did not rule out.
//!
//! Detection rules and compliance rules are both lists of [`Conditions`], so both run through here.

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::automaton::LazyRegex;
use super::names::Glob;
use super::pack::SeverityRange;
use super::prefilter::{Owner, Prefilter};
use super::scratch::{Scratch, State};
use crate::parse::{Field, Severity};

/// What of a record the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The message as it came in.
    pub message: &'a str,
    /// The normalised body, which noise rules see.
    pub masked: &'a str,
    /// The source found in the message's header.
    pub source: Option<&'a str>,
    /// The source that the record itself states.
    pub record_source: Option<&'a str>,
    /// The severity, from header or record.
    pub severity: Option<Severity>,
    /// The fields found in the message.
    pub fields: &'a [Field<'a>],
    /// The record's own further fields.
    pub extra: &'a Map<String, Value>,
}

/// Conditions of many rules, compiled; a rule is known by its place in the list.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) tests: Vec<Test>,
    /// By test: the rules that are worth a look once that test may hold.
    pub(super) gates: Vec<Vec<u32>>,
    pub(super) rules: Vec<Compiled>,
    /// Rules that no test can rule out beforehand.
    pub(super) always: Vec<u32>,
    pub(super) raw: Prefilter,
    pub(super) masked: Prefilter,
    pub(super) values: Prefilter,
    pub(super) fields: FieldIndex,
}

/// One distinct test; rules that state the same one share it.
#[derive(Debug)]
pub(super) enum Test {
    /// A regex on the message or the masked body.
    Text {
        regex: LazyRegex,
        masked: bool,
        /// A bit for each set of literals of which the text must hold one; 0 where there is none, and
        /// the regex is run whenever it is asked for.
        sets: u8,
    },
    /// A regex on the values of one field.
    Value { regex: LazyRegex, field: u32 },
    /// Decided while the fields are read.
    Field,
}

/// A rule's conditions as numbers of tests.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub sources: Vec<Glob>,
    pub severity: Option<SeverityRange>,
    pub any: Vec<u32>,
    pub all: Vec<u32>,
    pub not: Vec<u32>,
}

/// What is asked of which field.
#[derive(Debug, Default)]
pub(super) struct FieldIndex {
    /// Lower-case name to the place in `asks`.
    pub names: FxHashMap<String, u32>,
    /// Bytes of the longest name.
    pub longest: usize,
    pub asks: Vec<FieldAsk>,
}

/// All tests of one field.
#[derive(Debug, Default)]
pub(super) struct FieldAsk {
    pub exists: Vec<u32>,
    /// Lower-case value to the tests it satisfies.
    pub equals: FxHashMap<String, Vec<u32>>,
    /// True where a regex of this field has literals in the prefilter.
    pub filtered: bool,
    /// Regexes without a literal.
    pub unfiltered: Vec<u32>,
}

impl FieldIndex {
    /// The place of a lower-case path; one that is too long is not even hashed, because that would
    /// take quadratic time for an array of many values under a long name.
    fn find(&self, path: &str) -> Option<u32> {
        let known = path.len() <= self.longest;
        known.then(|| self.names.get(path).copied()).flatten()
    }
}

impl Matcher {
    /// The rules that hold, in their order; the list lives in `scratch` until its next use.
    pub(super) fn run<'s>(&self, input: &Input<'_>, scratch: &'s mut Scratch) -> &'s [u32] {
        scratch.begin(self.tests.len(), self.rules.len());
        for &rule in &self.always {
            scratch.trigger(rule);
        }
        self.scan_text(&self.raw, input.message, scratch);
        self.scan_text(&self.masked, input.masked, scratch);
        self.read_fields(input, scratch);
        scratch.triggered.sort_unstable();
        for index in 0..scratch.triggered.len() {
            let rule = scratch.triggered[index];
            if self.holds(&self.rules[rule as usize], input, scratch) {
                scratch.matched.push(rule);
            }
        }
        &scratch.matched
    }

    /// Marks every test whose literal stands in `text` as worth running.
    fn scan_text(&self, prefilter: &Prefilter, text: &str, scratch: &mut Scratch) {
        let mut lower = std::mem::take(&mut scratch.lower);
        prefilter.search(text, &mut lower, |owners| {
            for owner in owners {
                self.see_literal(*owner, scratch);
            }
        });
        scratch.lower = lower;
    }

    /// A test is worth running once a literal of each of its sets was seen.
    fn see_literal(&self, Owner { test, set }: Owner, scratch: &mut Scratch) {
        let seen = match scratch.state(test) {
            State::Unseen => set,
            State::Partly(seen) => seen | set,
            State::Candidate | State::True | State::False => return,
        };
        let Test::Text { sets, .. } = &self.tests[test as usize] else {
            return;
        };
        if seen == *sets {
            scratch.set(test, State::Candidate);
            self.open_gates(test, scratch);
        } else {
            scratch.set(test, State::Partly(seen));
        }
    }

    fn open_gates(&self, test: u32, scratch: &mut Scratch) {
        for &rule in &self.gates[test as usize] {
            scratch.trigger(rule);
        }
    }

    fn read_fields(&self, input: &Input<'_>, scratch: &mut Scratch) {
        if self.fields.asks.is_empty() {
            return;
        }
        for (name, value) in input.fields {
            scratch.path.clear();
            push_lower(&mut scratch.path, name);
            self.read_value(value, scratch);
        }
        scratch.path.clear();
        self.read_object(input.extra, scratch);
    }

    /// Nested values become dotted paths; the elements of an array share the array's path.
    fn read_object(&self, object: &Map<String, Value>, scratch: &mut Scratch) {
        let parent = scratch.path.len();
        if parent > self.fields.longest {
            // What is nested has an even longer path.
            return;
        }
        for (name, value) in object {
            if parent > 0 {
                scratch.path.push('.');
            }
            push_lower(&mut scratch.path, name);
            self.read_json(value, scratch);
            scratch.path.truncate(parent);
        }
    }

    fn read_json(&self, value: &Value, scratch: &mut Scratch) {
        match value {
            Value::Null => {}
            Value::Bool(true) => self.read_value("true", scratch),
            Value::Bool(false) => self.read_value("false", scratch),
            Value::String(text) => self.read_value(text, scratch),
            Value::Number(number) => {
                let mut text = std::mem::take(&mut scratch.number);
                text.clear();
                // Writing into a String cannot fail.
                let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{number}"));
                self.read_value(&text, scratch);
                scratch.number = text;
            }
            Value::Array(items) => {
                for item in items {
                    self.read_json(item, scratch);
                }
            }
            Value::Object(object) => self.read_object(object, scratch),
        }
    }

    /// Decides the tests of the field named by `scratch.path` for one of its values.
    fn read_value(&self, value: &str, scratch: &mut Scratch) {
        let Some(field) = self.fields.find(&scratch.path) else {
            return;
        };
        let ask = &self.fields.asks[field as usize];
        scratch.next_value();
        for &test in &ask.exists {
            self.satisfy(test, scratch);
        }
        if !ask.equals.is_empty() {
            scratch.value.clear();
            push_lower(&mut scratch.value, value);
            if let Some(tests) = ask.equals.get(&scratch.value) {
                for &test in tests {
                    self.satisfy(test, scratch);
                }
            }
        }
        for &test in &ask.unfiltered {
            self.search_value(test, field, value, scratch);
        }
        if ask.filtered {
            let mut lower = std::mem::take(&mut scratch.lower);
            self.values.search(value, &mut lower, |owners| {
                for owner in owners {
                    self.search_value(owner.test, field, value, scratch);
                }
            });
            scratch.lower = lower;
        }
    }

    /// Runs a regex at most once a value: its literals may stand there any number of times, and a
    /// search for each would take quadratic time.
    fn search_value(&self, test: u32, field: u32, value: &str, scratch: &mut Scratch) {
        let Test::Value { regex, field: own } = &self.tests[test as usize] else {
            return;
        };
        let open = *own == field && scratch.state(test) != State::True;
        if open && scratch.first_try(test) && regex.is_match(value) {
            self.satisfy(test, scratch);
        }
    }

    fn satisfy(&self, test: u32, scratch: &mut Scratch) {
        if scratch.state(test) != State::True {
            scratch.set(test, State::True);
            self.open_gates(test, scratch);
        }
    }

    fn holds(&self, rule: &Compiled, input: &Input<'_>, scratch: &mut Scratch) -> bool {
        rule.accepts(input)
            && rule.all.iter().all(|&test| self.test(test, input, scratch))
            && (rule.any.is_empty() || rule.any.iter().any(|&test| self.test(test, input, scratch)))
            && !rule.not.iter().any(|&test| self.test(test, input, scratch))
    }

    /// The answer to one test, found at most once a record.
    fn test(&self, test: u32, input: &Input<'_>, scratch: &mut Scratch) -> bool {
        let state = scratch.state(test);
        let Test::Text {
            regex,
            masked,
            sets,
        } = &self.tests[test as usize]
        else {
            return state == State::True;
        };
        match state {
            State::True => return true,
            State::False => return false,
            State::Unseen | State::Partly(_) if *sets != 0 => return false,
            State::Unseen | State::Partly(_) | State::Candidate => {}
        }
        let text = if *masked { input.masked } else { input.message };
        let matched = regex.is_match(text);
        scratch.set(test, if matched { State::True } else { State::False });
        matched
    }
}

impl Compiled {
    /// The filters that need no pattern: source and severity.
    fn accepts(&self, input: &Input<'_>) -> bool {
        let severity_fits = self
            .severity
            .is_none_or(|range| range.holds(input.severity));
        severity_fits && source_fits(&self.sources, input)
    }
}

/// True where there is no filter, or one of the record's sources fits it.
pub(super) fn source_fits(globs: &[Glob], input: &Input<'_>) -> bool {
    let fits = |source: Option<&str>| {
        source.is_some_and(|source| globs.iter().any(|glob| glob.matches(source)))
    };
    globs.is_empty() || fits(input.source) || fits(input.record_source)
}

fn push_lower(out: &mut String, text: &str) {
    let start = out.len();
    out.push_str(text);
    out[start..].make_ascii_lowercase();
}
