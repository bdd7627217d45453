//! `${VAR}` and `${VAR:-default}` inside the values of the configuration file.
//!
//! It runs on parsed values, not on the file's text, so a variable can never change the file's
//! structure.

use std::collections::HashMap;

/// Why a value could not be filled in.
#[derive(Debug, PartialEq)]
pub(super) enum Unfilled {
    /// The variable is not set and no default is given.
    Missing(String),
    /// A `${` that does not read as a variable.
    Malformed,
}

/// `text` with each variable replaced. `$${` stands for a plain `${`. As in a shell, the default
/// of `:-` also replaces an empty variable.
pub(super) fn substitute(text: &str, env: &HashMap<String, String>) -> Result<String, Unfilled> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at]);
            out.push('{');
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = inside.find('}').ok_or(Unfilled::Malformed)?;
        out.push_str(&lookup(&inside[..end], env)?);
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn lookup(expression: &str, env: &HashMap<String, String>) -> Result<String, Unfilled> {
    let (name, default) = match expression.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (expression, None),
    };
    let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !named {
        return Err(Unfilled::Malformed);
    }
    match (env.get(name), default) {
        (Some(value), None) => Ok(value.clone()),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value.clone()),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Unfilled::Missing(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> HashMap<String, String> {
        let pairs = [("HOST", "db"), ("EMPTY", "")];
        pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    fn ok(text: &str) -> String {
        substitute(text, &env()).expect("a value that can be filled in")
    }

    #[test]
    fn variables_and_defaults() {
        assert_eq!(ok("plain"), "plain");
        assert_eq!(ok("a ${HOST} b ${HOST}"), "a db b db");
        assert_eq!(ok("${NONE:-x:y}"), "x:y");
        assert_eq!(ok("${HOST:-x}"), "db");
        assert_eq!(ok("${EMPTY:-x}"), "x");
        assert_eq!(ok("[${EMPTY}]"), "[]");
        assert_eq!(ok("${NONE:-}"), "");
    }

    #[test]
    fn a_doubled_dollar_is_a_plain_one() {
        assert_eq!(ok("$${HOST} costs $5"), "${HOST} costs $5");
    }

    #[test]
    fn what_cannot_be_filled_in_is_refused() {
        let missing = Unfilled::Missing("NONE".to_owned());
        assert_eq!(substitute("${NONE}", &env()), Err(missing));
        for text in ["${HOST", "${}", "${A B}", "${:-x}"] {
            assert_eq!(substitute(text, &env()), Err(Unfilled::Malformed), "{text}");
        }
    }
}
