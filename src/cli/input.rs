//! Lines from files or standard input, in bounded memory, as records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::Context;
use bytes::Bytes;

use crate::record::{Entry, Limits, record_from_line};

/// A longer line is cut; the cut part is read past, not kept.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;
/// A batch ends with the line that reaches so many bytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BUFFER: usize = 256 * 1024;

/// A line with its entry: the bytes are kept for `--passthrough`.
pub(super) struct Line {
    /// The line as it came, without its end.
    pub bytes: Bytes,
    /// The record in it; `None` for a blank line.
    pub entry: Option<Entry>,
}

/// Reads one input after another, line by line.
pub(super) struct Lines {
    waiting: std::vec::IntoIter<PathBuf>,
    current: Option<Box<dyn Lookahead>>,
    limits: Limits,
    name: String,
    index: usize,
    consumed: u64,
}

impl Lines {
    /// Over these files; `-`, or none at all, is standard input.
    pub(super) fn open(files: Vec<PathBuf>, limits: Limits) -> Lines {
        let files = if files.is_empty() {
            vec![PathBuf::from("-")]
        } else {
            files
        };
        Lines {
            waiting: files.into_iter(),
            current: None,
            limits,
            name: String::new(),
            index: 0,
            consumed: 0,
        }
    }

    /// Bytes read so far.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Replaces `batch` by up to `most` lines; fewer at the end of the input, and none once it has
    /// ended. With `prompt`, also fewer where no further line waits in the buffer, so that a slow
    /// writer gets its answers at once.
    pub(super) fn fill(
        &mut self,
        batch: &mut Vec<Line>,
        most: usize,
        prompt: bool,
    ) -> anyhow::Result<()> {
        batch.clear();
        let mut bytes = 0;
        while batch.len() < most && bytes < BATCH_BYTES {
            let Some(line) = self.next()? else { break };
            bytes += line.bytes.len();
            batch.push(line);
            if prompt && !self.line_waits() {
                break;
            }
        }
        Ok(())
    }

    fn next(&mut self) -> anyhow::Result<Option<Line>> {
        loop {
            if self.current.is_none() {
                let Some(path) = self.waiting.next() else {
                    return Ok(None);
                };
                self.current = Some(open(&path)?);
                self.name = path.display().to_string();
            }
            let Some(reader) = self.current.as_mut() else {
                continue;
            };
            let mut bytes = Vec::new();
            let read = reader.take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            let read = read.with_context(|| format!("cannot read {}", self.name))?;
            if read == 0 {
                self.current = None;
                continue;
            }
            self.consumed += read as u64;
            if bytes.last() == Some(&b'\n') {
                bytes.pop();
            } else if read as u64 == LONGEST_LINE {
                self.consumed += reader.skip_until(b'\n')? as u64;
                tracing::warn!(
                    input = self.name,
                    record = self.index,
                    "a line is longer than {LONGEST_LINE} bytes; the rest of it is left out"
                );
            }
            let bytes = Bytes::from(bytes);
            let blank = bytes.iter().all(u8::is_ascii_whitespace);
            let entry = (!blank).then(|| record_from_line(self.index, &bytes, &self.limits));
            self.index += usize::from(!blank);
            return Ok(Some(Line { bytes, entry }));
        }
    }

    fn line_waits(&mut self) -> bool {
        // Only what is buffered already is looked at: `fill_buf` on an empty buffer would block.
        self.current
            .as_mut()
            .is_some_and(|reader| reader.has_buffered_line())
    }
}

trait Lookahead: BufRead {
    fn has_buffered_line(&self) -> bool;
}

impl<R: Read> Lookahead for BufReader<R> {
    fn has_buffered_line(&self) -> bool {
        self.buffer().contains(&b'\n')
    }
}

fn open(path: &PathBuf) -> anyhow::Result<Box<dyn Lookahead>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
}
