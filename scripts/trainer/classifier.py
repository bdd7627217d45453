"""The classifier: a committee of XGBoost's trees and a linear model over tf-idf rows, and its export.

Absent columns are missing values to the trees, in training and in the export: XGBoost reads a SciPy CSR
matrix so. To the linear model they are zeros, which an Imputer makes of them in the graph.
"""

import json
from dataclasses import dataclass

import numpy as np
import onnxruntime
import xgboost
from onnx import TensorProto, helper
from scipy.special import softmax

from trainer import linear, onnx_trees
from trainer.common import LABELS
from trainer.onnx_trees import Tree

ROUNDS = 100
PARAMETERS = {
    "objective": "multi:softprob",
    "num_class": len(LABELS),
    "base_score": 0.0,
    "tree_method": "hist",
    "max_bin": 16,
    "max_depth": 6,
    "eta": 0.3,
    "min_child_weight": 2.0,
    "lambda": 1.0,
    "subsample": 1.0,
    "colsample_bytree": 0.5,
    "seed": 20261122,
    "nthread": 1,
}
"""One thread sums in one order: the same trees from the same inputs."""


def train(rows, labels, weights, parameters=None, rounds=ROUNDS):
    """A booster. rows: CSR float32 [N, V]; labels: int [N]; weights: float [N]."""
    data = xgboost.DMatrix(rows, label=labels, weight=weights, nthread=PARAMETERS["nthread"])
    made = xgboost.train({**PARAMETERS, **(parameters or {})}, data, num_boost_round=rounds)
    return centre_thresholds(made, rows)


def centre_thresholds(booster, rows):
    """The booster with each threshold half way between the two values of the training data that it parts.

    Histograms put thresholds on values that occur, where a rounding could move a row to the other side.
    """
    columns = rows.tocsc()
    occurring = [
        np.unique(columns.data[start:end])
        for start, end in zip(columns.indptr, columns.indptr[1:], strict=False)
    ]
    model = json.loads(booster.save_raw(raw_format="json"))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for node, left in enumerate(tree["left_children"]):
            if left >= 0:
                values = occurring[tree["split_indices"][node]]
                threshold = np.float32(tree["split_conditions"][node])
                tree["split_conditions"][node] = float(centred(values, threshold))
    made = xgboost.Booster()
    made.load_model(bytearray(json.dumps(model).encode("utf-8")))
    return made


def centred(values, threshold):
    """A float32 that parts the ascending values (x < threshold) as the threshold does, half way between
    two of them, or between the first and zero."""
    place = int(np.searchsorted(values, threshold, side="left"))
    if place == len(values):
        return threshold
    below = values[place - 1] if place else np.float32(0)
    middle = np.float32((np.float64(below) + np.float64(values[place])) / 2)
    return middle if middle > below else threshold


def probabilities(booster, rows):
    """XGBoost's own predictions, float32 [N, 4]."""
    return booster.predict(xgboost.DMatrix(rows, nthread=PARAMETERS["nthread"]))


def read_booster(booster):
    """(trees, base score per class) out of the booster's own JSON."""
    data = json.loads(booster.save_raw(raw_format="json"))["learner"]
    base = np.array(json.loads(data["learner_model_param"]["base_score"]), np.float32).ravel()
    inner = data["gradient_booster"]["model"]
    trees = [
        read_tree(tree, target)
        for tree, target in zip(inner["trees"], inner["tree_info"], strict=True)
    ]
    return trees, np.broadcast_to(base, len(LABELS))


def read_tree(tree, target):
    """One tree. XGBoost keeps a leaf's value in the place of its threshold."""
    conditions = [float(np.float32(value)) for value in tree["split_conditions"]]
    return Tree(
        left=tree["left_children"],
        right=tree["right_children"],
        feature=tree["split_indices"],
        threshold=conditions,
        missing_left=[bool(value) for value in tree["default_left"]],
        value=conditions,
        target=target,
    )


def export(booster, metadata):
    """(ONNX file, used columns of the vocabulary, ascending) of a booster alone.

    probabilities = softmax(base + sum of leaves), a row going left where x < threshold.
    """
    trees, base = read_booster(booster)
    columns = onnx_trees.used_columns(trees)
    places = {column: place for place, column in enumerate(columns)}
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["features"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        post_transform="SOFTMAX",
        classlabels_int64s=list(range(len(LABELS))),
        base_values=[float(value) for value in base],
        **onnx_trees.node_attributes(trees, "BRANCH_LT", places),
        **onnx_trees.leaf_attributes(trees, "class"),
    )
    outputs = [
        ("label", TensorProto.INT64, ["N"]),
        ("probabilities", TensorProto.FLOAT, ["N", len(LABELS)]),
    ]
    proto = onnx_trees.model("classifier", [node], outputs, len(columns), [], metadata)
    return onnx_trees.to_bytes(proto), columns


TREES_SHARE = 0.5
"""What the trees' margins count in the committee; a power of two, so that no leaf is rounded."""


@dataclass(frozen=True)
class Committee:
    """Both halves over the same columns: probabilities = softmax(share * trees + linear)."""

    booster: object
    linear: object

    def probabilities(self, rows):
        """float64 [N, 4], of the libraries' own predictions for CSR rows."""
        data = xgboost.DMatrix(rows, nthread=PARAMETERS["nthread"])
        margins = self.booster.predict(data, output_margin=True).astype(np.float64)
        return softmax(TREES_SHARE * margins + self.linear.scores(rows), axis=1)


def train_committee(rows, labels, weights):
    """Both halves, fitted apart."""
    half = linear.train(rows, labels, weights, 1.0 - TREES_SHARE)
    return Committee(train(rows, labels, weights), half)


def export_committee(committee, width, metadata):
    """The ONNX file over `width` columns."""
    trees, base = read_booster(committee.booster)
    every = {column: column for column in range(width)}
    leaves = onnx_trees.leaf_attributes(trees, "target")
    leaves["target_weights"] = [TREES_SHARE * value for value in leaves["target_weights"]]
    nodes = [
        helper.make_node(
            "Imputer",
            ["features"],
            ["filled"],
            domain="ai.onnx.ml",
            imputed_value_floats=[0.0],
            replaced_value_float=float("nan"),
        ),
        helper.make_node(
            "LinearRegressor",
            ["filled"],
            ["linear"],
            domain="ai.onnx.ml",
            targets=len(LABELS),
            coefficients=committee.linear.factors.ravel().tolist(),
            intercepts=committee.linear.intercepts.tolist(),
        ),
        helper.make_node(
            "TreeEnsembleRegressor",
            ["features"],
            ["trees"],
            domain="ai.onnx.ml",
            n_targets=len(LABELS),
            aggregate_function="SUM",
            post_transform="NONE",
            base_values=[TREES_SHARE * float(value) for value in base],
            **onnx_trees.node_attributes(trees, "BRANCH_LT", every),
            **leaves,
        ),
        helper.make_node("Add", ["trees", "linear"], ["margins"]),
        helper.make_node("Softmax", ["margins"], ["probabilities"], axis=1),
    ]
    outputs = [("probabilities", TensorProto.FLOAT, ["N", len(LABELS)])]
    proto = onnx_trees.model("classifier", nodes, outputs, width, [], metadata)
    return onnx_trees.to_bytes(proto)


def dense(rows, columns):
    """float32 [N, len(columns)] of CSR rows, NaN where a value is absent."""
    picked = rows[:, columns].tocoo()
    matrix = np.full(picked.shape, np.nan, np.float32)
    matrix[picked.row, picked.col] = picked.data
    return matrix


def run_onnx(model, matrix, name):
    """One output of an ONNX file over a matrix."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )
    return session.run([name], {"features": np.ascontiguousarray(matrix, np.float32)})[0]
