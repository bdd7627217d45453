//! JSON bodies: one value, an array, `{"logs":[...]}`, one value a line, or values one after the
//! other. Each record is cut out and read on its own.

use super::boundary::{Scanner, line_end, scalar_end, skip_space};
use bytes::Bytes;

use super::one::{Piece, bad, record_from_piece, text_record};
use super::shelf::Shelf;
use super::{Entry, Limits};

/// How often, on average, a byte may be scanned again after something broken. Repairs beyond that
/// are given up, so that a hostile body costs a bounded multiple of its length.
const RESCANS: usize = 8;

/// How the values of a body follow each other.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Layout {
    /// By white space, or by nothing.
    Stream,
    /// By line ends: what is broken ends with its line.
    Lines,
    /// Not declared: lines that are no JSON are plain messages.
    Guessed,
}

/// Where the reader stands.
#[derive(Clone, Copy)]
enum Place {
    /// Outside of any batch.
    Top,
    /// Among the elements of an array; `logs` when an object around it has to be closed.
    Batch { logs: bool },
}

/// Reads one record after the other, so that a large body never has all its records in memory.
pub(super) struct Reader<'a> {
    body: &'a [u8],
    /// Where the text being read ends: the line, or the body.
    pub(super) end: usize,
    pub(super) at: usize,
    pub(super) layout: Layout,
    limits: Limits,
    shelf: Shelf,
    pub(super) scanner: Scanner,
    pub(super) budget: usize,
    /// True once the rest of the text was given up as one error.
    pub(super) lost: bool,
    place: Place,
    /// How many entries were made so far.
    index: usize,
    /// The entry that the last step made.
    made: Option<Entry>,
    /// Offset and words of the first syntax error.
    pub first_error: Option<(usize, String)>,
    /// True when something other than broken JSON was met, if only an empty array.
    pub readable: bool,
}

impl Iterator for Reader<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        while self.made.is_none() && self.step() {}
        self.made.take()
    }
}

impl<'a> Reader<'a> {
    /// A reader of `body` from `start` on.
    pub(super) fn new(body: &'a Bytes, start: usize, layout: Layout, limits: Limits) -> Self {
        Reader {
            body,
            end: body.len(),
            at: start,
            layout,
            limits,
            shelf: Shelf::over(body),
            scanner: Scanner::default(),
            budget: body.len().saturating_mul(RESCANS).saturating_add(1 << 16),
            lost: false,
            place: Place::Top,
            index: 0,
            made: None,
            first_error: None,
            readable: false,
        }
    }

    pub(super) fn text(&self) -> &'a [u8] {
        &self.body[..self.end]
    }

    /// Goes on by one value, bracket or comma, which makes one entry at most; false at the end.
    fn step(&mut self) -> bool {
        self.at = skip_space(self.text(), self.at);
        if let Place::Batch { logs } = self.place {
            self.batch_step(logs);
            return true;
        }
        if self.at >= self.end || self.end == self.body.len() {
            self.at = skip_space(self.body, self.at);
            if self.at >= self.body.len() {
                return false;
            }
            self.lost = false;
            // With the budget spent, no value may be sought beyond its line any more.
            let confined = self.layout == Layout::Lines || self.scanner.work > self.budget;
            self.end = if confined {
                line_end(self.body, self.at)
            } else {
                self.body.len()
            };
        }
        self.top_value();
        true
    }

    /// An element of a batch, a comma, or its end.
    fn batch_step(&mut self, logs: bool) {
        match self.text().get(self.at) {
            Some(b',') => self.at += 1,
            Some(b']') => {
                self.at += 1;
                self.place = Place::Top;
                if logs {
                    self.close_batch();
                }
            }
            Some(_) => self.element(self.at),
            None => {
                self.place = Place::Top;
                self.fail(
                    self.at,
                    self.end,
                    "expected ',' or ']', found the end of the body",
                );
            }
        }
    }

    /// One value outside of any batch.
    fn top_value(&mut self) {
        let start = self.at;
        match self.body[start] {
            // Some senders put a comma between values and no brackets around them.
            b',' if self.index > 0 => self.at += 1,
            b'[' if self.layout != Layout::Guessed || opens_json(self.text(), start) => {
                self.open_batch(start, false);
            }
            b'{' if self.layout != Layout::Guessed || opens_json(self.text(), start) => {
                self.top_object(start);
            }
            _ if self.layout == Layout::Guessed => self.text_line(start),
            b'"' => self.top_object(start),
            _ => self.top_scalar(start),
        }
    }

    fn text_line(&mut self, start: usize) {
        let end = line_end(self.text(), start);
        let line = &self.body[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.at = end;
        let entry = text_record(self.index, line, &self.limits, &mut self.shelf);
        self.push(entry);
    }

    fn top_scalar(&mut self, start: usize) {
        let line = line_end(self.text(), start);
        let end = scalar_end(self.text(), start);
        // A word that is no JSON makes its whole line broken.
        let rest = skip_space(&self.body[..line], end);
        self.at = if rest < line { line } else { end };
        let end = if rest < line { line } else { end };
        self.piece(start, end, 0);
    }

    /// An object or a string: a record, unless it is an object that holds a batch.
    fn top_object(&mut self, start: usize) {
        let span = self.scanner.value(self.text(), start);
        let first = self.index == 0 && !self.readable;
        let batch = match &span {
            Ok(span) => span.logs,
            Err(_) => first,
        };
        if batch && let Some(array) = self.logs_array(start) {
            self.open_batch(array, true);
            return;
        }
        match span {
            Ok(span) => {
                let next = self.text().get(skip_blanks(self.text(), span.end)).copied();
                let apart = matches!(
                    next,
                    None | Some(b'\n' | b'\r' | b'{' | b'[' | b',' | 0x1e | b'"')
                );
                let end = if apart {
                    span.end
                } else {
                    line_end(self.text(), span.end)
                };
                self.at = end;
                self.piece(start, end, span.depth);
            }
            Err(broken) => self.broken(start, &broken, Batch::None),
        }
    }

    /// Where the array under the key `logs` of the object at `start` opens.
    fn logs_array(&mut self, start: usize) -> Option<usize> {
        let text = self.text();
        let mut at = start + 1;
        loop {
            at = skip_space(text, at);
            if text.get(at) != Some(&b'"') {
                return None;
            }
            let key = self.scanner.value(text, at).ok()?.end;
            let colon = skip_space(text, key);
            if text.get(colon) != Some(&b':') {
                return None;
            }
            let value = skip_space(text, colon + 1);
            if &text[at..key] == b"\"logs\"" && text.get(value) == Some(&b'[') {
                return Some(value);
            }
            let end = self.scanner.value(text, value).ok()?.end;
            at = skip_space(text, end);
            if text.get(at) != Some(&b',') {
                return None;
            }
            at += 1;
        }
    }

    /// Passes over what follows the array in an object with `logs`.
    fn close_batch(&mut self) {
        let text = self.text();
        loop {
            self.at = skip_space(text, self.at);
            match text.get(self.at) {
                Some(b'}') => {
                    self.at += 1;
                    return;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) => match self.scanner.value(text, self.at) {
                    Ok(span) => self.at = span.end,
                    Err(_) => {
                        return self.fail(self.at, self.end, "expected the end of the object");
                    }
                },
                None => {
                    return self.fail(self.at, self.end, "expected '}', found the end of the body");
                }
            }
        }
    }

    /// Goes among the elements of the array that opens at `start`. An empty one is a batch too.
    fn open_batch(&mut self, start: usize, logs: bool) {
        self.at = start + 1;
        self.place = Place::Batch { logs };
        self.readable |= self.text().get(skip_space(self.text(), self.at)) == Some(&b']');
    }

    fn element(&mut self, start: usize) {
        let span = match self.scanner.value(self.text(), start) {
            Ok(span) => span,
            Err(broken) => return self.broken(start, &broken, Batch::Array),
        };
        let mut end = span.end;
        let next = self.text().get(skip_space(self.text(), end)).copied();
        if !matches!(next, None | Some(b',' | b']' | b'{' | b'"' | b'[')) {
            // Something is stuck to the element: both are one broken record.
            let stops = |c: &u8| matches!(c, b',' | b']');
            let rest = &self.text()[end..];
            end += rest.iter().position(stops).unwrap_or(rest.len());
        }
        self.at = end;
        self.piece(start, end, span.depth);
    }

    /// Reads the record between `start` and `end`.
    fn piece(&mut self, start: usize, end: usize, depth: usize) {
        let bytes = self.body[start..end].trim_ascii_end();
        let piece = Piece {
            bytes,
            offset: start,
            depth,
        };
        match record_from_piece(self.index, &piece, &self.limits, &mut self.shelf) {
            Ok(entry) => self.push(entry),
            Err((at, words)) => self.syntax_error(at, words),
        }
    }

    fn push(&mut self, entry: Entry) {
        self.readable = true;
        self.make(entry);
    }

    fn make(&mut self, entry: Entry) {
        self.index += 1;
        self.made = Some(entry);
    }

    pub(super) fn syntax_error(&mut self, at: usize, words: String) {
        let detail = format!("{words} at byte {at}; the record is not valid json");
        self.make(bad(self.index, "invalid_json", detail));
        self.first_error.get_or_insert((at, words));
    }

    /// One error entry for all up to `end`.
    fn fail(&mut self, at: usize, end: usize, words: &str) {
        if std::mem::replace(&mut self.lost, true) {
            return;
        }
        self.at = end;
        self.syntax_error(at, words.to_owned());
    }
}

/// Whether a value stands in an array.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Batch {
    None,
    Array,
}

/// True where `{"`, `{}`, `[{`, `["` or `[]` stands, white space aside: plain text that starts
/// with a bracket looks different.
pub(super) fn opens_json(text: &[u8], at: usize) -> bool {
    let next = text.get(skip_space(text, at + 1));
    match text.get(at) {
        Some(b'{') => matches!(next, Some(b'"' | b'}')),
        Some(b'[') => matches!(next, Some(b'{' | b'"' | b']')),
        _ => false,
    }
}

fn skip_blanks(text: &[u8], at: usize) -> usize {
    let blank = |c: &&u8| matches!(c, b' ' | b'\t');
    at + text
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take_while(blank)
        .count()
}
