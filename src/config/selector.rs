//! The form of a Kubernetes label selector, checked before anybody is asked to select by it.
//!
//! The API server has the last word; it answers a selector that it cannot read with 400, which would
//! be retried for ever. An empty selector is refused: it would take every ConfigMap there is.

/// What [`is_selector`] takes, for messages.
pub(super) const SELECTOR: &str =
    "a label selector such as app=logtriage,bundle=default or bundle in (a,b)";

/// Longest name of a label and longest value.
const LONGEST: usize = 63;

/// True for one requirement or more, joined by commas: `k`, `!k`, `k=v`, `k==v`, `k!=v`,
/// `k in (v,w)`, `k notin (v,w)`.
pub(super) fn is_selector(text: &str) -> bool {
    let mut depth = 0_usize;
    let outside = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(outside).all(|part| is_requirement(part.trim()))
}

fn is_requirement(text: &str) -> bool {
    if let Some(key) = text.strip_prefix('!') {
        return is_key(key.trim());
    }
    if let Some(inside) = text.strip_suffix(')') {
        let Some((front, values)) = inside.split_once('(') else {
            return false;
        };
        let words: Vec<&str> = front.split_whitespace().collect();
        let [key, "in" | "notin"] = words[..] else {
            return false;
        };
        return is_key(key) && values.split(',').all(|value| is_value(value.trim()));
    }
    let parts = ["!=", "==", "="]
        .iter()
        .find_map(|sign| text.split_once(sign));
    match parts {
        Some((key, value)) => is_key(key.trim()) && is_value(value.trim()),
        None => is_key(text),
    }
}

/// `name` or `domain/name`.
fn is_key(text: &str) -> bool {
    let (domain, name) = text.split_once('/').unwrap_or(("domain", text));
    let in_domain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let domain = !domain.is_empty() && domain.len() <= 253 && domain.chars().all(in_domain);
    domain && !name.is_empty() && is_value(name)
}

/// Empty, or up to 63 of A-Z, a-z, 0-9, `-`, `_` and `.` between two letters or digits.
fn is_value(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let edges = edge(text.chars().next()) && edge(text.chars().last());
    text.len() <= LONGEST && text.chars().all(inner) && edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_requirement_is_taken() {
        for text in [
            "app",
            "!app",
            "app=logtriage",
            "app==logtriage,tier!=test",
            "app.kubernetes.io/name = logtriage , bundle in (a, b-1),kind notin (x)",
            "app=",
        ] {
            assert!(is_selector(text), "{text}");
        }
    }

    #[test]
    fn what_the_server_could_not_read_is_refused() {
        let long = "x".repeat(64);
        for text in [
            "",
            ",",
            "app=a,",
            "a b",
            "app in a",
            "app in (a",
            "app among (a)",
            "in (a)",
            "app=a=b",
            "=a",
            "app=a b",
            "app=-a",
            "/app=a",
            "Domain/app=a",
            "a/b/c=d",
            "app>1",
            &format!("app={long}"),
        ] {
            assert!(!is_selector(text), "{text}");
        }
    }
}
