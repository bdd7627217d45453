//! The table at the end: what was judged, and what of it must be forwarded.

use std::time::Instant;

use comfy_table::{CellAlignment, Table, presets};

use super::input::Line;
use crate::pipeline::Judgement;
use crate::verdict::Category;

/// What was judged, for the table at the end.
pub(super) struct Summary {
    started: Instant,
    records: [u64; 4],
    forwarded: [u64; 4],
    bytes: [u64; 4],
    forwarded_bytes: [u64; 4],
    unreadable: u64,
}

impl Summary {
    pub(super) fn start() -> Summary {
        Summary {
            started: Instant::now(),
            records: [0; 4],
            forwarded: [0; 4],
            bytes: [0; 4],
            forwarded_bytes: [0; 4],
            unreadable: 0,
        }
    }

    pub(super) fn count(&mut self, line: &Line, judgement: Option<&Judgement>) {
        let Some(verdict) = judgement.map(|j| &j.verdict) else {
            self.unreadable += u64::from(line.entry.is_some());
            return;
        };
        let (place, bytes) = (verdict.category.index(), line.bytes.len() as u64);
        self.records[place] += 1;
        self.bytes[place] += bytes;
        if verdict.forward {
            self.forwarded[place] += 1;
            self.forwarded_bytes[place] += bytes;
        }
    }

    /// Prints the table to standard error: standard output belongs to the verdicts.
    pub(super) fn print(&self) {
        let total: u64 = self.records.iter().sum();
        let share =
            |part: u64, whole: u64| format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64);
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "category",
            "records",
            "share",
            "forwarded",
            "bytes",
            "bytes forwarded",
        ]);
        for category in Category::ALL {
            let i = category.index();
            table.add_row([
                category.to_string(),
                self.records[i].to_string(),
                share(self.records[i], total),
                self.forwarded[i].to_string(),
                self.bytes[i].to_string(),
                self.forwarded_bytes[i].to_string(),
            ]);
        }
        let sum = |a: &[u64; 4]| a.iter().sum::<u64>();
        table.add_row([
            "all".to_owned(),
            total.to_string(),
            share(total, total),
            sum(&self.forwarded).to_string(),
            sum(&self.bytes).to_string(),
            sum(&self.forwarded_bytes).to_string(),
        ]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let seconds = self.started.elapsed().as_secs_f64();
        eprintln!("{table}\n");
        eprintln!(
            "{total} records in {seconds:.1} s ({:.0} a second); {} of the records and {} of the bytes are forwarded{}",
            total as f64 / seconds.max(1e-9),
            share(sum(&self.forwarded), total),
            share(sum(&self.forwarded_bytes), sum(&self.bytes)),
            if self.unreadable > 0 {
                format!("; {} records could not be read", self.unreadable)
            } else {
                String::new()
            },
        );
    }
}
