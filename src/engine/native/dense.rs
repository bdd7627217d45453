//! Whole rows: several are walked side by side, a fixed number of steps, so that no step waits for a
//! branch or for the step of another row.

use super::collect::{Collect, Walk};
use super::forest::{Forest, Tree};

/// Rows walked side by side.
const LANES: usize = 8;

/// A split in eight bytes, for rows without NaN and forests without equality.
#[derive(Clone, Copy, Debug)]
struct Compact {
    threshold: f32,
    column: u16,
    /// Left child within the tree; a leaf is its own.
    left: u16,
}

/// A forest for dense rows.
#[derive(Debug)]
pub(super) struct Dense {
    /// In the order of [`Forest::nodes`]; empty where the forest does not fit the compact form.
    nodes: Vec<Compact>,
}

impl Dense {
    pub(super) fn new(forest: &Forest) -> Dense {
        let fits = |tree: &Tree| tree.end - tree.start <= u32::from(u16::MAX);
        let plain = forest
            .nodes
            .iter()
            .all(|node| !node.tests_equality() && node.column() <= u32::from(u16::MAX));
        if !plain || !forest.trees.iter().all(fits) {
            return Dense { nodes: Vec::new() };
        }
        let compact = forest.trees.iter().flat_map(|tree| {
            let nodes = &forest.nodes[tree.start as usize..tree.end as usize];
            nodes.iter().map(|node| Compact {
                threshold: node.threshold,
                column: node.column() as u16,
                left: (node.left() - tree.start) as u16,
            })
        });
        Dense {
            nodes: compact.collect(),
        }
    }
}

/// The walk of a dense matrix.
pub(super) struct DenseWalk<'a> {
    pub(super) forest: &'a Forest,
    pub(super) dense: &'a Dense,
    /// Row after row.
    pub(super) rows: &'a [f32],
    pub(super) width: usize,
}

impl Walk for DenseWalk<'_> {
    fn walk(self, collect: &mut impl Collect) {
        let block = LANES * self.width;
        let mut first = 0;
        // Blocks that the lanes can take are gathered, so that a tree stays in the nearest cache.
        let mut plain: Vec<usize> = Vec::new();
        for rows in self.rows.chunks(block) {
            let fits = !self.dense.nodes.is_empty() && !rows.iter().any(|value| value.is_nan());
            if fits && rows.len() == block {
                plain.push(first);
            } else {
                for (offset, row) in rows.chunks_exact(self.width).enumerate() {
                    match fits {
                        true => self.alone(first + offset, collect, |place, start| {
                            let node = self.dense.nodes[place as usize];
                            let passes = row[usize::from(node.column)] <= node.threshold;
                            start + u32::from(node.left) + u32::from(!passes)
                        }),
                        false => self.alone(first + offset, collect, |place, _| {
                            let node = self.forest.nodes[place as usize];
                            node.next(row[node.column() as usize])
                        }),
                    }
                }
            }
            first += LANES;
        }
        for (number, tree) in self.forest.trees.iter().enumerate() {
            let nodes = &self.dense.nodes[self.compact_range(*tree)];
            for first in &plain {
                let rows = &self.rows[first * self.width..first * self.width + block];
                let places = self.side_by_side(nodes, tree.depth, rows);
                for (lane, place) in places.into_iter().enumerate() {
                    collect.leaf(first + lane, number, tree.start + u32::from(place));
                }
            }
        }
    }
}

impl DenseWalk<'_> {
    fn compact_range(&self, tree: Tree) -> std::ops::Range<usize> {
        if self.dense.nodes.is_empty() {
            return 0..0;
        }
        tree.start as usize..tree.end as usize
    }

    /// One row, several trees side by side; `next` leads from a node to the next one of the tree that
    /// begins at the second number.
    #[inline]
    fn alone(&self, number: usize, collect: &mut impl Collect, next: impl Fn(u32, u32) -> u32) {
        let mut first = 0;
        for trees in self.forest.trees.chunks(LANES) {
            // A last, short round walks its first tree in the lanes that are left.
            let starts: [u32; LANES] =
                std::array::from_fn(|lane| trees.get(lane).unwrap_or(&trees[0]).start);
            let mut places = starts;
            let depth = trees.iter().map(|tree| tree.depth).max().unwrap_or(0);
            for _ in 0..depth {
                for (place, start) in places.iter_mut().zip(starts) {
                    *place = next(*place, start);
                }
            }
            for (lane, place) in places.iter().take(trees.len()).enumerate() {
                collect.leaf(number, first + lane, *place);
            }
            first += LANES;
        }
    }

    #[inline]
    fn side_by_side(&self, nodes: &[Compact], depth: u32, rows: &[f32]) -> [u16; LANES] {
        let mut lanes = [&rows[..0]; LANES];
        for (lane, row) in lanes.iter_mut().zip(rows.chunks_exact(self.width)) {
            *lane = row;
        }
        let mut places = [0u16; LANES];
        for _ in 0..depth {
            for (place, row) in places.iter_mut().zip(&lanes) {
                let node = nodes[usize::from(*place)];
                let passes = row[usize::from(node.column)] <= node.threshold;
                *place = node.left + u16::from(!passes);
            }
        }
        places
    }
}
