//! Rows of which few columns are present: only trees that a present value turns off the path of an
//! absent row are walked.
//!
//! With every column absent, each tree leads to one leaf, which is known when the model is loaded. For
//! each column the splits on those paths are listed. A present value that passes all of its splits the
//! way an absent one does changes nothing; a tree in which it does not is walked from the first split
//! that turns.

use super::collect::{Collect, Walk};
use super::ensemble::Ensemble;
use super::forest::{Forest, Node};
use super::leaves::Leaves;
use crate::engine::SparseRows;

/// Trees walked side by side.
const LANES: usize = 8;
/// No split of the tree was turned.
const UNTURNED: u32 = u32::MAX;

/// A split on the path of an absent row.
#[derive(Clone, Copy, Debug)]
struct Turn {
    node: Node,
    /// Where the node stands in the forest; a smaller place of the same tree is nearer to the root.
    place: u32,
    /// The child that an absent value leads to.
    usual: u32,
    tree: u32,
}

/// A forest for sparse rows whose absent columns hold one value.
#[derive(Debug)]
pub(super) struct Sparse {
    absent: f32,
    /// The leaf of an absent row, by tree.
    usual: Vec<u32>,
    /// Its value, by tree.
    values: Vec<f32>,
    /// Where the turns of a column begin; one more at the end.
    offsets: Vec<u32>,
    turns: Vec<Turn>,
}

/// What a walk of sparse rows writes into; it belongs to one model.
#[derive(Debug, Default)]
pub(super) struct SparseScratch {
    /// One row, all absent between two rows.
    row: Vec<f32>,
    /// First turned split by tree, [`UNTURNED`] between two rows.
    turned: Vec<u32>,
    /// Trees with a turned split.
    trees: Vec<u32>,
    /// Leaf by tree, as of an absent row between two rows.
    leaves: Vec<u32>,
    /// The leaves' values, in the same way.
    values: Vec<f32>,
}

impl Sparse {
    pub(super) fn new(ensemble: &Ensemble, width: usize, absent: f32) -> Sparse {
        let forest = &ensemble.forest;
        let mut usual = Vec::with_capacity(forest.trees.len());
        let mut turns: Vec<Turn> = Vec::new();
        for (tree, bounds) in forest.trees.iter().enumerate() {
            let mut place = bounds.start;
            loop {
                let node = forest.nodes[place as usize];
                if node.is_leaf_at(place) {
                    break;
                }
                let next = node.next(absent);
                turns.push(Turn {
                    node,
                    place,
                    usual: next,
                    tree: tree as u32,
                });
                place = next;
            }
            usual.push(place);
        }
        turns.sort_by_key(|turn| (turn.node.column(), turn.tree, turn.place));
        let mut offsets = vec![0u32; width + 1];
        for turn in &turns {
            offsets[turn.node.column() as usize + 1] += 1;
        }
        for column in 0..width {
            offsets[column + 1] += offsets[column];
        }
        Sparse {
            absent,
            values: usual.iter().map(|p| ensemble.leaves.value(*p)).collect(),
            usual,
            offsets,
            turns,
        }
    }

    /// True for rows whose absent columns hold what this was made for.
    pub(super) fn is_for(&self, absent: f32) -> bool {
        self.absent.to_bits() == absent.to_bits() || (self.absent.is_nan() && absent.is_nan())
    }

    fn width(&self) -> usize {
        self.offsets.len() - 1
    }
}

impl SparseScratch {
    fn fit(&mut self, sparse: &Sparse) {
        if self.row.len() == sparse.width() && self.leaves.len() == sparse.usual.len() {
            return;
        }
        self.row = vec![sparse.absent; sparse.width()];
        self.turned = vec![UNTURNED; sparse.usual.len()];
        self.trees = Vec::with_capacity(sparse.usual.len());
        self.leaves.clone_from(&sparse.usual);
        self.values.clone_from(&sparse.values);
    }
}

/// The walk of sparse rows.
pub(super) struct SparseWalk<'a> {
    pub(super) ensemble: &'a Ensemble,
    pub(super) sparse: &'a Sparse,
    pub(super) rows: SparseRows<'a>,
    pub(super) scratch: &'a mut SparseScratch,
}

impl Walk for SparseWalk<'_> {
    fn walk(self, collect: &mut impl Collect) {
        self.scratch.fit(self.sparse);
        for index in 0..self.rows.count() {
            let (columns, values) = self.rows.row(index);
            self.scratch.turn(self.sparse, columns, values);
            self.scratch
                .walk(&self.ensemble.forest, &self.ensemble.leaves);
            collect.row(index, &self.scratch.leaves, &self.scratch.values);
            self.scratch.reset(self.sparse, columns);
        }
    }
}

impl SparseScratch {
    /// Writes the row down and marks the trees that it turns.
    fn turn(&mut self, sparse: &Sparse, columns: &[u32], values: &[f32]) {
        for (column, value) in columns.iter().zip(values) {
            let column = *column as usize;
            self.row[column] = *value;
            let range = sparse.offsets[column] as usize..sparse.offsets[column + 1] as usize;
            for turn in &sparse.turns[range] {
                if turn.node.next(*value) == turn.usual {
                    continue;
                }
                let turned = &mut self.turned[turn.tree as usize];
                if *turned == UNTURNED {
                    self.trees.push(turn.tree);
                }
                *turned = turn.place.min(*turned);
            }
        }
    }

    /// Finds the leaves of the turned trees, several side by side: a tree that has reached its leaf
    /// stays there, so no step waits for a branch.
    fn walk(&mut self, forest: &Forest, leaves: &Leaves) {
        for trees in self.trees.chunks(LANES) {
            let mut places = [0u32; LANES];
            let places = &mut places[..trees.len()];
            for (place, tree) in places.iter_mut().zip(trees) {
                *place = self.turned[*tree as usize];
            }
            loop {
                let mut moved = false;
                for place in places.iter_mut() {
                    let node = forest.nodes[*place as usize];
                    let next = node.next(self.row[node.column() as usize]);
                    moved |= next != *place;
                    *place = next;
                }
                if !moved {
                    break;
                }
            }
            for (place, tree) in places.iter().zip(trees) {
                self.leaves[*tree as usize] = *place;
                self.values[*tree as usize] = leaves.value(*place);
            }
        }
    }

    fn reset(&mut self, sparse: &Sparse, columns: &[u32]) {
        for column in columns {
            self.row[*column as usize] = sparse.absent;
        }
        for tree in self.trees.drain(..) {
            self.turned[tree as usize] = UNTURNED;
            self.leaves[tree as usize] = sparse.usual[tree as usize];
            self.values[tree as usize] = sparse.values[tree as usize];
        }
    }
}
