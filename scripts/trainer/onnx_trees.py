"""Trees as arrays, and their form in ONNX: one operator for a whole ensemble."""

from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

OPSETS = (("", 17), ("ai.onnx.ml", 3))
IR_VERSION = 8


@dataclass
class Tree:
    """One tree in arrays of equal length; node 0 is the root, `left[i] < 0` marks a leaf.

    A row goes left where x < threshold (or x <= threshold, as the ensemble's mode says), and where
    x is missing and `missing_left` holds. `value` is what a leaf adds to output `target`.
    """

    left: list
    right: list
    feature: list
    threshold: list
    missing_left: list
    value: list
    target: int


def used_columns(trees):
    """Columns that some split reads, ascending."""
    return sorted(
        {f for tree in trees for f, left in zip(tree.feature, tree.left, strict=True) if left >= 0}
    )


def node_attributes(trees, mode, columns):
    """The `nodes_*` attributes; columns maps a tree's feature to the model's input column."""
    names = (
        "treeids",
        "nodeids",
        "featureids",
        "values",
        "modes",
        "truenodeids",
        "falsenodeids",
        "missing_value_tracks_true",
    )
    lists = {name: [] for name in names}
    for number, tree in enumerate(trees):
        for node, left in enumerate(tree.left):
            branch = left >= 0
            lists["treeids"].append(number)
            lists["nodeids"].append(node)
            lists["featureids"].append(columns[tree.feature[node]] if branch else 0)
            lists["values"].append(float(tree.threshold[node]) if branch else 0.0)
            lists["modes"].append(mode if branch else "LEAF")
            lists["truenodeids"].append(left if branch else 0)
            lists["falsenodeids"].append(tree.right[node] if branch else 0)
            tracks = branch and tree.missing_left[node]
            lists["missing_value_tracks_true"].append(int(tracks))
    return {f"nodes_{name}": values for name, values in lists.items()}


def leaf_attributes(trees, prefix):
    """The `class_*` or `target_*` attributes: one entry a leaf."""
    leaves = [
        (number, node, tree.target, float(tree.value[node]))
        for number, tree in enumerate(trees)
        for node, left in enumerate(tree.left)
        if left < 0
    ]
    names = ("treeids", "nodeids", "ids", "weights")
    return {
        f"{prefix}_{name}": list(values)
        for name, values in zip(names, zip(*leaves, strict=True), strict=False)
    }


MODEL_VERSION = 1
"""Of the graphs' form: inputs, outputs and what they mean."""


def model(name, nodes, outputs, width, initialisers, metadata):
    """A checked ModelProto with input "features" float[N, width].

    outputs: (name, element type, shape) each.
    """
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", width])
    made = [helper.make_tensor_value_info(*output) for output in outputs]
    graph = helper.make_graph(nodes, name, [features], made, initialisers)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    proto = helper.make_model(
        graph,
        opset_imports=opsets,
        ir_version=IR_VERSION,
        producer_name="logtriage trainer",
        model_version=MODEL_VERSION,
    )
    helper.set_model_props(proto, {key: str(metadata[key]) for key in sorted(metadata)})
    onnx.checker.check_model(proto)
    return proto


def to_bytes(proto):
    """The file, the same for equal models."""
    return proto.SerializeToString(deterministic=True)
