//! What no engine may run, found before any engine is asked: trees that go in circles or point to
//! nothing, numbers that are none, and data in files that no digest covers.
//!
//! The native engine refuses all of it while it reads a graph. ONNX Runtime 1.31 takes a tree whose true
//! branch leads back to a node above it, and then never comes back from the first row that goes there;
//! it takes leaves that are NaN, and fails on the rows that meet them.

use prost::Message;
use prost::bytes::Bytes;
use rustc_hash::FxHashMap;

use super::proto::{self, Tensor, data_type};
use super::refusal::Refusal;

/// Deepest nesting of graphs that is followed.
const DEEPEST: usize = 8;

/// Refuses a file of which no engine should see anything.
///
/// # Errors
/// Where it is no ONNX file, or one of its tree ensembles is not sound. `input` and `width` are the
/// graph's input and its columns.
pub fn check(file: Bytes, input: &str, width: usize) -> Result<(), Refusal> {
    let model = proto::Model::decode(file)
        .map_err(|error| Refusal::Malformed(format!("not an ONNX file: {error}")))?;
    if let Some(graph) = &model.graph {
        graph.initializer.iter().try_for_each(held)?;
        nodes(&graph.node, Some((input, width)), 0)?;
    }
    for function in &model.functions {
        let function = proto::Function::decode(function.clone())
            .map_err(|error| Refusal::Malformed(format!("not an ONNX function: {error}")))?;
        nodes(&function.node, None, 0)?;
    }
    Ok(())
}

fn nodes(list: &[proto::Node], input: Option<(&str, usize)>, depth: usize) -> Result<(), Refusal> {
    for node in list {
        match node.op_type.as_str() {
            "TreeEnsembleClassifier" | "TreeEnsembleRegressor" => listed_trees(node)?,
            "TreeEnsemble" => indexed_trees(node)?,
            _ => {}
        }
        if let Some((name, width)) = input
            && node.op_type.starts_with("TreeEnsemble")
            && node.input.first().is_some_and(|first| first == name)
        {
            columns(node, width)?;
        }
        for attribute in &node.attribute {
            attribute.t.iter().try_for_each(held)?;
            for graph in attribute.graph.iter().chain(&attribute.graphs) {
                if depth == DEEPEST {
                    return Refusal::malformed(format!(
                        "expected graphs nested {DEEPEST} deep at most, found more"
                    ));
                }
                let graph = proto::Graph::decode(graph.clone())
                    .map_err(|error| Refusal::Malformed(format!("not an ONNX graph: {error}")))?;
                graph.initializer.iter().try_for_each(held)?;
                nodes(&graph.node, None, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// Refuses a tensor whose data lies elsewhere: the bundle's digests say nothing of it.
fn held(tensor: &Tensor) -> Result<(), Refusal> {
    if tensor.data_location == 0 {
        return Ok(());
    }
    Refusal::malformed(format!(
        "expected all data in the graph itself, found the tensor {:?} in another file",
        tensor.name
    ))
}

/// The older two operators: nodes and leaves in one list, named by tree and number.
fn listed_trees(node: &proto::Node) -> Result<(), Refusal> {
    let of = Named(node);
    let (trees, ids) = (of.ints("nodes_treeids"), of.ints("nodes_nodeids"));
    let (on_true, on_false) = (of.ints("nodes_truenodeids"), of.ints("nodes_falsenodeids"));
    let modes = of.strings("nodes_modes");
    for (name, length) in [
        ("nodes_nodeids", ids.len()),
        ("nodes_truenodeids", on_true.len()),
        ("nodes_falsenodeids", on_false.len()),
        ("nodes_modes", modes.len()),
    ] {
        same_length(name, trees.len(), length)?;
    }
    let splits = |place: usize| modes[place] != b"LEAF".as_slice();
    let mut places = FxHashMap::default();
    for (place, key) in trees.iter().zip(ids).enumerate() {
        if places.insert(key, place).is_some() {
            let (tree, id) = key;
            return Refusal::malformed(format!(
                "expected each node once, found node {id} of tree {tree} twice"
            ));
        }
    }
    let child = |place: usize, id: i64| {
        let tree = trees[place];
        places.get(&(&tree, &id)).copied().ok_or_else(|| {
            Refusal::Malformed(format!(
                "expected node {id} of tree {tree}, to which node {} points, found none",
                ids[place]
            ))
        })
    };
    let mut children = vec![[None; 2]; trees.len()];
    for place in (0..trees.len()).filter(|place| splits(*place)) {
        children[place] = [
            Some(child(place, on_true[place])?),
            Some(child(place, on_false[place])?),
        ];
    }
    no_circle(&children)?;
    let thresholds = of.floats("nodes_values").iter().enumerate();
    let of_splits = thresholds.filter(|(place, _)| *place < modes.len() && splits(*place));
    numbers("nodes_values", of_splits.map(|(_, value)| *value))?;
    for name in ["target_weights", "class_weights", "base_values"] {
        finite(name, of.floats(name).iter().copied())?;
        let name = format!("{name}_as_tensor");
        of.tensor(&name)
            .map_or(Ok(()), |tensor| finite(&name, values(tensor)))?;
    }
    Ok(())
}

/// The newer operator: splits in one list, leaves in another, both by their places.
fn indexed_trees(node: &proto::Node) -> Result<(), Refusal> {
    let of = Named(node);
    let on_true = of.ints("nodes_truenodeids");
    let sides = [
        (on_true, of.ints("nodes_trueleafs")),
        (of.ints("nodes_falsenodeids"), of.ints("nodes_falseleafs")),
    ];
    let leaves = of.ints("leaf_targetids").len();
    let splits = on_true.len();
    let mut children = vec![[None; 2]; splits];
    for (side, (ids, leafs)) in sides.into_iter().enumerate() {
        same_length("nodes_falsenodeids", splits, ids.len())?;
        same_length("nodes_trueleafs or nodes_falseleafs", splits, leafs.len())?;
        for (place, (id, leaf)) in ids.iter().zip(leafs).enumerate() {
            let (of, what) = if *leaf == 0 {
                (splits, "split")
            } else {
                (leaves, "leaf")
            };
            let Some(found) = usize::try_from(*id).ok().filter(|id| *id < of) else {
                return Refusal::malformed(format!(
                    "expected {what} {id}, to which split {place} points, found {of} of them"
                ));
            };
            // A tree that is one leaf is written as a split with that leaf on both sides.
            children[place][side] = (*leaf == 0).then_some(found);
        }
    }
    no_circle(&children)?;
    for name in ["nodes_splits", "leaf_weights"] {
        let Some(tensor) = of.tensor(name) else {
            continue;
        };
        if name == "nodes_splits" {
            numbers(name, values(tensor))?;
        } else {
            finite(name, values(tensor))?;
        }
    }
    Ok(())
}

/// Takes nodes away once all that point to them are; what is left over stands in a circle.
fn no_circle(children: &[[Option<usize>; 2]]) -> Result<(), Refusal> {
    let mut parents = vec![0usize; children.len()];
    for child in children.iter().flatten().flatten() {
        parents[*child] += 1;
    }
    let mut free: Vec<usize> = (0..children.len()).filter(|n| parents[*n] == 0).collect();
    let mut taken = 0;
    while let Some(node) = free.pop() {
        taken += 1;
        for child in children[node].iter().flatten() {
            parents[*child] -= 1;
            if parents[*child] == 0 {
                free.push(*child);
            }
        }
    }
    if taken == children.len() {
        return Ok(());
    }
    Refusal::malformed(format!(
        "expected trees, found a circle among {} nodes",
        children.len() - taken
    ))
}

fn columns(node: &proto::Node, width: usize) -> Result<(), Refusal> {
    let of = Named(node);
    let modes = of.strings("nodes_modes");
    let columns = of.ints("nodes_featureids").iter().enumerate();
    let of_splits = columns.filter(|(place, _)| {
        modes
            .get(*place)
            .is_none_or(|mode| *mode != b"LEAF".as_slice())
    });
    for (_, column) in of_splits {
        if !usize::try_from(*column).is_ok_and(|column| column < width) {
            return Refusal::malformed(format!(
                "expected columns below {width} in nodes_featureids, found {column}"
            ));
        }
    }
    Ok(())
}

/// A node's attributes by name; what is not there is empty.
struct Named<'a>(&'a proto::Node);

impl<'a> Named<'a> {
    fn find(&self, name: &str) -> Option<&'a proto::Attribute> {
        self.0.attribute.iter().find(|a| a.name == name)
    }

    fn ints(&self, name: &str) -> &'a [i64] {
        self.find(name).map_or(&[], |a| &a.ints)
    }

    fn floats(&self, name: &str) -> &'a [f32] {
        self.find(name).map_or(&[], |a| &a.floats)
    }

    fn strings(&self, name: &str) -> &'a [Bytes] {
        self.find(name).map_or(&[], |a| &a.strings)
    }

    fn tensor(&self, name: &str) -> Option<&'a Tensor> {
        self.find(name).and_then(|a| a.t.as_ref())
    }
}

/// The numbers of a tensor of floats, wherever it has them, as float32: what is finite stays finite
/// enough to be told from what is not.
fn values(tensor: &Tensor) -> impl Iterator<Item = f32> {
    let singles = tensor.data_type == data_type::FLOAT;
    let doubles = tensor.data_type == data_type::DOUBLE;
    let raw = |on: bool| if on { &tensor.raw_data[..] } else { &[] };
    let (fours, _) = raw(singles).as_chunks::<4>();
    let (eights, _) = raw(doubles).as_chunks::<8>();
    let told = |value: f64| if value.is_finite() { 0.0 } else { value as f32 };
    let listed = tensor.float_data.iter().copied();
    listed
        .chain(fours.iter().map(|bytes| f32::from_le_bytes(*bytes)))
        .chain(tensor.double_data.iter().map(move |value| told(*value)))
        .chain(eights.iter().map(move |b| told(f64::from_le_bytes(*b))))
}

/// Refuses what is no number. A threshold without an end is odd, and means what it says.
pub(super) fn numbers(name: &str, values: impl IntoIterator<Item = f32>) -> Result<(), Refusal> {
    refuse_any(name, "numbers", values, f32::is_nan)
}

/// Refuses what no sum survives.
pub(super) fn finite(name: &str, values: impl IntoIterator<Item = f32>) -> Result<(), Refusal> {
    refuse_any(name, "finite numbers", values, |value| !value.is_finite())
}

fn refuse_any(
    name: &str,
    expected: &str,
    values: impl IntoIterator<Item = f32>,
    bad: impl Fn(f32) -> bool,
) -> Result<(), Refusal> {
    match values.into_iter().find(|value| bad(*value)) {
        None => Ok(()),
        Some(value) => Refusal::malformed(format!("expected {expected} in {name}, found {value}")),
    }
}

fn same_length(name: &str, expected: usize, found: usize) -> Result<(), Refusal> {
    if expected == found {
        return Ok(());
    }
    Refusal::malformed(format!(
        "expected {expected} entries in {name}, one a node, found {found}"
    ))
}
