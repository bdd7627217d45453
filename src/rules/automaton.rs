//! Whether a text matches: lazy DFAs, compiled when they are first asked.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::OnceLock;

use regex_automata::Input;
use regex_automata::hybrid::BuildError;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;

/// Bytes of states that one thread keeps of one regex. A regex runs only where its literals were seen,
/// so few states are enough; hundreds of the default 2 MiB would not fit a small pod.
const MAX_CACHE: usize = 1 << 18;

/// A regex that is compiled when it is first needed.
///
/// Most rules never meet a line that holds their literals: a pod that sees three products does not pay
/// for thirty. All that is asked is whether the regex matches, never where, so a lazy DFA that runs
/// forward is all there is of it; a general regex, with its engines for groups and for running
/// backward, is several times as large and as slow to compile.
#[derive(Debug)]
pub(super) struct LazyRegex {
    pattern: String,
    compiled: OnceLock<Option<Box<Automaton>>>,
}

/// States are made while texts are read, in a cache for each thread that is in a search.
pub(super) struct Automaton {
    dfa: DFA,
    caches: Pool<Cache, MakeCache>,
}

type MakeCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

impl LazyRegex {
    /// For a pattern that [`dialect::parse`](super::dialect::parse) accepts.
    pub(super) fn new(pattern: String) -> LazyRegex {
        LazyRegex {
            pattern,
            compiled: OnceLock::new(),
        }
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        // The dialect has bounded the size, so there is no pattern here that does not compile.
        let compiled = self.compiled.get_or_init(|| compile(&self.pattern));
        compiled
            .as_ref()
            .is_some_and(|automaton| automaton.is_match(text.as_bytes()))
    }
}

impl Automaton {
    pub(super) fn new(pattern: &str) -> Result<Automaton, Box<BuildError>> {
        let dfa = DFA::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(
                thompson::Config::new()
                    .utf8(false)
                    .which_captures(WhichCaptures::None),
            )
            .configure(
                DFA::config()
                    .cache_capacity(MAX_CACHE)
                    // Raised to what the pattern needs at least, where that is more.
                    .skip_cache_capacity_check(true),
            )
            .build(pattern)?;
        let of = dfa.clone();
        let caches: MakeCache = Box::new(move || of.create_cache());
        Ok(Automaton {
            dfa,
            caches: Pool::new(caches),
        })
    }

    fn is_match(&self, text: &[u8]) -> bool {
        let mut cache = self.caches.get();
        let found = self
            .dfa
            .try_search_fwd(&mut cache, &Input::new(text).earliest(true));
        // The search can only fail where it may give up or quit at a byte, and neither is configured.
        found.is_ok_and(|end| end.is_some())
    }
}

impl fmt::Debug for Automaton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Automaton")
    }
}

fn compile(pattern: &str) -> Option<Box<Automaton>> {
    Automaton::new(pattern)
        .map(Box::new)
        .inspect_err(|error| tracing::error!(%error, pattern, "a checked regex does not compile; it matches nothing"))
        .ok()
}
