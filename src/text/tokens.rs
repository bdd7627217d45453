//! Words of the normalised text, as the vectoriser counts them.

use super::fields::FieldTokens;

/// A word longer than this is no word; it is left out.
const LONGEST: usize = 40;

/// Splits normalised text into tokens, reusing its buffer.
///
/// A token is a mask (`<ip4>`), a kept number, or a word of two letters or more in lower case; names
/// in camel case are split (`DeleteTrail` gives `delete`, `trail`).
#[derive(Debug, Default)]
pub struct Tokenizer {
    lower: String,
    fields: FieldTokens,
}

impl Tokenizer {
    /// Calls `sink` with a token for each field of a normalised JSON body, in order: `@path=value`, or
    /// `@path` where the value is long.
    pub fn for_each_field(&mut self, normalized: &str, sink: impl FnMut(&str)) {
        self.fields.for_each(normalized, sink);
    }

    /// Calls `sink` with each token, in order.
    pub fn for_each(&mut self, normalized: &str, mut sink: impl FnMut(&str)) {
        let bytes = normalized.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte == b'<'
                && let Some(end) = mask_end(bytes, at)
            {
                sink(&normalized[at..end]);
                at = end;
            } else if is_word(byte) {
                let end = word_end(bytes, at);
                self.word(&normalized[at..end], &mut sink);
                at = end;
            } else {
                at += 1;
            }
        }
    }

    fn word(&mut self, word: &str, sink: &mut impl FnMut(&str)) {
        if word.len() > LONGEST {
            return;
        }
        let number = word.bytes().all(|b| b.is_ascii_digit());
        if word.len() < 2 && !number {
            return;
        }
        self.lower.clear();
        if word.is_ascii() {
            self.lower.push_str(word);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(word.chars().flat_map(char::to_lowercase));
        }
        sink(&self.lower);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// The end of a mask such as `<hash64>`.
fn mask_end(bytes: &[u8], at: usize) -> Option<usize> {
    let inside = bytes[at + 1..]
        .iter()
        .take(8)
        .take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        .count();
    let end = at + 1 + inside;
    (inside >= 2 && bytes.get(end) == Some(&b'>')).then_some(end + 1)
}

/// The end of the word at `at`: before a capital that starts the next word of a camel-case name.
fn word_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && is_word(bytes[end]) {
        let starts_word = bytes[end].is_ascii_uppercase()
            && (bytes[end - 1].is_ascii_lowercase()
                || (bytes[end - 1].is_ascii_uppercase()
                    && bytes.get(end + 1).is_some_and(u8::is_ascii_lowercase)));
        if starts_word {
            break;
        }
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::Tokenizer;

    fn tokens(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        Tokenizer::default().for_each(text, |t| found.push(t.to_owned()));
        found
    }

    #[test]
    fn words_masks_and_kept_numbers() {
        assert_eq!(
            tokens("Failed password from <ip4> port 22"),
            ["failed", "password", "from", "<ip4>", "port", "22"]
        );
        assert_eq!(
            tokens("eventName=DeleteTrail HTTPServer a x 9"),
            ["event", "name", "delete", "trail", "http", "server", "9"]
        );
        assert_eq!(tokens("<user> < a1 <ip4"), ["<user>", "a1", "ip4"]);
        assert_eq!(tokens("GRÜN ÄRGER"), ["grün", "ärger"]);
        assert_eq!(tokens(&"x".repeat(41)), Vec::<String>::new());
    }
}
