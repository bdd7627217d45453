"""Writes tests/data/engines/*.onnx: small models as the exporters of the usual tree libraries emit them.

The Rust tests run each of them on both engines. Run it from the top of the repository, in an
environment with scripts/requirements-fixtures.txt (make engine-fixtures does both):

    python scripts/engine_fixtures.py [DIRECTORY]
"""

import sys
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxmltools
import xgboost
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType as FloatsForOnnxmltools
from skl2onnx import to_onnx
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier

SEED = 7
WIDTH = 5
OPSET = 15


def samples():
    """Rows, two classes, four classes, a number; some values are missing in the second matrix."""
    random = np.random.default_rng(SEED)
    rows = random.normal(size=(300, WIDTH)).astype(np.float32)
    score = rows[:, 0] + 0.7 * rows[:, 1] * rows[:, 2] - 0.3 * rows[:, 3]
    two = (score > 0).astype(np.int64)
    four = np.digitize(score, [-0.8, 0.0, 0.8]).astype(np.int64)
    gaps = rows.copy()
    gaps[random.random(rows.shape) < 0.2] = np.nan
    return rows, gaps, two, four, score.astype(np.float32)


def sklearn_models(rows, gaps, two, four, number):
    """(name, model) of scikit-learn, by skl2onnx without its ZipMap."""
    small = {"n_estimators": 3, "max_depth": 3, "random_state": SEED}
    boosted = {"max_iter": 3, "max_depth": 3, "random_state": SEED}
    named = np.array(["critical", "noise", "routine", "suspicious"])[four]
    return {
        "sklearn_random_forest_binary": RandomForestClassifier(**small).fit(rows, two),
        "sklearn_random_forest_multiclass": RandomForestClassifier(**small).fit(rows, four),
        "sklearn_random_forest_regressor": RandomForestRegressor(**small).fit(rows, number),
        "sklearn_extra_trees_multiclass": ExtraTreesClassifier(**small).fit(rows, four),
        "sklearn_gradient_boosting_binary": GradientBoostingClassifier(**small).fit(rows, two),
        "sklearn_gradient_boosting_multiclass": GradientBoostingClassifier(**small).fit(rows, four),
        "sklearn_gradient_boosting_regressor": GradientBoostingRegressor(**small).fit(rows, number),
        "sklearn_hist_boosting_binary": HistGradientBoostingClassifier(**boosted).fit(gaps, two),
        "sklearn_hist_boosting_multiclass": HistGradientBoostingClassifier(**boosted).fit(
            gaps, four
        ),
        "sklearn_hist_boosting_regressor": HistGradientBoostingRegressor(**boosted).fit(
            gaps, number
        ),
        "sklearn_decision_tree_strings": DecisionTreeClassifier(max_depth=3, random_state=SEED).fit(
            rows, named
        ),
    }


def onnxmltools_models(gaps, two, four, number):
    """(name, file) of XGBoost and LightGBM, by onnxmltools."""
    kind = [("features", FloatsForOnnxmltools([None, WIDTH]))]
    trees = {"n_estimators": 3, "max_depth": 3, "random_state": SEED, "n_jobs": 1}
    quiet = {"verbose": -1, "min_child_samples": 5}
    xgb = {
        "xgboost_binary": xgboost.XGBClassifier(**trees).fit(gaps, two),
        "xgboost_multiclass": xgboost.XGBClassifier(**trees).fit(gaps, four),
        "xgboost_regressor": xgboost.XGBRegressor(**trees).fit(gaps, number),
        "xgboost_poisson": xgboost.XGBRegressor(objective="count:poisson", **trees).fit(gaps, four),
    }
    lgb = {
        "lightgbm_binary": lightgbm.LGBMClassifier(**trees, **quiet).fit(gaps, two),
        "lightgbm_multiclass": lightgbm.LGBMClassifier(**trees, **quiet).fit(gaps, four),
        "lightgbm_regressor": lightgbm.LGBMRegressor(**trees, **quiet).fit(gaps, number),
        "lightgbm_random_forest": lightgbm.LGBMRegressor(
            boosting_type="rf", subsample=0.5, subsample_freq=1, **trees, **quiet
        ).fit(gaps, number),
        "lightgbm_poisson": lightgbm.LGBMRegressor(objective="poisson", **trees, **quiet).fit(
            gaps, four
        ),
    }
    files = {}
    for name, model in xgb.items():
        files[name] = onnxmltools.convert_xgboost(
            model, name=name, initial_types=kind, target_opset=OPSET
        )
    for name, model in lgb.items():
        options = {"zipmap": False} if "classifier" in type(model).__name__.lower() else {}
        files[name] = onnxmltools.convert_lightgbm(
            model, name=name, initial_types=kind, target_opset=OPSET, **options
        )
    return files


def network():
    """A small neural net with the names of a bundle's anomaly detector: no tree in it."""
    random = np.random.default_rng(SEED)
    width = 20
    weights = {
        "w1": random.normal(size=(width, 4)).astype(np.float32),
        "b1": np.zeros(4, np.float32),
        "w2": random.normal(size=(4, 1)).astype(np.float32),
        "b2": np.zeros(1, np.float32),
    }
    nodes = [
        helper.make_node("Gemm", ["features", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["g"]),
        helper.make_node("Sigmoid", ["g"], ["score"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", width])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main():
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/engines")
    directory.mkdir(parents=True, exist_ok=True)
    rows, gaps, two, four, number = samples()
    files = onnxmltools_models(gaps, two, four, number)
    for name, model in sklearn_models(rows, gaps, two, four, number).items():
        options = {"zipmap": False} if "Classifier" in type(model).__name__ else {}
        files[name] = to_onnx(
            model,
            rows[:1],
            options={id(model): options} if options else None,
            target_opset={"": OPSET, "ai.onnx.ml": 3},
        )
    files["network"] = network()
    for name, model in sorted(files.items()):
        (directory / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for file in directory.glob("*.onnx"):
        onnx.checker.check_model(onnx.load(file))


if __name__ == "__main__":
    main()
