"""What rounding the models' numbers would give and cost.

Thresholds and leaf values of both graphs are rounded so that their order is kept: to float16, or to
one byte, which names a level of a table (256 levels a column for thresholds, 256 for leaves). The
graphs stay ONNX files with float32 attributes, so every engine runs them; the rounded copies are
served in a bundle with digests made anew, and their verdicts compared with those of the original.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import zstandard
from trainer import votes
from trainer.common import digest_bytes

from benchmark.program import BINARY, ROOT

BUNDLE = ROOT / "bundles/default"
LINES = ROOT / "tests/data/parity.jsonl.zst"
GRAPHS = ("classifier.onnx", "anomaly.onnx")
LEVELS = 256
PREDICTED = ("probabilities", "calibrated", "anomaly")


def to_float16(values):
    """The nearest float16 of each value, as float32. Rounding to the nearest keeps the order."""
    return values.astype(np.float16).astype(np.float32)


def to_levels(values, levels=LEVELS):
    """Each value as the nearest of at most `levels` levels: the values themselves where they are so
    few, else evenly spaced quantiles of the distinct ones. The nearest of sorted levels keeps the
    order."""
    distinct = np.unique(values)
    if len(distinct) > levels:
        places = np.round(np.linspace(0, len(distinct) - 1, levels)).astype(int)
        table = distinct[places]
    else:
        table = distinct
    right = np.searchsorted(table, values).clip(0, len(table) - 1)
    left = (right - 1).clip(0)
    nearer_left = np.abs(values - table[left]) <= np.abs(values - table[right])
    return np.where(nearer_left, table[left], table[right]).astype(np.float32)


def by_column(values, columns, round_values):
    """Values rounded column by column."""
    rounded = values.copy()
    for column in np.unique(columns):
        here = columns == column
        rounded[here] = round_values(values[here])
    return rounded


def rounded_graph(data, round_values):
    """A graph with the thresholds and leaf values of its tree ensemble rounded.

    The `nodes_values` of leaves are not read by anything and stay.
    """
    model = onnx.load_model_from_string(data)
    for node in model.graph.node:
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if "nodes_values" not in attributes:
            continue
        thresholds = attributes["nodes_values"]
        values = np.array(thresholds.floats, dtype=np.float32)
        branches = np.array([mode != b"LEAF" for mode in attributes["nodes_modes"].strings])
        columns = np.array(attributes["nodes_featureids"].ints)
        values[branches] = by_column(values[branches], columns[branches], round_values)
        thresholds.floats[:] = values.tolist()
        leaves = attributes.get("class_weights") or attributes["target_weights"]
        leaves.floats[:] = round_values(np.array(leaves.floats, dtype=np.float32)).tolist()
    return model.SerializeToString(deterministic=True)


FORMS = (
    ("float32", None),
    ("float16", to_float16),
    ("8 bits, 256 levels", to_levels),
)


def write_bundle(directory, graphs):
    """A copy of the default bundle with other graphs, and digests that agree with them."""
    shutil.copytree(BUNDLE, directory)
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    for name, data in graphs.items():
        (directory / name).write_bytes(data)
        manifest["files"][name] = {"sha256": digest_bytes(data), "size": len(data)}
    (directory / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def records():
    """The records of the parity file, without what was predicted of them."""
    text = zstandard.ZstdDecompressor().decompress(LINES.read_bytes(), max_output_size=2**28)
    rows = [json.loads(line) for line in text.decode("utf-8").split("\n") if line]
    return [{k: v for k, v in row.items() if k not in PREDICTED} for row in rows[1:]]


def compare(judged, original):
    """How verdicts differ from the original's."""
    differences = [
        max(abs(a - b) for a, b in zip(new.scores, old.scores, strict=True))
        for new, old in zip(judged, original, strict=True)
    ]
    pairs = list(zip(judged, original, strict=True))
    return {
        "decisions_changed": sum(new.category != old.category for new, old in pairs),
        "forward_changed": sum(
            new.verdict["forward"] != old.verdict["forward"] for new, old in pairs
        ),
        "scores_changed": sum(difference > 0 for difference in differences),
        "largest_difference": max(differences),
    }


def measure():
    """Sizes and changed verdicts of each form."""
    lines = records()
    original, forms, nodes = None, [], 0
    for form, round_values in FORMS:
        graphs = {name: (BUNDLE / name).read_bytes() for name in GRAPHS}
        if round_values:
            graphs = {name: rounded_graph(data, round_values) for name, data in graphs.items()}
        else:
            nodes = sum(map(count_nodes, graphs.values()))
        with tempfile.TemporaryDirectory(prefix="logtriage-quantise-") as folder:
            bundle = Path(folder) / "bundle"
            write_bundle(bundle, graphs)
            judged = votes.judge(BINARY, bundle, lines)
        original = original or judged
        packed = {
            name: len(zstandard.ZstdCompressor(level=19).compress(data))
            for name, data in graphs.items()
        }
        forms.append(
            {
                "form": form,
                "packed": packed,
                "packed_bytes": sum(packed.values()),
                **compare(judged, original),
            }
        )
    return {"lines": len(lines), "nodes": nodes, "forms": forms}


def count_nodes(data):
    """Nodes of all trees of a graph."""
    model = onnx.load_model_from_string(data)
    attributes = [a for node in model.graph.node for a in node.attribute]
    return sum(len(a.floats) for a in attributes if a.name == "nodes_values")
