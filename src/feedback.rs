//! What people say of verdicts, kept as lines of NDJSON in a file that the trainer reads.
//!
//! A thread of its own writes: a volume that hangs must not take threads from the judging of records. It
//! takes a few lines at a time and no more, each is on the disk before its caller hears of it, and what
//! could not be written whole is taken back, so that the file holds whole lines only.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::record::RecordId;
use crate::verdict::Category;

/// Lines that wait for the disk.
const WAITING: usize = 16;
/// How long another process may hold the file.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// What somebody says of a verdict, as it is kept. The trainer reads message, source and label.
#[derive(Clone, Debug, Serialize)]
pub struct Remark {
    /// When it was said, RFC 3339.
    pub time: String,
    /// The text that was judged, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Program or product that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The caller's id of the record, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RecordId>,
    /// What the verdict should have been.
    pub label: Category,
    /// What it was.
    pub judged: Category,
    /// The bundle that gave it, as `sha256:` and 64 digits.
    pub digest: String,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// This moment, as a remark has it.
pub fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// Why a remark is not kept.
#[derive(Debug, Error)]
pub enum FeedbackError {
    /// The file has its largest size.
    #[error(
        "expected room for {line} bytes in {path} within feedback.max_bytes, found {size} of \
         {max_bytes} bytes in use; move the file away, or raise the limit"
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// Bytes of the remark.
        line: usize,
        /// Bytes of the file.
        size: u64,
        /// The limit.
        max_bytes: usize,
    },
    /// The disk is full.
    #[error("no room for {path} on its disk: {error}")]
    NoSpace {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file cannot be written.
    #[error("{path} cannot be written: {error}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Others wait already, or the disk takes too long.
    #[error("the disk of feedback.path is slow; send it again")]
    Busy,
}

/// Takes remarks for the file.
#[derive(Clone, Debug)]
pub struct Journal(SyncSender<Wanted>);

/// The thread that writes; it ends with the last [`Journal`].
#[derive(Debug)]
pub struct Writing(JoinHandle<()>);

struct Wanted {
    line: Vec<u8>,
    done: oneshot::Sender<Result<(), FeedbackError>>,
}

impl Journal {
    /// Starts the thread that appends to `path`, up to `max_bytes`. The file is opened for each
    /// remark, so that it can be moved away at any time, and need not be there yet.
    ///
    /// # Errors
    /// The system's word where a thread cannot be made.
    pub fn start(path: &Path, max_bytes: usize) -> io::Result<(Journal, Writing)> {
        let (sender, receiver) = sync_channel(WAITING);
        let path = path.to_owned();
        let thread = std::thread::Builder::new().name("feedback".to_owned());
        let thread = thread.spawn(move || write_all(&receiver, &path, max_bytes))?;
        Ok((Journal(sender), Writing(thread)))
    }

    /// Keeps a remark; it is on the disk when this returns.
    ///
    /// # Errors
    /// Where it is not kept. After [`FeedbackError::Busy`] it may still be.
    pub async fn keep(&self, remark: &Remark, patience: Duration) -> Result<(), FeedbackError> {
        // Strings, names and numbers alone cannot fail to be written.
        let mut line = serde_json::to_vec(remark).unwrap_or_default();
        line.push(b'\n');
        let (done, kept) = oneshot::channel();
        match self.0.try_send(Wanted { line, done }) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                return Err(FeedbackError::Busy);
            }
        }
        match tokio::time::timeout(patience, kept).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(_)) | Err(_) => Err(FeedbackError::Busy),
        }
    }
}

impl Writing {
    /// Waits until what was taken is written. Blocks.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the thread of the feedback failed");
        }
    }
}

fn write_all(wanted: &Receiver<Wanted>, path: &Path, max_bytes: usize) {
    while let Ok(Wanted { line, done }) = wanted.recv() {
        // Nobody waits for it any more: it was told as not kept, and would be kept twice.
        if done.is_closed() {
            continue;
        }
        let kept = append(path, &line, max_bytes);
        let _ = done.send(kept);
    }
}

/// Appends a line, whole or not at all, and waits for the disk.
fn append(path: &Path, line: &[u8], max_bytes: usize) -> Result<(), FeedbackError> {
    let failed = |error: io::Error| told(path, error);
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    // Messages are other people's data: nobody else on the machine is to read them.
    options.read(true).append(true).create(true).mode(0o600);
    let mut file = options.open(path).map_err(failed)?;
    lock(&file).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let torn = is_torn(&mut file, size).map_err(failed)?;
    let line = [if torn { b"\n".as_slice() } else { b"" }, line].concat();
    if size.saturating_add(line.len() as u64) > max_bytes as u64 {
        return Err(FeedbackError::Full {
            path: path.to_owned(),
            line: line.len(),
            size,
            max_bytes,
        });
    }
    let written = file.write_all(&line).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // A part of a line would spoil the next one.
        if let Err(error) = file.set_len(size) {
            tracing::error!(%error, "a part of a remark stays in the file of the feedback");
        }
        return Err(failed(error));
    }
    if is_new {
        sync_directory(path).map_err(failed)?;
    }
    Ok(())
}

/// Waits a while for other processes that share the file. Where a file system has no locks, a line is
/// still written at once.
fn lock(file: &File) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "the file of the feedback is not locked");
                return Ok(());
            }
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                let text = "another process has held its lock for a second";
                return Err(io::Error::new(ErrorKind::WouldBlock, text));
            }
        }
    }
}

/// True where the last line has no end: somebody else's write, or a machine that stopped.
fn is_torn(file: &mut File, size: u64) -> io::Result<bool> {
    if size == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// The name of a new file is on the disk only when its directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn told(path: &Path, error: io::Error) -> FeedbackError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            FeedbackError::NoSpace { path, error }
        }
        _ => FeedbackError::Unwritable { path, error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(path).expect("the file");
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("a whole line of JSON"))
            .collect()
    }

    #[test]
    fn lines_are_appended_up_to_the_limit_and_a_torn_one_is_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("feedback.ndjson");
        append(&path, b"{\"a\":1}\n", 40).expect("room");
        append(&path, b"{\"a\":2}\n", 40).expect("room");
        let mut file = OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("it is there");
        file.write_all(b"{}").expect("room");
        append(&path, b"{\"a\":3}\n", 40).expect("room");
        assert_eq!(lines(&path).len(), 4);
        let full = append(&path, b"{\"a\":4567890}\n", 40).expect_err("no room");
        assert!(
            matches!(full, FeedbackError::Full { size: 27, .. }),
            "{full}"
        );
        assert_eq!(lines(&path).len(), 4);
        let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().expect("a file"));
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_another_process_holds_is_waited_for_a_while() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("feedback.ndjson");
        append(&path, b"{}\n", 40).expect("room");
        let other = File::open(&path).expect("it is there");
        other.lock().expect("a lock");
        let error = append(&path, b"{}\n", 40).expect_err("it is held");
        assert!(matches!(error, FeedbackError::Unwritable { .. }), "{error}");
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(other);
        });
        append(&path, b"{}\n", 40).expect("it is given back");
        thread.join().expect("no panic");
        assert_eq!(lines(&path).len(), 2);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = append(directory.path(), b"{}\n", 40).expect_err("a directory is no file");
        assert!(matches!(error, FeedbackError::Unwritable { .. }), "{error}");
        let error = append(Path::new("/dev/full"), b"{}\n", 40).expect_err("it is always full");
        assert!(matches!(error, FeedbackError::NoSpace { .. }), "{error}");
    }
}
