//! Where a JSON value ends, found without reading it.
//!
//! Elements of a batch are cut out first and parsed one by one, so that a broken one cannot take
//! its neighbours along. The scanner knows strings and brackets, and notices where a bracket or a
//! string stands in a place that no valid document has it: that is how a missing quote or brace
//! is found close to where it is missing.

/// Deeper than any document that is read; beyond it the scan gives up.
const DEEPEST: usize = 4096;

/// A value that is whole as far as brackets and strings tell.
pub(super) struct Span {
    /// Index after its last byte.
    pub end: usize,
    /// How deep its objects and arrays nest.
    pub depth: usize,
    /// True when it is an object that may have a member `logs`.
    pub logs: bool,
}

impl Span {
    fn flat(end: usize) -> Span {
        Span {
            end,
            depth: 0,
            logs: false,
        }
    }
}

/// Where a value stopped making sense.
pub(super) struct Break {
    /// Index of the byte that does not fit; the length of the text where it ended too early.
    pub at: usize,
    /// Where the last string before it starts: if its closing quote is missing, the text that
    /// follows belongs to somebody else.
    pub string: usize,
}

/// Finds the ends of values; keeps its stack from one value to the next.
#[derive(Default)]
pub(super) struct Scanner {
    stack: Vec<u8>,
    /// True while only strings and matching brackets count.
    lenient: bool,
    /// Bytes looked at so far, in all scans.
    pub work: usize,
}

impl Scanner {
    /// The end of the value that starts at `start`.
    pub(super) fn value(&mut self, b: &[u8], start: usize) -> Result<Span, Break> {
        let found = match b.get(start) {
            Some(b'{' | b'[') => self.container(b, start),
            Some(b'"') => {
                let end = string_end(b, start);
                end.map(Span::flat)
                    .map_err(|at| Break { at, string: start })
            }
            _ => Ok(Span::flat(scalar_end(b, start))),
        };
        self.work += match &found {
            Ok(span) => span.end - start,
            Err(broken) => broken.at.saturating_sub(start),
        };
        found
    }

    /// The end of a value that [`Scanner::value`] finds broken, if its brackets match all the same.
    pub(super) fn brackets(&mut self, b: &[u8], start: usize) -> Option<usize> {
        self.lenient = true;
        let found = self.value(b, start);
        self.lenient = false;
        found.ok().map(|span| span.end)
    }

    fn container(&mut self, b: &[u8], start: usize) -> Result<Span, Break> {
        self.stack.clear();
        let mut depth = 0;
        let mut string = start;
        let mut logs = false;
        let mut at = start;
        while let Some(&c) = b.get(at) {
            match c {
                b'"' => {
                    if !self.lenient && !fits(b, start, at, b"{[,:") {
                        return Err(Break { at, string });
                    }
                    string = at;
                    at = string_end(b, at).map_err(|at| Break { at, string })?;
                    logs |= self.stack.len() == 1 && &b[string..at] == b"\"logs\"";
                    continue;
                }
                b'{' | b'[' => {
                    let before: &[u8] = match self.stack.last() {
                        Some(b'{') => b":",
                        _ => b"[,",
                    };
                    let misplaced = !self.lenient && at > start && !fits(b, start, at, before);
                    if misplaced || self.stack.len() == DEEPEST {
                        return Err(Break { at, string });
                    }
                    self.stack.push(c);
                    depth = depth.max(self.stack.len());
                }
                b'}' | b']' => {
                    // In ASCII a closing bracket stands two places after its opening one.
                    if self.stack.pop() != Some(c - 2) {
                        return Err(Break { at, string });
                    }
                    if self.stack.is_empty() {
                        return Ok(Span {
                            end: at + 1,
                            depth,
                            logs,
                        });
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Err(Break {
            at: b.len(),
            string,
        })
    }
}

/// True when the last byte before `at` that is not white space is one of `before`.
fn fits(b: &[u8], start: usize, at: usize, before: &[u8]) -> bool {
    let previous = b[start..at].iter().rev().find(|c| !c.is_ascii_whitespace());
    previous.is_some_and(|c| before.contains(c))
}

/// The index after the string that starts at `start`. A raw line end cannot stand in a string:
/// there the string is taken for broken, so that one missing quote costs one line.
fn string_end(b: &[u8], start: usize) -> Result<usize, usize> {
    let mut at = start + 1;
    while let Some(found) = b
        .get(at..)
        .and_then(|rest| memchr::memchr3(b'"', b'\\', b'\n', rest))
    {
        match b[at + found] {
            b'"' => return Ok(at + found + 1),
            b'\n' => return Err(at + found),
            _ => at += found + 2,
        }
    }
    Err(b.len())
}

/// The index after a number or a word; at least one byte is taken, so that a caller moves on.
pub(super) fn scalar_end(b: &[u8], start: usize) -> usize {
    let ends = |c: &u8| c.is_ascii_whitespace() || matches!(c, b',' | b']' | b'}');
    let len = b.get(start..).unwrap_or_default().iter().position(ends);
    len.map_or(b.len(), |len| start + len.max(1))
}

/// The first index from `at` on that is not white space, or the length of the text. The record
/// separator of JSON text sequences (RFC 7464) counts as white space.
pub(super) fn skip_space(b: &[u8], at: usize) -> usize {
    let space = |c: &u8| c.is_ascii_whitespace() || *c == 0x1e;
    let rest = b.get(at..).unwrap_or_default();
    rest.iter()
        .position(|c| !space(c))
        .map_or(b.len(), |n| at + n)
}

/// Where the line that holds `at` ends: the index of its line end, or the length of the text.
pub(super) fn line_end(b: &[u8], at: usize) -> usize {
    b.get(at..)
        .and_then(|rest| memchr::memchr(b'\n', rest))
        .map_or(b.len(), |n| at + n)
}
