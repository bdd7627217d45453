//! Request bodies, built before the clock runs. A body that is sent again is stamped anew first, so
//! that its lines are new ones; lines from a file repeat as they are.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;

use super::BenchError;
use super::workload::{Stamp, Workload};

/// Lines that are built ahead. More would not make the work more varied, only the client's memory.
const BUILT_AHEAD: usize = 1 << 15;
/// A file is held in memory, several times in the end.
const LARGEST_FILE: u64 = 256 << 20;

/// How records are put into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// `{"logs":[{"message":"..."},...]}`
    Json,
    /// One `{"message":"..."}` a line
    Ndjson,
    /// Plain lines
    Text,
}

impl Form {
    /// The content type of such a body.
    pub fn content_type(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Ndjson => "application/x-ndjson",
            Form::Text => "text/plain",
        }
    }

    fn open(self) -> &'static str {
        if self == Form::Json {
            "{\"logs\":["
        } else {
            ""
        }
    }

    fn close(self) -> &'static str {
        if self == Form::Json { "]}" } else { "" }
    }

    fn push(self, first: bool, line: &str, body: &mut Vec<u8>) {
        if self == Form::Json && !first {
            body.push(b',');
        }
        if self == Form::Text {
            body.extend_from_slice(line.as_bytes());
        } else {
            body.extend_from_slice(b"{\"message\":");
            // Text is always JSON, and a vector takes all that is written.
            let _ = serde_json::to_writer(&mut *body, line);
            body.push(b'}');
        }
        if self != Form::Json {
            body.push(b'\n');
        }
    }
}

/// Where lines come from.
#[derive(Debug)]
pub enum Lines {
    /// Made up, never the same twice.
    Made(Workload),
    /// Read from a file, over and over.
    Read(Vec<String>),
}

impl Lines {
    /// The lines of a file that are not blank.
    ///
    /// # Errors
    /// Where the file cannot be read, is larger than 256 MiB, or has no line.
    pub fn read(path: &Path) -> Result<Lines, BenchError> {
        let wrong = |detail: String| BenchError::File {
            path: path.to_owned(),
            detail,
        };
        let bytes = fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
        if bytes > LARGEST_FILE {
            return Err(wrong(format!(
                "expected at most {LARGEST_FILE} bytes, found {bytes}; take a part of it"
            )));
        }
        let text = fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<String> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::to_owned)
            .collect();
        if lines.is_empty() {
            return Err(wrong("expected lines, found none".to_owned()));
        }
        Ok(Lines::Read(lines))
    }

    fn line(&self, number: u64, out: &mut String) {
        match self {
            Lines::Made(workload) => workload.line(number, out),
            Lines::Read(lines) => out.push_str(&lines[(number % lines.len() as u64) as usize]),
        }
    }
}

/// One body and what is known of it.
struct Body {
    bytes: Vec<u8>,
    stamps: Vec<Stamp>,
    line_bytes: usize,
    fresh: bool,
}

/// A request as it goes out.
pub struct Request {
    /// The body.
    pub body: Bytes,
    /// Bytes of the lines in it, without what the form adds.
    pub line_bytes: usize,
}

/// Bodies of `batch` records each.
pub struct Bodies {
    lines: Lines,
    bodies: Vec<Mutex<Body>>,
    batch: usize,
    next_body: AtomicUsize,
    next_line: AtomicU64,
}

impl Bodies {
    /// Builds them.
    pub fn build(lines: Lines, form: Form, batch: usize) -> Bodies {
        let wanted = match &lines {
            Lines::Made(_) => BUILT_AHEAD,
            Lines::Read(lines) => lines.len(),
        };
        let count = wanted.div_ceil(batch);
        let body = |n: usize| Mutex::new(build(&lines, form, (n * batch) as u64, batch));
        let bodies = (0..count).map(body).collect();
        Bodies {
            next_line: AtomicU64::new((count * batch) as u64),
            lines,
            bodies,
            batch,
            next_body: AtomicUsize::new(0),
        }
    }

    /// Records in each body.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The lines' source.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The next request.
    pub fn next(&self) -> Request {
        let turn = self.next_body.fetch_add(1, Ordering::Relaxed) % self.bodies.len();
        // Stamps are written whole or not at all: a body that a panic left behind is still one.
        let mut body = self.bodies[turn]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let body = &mut *body;
        if let (Lines::Made(workload), false) = (&self.lines, body.fresh) {
            let first = self
                .next_line
                .fetch_add(self.batch as u64, Ordering::Relaxed);
            workload.restamp(&body.stamps, first, &mut body.bytes);
        }
        body.fresh = false;
        Request {
            body: Bytes::copy_from_slice(&body.bytes),
            line_bytes: body.line_bytes,
        }
    }
}

fn build(lines: &Lines, form: Form, first: u64, batch: usize) -> Body {
    let mut body = Body {
        bytes: form.open().into(),
        stamps: Vec::new(),
        line_bytes: 0,
        fresh: true,
    };
    let mut line = String::new();
    for place in 0..batch {
        let number = first + place as u64;
        line.clear();
        lines.line(number, &mut line);
        body.line_bytes += line.len();
        let start = body.bytes.len();
        form.push(place == 0, &line, &mut body.bytes);
        if let Lines::Made(workload) = lines {
            let written = &body.bytes[start..];
            workload.stamps(number, written, start, place as u32, &mut body.stamps);
        }
    }
    body.bytes.extend_from_slice(form.close().as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::workload::Kind;
    use super::*;
    use crate::record::{Entry, Limits, record_from_line};

    #[test]
    fn every_form_holds_the_records_and_none_comes_twice() {
        for form in [Form::Json, Form::Ndjson, Form::Text] {
            let lines = Lines::Made(Workload::new(Kind::Repetitive, 3));
            let bodies = Bodies::build(lines, form, 1_000);
            let mut seen = HashSet::new();
            for request in (0..bodies.bodies.len() + 5).map(|_| bodies.next()) {
                let messages = messages(form, &request.body);
                assert_eq!(messages.len(), 1_000);
                assert_eq!(
                    messages.iter().map(String::len).sum::<usize>(),
                    request.line_bytes
                );
                for message in messages {
                    assert!(seen.insert(message), "a line came twice");
                }
            }
        }
    }

    fn messages(form: Form, body: &[u8]) -> Vec<String> {
        if form == Form::Json {
            let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            let logs = body["logs"].as_array().expect("records");
            let message = |log: &serde_json::Value| log["message"].as_str().map(str::to_owned);
            return logs.iter().filter_map(message).collect();
        }
        let text = std::str::from_utf8(body).expect("text");
        text.lines()
            .map(|line| {
                if form == Form::Text {
                    return line.to_owned();
                }
                match record_from_line(
                    0,
                    &Bytes::copy_from_slice(line.as_bytes()),
                    &Limits::default(),
                ) {
                    Entry::Record(record) => record.message.to_string(),
                    Entry::Bad(bad) => panic!("{bad:?}"),
                }
            })
            .collect()
    }

    #[test]
    fn a_file_is_sent_again_as_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("lines");
        fs::write(&path, "one\n\ntwo\nthree\n").expect("a file");
        let bodies = Bodies::build(Lines::read(&path).expect("lines"), Form::Text, 2);
        let sent: Vec<Bytes> = (0..3).map(|_| bodies.next().body).collect();
        assert_eq!(sent, ["one\ntwo\n", "three\none\n", "one\ntwo\n"]);
        fs::write(&path, "\n").expect("a file");
        let error = Lines::read(&path).expect_err("no line");
        assert!(error.to_string().contains("expected lines"), "{error}");
    }
}
