//! Tokens of a JSON body's fields: `@path=value`, read from the normalised text.

/// A value longer than this in bytes, or of more words, is prose: only its path is a token.
const LONGEST_VALUE: usize = 32;
const MOST_WORDS: usize = 3;
/// A longer path is passed over.
const LONGEST_PATH: usize = 64;
/// Fields beyond this are passed over.
const MOST_FIELDS: usize = 128;
/// Objects and arrays inside more of them than this are passed over.
const DEEPEST: usize = 16;

/// Reads the fields of normalised JSON, reusing its buffers.
///
/// It reads what the masks left, so that equal normalised texts have equal tokens, and so takes anything:
/// a mask stands bare where a number stood, and a document may be cut off.
#[derive(Debug, Default)]
pub(super) struct FieldTokens {
    /// Dotted, in lower case; the elements of an array share the array's.
    path: String,
    token: String,
    open: Vec<Open>,
}

/// An object or array that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    object: bool,
    /// Length of the path that leads to it.
    path: usize,
}

impl FieldTokens {
    /// Calls `sink` with the token of each field, in order: `@path=value` in lower case with `_` for
    /// blanks, or `@path` where the value is long.
    pub(super) fn for_each(&mut self, normalized: &str, mut sink: impl FnMut(&str)) {
        self.path.clear();
        self.open.clear();
        let bytes = normalized.as_bytes();
        let (mut at, mut fields) = (0, 0);
        // True where the next string of an object is a key.
        let mut key = false;
        while at < bytes.len() && fields < MOST_FIELDS {
            match bytes[at] {
                open @ (b'{' | b'[') => {
                    if self.open.len() == DEEPEST {
                        return;
                    }
                    key = open == b'{';
                    let path = self.path.len();
                    self.open.push(Open { object: key, path });
                }
                b'}' | b']' => {
                    self.open.pop();
                    if self.open.is_empty() {
                        return;
                    }
                }
                b',' => {
                    let Some(open) = self.open.last() else { return };
                    self.path.truncate(open.path);
                    key = open.object;
                }
                b'"' => {
                    let end = string_end(bytes, at + 1);
                    let text = &normalized[at + 1..end];
                    if std::mem::take(&mut key) {
                        self.enter(text);
                    } else {
                        self.send(text, &mut sink);
                        fields += 1;
                    }
                    at = end;
                }
                byte if byte == b':' || byte.is_ascii_whitespace() => {}
                _ => {
                    let end = scalar_end(bytes, at);
                    // A word in a key's place is what a mask left of somebody's quotes.
                    if !key && &bytes[at..end] != b"null" {
                        self.send(&normalized[at..end], &mut sink);
                        fields += 1;
                    }
                    at = end - 1;
                }
            }
            at += 1;
        }
    }

    fn enter(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        // What is past the bound is not used; what is added only has to keep it past the bound.
        if self.path.len() <= LONGEST_PATH {
            push_lower(&mut self.path, key);
        }
    }

    fn send(&mut self, value: &str, sink: &mut impl FnMut(&str)) {
        if self.path.is_empty() || self.path.len() > LONGEST_PATH {
            return;
        }
        self.token.clear();
        self.token.push('@');
        self.token.push_str(&self.path);
        let short = value.len() <= LONGEST_VALUE;
        if short && value.split_ascii_whitespace().nth(MOST_WORDS).is_none() {
            let mut before = '=';
            for word in value.split_ascii_whitespace() {
                self.token.push(before);
                push_lower(&mut self.token, word);
                before = '_';
            }
        }
        sink(&self.token);
    }
}

/// Adds `text` in lower case; a blank would part the token.
fn push_lower(out: &mut String, text: &str) {
    let lower = text.chars().map(|c| match c {
        c if c.is_whitespace() => '_',
        c => c.to_ascii_lowercase(),
    });
    out.extend(lower);
}

/// The quote that ends the string whose first byte is at `at`, or the end of the text.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// The end of a number, a word or a mask.
fn scalar_end(bytes: &[u8], at: usize) -> usize {
    let ends = |b: &u8| {
        matches!(b, b',' | b'}' | b']' | b'{' | b'[' | b'"' | b':') || b.is_ascii_whitespace()
    };
    let rest = bytes[at..].iter();
    at + 1 + rest.skip(1).take_while(|b| !ends(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(normalized: &str) -> Vec<String> {
        let mut found = Vec::new();
        FieldTokens::default().for_each(normalized, |token| found.push(token.to_owned()));
        found
    }

    #[test]
    fn paths_and_short_values() {
        let text = r#"{"Level":"Error","user":{"name":"bob","ids":[<num>,"<uuid>"]},"ok":true,"gone":null,"deep":{"a":{"b":-1}},"z":"two words"}"#;
        assert_eq!(
            tokens(text),
            [
                "@level=error",
                "@user.name=bob",
                "@user.ids=<num>",
                "@user.ids=<uuid>",
                "@ok=true",
                "@deep.a.b=-1",
                "@z=two_words"
            ]
        );
    }

    #[test]
    fn of_a_long_value_the_path_is_left() {
        let text = r#"{"msg":"this is a sentence of many words","empty":"","key":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
        assert_eq!(tokens(text), ["@msg", "@empty", "@key"]);
        let path = "p".repeat(LONGEST_PATH + 1);
        assert_eq!(
            tokens(&format!(r#"{{"{path}":1,"b":{{"{path}":2}},"c":3}}"#)),
            ["@c=3"]
        );
    }

    #[test]
    fn a_value_cannot_pass_for_a_field() {
        let text = r#"{"agent":"x\",\"level\":\"info","level":"error"}"#;
        assert_eq!(
            tokens(text),
            [r#"@agent=x\",\"level\":\"info"#, "@level=error"]
        );
        assert_eq!(
            tokens(r#"{"a":1} {"b":2}"#),
            ["@a=1"],
            "what follows is no field"
        );
    }

    #[test]
    fn a_document_that_is_cut_off_keeps_what_was_read() {
        assert_eq!(tokens(r#"{"a":"b","c":"d"#), ["@a=b", "@c=d"]);
        assert_eq!(tokens(r#"{"a":"b\"#), [r"@a=b\"]);
        assert_eq!(tokens("plain text"), Vec::<String>::new());
        assert_eq!(tokens(&"[".repeat(100_000)), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken_and_no_token_holds_a_blank(text in r#"[\{\}\[\]",:\\ a-bé<>1\u{2003}]{0,60}"#) {
            for token in tokens(&text) {
                proptest::prop_assert!(token.starts_with('@') && !token.contains(char::is_whitespace));
            }
        }
    }
}
