//! TreeEnsembleClassifier and TreeEnsembleRegressor (ai.onnx.ml 1 to 3, float32): attributes become a
//! forest, the weights of its leaves, and what is done with their sums.

use prost::bytes::Bytes;
use rustc_hash::FxHashMap;

use super::attributes::Attributes;
use super::finish::{Aggregate, Finish, Transform};
use super::forest::{Forest, MOST_COLUMNS, Mode, Source};
use super::leaves::{Leaves, Weight};
use super::proto;
use super::refusal::Refusal;
use super::sound;

/// No ensemble of a bundle is larger; it bounds what a small damaged file can make the engine do.
const MOST_NODES: usize = 1 << 26;

/// One operator, ready to be walked.
#[derive(Debug)]
pub(super) struct Ensemble {
    pub(super) forest: Forest,
    pub(super) leaves: Leaves,
    pub(super) finish: Finish,
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
        sound::finite("base_values", base.iter().copied())?;
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
pub(super) struct ReadForest {
    pub(super) forest: Forest,
    sources: Vec<Source>,
    /// Place in the file's lists by (tree, node).
    places: FxHashMap<(i64, i64), usize>,
    /// Tree in the forest by place in the file's lists.
    pub(super) tree_of: Vec<u32>,
}

/// The lists that describe the nodes, all of one length but the last, which may be empty.
struct NodeLists<'a> {
    trees: &'a [i64],
    ids: &'a [i64],
    columns: &'a [i64],
    values: &'a [f32],
    modes: &'a [Bytes],
    on_true: &'a [i64],
    on_false: &'a [i64],
    missing: &'a [i64],
}

impl<'a> NodeLists<'a> {
    fn read(attributes: &mut Attributes<'a>) -> Result<NodeLists<'a>, Refusal> {
        attributes.ignore("nodes_hitrates");
        let lists = NodeLists {
            trees: attributes.ints("nodes_treeids")?,
            ids: attributes.ints("nodes_nodeids")?,
            columns: attributes.ints("nodes_featureids")?,
            values: attributes.floats("nodes_values")?,
            modes: attributes.strings("nodes_modes")?,
            on_true: attributes.ints("nodes_truenodeids")?,
            on_false: attributes.ints("nodes_falsenodeids")?,
            missing: attributes.ints("nodes_missing_value_tracks_true")?,
        };
        lists.check_lengths()?;
        Ok(lists)
    }

    fn check_lengths(&self) -> Result<(), Refusal> {
        let count = self.trees.len();
        let lengths = [
            ("nodes_nodeids", self.ids.len()),
            ("nodes_featureids", self.columns.len()),
            ("nodes_values", self.values.len()),
            ("nodes_modes", self.modes.len()),
            ("nodes_truenodeids", self.on_true.len()),
            ("nodes_falsenodeids", self.on_false.len()),
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
        if !self.missing.is_empty() && self.missing.len() != count {
            return Refusal::malformed(format!(
                "expected {count} entries or none in nodes_missing_value_tracks_true, found {}",
                self.missing.len()
            ));
        }
        Ok(())
    }

    /// Place of each node in the lists, by (tree, node).
    fn places(&self) -> Result<FxHashMap<(i64, i64), usize>, Refusal> {
        let mut places = FxHashMap::default();
        for (place, (tree, id)) in self.trees.iter().zip(self.ids).enumerate() {
            if places.insert((*tree, *id), place).is_some() {
                return Refusal::malformed(format!(
                    "expected each node once, found node {id} of tree {tree} twice"
                ));
            }
        }
        Ok(places)
    }

    /// One node, its children found and its column below `width`.
    fn source(
        &self,
        place: usize,
        places: &FxHashMap<(i64, i64), usize>,
        width: usize,
    ) -> Result<Source, Refusal> {
        let Some(mode) = mode(&self.modes[place])? else {
            return Ok(Source::Leaf);
        };
        let tree = self.trees[place];
        let child = |id: i64| {
            places.get(&(tree, id)).copied().ok_or_else(|| {
                Refusal::Malformed(format!(
                    "expected node {id} of tree {tree}, to which node {} points, found none",
                    self.ids[place]
                ))
            })
        };
        let column = u32::try_from(self.columns[place])
            .ok()
            .filter(|column| (*column as usize) < width);
        let Some(column) = column else {
            return Refusal::malformed(format!(
                "expected columns below {width} in nodes_featureids, found {}",
                self.columns[place]
            ));
        };
        let missing_is_true = match self.missing.get(place) {
            None | Some(0) => false,
            Some(1) => true,
            Some(other) => {
                return Refusal::unsupported(format!(
                    "nodes_missing_value_tracks_true with {other}"
                ));
            }
        };
        sound::numbers("nodes_values", [self.values[place]])?;
        Ok(Source::Split {
            mode,
            column,
            threshold: self.values[place],
            missing_is_true,
            on_true: child(self.on_true[place])?,
            on_false: child(self.on_false[place])?,
        })
    }
}

fn read_forest(attributes: &mut Attributes<'_>, width: usize) -> Result<ReadForest, Refusal> {
    let lists = NodeLists::read(attributes)?;
    let places = lists.places()?;
    let sources = (0..lists.trees.len()).map(|place| lists.source(place, &places, width));
    let sources = sources.collect::<Result<Vec<Source>, Refusal>>()?;
    plant(lists.trees, sources, places)
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
    sound::finite(&name("weights"), values.iter().copied())?;
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
