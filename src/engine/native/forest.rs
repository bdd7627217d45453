//! Trees as the walkers read them: every mode of ONNX brought to two comparisons, children side by
//! side, leaves that point at themselves.

use super::refusal::Refusal;

/// Bit of [`Node::test`]: a value that is not a number goes left.
const NAN_LEFT: u32 = 1 << 31;
/// Bit of [`Node::test`]: left where the value equals the threshold, instead of at most.
const EQUALS: u32 = 1 << 30;
/// The other bits of [`Node::test`]: the column.
const COLUMN: u32 = EQUALS - 1;

/// Most columns that a row can have.
pub(super) const MOST_COLUMNS: usize = COLUMN as usize;

/// A split or a leaf. The right child stands directly behind the left one.
///
/// A leaf is its own left child, and every value goes left there, so a walk of too many steps ends
/// at the same leaf as one that counts them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) threshold: f32,
    test: u32,
    left: u32,
}

impl Node {
    fn leaf(place: u32) -> Node {
        Node {
            threshold: f32::INFINITY,
            test: NAN_LEFT,
            left: place,
        }
    }

    pub(super) fn is_leaf_at(self, place: u32) -> bool {
        self.left == place
    }

    pub(super) fn column(self) -> u32 {
        self.test & COLUMN
    }

    pub(super) fn left(self) -> u32 {
        self.left
    }

    pub(super) fn tests_equality(self) -> bool {
        self.test & EQUALS != 0
    }

    /// The child that a value leads to.
    #[inline]
    pub(super) fn next(self, value: f32) -> u32 {
        self.left + u32::from(self.goes_right(value))
    }

    #[inline]
    fn goes_right(self, value: f32) -> bool {
        let passes = if self.test & EQUALS == 0 {
            value <= self.threshold
        } else {
            value == self.threshold
        };
        // For a value that is not a number the comparison is false, and the flag decides.
        !(passes | (value.is_nan() & (self.test & NAN_LEFT != 0)))
    }
}

/// Which way a split of ONNX sends a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Leq,
    Lt,
    Gte,
    Gt,
    Eq,
    Neq,
}

/// A node as the file has it, its children by their place in the file's lists.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Leaf,
    Split {
        mode: Mode,
        column: u32,
        threshold: f32,
        missing_is_true: bool,
        on_true: usize,
        on_false: usize,
    },
}

/// A split with its children in the order left, right.
struct Placed {
    threshold: f32,
    test: u32,
    children: [usize; 2],
}

impl Placed {
    /// Brings a mode to `value <= threshold` or `value == threshold`, exactly, for every float32.
    fn of(source: Source) -> Option<Placed> {
        let Source::Split {
            mode,
            column,
            threshold,
            missing_is_true,
            on_true,
            on_false,
        } = source
        else {
            return None;
        };
        // Nothing is below minus infinity, and nothing compares with what is no number.
        let (never, always) = (f32::NAN, f32::INFINITY);
        let below = if threshold == f32::NEG_INFINITY {
            never
        } else {
            threshold.next_down()
        };
        let unordered = threshold.is_nan();
        let (threshold, equals, true_is_left, nan_is_true) = match mode {
            Mode::Leq => (threshold, false, true, missing_is_true),
            Mode::Lt => (below, false, true, missing_is_true),
            Mode::Gt if unordered => (always, false, false, missing_is_true),
            Mode::Gte if unordered => (always, false, false, missing_is_true),
            Mode::Gt => (threshold, false, false, missing_is_true),
            Mode::Gte => (below, false, false, missing_is_true),
            Mode::Eq => (threshold, true, true, missing_is_true),
            // What is no number differs from everything.
            Mode::Neq => (threshold, true, false, true),
        };
        let mut test = column;
        if equals {
            test |= EQUALS;
        }
        if nan_is_true == true_is_left {
            test |= NAN_LEFT;
        }
        Some(Placed {
            threshold,
            test,
            children: if true_is_left {
                [on_true, on_false]
            } else {
                [on_false, on_true]
            },
        })
    }
}

/// One tree's nodes within [`Forest::nodes`]; the root is the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Splits on the longest path.
    pub(super) depth: u32,
}

/// The trees of one operator.
#[derive(Debug, Default)]
pub(super) struct Forest {
    pub(super) nodes: Vec<Node>,
    pub(super) trees: Vec<Tree>,
    /// For each node, its place in the file's lists.
    pub(super) origins: Vec<u32>,
}

impl Forest {
    /// Adds the tree whose root is `sources[root]` and whose nodes lie in `range`.
    pub(super) fn add(
        &mut self,
        sources: &[Source],
        range: std::ops::Range<usize>,
        name: i64,
    ) -> Result<(), Refusal> {
        let start = self.nodes.len();
        let mut seen = vec![false; range.len()];
        let mut depth = 0;
        // Breadth first: siblings stand side by side, and a parent before its children.
        let mut level = vec![range.start];
        self.nodes.push(Node::leaf(start as u32));
        self.origins.push(range.start as u32);
        seen[0] = true;
        let mut first_of_level = start;
        loop {
            let mut below = Vec::new();
            for (offset, source) in level.iter().enumerate() {
                let Some(placed) = Placed::of(sources[*source]) else {
                    continue;
                };
                let left = self.nodes.len() as u32;
                self.nodes[first_of_level + offset] = Node {
                    threshold: placed.threshold,
                    test: placed.test,
                    left,
                };
                for child in placed.children {
                    if std::mem::replace(&mut seen[child - range.start], true) {
                        return reached_twice(sources, range, name);
                    }
                    self.nodes.push(Node::leaf(self.nodes.len() as u32));
                    self.origins.push(child as u32);
                    below.push(child);
                }
            }
            if below.is_empty() {
                break;
            }
            first_of_level = self.nodes.len() - below.len();
            level = below;
            depth += 1;
        }
        self.trees.push(Tree {
            start: start as u32,
            end: self.nodes.len() as u32,
            depth,
        });
        Ok(())
    }
}

/// Says what is wrong with a tree that reaches a node by two ways.
fn reached_twice(
    sources: &[Source],
    range: std::ops::Range<usize>,
    name: i64,
) -> Result<(), Refusal> {
    // Nodes are taken away once all of their parents are; what is left over stands in a circle.
    let mut parents = vec![0usize; range.len()];
    let children = |node: usize| match sources[node] {
        Source::Split {
            on_true, on_false, ..
        } => vec![on_true, on_false],
        Source::Leaf => Vec::new(),
    };
    for child in range.clone().flat_map(children) {
        parents[child - range.start] += 1;
    }
    let mut free: Vec<usize> = range
        .clone()
        .filter(|node| parents[node - range.start] == 0)
        .collect();
    let mut taken = 0;
    while let Some(node) = free.pop() {
        taken += 1;
        for child in children(node) {
            parents[child - range.start] -= 1;
            if parents[child - range.start] == 0 {
                free.push(child);
            }
        }
    }
    if taken < range.len() {
        return Refusal::malformed(format!(
            "expected a tree, found a circle among the nodes of tree {name}"
        ));
    }
    Refusal::unsupported(format!(
        "a tree in which two branches lead to one node (tree {name})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ONNX says of a mode, word for word.
    fn is_true(mode: Mode, value: f32, threshold: f32, missing_is_true: bool) -> bool {
        let passes = match mode {
            Mode::Leq => value <= threshold,
            Mode::Lt => value < threshold,
            Mode::Gte => value >= threshold,
            Mode::Gt => value > threshold,
            Mode::Eq => value == threshold,
            Mode::Neq => value != threshold,
        };
        passes || (missing_is_true && value.is_nan())
    }

    #[test]
    fn every_mode_decides_as_onnx_says_for_every_kind_of_number() {
        let numbers = [
            0.0,
            -0.0,
            1.0,
            1.0f32.next_up(),
            1.0f32.next_down(),
            f32::MIN_POSITIVE,
            f32::from_bits(1),
            -f32::from_bits(1),
            f32::MAX,
            f32::MIN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
        ];
        let modes = [
            Mode::Leq,
            Mode::Lt,
            Mode::Gte,
            Mode::Gt,
            Mode::Eq,
            Mode::Neq,
        ];
        for mode in modes {
            for threshold in numbers {
                for missing_is_true in [false, true] {
                    let split = Source::Split {
                        mode,
                        column: 0,
                        threshold,
                        missing_is_true,
                        on_true: 1,
                        on_false: 2,
                    };
                    let mut forest = Forest::default();
                    forest
                        .add(&[split, Source::Leaf, Source::Leaf], 0..3, 0)
                        .expect("a tree");
                    for value in numbers {
                        let leaf = forest.nodes[0].next(value);
                        let expected = if is_true(mode, value, threshold, missing_is_true) {
                            1
                        } else {
                            2
                        };
                        assert_eq!(
                            forest.origins[leaf as usize], expected,
                            "{value:e} {mode:?} {threshold:e}, missing {missing_is_true}"
                        );
                    }
                }
            }
        }
    }
}
