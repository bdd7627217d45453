"""Bundles whose anomaly detector fails on some records, in earnest: its score is not finite.

The detector is the default one with a tree more, whose leaf for very long messages is so large that the
score overflows, which every engine refuses. All other records, the golden samples among them, are judged
as before: the tree adds zero.
"""

import hashlib
import json
import shutil

import onnx
from cluster.maps import DEFAULT, MANIFEST, Bundle, digest

ANOMALY = "anomaly.onnx"
LENGTH_COLUMN = 0
"""`length_log` of src/features/numeric.rs: round(4 * log2(1 + bytes))."""
LENGTH_LIMIT = 50.5
"""Between 6,300 bytes and 6,400."""
FAILING_BYTES = 8000
TOO_MUCH = -3e38


def bundle(directory, version):
    """A good bundle that fails on long messages."""
    shutil.copytree(DEFAULT, directory)
    (directory / ANOMALY).write_bytes(with_a_bad_leaf((directory / ANOMALY).read_bytes()))
    rewrite(directory, version)
    return Bundle(directory, version, digest(directory))


def foreign(good, directory, version):
    """A bundle of a format that the program does not know: refused at once."""
    shutil.copytree(good.directory, directory)
    rewrite(directory, version, format=99)
    return Bundle(directory, version, digest(directory))


def rewrite(directory, version, **more):
    """Writes the manifest anew for the files as they are."""
    path = directory / MANIFEST
    manifest = json.loads(path.read_bytes()) | {"version": version} | more
    held = (directory / ANOMALY).read_bytes()
    manifest["files"][ANOMALY] = {"sha256": hashlib.sha256(held).hexdigest(), "size": len(held)}
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


def with_a_bad_leaf(graph):
    """The graph of an ensemble of trees with one more: length > limit ? too much : 0."""
    model = onnx.load_from_string(graph)
    (node,) = [node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor"]
    lists = {}
    for attribute in node.attribute:
        for field in ("ints", "floats", "strings"):
            if getattr(attribute, field):
                lists[attribute.name] = getattr(attribute, field)
    tree = max(lists["nodes_treeids"]) + 1
    rows = {
        "nodes_treeids": [tree] * 3,
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [LENGTH_COLUMN, 0, 0],
        "nodes_modes": [b"BRANCH_LEQ", b"LEAF", b"LEAF"],
        "nodes_values": [LENGTH_LIMIT, 0.0, 0.0],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "nodes_missing_value_tracks_true": [0] * 3,
        "nodes_hitrates": [1.0] * 3,
        "target_treeids": [tree] * 2,
        "target_nodeids": [1, 2],
        "target_ids": [0, 0],
        "target_weights": [0.0, TOO_MUCH],
    }
    for name, values in rows.items():
        if name in lists:
            lists[name].extend(values)
    return model.SerializeToString()
