//! One ensemble with its two ways of being walked.

use super::collect::{Totals, Walk, Weighing};
use super::dense::{Dense, DenseWalk};
use super::ensemble::Ensemble;
use super::sparse::{Sparse, SparseScratch, SparseWalk};
use crate::engine::Rows;

/// An ensemble ready to be walked; shared by all workers.
#[derive(Debug)]
pub(super) struct Walker {
    ensemble: Ensemble,
    dense: Dense,
    sparse: Option<Sparse>,
    width: usize,
}

/// What a walk writes into; it belongs to one model.
#[derive(Debug, Default)]
pub(super) struct WalkScratch {
    totals: Totals,
    sparse: SparseScratch,
    matrix: Vec<f32>,
}

impl Walker {
    /// `absent` is what absent columns of sparse rows will hold, where there are to be any.
    pub(super) fn new(ensemble: Ensemble, width: usize, absent: Option<f32>) -> Walker {
        Walker {
            dense: Dense::new(&ensemble.forest),
            sparse: absent.map(|absent| Sparse::new(&ensemble, width, absent)),
            ensemble,
            width,
        }
    }

    /// Columns of the output.
    pub(super) fn output_width(&self) -> usize {
        self.ensemble.finish.sums()
    }

    /// Replaces `out` by the operator's output.
    pub(super) fn run(&self, rows: Rows<'_>, scratch: &mut WalkScratch, out: &mut Vec<f32>) {
        match (rows, &self.sparse) {
            (Rows::Sparse(rows), Some(sparse)) if sparse.is_for(rows.absent()) => {
                let walk = SparseWalk {
                    ensemble: &self.ensemble,
                    sparse,
                    rows,
                    scratch: &mut scratch.sparse,
                };
                let count = rows.count();
                scratch.totals.gather(&self.ensemble, count, out, walk);
            }
            (Rows::Sparse(rows), _) => {
                rows.write_dense(&mut scratch.matrix);
                self.whole(&scratch.matrix, &mut scratch.totals, out);
            }
            (Rows::Dense(matrix), _) => match matrix.as_slice() {
                Some(rows) => self.whole(rows, &mut scratch.totals, out),
                None => {
                    scratch.matrix.clear();
                    scratch.matrix.extend(matrix.iter());
                    self.whole(&scratch.matrix, &mut scratch.totals, out);
                }
            },
        }
    }

    /// Adds the absolute values of each row's leaves to the row's weight.
    pub(super) fn leaf_weights(&self, rows: Rows<'_>, weights: &mut [f32]) {
        let mut matrix = Vec::new();
        match rows {
            Rows::Sparse(rows) => rows.write_dense(&mut matrix),
            Rows::Dense(rows) => matrix.extend(rows.iter()),
        }
        let walk = DenseWalk {
            forest: &self.ensemble.forest,
            dense: &self.dense,
            rows: &matrix,
            width: self.width,
        };
        walk.walk(&mut Weighing {
            leaves: &self.ensemble.leaves,
            weights,
        });
    }

    fn whole(&self, rows: &[f32], totals: &mut Totals, out: &mut Vec<f32>) {
        let walk = DenseWalk {
            forest: &self.ensemble.forest,
            dense: &self.dense,
            rows,
            width: self.width,
        };
        totals.gather(&self.ensemble, rows.len() / self.width, out, walk);
    }
}
