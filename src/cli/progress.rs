//! A progress bar on a terminal; nothing at all elsewhere.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

/// Bytes read, of all where that is known.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Starts it, unless standard error is no terminal or nobody wants it.
    pub(super) fn start(files: &[PathBuf], quiet: bool) -> Progress {
        if quiet {
            return Progress(ProgressBar::hidden());
        }
        let sizes: Option<u64> = files
            .iter()
            .map(|f| std::fs::metadata(f).ok().map(|m| m.len()))
            .sum();
        let (bar, template) = match sizes.filter(|total| *total > 0) {
            Some(total) => (
                ProgressBar::new(total),
                "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{spinner} {bytes} {bytes_per_sec}",
            ),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress(bar)
    }

    /// So many bytes have been read.
    pub(super) fn at(&self, bytes: u64) {
        self.0.set_position(bytes);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
