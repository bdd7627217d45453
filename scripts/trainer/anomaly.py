"""The anomaly detector: StandardScaler and IsolationForest over numeric features, folded into one
ONNX operator.

    score = -2^(-E / c(m)),  E = mean over trees of (depth of the leaf + c(n_leaf))

m is the number of samples a tree was grown on, n_leaf how many of them ended in the leaf, and c(n)
the mean path length of an unsuccessful search in a binary tree of n keys.
"""

import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

from trainer import onnx_trees
from trainer.onnx_trees import Tree

TREES = 200
SAMPLES = 256
SEED = 20261122


def train(matrix):
    """(scaler, forest) fitted to float64 [N, n_numeric]."""
    scaler = StandardScaler().fit(matrix)
    forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLES, random_state=SEED, n_jobs=1)
    return scaler, forest.fit(scaler.transform(matrix))


def scores(scaler, forest, matrix):
    """scikit-learn's own score_samples, float64 [N]; lower is stranger."""
    return forest.score_samples(scaler.transform(matrix))


def mean_path(n):
    """c(n): 0 for one key, 1 for two, else 2 (ln(n-1) + gamma) - 2 (n-1)/n."""
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return 2.0 * (math.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n


def goes_left(value, mean, scale, threshold):
    """Where scikit-learn sends a whole number: it scales in float64, casts to float32, and compares
    with a float64 threshold by <=."""
    return float(np.float32((float(value) - mean) / scale)) <= threshold


def fold_threshold(mean, scale, threshold):
    """A threshold on the unscaled feature that parts all whole numbers as the scaled one does.

    It lies half way between the last whole number that goes left and the first that goes right, so
    neither rounding nor the width of the float can move a row across it.
    """
    last = math.floor(threshold * scale + mean)
    while goes_left(last + 1, mean, scale, threshold):
        last += 1
    while not goes_left(last, mean, scale, threshold):
        last -= 1
    return last + 0.5


def depths(left, right):
    """Number of edges from the root to each node."""
    depth = [0] * len(left)
    for node, child in enumerate(left):
        if child >= 0:
            depth[child] = depth[right[node]] = depth[node] + 1
    return depth


def read_tree(tree, scaler):
    """One isolation tree over unscaled features; a leaf is worth (depth + c(n_leaf)) / TREES."""
    left, right = tree.children_left.tolist(), tree.children_right.tolist()
    feature = [max(f, 0) for f in tree.feature.tolist()]
    depth = depths(left, right)
    threshold = [
        fold_threshold(float(scaler.mean_[f]), float(scaler.scale_[f]), value)
        if child >= 0
        else 0.0
        for f, value, child in zip(feature, tree.threshold.tolist(), left, strict=True)
    ]
    value = [
        (d + mean_path(int(n))) / TREES for d, n in zip(depth, tree.n_node_samples, strict=True)
    ]
    return Tree(left, right, feature, threshold, [False] * len(left), value, 0)


def read_forest(scaler, forest):
    """All trees of a forest that uses every feature in every tree."""
    every = np.arange(forest.n_features_in_)
    if any(not np.array_equal(used, every) for used in forest.estimators_features_):
        raise ValueError("expected trees over all features (max_features=1.0)")
    return [read_tree(estimator.tree_, scaler) for estimator in forest.estimators_]


def export(scaler, forest, metadata):
    """The ONNX file: sum of leaves, times -ln 2 / c(m), exponential, negated."""
    trees = read_forest(scaler, forest)
    width = forest.n_features_in_
    places = {column: column for column in range(width)}
    factor = np.float32(-math.log(2.0) / mean_path(forest.max_samples_))
    nodes = [
        helper.make_node(
            "TreeEnsembleRegressor",
            ["features"],
            ["path"],
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function="SUM",
            post_transform="NONE",
            **onnx_trees.node_attributes(trees, "BRANCH_LEQ", places),
            **onnx_trees.leaf_attributes(trees, "target"),
        ),
        helper.make_node("Mul", ["path", "factor"], ["exponent"]),
        helper.make_node("Exp", ["exponent"], ["strangeness"]),
        helper.make_node("Neg", ["strangeness"], ["score"]),
    ]
    initialisers = [numpy_helper.from_array(np.array([factor], np.float32), "factor")]
    outputs = [("score", TensorProto.FLOAT, ["N", 1])]
    return onnx_trees.to_bytes(
        onnx_trees.model("anomaly", nodes, outputs, width, initialisers, metadata)
    )
