//! After a broken record: where does the next one start?

use super::boundary::{Break, line_end, skip_space};
use super::sequence::{Batch, Layout, Reader, opens_json};

impl Reader<'_> {
    /// One error entry for a value that does not end, and on to where the next one seems to start.
    pub(super) fn broken(&mut self, start: usize, broken: &Break, batch: Batch) {
        let next = self.next_start(start, broken, batch);
        self.lost = next.is_none();
        let at = broken.at.min(self.end);
        let words = match self.text().get(at) {
            None => "expected the end of the record, found the end of the body".to_owned(),
            Some(b'\n') => "expected a closing quote, found a line end".to_owned(),
            Some(c) => format!(
                "expected ',' or a closing bracket, found {:?}",
                char::from(*c)
            ),
        };
        self.at = next.unwrap_or(self.end);
        self.syntax_error(at, words);
    }

    /// Where the text goes on after a broken value: the next record inside of a string that lacks
    /// its closing quote, else where the value's brackets close, else the next record after it.
    fn next_start(&mut self, start: usize, broken: &Break, batch: Batch) -> Option<usize> {
        if batch == Batch::None && self.layout == Layout::Guessed {
            return Some(line_end(self.text(), start));
        }
        let from = (start + 1).max(broken.string);
        if let Some(at) = self.record_between(start, from, broken, batch, broken.at) {
            return Some(at);
        }
        if self.scanner.work > self.budget {
            return None;
        }
        if let Some(end) = self.scanner.brackets(self.text(), start) {
            let next = self.text().get(skip_space(self.text(), end));
            let goes_on = match batch {
                Batch::Array => matches!(next, Some(b',' | b']')),
                Batch::None => matches!(next, None | Some(b'{' | b'[')),
            };
            if goes_on {
                return Some(end);
            }
        }
        self.record_between(start, broken.at.max(from), broken, batch, self.end)
    }

    /// The first place between `from` and `to` where a record seems to start.
    fn record_between(
        &mut self,
        start: usize,
        from: usize,
        broken: &Break,
        batch: Batch,
        to: usize,
    ) -> Option<usize> {
        let text = self.text();
        for found in memchr::memchr_iter(b'{', text.get(from..to)?) {
            let at = from + found;
            if opens_json(text, at) && follows_record(text, start, at, batch, broken.at) {
                if self.scanner.work > self.budget {
                    return None;
                }
                if batch == Batch::None || self.is_element(at) {
                    return Some(at);
                }
            }
        }
        None
    }

    /// True where a value starts that the array goes on after, or one that is broken itself.
    fn is_element(&mut self, at: usize) -> bool {
        let text = self.text();
        match self.scanner.value(text, at) {
            Err(_) => true,
            Ok(span) => matches!(
                text.get(skip_space(text, span.end)),
                None | Some(b',' | b']')
            ),
        }
    }
}

/// True where what stands before `at` is the end of another record: `},` in an array, `}` or a
/// line end elsewhere; or where the scan broke, because an object cannot start there otherwise.
fn follows_record(text: &[u8], start: usize, at: usize, batch: Batch, broken: usize) -> bool {
    let mut before = text[start..at].iter().rev();
    let mut line = false;
    let mut previous = || {
        before.by_ref().find(|c| {
            line |= **c == b'\n';
            !c.is_ascii_whitespace()
        })
    };
    let first = previous();
    match batch {
        Batch::Array => first == Some(&b',') && (at == broken || previous() == Some(&b'}')),
        Batch::None => first == Some(&b'}') || line,
    }
}
