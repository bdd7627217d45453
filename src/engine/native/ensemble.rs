//! TreeEnsembleClassifier and TreeEnsembleRegressor (ai.onnx.ml 1 to 3, float32): attributes become a
//! forest, the weights of its leaves, and what is done with their sums.

use rustc_hash::FxHashMap;

use super::attributes::Attributes;
use super::finish::{Aggregate, Finish, Transform};
use super::forest::{Forest, MOST_COLUMNS, Mode, Source};
use super::proto;
use super::refusal::Refusal;

/// No ensemble of a bundle is larger; it bounds what a small damaged file can make the engine do.
const MOST_NODES: usize = 1 << 26;

/// What a leaf adds to which sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weight {
    pub(super) sum: u32,
    pub(super) value: f32,
}

/// One operator, ready to be walked.
#[derive(Debug)]
pub(super) struct Ensemble {
    pub(super) forest: Forest,
    pub(super) leaves: Leaves,
    pub(super) finish: Finish,
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

/// Either operator's own attributes.
struct Kind {
    /// Start of the names of the attributes that hold the leaves' weights.
    prefix: &'static str,
    /// Sums, and columns of the output.
    sums: usize,
    aggregate: Aggregate,
    classifier: bool,
}

impl Ensemble {
    /// Reads the operator of a node whose input has `width` columns.
    pub(super) fn read(node: &proto::Node, width: usize) -> Result<Ensemble, Refusal> {
        let mut attributes = Attributes::of(node)?;
        let kind = Kind::read(node, &mut attributes)?;
        let transform = attributes.word("post_transform", Transform::WORDS)?;
        let base = attributes.floats("base_values")?.to_vec();
        let forest = read_forest(&mut attributes, width)?;
        let listed = read_weights(&mut attributes, &kind, &forest)?;
        attributes.end()?;
        let finish = Finish::new(
            kind.classifier,
            kind.sums,
            kind.aggregate,
            transform,
            base,
            forest.forest.trees.len(),
            &listed,
        )?;
        let leaves = Leaves::new(&forest, &listed, &finish)?;
        Ok(Ensemble {
            forest: forest.forest,
            leaves,
            finish,
        })
    }
}

impl Kind {
    fn read(node: &proto::Node, attributes: &mut Attributes<'_>) -> Result<Kind, Refusal> {
        if node.op_type == "TreeEnsembleRegressor" {
            let targets = attributes.int("n_targets")?.unwrap_or(0);
            let sums = usize::try_from(targets)
                .ok()
                .filter(|n| (1..=MOST_COLUMNS).contains(n));
            let Some(sums) = sums else {
                return Refusal::malformed(format!(
                    "expected n_targets of at least 1 in TreeEnsembleRegressor, found {targets}"
                ));
            };
            return Ok(Kind {
                prefix: "target",
                sums,
                aggregate: attributes.word("aggregate_function", Aggregate::WORDS)?,
                classifier: false,
            });
        }
        let numbers = attributes.ints("classlabels_int64s")?.len();
        let names = attributes.strings("classlabels_strings")?.len();
        let sums = match (numbers, names) {
            (0, n) | (n, 0) if n > 0 => n,
            _ => {
                return Refusal::malformed(format!(
                    "expected class labels of one kind in TreeEnsembleClassifier, found {numbers} numbers and {names} strings"
                ));
            }
        };
        Ok(Kind {
            prefix: "class",
            sums,
            aggregate: Aggregate::Sum,
            classifier: true,
        })
    }
}

/// A forest, and where the file's nodes are in it.
struct ReadForest {
    forest: Forest,
    sources: Vec<Source>,
    /// Place in the file's lists by (tree, node).
    places: FxHashMap<(i64, i64), usize>,
    /// Tree in the forest by place in the file's lists.
    tree_of: Vec<u32>,
}

fn read_forest(attributes: &mut Attributes<'_>, width: usize) -> Result<ReadForest, Refusal> {
    let trees = attributes.ints("nodes_treeids")?;
    let ids = attributes.ints("nodes_nodeids")?;
    let columns = attributes.ints("nodes_featureids")?;
    let values = attributes.floats("nodes_values")?;
    let modes = attributes.strings("nodes_modes")?;
    let on_true = attributes.ints("nodes_truenodeids")?;
    let on_false = attributes.ints("nodes_falsenodeids")?;
    let missing = attributes.ints("nodes_missing_value_tracks_true")?;
    attributes.ignore("nodes_hitrates");
    let count = trees.len();
    let lengths = [
        ("nodes_nodeids", ids.len()),
        ("nodes_featureids", columns.len()),
        ("nodes_values", values.len()),
        ("nodes_modes", modes.len()),
        ("nodes_truenodeids", on_true.len()),
        ("nodes_falsenodeids", on_false.len()),
    ];
    let wrong = lengths.iter().find(|(_, length)| *length != count);
    if let Some((name, length)) = wrong {
        return Refusal::malformed(format!(
            "expected {count} entries in {name}, as many as in nodes_treeids, found {length}"
        ));
    }
    if count == 0 || count > MOST_NODES {
        return Refusal::malformed(format!("expected 1 to {MOST_NODES} nodes, found {count}"));
    }
    if !missing.is_empty() && missing.len() != count {
        return Refusal::malformed(format!(
            "expected {count} entries or none in nodes_missing_value_tracks_true, found {}",
            missing.len()
        ));
    }
    let mut places = FxHashMap::default();
    for (place, name) in trees.iter().zip(ids).enumerate() {
        if places.insert((*name.0, *name.1), place).is_some() {
            return Refusal::malformed(format!(
                "expected each node once, found node {} of tree {} twice",
                name.1, name.0
            ));
        }
    }
    let mut sources = Vec::with_capacity(count);
    for place in 0..count {
        let Some(mode) = mode(&modes[place])? else {
            sources.push(Source::Leaf);
            continue;
        };
        let tree = trees[place];
        let child = |id: i64| {
            places.get(&(tree, id)).copied().ok_or_else(|| {
                Refusal::Malformed(format!(
                    "expected node {id} of tree {tree}, to which node {} points, found none",
                    ids[place]
                ))
            })
        };
        let column = u32::try_from(columns[place])
            .ok()
            .filter(|column| (*column as usize) < width);
        let Some(column) = column else {
            return Refusal::malformed(format!(
                "expected columns below {width} in nodes_featureids, found {}",
                columns[place]
            ));
        };
        let missing_is_true = match missing.get(place) {
            None | Some(0) => false,
            Some(1) => true,
            Some(other) => {
                return Refusal::unsupported(format!(
                    "nodes_missing_value_tracks_true with {other}"
                ));
            }
        };
        sources.push(Source::Split {
            mode,
            column,
            threshold: values[place],
            missing_is_true,
            on_true: child(on_true[place])?,
            on_false: child(on_false[place])?,
        });
    }
    plant(trees, sources, places)
}

/// Each run of nodes with one tree id is a tree, and its first node is the root.
fn plant(
    trees: &[i64],
    sources: Vec<Source>,
    places: FxHashMap<(i64, i64), usize>,
) -> Result<ReadForest, Refusal> {
    let mut forest = Forest::default();
    let mut tree_of = Vec::with_capacity(trees.len());
    let mut names = rustc_hash::FxHashSet::default();
    let mut start = 0;
    for run in trees.chunk_by(|a, b| a == b) {
        if !names.insert(run[0]) {
            return Refusal::unsupported(format!(
                "nodes_treeids in which tree {} stands in several places",
                run[0]
            ));
        }
        tree_of.extend(std::iter::repeat_n(forest.trees.len() as u32, run.len()));
        forest.add(&sources, start..start + run.len(), run[0])?;
        start += run.len();
    }
    Ok(ReadForest {
        forest,
        sources,
        places,
        tree_of,
    })
}

fn mode(word: &[u8]) -> Result<Option<Mode>, Refusal> {
    Ok(Some(match word {
        b"LEAF" => return Ok(None),
        b"BRANCH_LEQ" => Mode::Leq,
        b"BRANCH_LT" => Mode::Lt,
        b"BRANCH_GTE" => Mode::Gte,
        b"BRANCH_GT" => Mode::Gt,
        b"BRANCH_EQ" => Mode::Eq,
        b"BRANCH_NEQ" => Mode::Neq,
        other => {
            return Refusal::unsupported(format!(
                "nodes_modes with {:?}",
                String::from_utf8_lossy(other)
            ));
        }
    }))
}

/// The weights as they are listed: the place of their leaf in the file's lists, and themselves.
fn read_weights(
    attributes: &mut Attributes<'_>,
    kind: &Kind,
    forest: &ReadForest,
) -> Result<Vec<(usize, Weight)>, Refusal> {
    let name = |what: &str| format!("{}_{what}", kind.prefix);
    let trees = attributes.ints(&name("treeids"))?;
    let nodes = attributes.ints(&name("nodeids"))?;
    let sums = attributes.ints(&name("ids"))?;
    let values = attributes.floats(&name("weights"))?;
    for (what, length) in [
        ("nodeids", nodes.len()),
        ("ids", sums.len()),
        ("weights", values.len()),
    ] {
        if length != trees.len() {
            return Refusal::malformed(format!(
                "expected {} entries in {}, as many as in {}, found {length}",
                trees.len(),
                name(what),
                name("treeids")
            ));
        }
    }
    let mut listed = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        let at = (trees[place], nodes[place]);
        let Some(leaf) = forest.places.get(&at) else {
            return Refusal::malformed(format!(
                "expected node {} of tree {}, for which there is a weight, found none",
                at.1, at.0
            ));
        };
        if !matches!(forest.sources[*leaf], Source::Leaf) {
            return Refusal::unsupported(format!(
                "{} with a weight for a branch (node {} of tree {})",
                name("weights"),
                at.1,
                at.0
            ));
        }
        let sum = u32::try_from(sums[place])
            .ok()
            .filter(|sum| (*sum as usize) < kind.sums);
        let Some(sum) = sum else {
            return Refusal::malformed(format!(
                "expected {} below {}, found {}",
                name("ids"),
                kind.sums,
                sums[place]
            ));
        };
        listed.push((*leaf, Weight { sum, value: *value }));
    }
    Ok(listed)
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

    fn new(
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
