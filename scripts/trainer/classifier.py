"""The classifier: XGBoost over tf-idf rows, and its export to one ONNX operator.

Absent columns are missing values, in training and in the export: XGBoost reads a SciPy CSR matrix so.
"""

import json

import numpy as np
import onnxruntime
import xgboost
from onnx import TensorProto, helper

from trainer import onnx_trees
from trainer.common import LABELS
from trainer.onnx_trees import Tree

ROUNDS = 100
PARAMETERS = {
    "objective": "multi:softprob",
    "num_class": len(LABELS),
    "base_score": 0.0,
    "tree_method": "exact",
    "max_depth": 6,
    "eta": 0.2,
    "min_child_weight": 2.0,
    "lambda": 1.0,
    "subsample": 1.0,
    "colsample_bytree": 0.5,
    "seed": 20261122,
    "nthread": 1,
}
"""The exact method puts thresholds half way between values that occur, so no value of the training
data lies on one. One thread sums in one order: the same trees from the same inputs."""


def train(rows, labels, weights, parameters=None, rounds=ROUNDS):
    """A booster. rows: CSR float32 [N, V]; labels: int [N]; weights: float [N]."""
    data = xgboost.DMatrix(rows, label=labels, weight=weights, nthread=PARAMETERS["nthread"])
    return xgboost.train({**PARAMETERS, **(parameters or {})}, data, num_boost_round=rounds)


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
    """(ONNX file, used columns of the vocabulary, ascending).

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
