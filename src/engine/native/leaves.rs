//! The weights of leaves, laid out for the walks.

use super::ensemble::ReadForest;
use super::finish::Finish;
use super::refusal::Refusal;

/// What a leaf adds to which sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weight {
    pub(super) sum: u32,
    pub(super) value: f32,
}

/// The weights of the leaves, by the leaf's place in the forest.
#[derive(Debug)]
pub(super) enum Leaves {
    /// Every leaf of a tree adds one value to the tree's one sum.
    Single {
        /// By node; 0 for splits.
        values: Vec<f32>,
        /// By tree.
        sums: Vec<u32>,
        /// Tree `t` adds to the sum `t` modulo the number of sums.
        goes_round: bool,
    },
    /// Leaves add to any sums.
    Several {
        /// By node: where its weights begin; one more at the end.
        offsets: Vec<u32>,
        weights: Vec<Weight>,
    },
}

impl Leaves {
    /// All values of a leaf.
    pub(super) fn weights(&self, place: u32) -> impl Iterator<Item = f32> {
        let place = place as usize;
        let (one, several) = match self {
            Leaves::Single { values, .. } => (Some(values[place]), [].as_slice()),
            Leaves::Several { offsets, weights } => {
                let range = offsets[place] as usize..offsets[place + 1] as usize;
                (None, &weights[range])
            }
        };
        one.into_iter().chain(several.iter().map(|w| w.value))
    }

    /// The one value of a leaf; 0 where leaves have several.
    pub(super) fn value(&self, place: u32) -> f32 {
        match self {
            Leaves::Single { values, .. } => values[place as usize],
            Leaves::Several { .. } => 0.0,
        }
    }

    pub(super) fn new(
        read: &ReadForest,
        listed: &[(usize, Weight)],
        finish: &Finish,
    ) -> Result<Leaves, Refusal> {
        // A stable sort: what one leaf adds to one sum keeps its order.
        let mut sorted = listed.to_vec();
        sorted.sort_by_key(|(leaf, _)| *leaf);
        let of_leaf = |leaf: usize| {
            let start = sorted.partition_point(|(place, _)| *place < leaf);
            let end = sorted.partition_point(|(place, _)| *place <= leaf);
            &sorted[start..end]
        };
        let mut offsets = Vec::with_capacity(read.forest.nodes.len() + 1);
        let mut weights: Vec<Weight> = Vec::with_capacity(listed.len());
        let mut sums = vec![u32::MAX; read.forest.trees.len()];
        let mut single = finish.adds();
        for (node, origin) in read.forest.origins.iter().enumerate() {
            offsets.push(weights.len() as u32);
            if !read.forest.nodes[node].is_leaf_at(node as u32) {
                continue;
            }
            let own = of_leaf(*origin as usize);
            if own.is_empty() {
                return Refusal::malformed(format!(
                    "expected a weight for every leaf, found none for the leaf at place {origin} of nodes_nodeids"
                ));
            }
            if own.len() > 1 && finish.sums() == 1 {
                return Refusal::unsupported("a leaf with several weights for one sum");
            }
            let tree = read.tree_of[*origin as usize] as usize;
            single &= own.len() == 1 && (sums[tree] == u32::MAX || sums[tree] == own[0].1.sum);
            sums[tree] = own[0].1.sum;
            weights.extend(own.iter().map(|(_, weight)| *weight));
        }
        offsets.push(weights.len() as u32);
        if !single {
            return Ok(Leaves::Several { offsets, weights });
        }
        let values = offsets
            .windows(2)
            .map(|w| {
                if w[0] < w[1] {
                    weights[w[0] as usize].value
                } else {
                    0.0
                }
            })
            .collect();
        let around = |(tree, sum): (usize, &u32)| tree % finish.sums() == *sum as usize;
        Ok(Leaves::Single {
            values,
            goes_round: sums.iter().enumerate().all(around),
            sums,
        })
    }
}
