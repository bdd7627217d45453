//! A forest as a test describes it: drawn at random, written as ONNX, walked as the standard says.

use proptest::prelude::*;
use prost::bytes::Bytes;

use super::{file, floats, int, ints, node, string, strings};

/// A branch or a leaf of a described tree.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Leaf(Vec<(usize, f32)>),
    Branch {
        mode: usize,
        column: usize,
        threshold: f32,
        missing: bool,
        children: Box<[Tree; 2]>,
    },
}

pub(super) const MODES: [&str; 6] = [
    "BRANCH_LEQ",
    "BRANCH_LT",
    "BRANCH_GTE",
    "BRANCH_GT",
    "BRANCH_EQ",
    "BRANCH_NEQ",
];

/// A described operator.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) classifier: bool,
    pub(super) named_labels: bool,
    pub(super) sums: usize,
    pub(super) width: usize,
    pub(super) trees: Vec<Tree>,
    pub(super) with_missing: bool,
    pub(super) aggregate: &'static str,
    pub(super) transform: &'static str,
    pub(super) base: Vec<f32>,
}

/// Numbers at which comparisons go wrong if they go wrong at all.
pub(super) fn awkward() -> impl Strategy<Value = f32> {
    let near_one = [1.0f32.next_down(), 1.0, 1.0f32.next_up()];
    let small = [
        0.0,
        -0.0,
        f32::from_bits(1),
        -f32::from_bits(1),
        f32::MIN_POSITIVE,
    ];
    let large = [f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY];
    prop_oneof![
        4 => -3.0f32..3.0,
        4 => (-3i8..4).prop_map(f32::from),
        2 => prop::sample::select(near_one.to_vec()),
        2 => prop::sample::select(small.to_vec()),
        1 => prop::sample::select(large.to_vec()),
    ]
}

/// What a column of a row may hold.
pub(super) fn cell() -> impl Strategy<Value = f32> {
    prop_oneof![6 => awkward(), 1 => Just(f32::NAN)]
}

/// Which sums the leaves of a forest add to.
#[derive(Clone, Copy, Debug)]
enum Style {
    /// Each leaf of tree `t` to sum `t % sums`, as boosters of several classes do.
    ByTree,
    /// All to the last sum, or all to the first, as boosters of two classes do.
    One(bool),
    /// Each leaf to any number of sums, as random forests do.
    Any,
}

fn tree(width: usize, sums: usize, one_mode: Option<usize>) -> impl Strategy<Value = Tree> {
    let leaf = prop::collection::vec((0..sums, -2.0f32..2.0), 1..4).prop_map(Tree::Leaf);
    leaf.prop_recursive(7, 24, 2, move |inner| {
        (
            0..MODES.len(),
            0..width,
            awkward(),
            any::<bool>(),
            inner.clone(),
            inner,
        )
            .prop_map(
                move |(mode, column, threshold, missing, a, b)| Tree::Branch {
                    mode: one_mode.unwrap_or(mode),
                    column,
                    threshold,
                    missing,
                    children: Box::new([a, b]),
                },
            )
    })
}

/// A tree that is one long path, which no recursion draws.
fn deepened(tree: Tree, depth: usize, width: usize) -> Tree {
    (0..depth).fold(tree, |below, level| Tree::Branch {
        mode: level % 4,
        column: level % width,
        threshold: (level % 5) as f32 - 2.0,
        missing: level % 3 == 0,
        children: Box::new([below, Tree::Leaf(vec![(0, level as f32 / 16.0)])]),
    })
}

pub(super) fn spec() -> impl Strategy<Value = Spec> {
    let style = prop_oneof![
        Just(Style::ByTree),
        any::<bool>().prop_map(Style::One),
        Just(Style::Any)
    ];
    let shape = (
        1usize..6,
        1usize..5,
        prop::option::of(0..MODES.len()),
        style,
    );
    shape.prop_flat_map(|(width, sums, one_mode, style)| {
        let trees = prop::collection::vec(tree(width, sums, one_mode), 1..12);
        let words = (
            prop::sample::select(vec!["SUM", "AVERAGE", "MIN", "MAX"]),
            prop::sample::select(vec![
                "NONE",
                "SOFTMAX",
                "LOGISTIC",
                "SOFTMAX_ZERO",
                "PROBIT",
            ]),
        );
        let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
        let base = (0usize..3, prop::collection::vec(-1.0f32..1.0, 4));
        let deep = prop::option::weighted(0.1, 1usize..60);
        (trees, words, flags, base, deep).prop_map(
            move |(trees, (aggregate, transform), flags, (bases, base), deep)| {
                let (classifier, named_labels, with_missing, positive) = flags;
                let sums_or_one = match bases {
                    0 => 0,
                    1 if classifier && sums == 2 => 1,
                    _ => sums,
                };
                let mut spec = Spec {
                    classifier,
                    // ONNX Runtime 1.31 ends the process over a single label that is a string.
                    named_labels: named_labels && sums > 1,
                    sums,
                    width,
                    trees,
                    with_missing,
                    aggregate: if classifier { "SUM" } else { aggregate },
                    transform,
                    base: base[..sums_or_one].to_vec(),
                };
                if let Some(depth) = deep {
                    let last = spec.trees.pop().expect("one at least");
                    spec.trees.push(deepened(last, depth, width));
                }
                for (place, tree) in spec.trees.iter_mut().enumerate() {
                    restyle(tree, style, place, sums, positive);
                }
                spec
            },
        )
    })
}

fn restyle(tree: &mut Tree, style: Style, place: usize, sums: usize, positive: bool) {
    match tree {
        Tree::Branch { children, .. } => {
            for child in children.iter_mut() {
                restyle(child, style, place, sums, positive);
            }
        }
        Tree::Leaf(weights) => {
            let one = match style {
                Style::ByTree => Some(place % sums),
                Style::One(last) => Some(if last { sums - 1 } else { 0 }),
                Style::Any if sums == 1 => Some(0),
                Style::Any => None,
            };
            if let Some(sum) = one {
                weights.truncate(1);
                weights[0].0 = sum;
            }
            if positive {
                weights
                    .iter_mut()
                    .for_each(|(_, value)| *value = value.abs());
            }
        }
    }
}

impl Tree {
    /// The leaf that a row leads to, as the standard says.
    pub(super) fn walk(&self, row: &[f32], with_missing: bool) -> &[(usize, f32)] {
        match self {
            Tree::Leaf(weights) => weights,
            Tree::Branch {
                mode,
                column,
                threshold,
                missing,
                children,
            } => {
                let value = row[*column];
                let passes = match MODES[*mode] {
                    "BRANCH_LEQ" => value <= *threshold,
                    "BRANCH_LT" => value < *threshold,
                    "BRANCH_GTE" => value >= *threshold,
                    "BRANCH_GT" => value > *threshold,
                    "BRANCH_EQ" => value == *threshold,
                    _ => value != *threshold,
                };
                let on_true = passes || (with_missing && *missing && value.is_nan());
                children[usize::from(!on_true)].walk(row, with_missing)
            }
        }
    }
}

/// The lists of attributes that a forest becomes.
#[derive(Default)]
struct Lists {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    columns: Vec<i64>,
    values: Vec<f32>,
    modes: Vec<&'static str>,
    on_true: Vec<i64>,
    on_false: Vec<i64>,
    missing: Vec<i64>,
    weight_trees: Vec<i64>,
    weight_nodes: Vec<i64>,
    weight_ids: Vec<i64>,
    weights: Vec<f32>,
}

impl Lists {
    fn add(&mut self, number: i64, first: usize, tree: &Tree) -> i64 {
        let place = self.trees.len();
        let id = (place - first) as i64;
        self.trees.push(number);
        self.nodes.push(id);
        for list in [&mut self.on_true, &mut self.on_false, &mut self.missing] {
            list.push(0);
        }
        match tree {
            Tree::Leaf(weights) => {
                self.columns.push(0);
                self.values.push(0.0);
                self.modes.push("LEAF");
                for (sum, value) in weights {
                    self.weight_trees.push(number);
                    self.weight_nodes.push(id);
                    self.weight_ids.push(*sum as i64);
                    self.weights.push(*value);
                }
            }
            Tree::Branch {
                mode,
                column,
                threshold,
                missing,
                children,
            } => {
                self.columns.push(*column as i64);
                self.values.push(*threshold);
                self.modes.push(MODES[*mode]);
                self.missing[place] = i64::from(*missing);
                self.on_true[place] = self.add(number, first, &children[0]);
                self.on_false[place] = self.add(number, first, &children[1]);
            }
        }
        id
    }
}

impl Spec {
    /// The sum of the absolute values of the leaves that a row leads to, and of the base values.
    pub(super) fn scale(&self, row: &[f32]) -> f32 {
        let leaves = self
            .trees
            .iter()
            .flat_map(|t| t.walk(row, self.with_missing));
        let leaves: f32 = leaves.map(|(_, value)| value.abs()).sum();
        leaves + self.base.iter().map(|b| b.abs()).sum::<f32>()
    }

    /// The file; its `y` is the scores.
    pub(super) fn file(&self) -> Bytes {
        let mut lists = Lists::default();
        for (number, tree) in self.trees.iter().enumerate() {
            lists.add(number as i64, lists.trees.len(), tree);
        }
        let (operator, prefix, outputs): (_, _, &[&str]) = if self.classifier {
            ("TreeEnsembleClassifier", "class", &["label", "y"])
        } else {
            ("TreeEnsembleRegressor", "target", &["y"])
        };
        let mut made = node(operator, "ai.onnx.ml", &["x"], outputs);
        let name = |what: &str| format!("{prefix}_{what}");
        made.attribute = vec![
            ints("nodes_treeids", lists.trees),
            ints("nodes_nodeids", lists.nodes),
            ints("nodes_featureids", lists.columns),
            floats("nodes_values", lists.values),
            strings("nodes_modes", lists.modes),
            ints("nodes_truenodeids", lists.on_true),
            ints("nodes_falsenodeids", lists.on_false),
            ints(&name("treeids"), lists.weight_trees),
            ints(&name("nodeids"), lists.weight_nodes),
            ints(&name("ids"), lists.weight_ids),
            floats(&name("weights"), lists.weights),
            string("post_transform", self.transform),
        ];
        if self.with_missing {
            let attribute = ints("nodes_missing_value_tracks_true", lists.missing);
            made.attribute.push(attribute);
        }
        if !self.base.is_empty() {
            made.attribute
                .push(floats("base_values", self.base.clone()));
        }
        if !self.classifier {
            made.attribute.push(int("n_targets", self.sums as i64));
            made.attribute
                .push(string("aggregate_function", self.aggregate));
        } else if self.named_labels {
            let names = ["a", "b", "c", "d"];
            let labels = strings("classlabels_strings", names[..self.sums].to_vec());
            made.attribute.push(labels);
        } else {
            let labels = (0..self.sums as i64).map(|label| label * 10);
            made.attribute
                .push(ints("classlabels_int64s", labels.collect()));
        }
        file(vec![made], Vec::new(), self.width, self.sums)
    }
}
