//! What a walk finds becomes sums: always in the order of the trees, so that neither the batch nor the
//! way of walking changes a bit of the result.

use super::ensemble::Ensemble;
use super::finish::Finish;
use super::leaves::{Leaves, Weight};

/// Takes leaves as a walk finds them; for each row the trees come in their order.
pub(super) trait Collect {
    /// One tree's leaf.
    fn leaf(&mut self, row: usize, tree: usize, place: u32);

    /// All leaves of a row by tree, and for leaves of one value their values.
    fn row(&mut self, row: usize, leaves: &[u32], values: &[f32]);
}

/// For leaves of one value: see [`Leaves::Single`].
pub(super) struct Adding<'a> {
    values: &'a [f32],
    sums: &'a [u32],
    /// Tree `t` adds to the sum `t` modulo the number of sums.
    goes_round: bool,
    width: usize,
    totals: &'a mut [f32],
}

impl Collect for Adding<'_> {
    #[inline]
    fn leaf(&mut self, row: usize, tree: usize, place: u32) {
        let total = row * self.width + self.sums[tree] as usize;
        self.totals[total] += self.values[place as usize];
    }

    #[inline]
    fn row(&mut self, row: usize, _leaves: &[u32], values: &[f32]) {
        let totals = &mut self.totals[row * self.width..(row + 1) * self.width];
        // Boosters of several classes go round the sums, and four sums fit one register.
        if let (true, Ok(totals)) = (self.goes_round, <&mut [f32; 4]>::try_from(&mut *totals)) {
            let (rounds, rest) = values.as_chunks::<4>();
            let mut sums = *totals;
            for round in rounds {
                for (sum, value) in sums.iter_mut().zip(round) {
                    *sum += value;
                }
            }
            for (sum, value) in sums.iter_mut().zip(rest) {
                *sum += value;
            }
            *totals = sums;
            return;
        }
        for (sum, value) in self.sums.iter().zip(values) {
            totals[*sum as usize] += value;
        }
    }
}

/// For leaves of any number of values: see [`Leaves::Several`].
pub(super) struct Taking<'a> {
    offsets: &'a [u32],
    weights: &'a [Weight],
    finish: &'a Finish,
    totals: &'a mut [f32],
    has: &'a mut [bool],
}

impl Collect for Taking<'_> {
    #[inline]
    fn leaf(&mut self, row: usize, _tree: usize, place: u32) {
        let place = place as usize;
        let range = self.offsets[place] as usize..self.offsets[place + 1] as usize;
        let first = row * self.finish.sums();
        for weight in &self.weights[range] {
            let at = first + weight.sum as usize;
            self.finish
                .take(&mut self.totals[at], &mut self.has[at], weight.value);
        }
    }

    #[inline]
    fn row(&mut self, row: usize, leaves: &[u32], _values: &[f32]) {
        for (tree, place) in leaves.iter().enumerate() {
            self.leaf(row, tree, *place);
        }
    }
}

/// Adds up the absolute values of leaves, by row.
pub(super) struct Weighing<'a> {
    pub(super) leaves: &'a Leaves,
    pub(super) weights: &'a mut [f32],
}

impl Collect for Weighing<'_> {
    fn leaf(&mut self, row: usize, _tree: usize, place: u32) {
        let own = self.leaves.weights(place).map(f32::abs);
        self.weights[row] += own.sum::<f32>();
    }

    fn row(&mut self, row: usize, leaves: &[u32], _values: &[f32]) {
        for (tree, place) in leaves.iter().enumerate() {
            self.leaf(row, tree, *place);
        }
    }
}

/// The sums of a batch while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Totals {
    has: Vec<bool>,
}

impl Totals {
    /// Lets `walk` find the leaves of `rows` rows, and replaces `out` by the operator's output.
    pub(super) fn gather(
        &mut self,
        ensemble: &Ensemble,
        rows: usize,
        out: &mut Vec<f32>,
        walk: impl Walk,
    ) {
        let finish = &ensemble.finish;
        let width = finish.sums();
        out.clear();
        out.resize(rows * width, 0.0);
        self.has.clear();
        match &ensemble.leaves {
            Leaves::Single {
                values,
                sums,
                goes_round,
            } => {
                // Every row passes every tree, so all rows have the same sums.
                self.has.resize(width, false);
                sums.iter().for_each(|sum| self.has[*sum as usize] = true);
                walk.walk(&mut Adding {
                    values,
                    sums,
                    goes_round: *goes_round,
                    width,
                    totals: out,
                });
                for row in out.chunks_exact_mut(width) {
                    finish.row(row, &self.has);
                }
            }
            Leaves::Several { offsets, weights } => {
                self.has.resize(rows * width, false);
                walk.walk(&mut Taking {
                    offsets,
                    weights,
                    finish,
                    totals: out,
                    has: &mut self.has,
                });
                let rows = out.chunks_exact_mut(width);
                for (row, has) in rows.zip(self.has.chunks_exact(width)) {
                    finish.row(row, has);
                }
            }
        }
    }
}

/// A way of walking all rows through all trees.
pub(super) trait Walk {
    fn walk(self, collect: &mut impl Collect);
}
