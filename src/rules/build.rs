//! From conditions to a matcher: tests interned, literals chosen, gates set.

use rustc_hash::FxHashMap;

use super::automaton::LazyRegex;
use super::dialect::{self, Regex};
use super::literals::{Literal, Literals};
use super::matcher::{Compiled, FieldAsk, FieldIndex, Matcher, Test};
use super::pack::{Conditions, Pattern};
use super::prefilter::{Owner, Prefilter};
use super::rarity::rarity;

/// How much rarer a field's value is than any text: it opens a gate only where it truly holds.
const VALUE_RARITY: f32 = 1000.0;
/// That a field exists says little.
const EXISTS_RARITY: f32 = 8.0;
/// Regexes without a literal cannot open a gate.
const NEVER: f32 = f32::NEG_INFINITY;

/// Collects rules; [`Builder::finish`] makes the matcher.
#[derive(Default)]
pub(super) struct Builder {
    tests: Vec<Test>,
    rarity: Vec<f32>,
    known: FxHashMap<(Pattern, Scope), u32>,
    rules: Vec<Compiled>,
    fields: FieldIndex,
    raw: LiteralTable,
    masked: LiteralTable,
    values: LiteralTable,
}

/// Where a message pattern looks, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scope {
    /// Anywhere in the message.
    Message,
    /// Anywhere in the masked body.
    Masked,
    /// The whole of the masked body.
    WholeMasked,
}

/// Literals and who needs them.
#[derive(Default)]
struct LiteralTable {
    place: FxHashMap<Literal, usize>,
    literals: Vec<Literal>,
    owners: Vec<Vec<Owner>>,
}

impl Builder {
    /// Adds a rule; noise rules see the masked body and have to account for all of it.
    ///
    /// Their `not` patterns are searched anywhere in it: a veto needs no more than a hint.
    pub(super) fn add(&mut self, when: &Conditions, noise: bool) {
        let (scope, veto_scope) = match noise {
            true => (Scope::WholeMasked, Scope::Masked),
            false => (Scope::Message, Scope::Message),
        };
        let compiled = Compiled {
            sources: when.sources.clone(),
            severity: when.severity,
            any: self.intern_all(&when.any, scope),
            all: self.intern_all(&when.all, scope),
            not: self.intern_all(&when.not, veto_scope),
        };
        self.rules.push(compiled);
    }

    /// True where the last rule added has to be looked at for every record.
    pub(super) fn last_is_always_run(&self) -> bool {
        self.rules
            .last()
            .is_some_and(|rule| self.gate_of(rule).is_none())
    }

    /// The matcher of all the rules added.
    pub(super) fn finish(self) -> Matcher {
        let mut gates = vec![Vec::new(); self.tests.len()];
        let mut always = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let index = index as u32;
            match self.gate_of(rule) {
                Some(tests) => tests
                    .iter()
                    .for_each(|&test| gates[test as usize].push(index)),
                None => always.push(index),
            }
        }
        Matcher {
            tests: self.tests,
            gates,
            rules: self.rules,
            always,
            raw: self.raw.finish(),
            masked: self.masked.finish(),
            values: self.values.finish(),
            fields: self.fields,
        }
    }

    /// The tests of which one has to hold for the rule to hold, the rarest such choice.
    fn gate_of<'r>(&self, rule: &'r Compiled) -> Option<&'r [u32]> {
        let rarity = |tests: &[u32]| {
            let each = tests.iter().map(|&test| self.rarity[test as usize]);
            each.fold(f32::INFINITY, f32::min)
        };
        let each_of_all = rule.all.chunks(1);
        let any = Some(rule.any.as_slice()).filter(|any| !any.is_empty());
        let choices = each_of_all.chain(any).map(|tests| (rarity(tests), tests));
        let best = choices.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 > NEVER).then_some(best.1)
    }

    fn intern_all(&mut self, patterns: &[Pattern], scope: Scope) -> Vec<u32> {
        let tests = patterns.iter().map(|pattern| self.intern(pattern, scope));
        tests.collect()
    }

    /// The number of a test, the same for equal tests.
    fn intern(&mut self, pattern: &Pattern, scope: Scope) -> u32 {
        let scope = match pattern {
            Pattern::Message(_) => scope,
            _ => Scope::Message,
        };
        let key = (pattern.clone(), scope);
        if let Some(&test) = self.known.get(&key) {
            return test;
        }
        let number = self.tests.len() as u32;
        let (test, rarity) = match pattern {
            Pattern::Message(regex) => self.text_test(number, regex, scope),
            Pattern::FieldRegex { field, regex } => {
                (self.value_test(number, field, regex), VALUE_RARITY)
            }
            Pattern::FieldEquals { field, values } => {
                let (_, ask) = self.fields.ask(field);
                for value in values {
                    ask.equals.entry(value.clone()).or_default().push(number);
                }
                (Test::Field, VALUE_RARITY)
            }
            Pattern::FieldExists { field } => {
                self.fields.ask(field).1.exists.push(number);
                (Test::Field, EXISTS_RARITY)
            }
        };
        self.tests.push(test);
        self.rarity.push(rarity);
        self.known.insert(key, number);
        number
    }

    fn text_test(&mut self, number: u32, pattern: &Regex, scope: Scope) -> (Test, f32) {
        let sets = pattern.sets();
        let regex = match scope {
            Scope::WholeMasked => LazyRegex::new(dialect::anchored(pattern.as_str())),
            Scope::Message | Scope::Masked => LazyRegex::new(pattern.as_str().to_owned()),
        };
        let masked = scope != Scope::Message;
        let table = if masked {
            &mut self.masked
        } else {
            &mut self.raw
        };
        let test = Test::Text {
            regex,
            masked,
            sets: (1 << sets.len()) - 1,
        };
        let rarity = sets.first().map_or(NEVER, |set| set.rarity);
        for (place, set) in sets.iter().enumerate() {
            table.add(set, number, 1 << place);
        }
        (test, rarity)
    }

    fn value_test(&mut self, number: u32, field: &str, pattern: &Regex) -> Test {
        let rarest = pattern.sets().first();
        let regex = LazyRegex::new(pattern.as_str().to_owned());
        let (field, ask) = self.fields.ask(field);
        match rarest {
            Some(set) => {
                ask.filtered = true;
                self.values.add(set, number, 1);
            }
            None => ask.unfiltered.push(number),
        }
        Test::Value { regex, field }
    }
}

impl LiteralTable {
    /// Registers a set of literals of a test.
    fn add(&mut self, set: &Literals, test: u32, bit: u8) {
        for literal in &set.literals {
            let next = self.literals.len();
            let index = *self.place.entry(literal.clone()).or_insert(next);
            if index == next {
                self.literals.push(literal.clone());
                self.owners.push(Vec::new());
            }
            self.owners[index].push(Owner { test, set: bit });
        }
    }

    fn finish(self) -> Prefilter {
        let literals = self.literals.into_iter().zip(self.owners);
        Prefilter::new(literals, rarity)
    }
}

impl FieldIndex {
    fn ask(&mut self, field: &str) -> (u32, &mut FieldAsk) {
        let next = self.asks.len();
        let index = *self.names.entry(field.to_owned()).or_insert(next as u32);
        if index as usize == next {
            self.longest = self.longest.max(field.len());
            self.asks.push(FieldAsk::default());
        }
        (index, &mut self.asks[index as usize])
    }
}
