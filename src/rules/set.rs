//! Detection rules: packs compiled into one set, and what it says of a record.

use rustc_hash::FxHashMap;

use super::build::Builder;
use super::compliance::{Claims, Framework};
use super::error::{Place, RuleError, nearest};
use super::matcher::{Input, Matcher};
use super::names::Glob;
use super::pack::{Pack, Rule};
use super::scratch::Scratch;
use crate::verdict::{Category, Claim, Scores};

/// The rules of all packs, compiled together, and the frameworks that claim records: a text is searched
/// once for both.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    claims: Claims,
    matcher: Matcher,
    always_run: Vec<usize>,
}

impl RuleSet {
    /// Compiles packs, leaving out the rules named in `disable`: by their ids, or by globs in which `*`
    /// stands for any run of characters. Each has to name a rule that there is.
    pub fn compile(packs: Vec<Pack>, disable: &[String]) -> Result<RuleSet, RuleError> {
        RuleSet::with_frameworks(packs, disable, Vec::new())
    }

    /// The same with frameworks that claim records.
    pub fn with_frameworks(
        packs: Vec<Pack>,
        disable: &[String],
        frameworks: Vec<Framework>,
    ) -> Result<RuleSet, RuleError> {
        let mut taken: FxHashMap<String, Place> = FxHashMap::default();
        let disabled: Vec<Glob> = disable.iter().map(|id| Glob::new(id)).collect();
        let mut builder = Builder::default();
        let (mut rules, mut always_run) = (Vec::new(), Vec::new());
        for pack_rule in packs.into_iter().flat_map(|pack| pack.rules) {
            claim_id(&mut taken, &pack_rule.rule.id, &pack_rule.place)?;
            if disabled.iter().any(|glob| glob.matches(&pack_rule.rule.id)) {
                continue;
            }
            let noise = pack_rule.rule.category == Category::Noise;
            builder.add(&pack_rule.when, noise);
            if builder.last_is_always_run() {
                always_run.push(rules.len());
            }
            rules.push(pack_rule.rule);
        }
        check_disabled(disable, &taken)?;
        let claims = Claims::compile(frameworks, &mut builder)?;
        let matcher = builder.finish();
        Ok(RuleSet {
            rules,
            claims,
            matcher,
            always_run,
        })
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// True for a set without a rule, which abstains on everything.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The ids, in the order of the packs.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.id.as_str())
    }

    /// The rules, in the order of the packs.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules that have no literal to look for, and so cost something on every record.
    pub fn always_run(&self) -> impl Iterator<Item = &Rule> {
        self.always_run.iter().map(|&index| &self.rules[index])
    }

    /// What the rules say of a record. Allocates nothing once `scratch` has grown.
    pub fn matches<'r, 's>(
        &'r self,
        input: &Input<'_>,
        scratch: &'s mut Scratch,
    ) -> Matches<'r, 's> {
        let matched = self.matcher.run(input, scratch);
        // In the order in which they were added: the rules, then the frameworks'.
        let own = matched.partition_point(|&index| (index as usize) < self.rules.len());
        let (matched, claimed) = matched.split_at(own);
        let rules = || matched.iter().map(|&index| &self.rules[index as usize]);
        Matches {
            winner: winner(rules().filter(|rule| !rule.raises_only)),
            floor: floor(rules().filter(|rule| rule.floor && !rule.raises_only)),
            raise: floor(rules().filter(|rule| rule.raises_only)),
            set: self,
            matched,
            claimed,
        }
    }
}

/// What the rules say of one record.
#[derive(Clone, Copy, Debug)]
pub struct Matches<'r, 's> {
    /// The rule that votes, if any matched.
    pub winner: Option<&'r Rule>,
    /// The rule whose category and confidence are the floor, if a floored one matched.
    pub floor: Option<&'r Rule>,
    /// The rule to whose category a verdict below it is raised, if one matched that nobody vouched
    /// for.
    pub raise: Option<&'r Rule>,
    set: &'r RuleSet,
    matched: &'s [u32],
    claimed: &'s [u32],
}

impl<'r> Matches<'r, '_> {
    /// Every matching rule, in the order of the packs.
    pub fn all(&self) -> impl Iterator<Item = &'r Rule> {
        let rules = &self.set.rules;
        self.matched
            .iter()
            .map(move |&index| &rules[index as usize])
    }

    /// The frameworks that claim the record, each once, in their order.
    pub fn claims(&self) -> Vec<Claim> {
        let first = self.set.rules.len() as u32;
        self.set
            .claims
            .of(self.claimed.iter().map(|&index| index - first))
    }

    /// The vote: the winner's confidence for its category, the rest spread evenly; `None` abstains.
    pub fn vote(&self) -> Option<Scores> {
        self.winner
            .map(|rule| Scores::peaked(rule.category, rule.confidence))
    }
}

/// Highest confidence, ties to the more severe, then to the first; noise only where it is alone.
fn winner<'r>(rules: impl Iterator<Item = &'r Rule>) -> Option<&'r Rule> {
    rules.reduce(|best, rule| {
        let (best_noise, noise) = (
            best.category == Category::Noise,
            rule.category == Category::Noise,
        );
        let better = match (best_noise, noise) {
            (true, false) => true,
            (false, true) => false,
            _ if rule.confidence == best.confidence => {
                rule.category.more_severe_than(best.category)
            }
            _ => rule.confidence > best.confidence,
        };
        if better { rule } else { best }
    })
}

/// The most severe rule, ties to the highest confidence, then to the first.
fn floor<'r>(rules: impl Iterator<Item = &'r Rule>) -> Option<&'r Rule> {
    rules.reduce(|best, rule| {
        let better = match rule.category == best.category {
            true => rule.confidence > best.confidence,
            false => rule.category.more_severe_than(best.category),
        };
        if better { rule } else { best }
    })
}

/// Takes an id for a rule, or says who has it.
pub(super) fn claim_id(
    taken: &mut FxHashMap<String, Place>,
    id: &str,
    place: &Place,
) -> Result<(), RuleError> {
    match taken.insert(id.to_owned(), place.clone()) {
        None => Ok(()),
        Some(first) => Err(RuleError::Duplicate {
            first: Box::new(first),
            second: Box::new(place.clone()),
        }),
    }
}

fn check_disabled(disable: &[String], known: &FxHashMap<String, Place>) -> Result<(), RuleError> {
    let names_a_rule = |id: &String| match id.contains('*') {
        true => known.keys().any(|rule| Glob::new(id).matches(rule)),
        false => known.contains_key(id),
    };
    match disable.iter().find(|id| !names_a_rule(id)) {
        None => Ok(()),
        Some(id) => Err(RuleError::UnknownDisabled {
            id: id.clone(),
            nearest: nearest(id, known.keys().map(String::as_str)).map(str::to_owned),
        }),
    }
}
