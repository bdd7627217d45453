//! Rules: packs of patterns that people write, and what they say of a record.
//!
//! A pack is read (`document`, `source`), validated (`pack`, `table`, `compliance`), compiled (`build`) and
//! run (`matcher`, `automaton`). Every regex is gated by literals that it cannot match without (`literals`), so
//! that a record costs one pass over its text and the few regexes that this pass did not rule out;
//! the outcome is the same as running them all.

mod automaton;
mod build;
mod builtin;
mod compliance;
mod coverage;
mod dialect;
mod document;
mod error;
mod examples;
mod explain;
mod literals;
mod matcher;
mod names;
mod pack;
mod prefilter;
mod rarity;
mod scratch;
mod set;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod validate;

pub use builtin::BUILTIN_COMPLIANCE;
pub use compliance::{
    ClaimRule, ComplianceSet, Document, Framework, parse_frameworks, read_documents,
    read_frameworks,
};
pub use coverage::Coverage;
pub use dialect::Regex;
pub use error::{Place, RuleError};
pub use examples::{ExampleFailure, examine, test_claims, test_examples};
pub use matcher::Input;
pub use names::Glob;
pub use pack::{
    Conditions, Examples, Pack, PackRule, Pattern, Rule, SeverityRange, parse_pack, parse_packs,
    read_pack_files, read_packs,
};
pub use scratch::Scratch;
pub use set::{Matches, RuleSet};
