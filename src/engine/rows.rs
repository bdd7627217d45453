//! The rows that a model takes: a dense matrix, or the values that are present in each row.

use ndarray::ArrayView2;

use super::EngineError;

/// A batch for [`super::Model::run`], one row a record.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// Every column of every row.
    Dense(ArrayView2<'a, f32>),
    /// The columns that are present; all others hold one value.
    Sparse(SparseRows<'a>),
}

impl Rows<'_> {
    /// Number of rows.
    pub fn count(&self) -> usize {
        match self {
            Rows::Dense(matrix) => matrix.nrows(),
            Rows::Sparse(rows) => rows.count(),
        }
    }

    /// Number of columns, those that are absent included.
    pub fn width(&self) -> usize {
        match self {
            Rows::Dense(matrix) => matrix.ncols(),
            Rows::Sparse(rows) => rows.width,
        }
    }
}

/// Rows in compressed form (CSR): row `i` has the entries from `offsets[i]` to `offsets[i + 1]`.
#[derive(Clone, Copy, Debug)]
pub struct SparseRows<'a> {
    offsets: &'a [usize],
    columns: &'a [u32],
    values: &'a [f32],
    width: usize,
    absent: f32,
}

impl<'a> SparseRows<'a> {
    /// Rows of `width` columns; those not named in `columns` hold `absent`.
    ///
    /// # Errors
    /// Where the offsets do not cut the entries into rows, or a row's columns are not ascending and
    /// below the width.
    pub fn new(
        offsets: &'a [usize],
        columns: &'a [u32],
        values: &'a [f32],
        width: usize,
        absent: f32,
    ) -> Result<SparseRows<'a>, EngineError> {
        let covers = offsets.first() == Some(&0) && offsets.last() == Some(&columns.len());
        if !covers || columns.len() != values.len() {
            return Err(EngineError::Rows(format!(
                "offsets from {:?} to {:?} over {} columns and {} values",
                offsets.first(),
                offsets.last(),
                columns.len(),
                values.len()
            )));
        }
        for bounds in offsets.windows(2) {
            let row = columns.get(bounds[0]..bounds[1]).ok_or_else(|| {
                EngineError::Rows(format!("offset {} behind {}", bounds[1], bounds[0]))
            })?;
            let ascending = row.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascending || row.last().is_some_and(|last| *last as usize >= width) {
                return Err(EngineError::Rows(format!(
                    "columns {row:?} in a row of {width}, not ascending and below that"
                )));
            }
        }
        Ok(SparseRows {
            offsets,
            columns,
            values,
            width,
            absent,
        })
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns, those that are absent included.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What every column holds that a row does not name.
    pub fn absent(&self) -> f32 {
        self.absent
    }

    /// The columns of a row, ascending, and their values.
    pub fn row(&self, index: usize) -> (&'a [u32], &'a [f32]) {
        let range = self.offsets[index]..self.offsets[index + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Replaces `dense` by the whole matrix, row after row.
    pub fn write_dense(&self, dense: &mut Vec<f32>) {
        dense.clear();
        dense.resize(self.count() * self.width, self.absent);
        for (index, row) in dense.chunks_exact_mut(self.width.max(1)).enumerate() {
            let (columns, values) = self.row(index);
            for (column, value) in columns.iter().zip(values) {
                row[*column as usize] = *value;
            }
        }
    }
}

/// Sparse rows while they are gathered. Its memory is used again from batch to batch.
#[derive(Debug)]
pub struct SparseBatch {
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Default for SparseBatch {
    fn default() -> SparseBatch {
        SparseBatch {
            offsets: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl SparseBatch {
    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.offsets.truncate(1);
        self.columns.clear();
        self.values.clear();
    }

    /// Adds a row of (column, value) in ascending order of the columns; returns its number.
    pub fn push_row(&mut self, entries: impl IntoIterator<Item = (u32, f32)>) -> usize {
        for (column, value) in entries {
            self.columns.push(column);
            self.values.push(value);
        }
        self.offsets.push(self.columns.len());
        self.offsets.len() - 2
    }

    /// True where no row was added.
    pub fn is_empty(&self) -> bool {
        self.offsets.len() == 1
    }

    /// The rows as a model takes them.
    ///
    /// # Errors
    /// Where a row has columns out of order or at `width` or above.
    pub fn rows(&self, width: usize, absent: f32) -> Result<Rows<'_>, EngineError> {
        SparseRows::new(&self.offsets, &self.columns, &self.values, width, absent).map(Rows::Sparse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_the_matrix_that_it_stands_for() {
        let mut batch = SparseBatch::default();
        assert!(batch.is_empty());
        assert_eq!(batch.push_row([(1, 0.5), (2, 0.25)]), 0);
        assert_eq!(batch.push_row([]), 1);
        let Ok(Rows::Sparse(rows)) = batch.rows(3, -1.0) else {
            panic!("good rows");
        };
        let mut dense = vec![9.0; 20];
        rows.write_dense(&mut dense);
        assert_eq!(dense, [-1.0, 0.5, 0.25, -1.0, -1.0, -1.0]);
        batch.clear();
        assert!(batch.is_empty());
    }

    #[test]
    fn rows_that_are_none_are_refused() {
        let refused = |offsets: &[usize], columns: &[u32], values: &[f32]| {
            SparseRows::new(offsets, columns, values, 3, 0.0).is_err()
        };
        assert!(!refused(&[0, 1, 2], &[2, 0], &[1.0, 1.0]));
        assert!(refused(&[], &[], &[]), "no offsets");
        assert!(refused(&[0, 1], &[0, 1], &[1.0, 1.0]), "a rest");
        assert!(refused(&[0, 2], &[0, 1], &[1.0]), "a value too few");
        assert!(
            refused(&[0, 2, 1, 2], &[0, 1], &[1.0, 1.0]),
            "offsets that fall"
        );
        assert!(refused(&[0, 2], &[1, 1], &[1.0, 1.0]), "a column twice");
        assert!(refused(&[0, 1], &[3], &[1.0]), "beyond the width");
    }
}
