//! One dialect of regexes for all packs: Unicode off, bytes in, errors with the place.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::literals::{self, Literals};

/// How often an any-text wildcard may repeat in a noise rule.
///
/// Small enough that no sentence fits through, large enough for `(?: <num>){1,4}`.
const MAX_WILD: u32 = 8;

/// Largest pattern, in rough states: far above what a rule needs, far below what takes long to
/// compile or would meet a limit of the regex engine.
const MAX_SIZE: u64 = 10_000;

/// A regex of a pack, parsed once: what rules need to know of it is kept beside its text.
#[derive(Clone, Debug)]
pub struct Regex {
    text: String,
    sets: Arc<[Literals]>,
    swallows_words: bool,
}

impl Regex {
    /// Reads a regex, or says what is wrong and at which character of it.
    pub(super) fn parse(text: impl Into<String>) -> Result<Regex, String> {
        let text = text.into();
        let hir = parse(&text)?;
        Ok(Regex {
            sets: literals::required(&hir).into(),
            swallows_words: swallows_words(&hir),
            text,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Sets of literals, the rarest first: a match holds a literal of each.
    pub(super) fn sets(&self) -> &[Literals] {
        &self.sets
    }

    /// True where some part of it can swallow any number of any words, as `.*` does.
    ///
    /// A noise rule with such a part would call a line noise whose words it never saw. A repeated part
    /// that brings its own quotes, colons or equals signs (`(?:"\w+": ?"\S*",? ?)+`) takes pairs of a
    /// record, not prose, and is let through: fields are tested by name.
    pub(super) fn swallows_words(&self) -> bool {
        self.swallows_words
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Regex) -> bool {
        self.text == other.text
    }
}

impl Eq for Regex {}

impl Hash for Regex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// Parses a pattern, or says what is wrong and at which character of it.
pub(super) fn parse(pattern: &str) -> Result<Hir, String> {
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern);
    let hir = parsed.map_err(|error| {
        let (at, kind) = match &error {
            regex_syntax::Error::Parse(e) => (e.span().start.offset, e.kind().to_string()),
            regex_syntax::Error::Translate(e) => (e.span().start.offset, e.kind().to_string()),
            other => (0, other.to_string()),
        };
        let characters = pattern
            .get(..at)
            .map_or(at, |before| before.chars().count());
        format!(
            "the regex does not compile: {kind}, at character {} of `{pattern}`",
            characters + 1
        )
    })?;
    if hir.properties().look_set().contains_word_unicode() {
        return Err(format!(
            "the regex asks for a Unicode word boundary in `{pattern}`: expected one of ASCII, write (?-u:\\b)"
        ));
    }
    if size(&hir) > MAX_SIZE {
        return Err(format!(
            "the regex is too large: its counted repetitions make about {} states of `{pattern}`, at most {MAX_SIZE} are allowed",
            size(&hir)
        ));
    }
    Ok(hir)
}

/// Roughly the number of states of the compiled pattern.
fn size(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len() as u64 / 4,
        // Each range of characters becomes a few ranges of bytes.
        HirKind::Class(Class::Unicode(class)) => (class.ranges().len() as u64).saturating_mul(8),
        HirKind::Repetition(r) => {
            let times = r.max.unwrap_or(r.min.saturating_add(1)).max(1);
            size(&r.sub).saturating_add(1).saturating_mul(times.into())
        }
        HirKind::Capture(c) => size(&c.sub).saturating_add(2),
        HirKind::Concat(subs) | HirKind::Alternation(subs) => subs
            .iter()
            .fold(1, |sum, sub| size(sub).saturating_add(sum)),
    }
}

/// The pattern that must account for the whole text.
pub(super) fn anchored(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

fn swallows_words(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(r) => {
            let many = r.max.is_none_or(|max| max > MAX_WILD);
            let any_text = any_part(&r.sub, &|part| is_wide(part) && has_space(part));
            let any_words = any_part(&r.sub, &has_space) && any_part(&r.sub, &is_wide);
            (many && (any_text || (any_words && !is_structured(&r.sub)))) || swallows_words(&r.sub)
        }
        HirKind::Capture(c) => swallows_words(&c.sub),
        HirKind::Concat(subs) | HirKind::Alternation(subs) => subs.iter().any(swallows_words),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

/// True where each match holds a quote, a colon or an equals sign.
fn is_structured(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().any(|b| matches!(b, b'"' | b':' | b'=')),
        HirKind::Repetition(r) => r.min > 0 && is_structured(&r.sub),
        HirKind::Capture(c) => is_structured(&c.sub),
        HirKind::Concat(subs) => subs.iter().any(is_structured),
        HirKind::Alternation(subs) => subs.iter().all(is_structured),
        HirKind::Class(Class::Bytes(c)) => {
            let mut bytes = c.ranges().iter().flat_map(|r| r.start()..=r.end());
            bytes.all(|b| matches!(b, b'"' | b':' | b'='))
        }
        HirKind::Class(Class::Unicode(_)) | HirKind::Empty | HirKind::Look(_) => false,
    }
}

fn any_part(hir: &Hir, test: &dyn Fn(&Hir) -> bool) -> bool {
    test(hir)
        || match hir.kind() {
            HirKind::Repetition(r) => any_part(&r.sub, test),
            HirKind::Capture(c) => any_part(&c.sub, test),
            HirKind::Concat(subs) | HirKind::Alternation(subs) => {
                subs.iter().any(|sub| any_part(sub, test))
            }
            HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        }
}

/// True where the part can be a space or a tab: what stands between words.
fn has_space(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().any(|b| matches!(b, b' ' | b'\t')),
        HirKind::Class(class) => contains(class, b' ') || contains(class, b'\t'),
        _ => false,
    }
}

/// True for a class that holds half the alphabet: words can be written with it.
fn is_wide(hir: &Hir) -> bool {
    let HirKind::Class(class) = hir.kind() else {
        return false;
    };
    (b'a'..=b'z')
        .filter(|b| contains(class, *b) || contains(class, b.to_ascii_uppercase()))
        .count()
        >= 13
}

fn contains(class: &Class, byte: u8) -> bool {
    match class {
        Class::Bytes(c) => c
            .ranges()
            .iter()
            .any(|r| (r.start()..=r.end()).contains(&byte)),
        Class::Unicode(c) => {
            let letter = char::from(byte);
            c.ranges()
                .iter()
                .any(|r| (r.start()..=r.end()).contains(&letter))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::automaton::Automaton;

    #[test]
    fn the_place_of_an_error_is_named() {
        let error = parse("ok (never closed").expect_err("bad");
        assert!(error.contains("at character 4"), "{error}");
        let error = parse("é[").expect_err("bad");
        assert!(error.contains("at character 2"), "{error}");
    }

    #[test]
    fn a_word_boundary_that_no_automaton_finds_is_refused() {
        for bad in [r"(?u)\bx", r"(?u)x\b{end}", r"x(?u:\B)"] {
            let error = parse(bad).expect_err("refused");
            assert!(error.contains("Unicode word boundary"), "{error}");
        }
        for good in [r"\bx", r"(?u)(?-u:\b)\pL", r"x\b{end}"] {
            parse(good).expect("parses");
            assert!(Automaton::new(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_regex_that_would_grow_too_large_is_refused() {
        for large in [
            "(?:[a-z]{100}){1000}",
            "\\w{20000}",
            "(?u)\\w{40}",
            "(?:(?:ab{4294967295}){4294967295}){4294967295}",
        ] {
            let error = parse(large).expect_err("too large");
            assert!(error.contains("too large"), "{error}");
        }
        for fits in [
            "(?:[a-z]{99}){49}",
            "\\w{2000}",
            "(?:a|b){500}",
            "(?u)\\pL",
            "(?:(?:a?){9}){9}",
            "[^a-ce-gi-km-o]{3000}",
        ] {
            parse(fits).expect("not too large");
            assert!(Automaton::new(fits).is_ok(), "{fits}");
        }
    }

    #[test]
    fn wildcards_that_take_words_are_seen() {
        for bad in [
            ".*",
            "a .+ b",
            "x[^\"]*y",
            "(?:\\S+ )*",
            "(?:\\S+\\s)+",
            "(?s).{0,200}",
            "[\\w ]+",
            "(?: .{3,})?",
        ] {
            assert!(swallows_words(&parse(bad).expect("parses")), "{bad}");
        }
        for good in [
            "\\S+",
            "user=\\S* ok",
            "(?:<num> )+",
            "[0-9 ]+",
            "(?: \\S+){0,3}",
            "plain words",
            r"(?:[\w.]+[=:]\S+,? ?)+",
            r#"\{(?:"\w+": ?"\S*"(?:, ?)?)+\}"#,
        ] {
            assert!(!swallows_words(&parse(good).expect("parses")), "{good}");
        }
    }
}
