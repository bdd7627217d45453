//! One dialect of regexes for all packs: Unicode off, bytes in, errors with the place.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// How often an any-text wildcard may repeat in a noise rule.
///
/// Small enough that no sentence fits through, large enough for `(?: <num>){1,4}`.
const MAX_WILD: u32 = 8;

/// Parses a pattern, or says what is wrong and at which character of it.
pub(super) fn parse(pattern: &str) -> Result<Hir, String> {
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern);
    parsed.map_err(|error| {
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
    })
}

/// Compiles a pattern that [`parse`] accepts; fails where it would grow too large.
pub(super) fn compile(pattern: &str) -> Result<regex::bytes::Regex, String> {
    regex::bytes::RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(1 << 20)
        // A pattern runs only where its literal was seen, so a small cache is enough; hundreds of
        // default caches would not fit a small pod.
        .dfa_size_limit(1 << 18)
        .build()
        .map_err(|error| format!("the regex does not compile: {error}, in `{pattern}`"))
}

/// The pattern that must account for the whole text.
pub(super) fn anchored(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

/// True where some part of the pattern can swallow any number of any words, as `.*` does.
///
/// A noise rule with such a part would call a line noise whose words it never saw.
pub(super) fn swallows_words(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(r) => {
            let many = r.max.is_none_or(|max| max > MAX_WILD);
            (many && any_part(&r.sub, &has_space) && any_part(&r.sub, &is_wide))
                || swallows_words(&r.sub)
        }
        HirKind::Capture(c) => swallows_words(&c.sub),
        HirKind::Concat(subs) | HirKind::Alternation(subs) => subs.iter().any(swallows_words),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
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

    #[test]
    fn the_place_of_an_error_is_named() {
        let error = parse("ok (never closed").expect_err("bad");
        assert!(error.contains("at character 4"), "{error}");
        let error = parse("é[").expect_err("bad");
        assert!(error.contains("at character 2"), "{error}");
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
        ] {
            assert!(!swallows_words(&parse(good).expect("parses")), "{good}");
        }
    }
}
