"""Fits the two models of a bundle, and holds what their files are made of."""

from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from trainer import anomaly, calibrate, classifier, features, vectorise
from trainer.common import LABELS

PRODUCT_POWER = 0.5
"""A product's weight grows with its number of templates to this power."""
CLASS_POWER = 0.5
"""A label's weight falls with its share to this power: 0 leaves shares alone, 1 evens them out."""


@dataclass
class Models:
    """Fitted models and their ONNX files."""

    schema: object
    vectoriser: object
    booster: object
    columns: list
    classifier_onnx: bytes
    scaler: object
    forest: object
    anomaly_onnx: bytes
    knots: list

    def probabilities(self, found):
        """XGBoost's own predictions for features, float32 [N, 4]."""
        rows = vectorise.transform(self.vectoriser, [f.tokens for f in found])
        return classifier.probabilities(self.booster, rows)

    def strangeness(self, found):
        """scikit-learn's own score_samples for features, float64 [N]."""
        return anomaly.scores(self.scaler, self.forest, features.numeric_matrix(found))


def labels_of(lines):
    """Place of each line's label in LABELS, int [N]."""
    return np.array([LABELS.index(line.template.label) for line in lines])


def line_weights(lines):
    """float [N], mean 1: one weight a template, damped by product and by label.

    w = 1 / lines of the template * T(product)^(PRODUCT_POWER - 1) * share(label)^-CLASS_POWER
    """
    templates = {line.template.id: line.template for line in lines}.values()
    of_product = Counter(t.product for t in templates)
    of_label = Counter(t.label for t in templates)
    of_template = Counter(line.template.id for line in lines)
    weights = np.array(
        [
            of_product[line.template.product] ** (PRODUCT_POWER - 1)
            * of_label[line.template.label] ** -CLASS_POWER
            / of_template[line.template.id]
            for line in lines
        ]
    )
    return weights / weights.mean()


def merge_equal(lines, documents, weights):
    """(places, weights): lines of a template with equal tokens once, with their weights summed."""
    places, summed = {}, {}
    for place, (line, tokens) in enumerate(zip(lines, documents, strict=True)):
        key = (line.template.id, tokens)
        places.setdefault(key, place)
        summed[key] = summed.get(key, 0.0) + weights[place]
    return list(places.values()), np.array(list(summed.values()))


def fit(lines, found, schema, trained_on):
    """Models fitted to lines and their features; `trained_on` names the data in the files."""
    metadata = metadata_of(schema, trained_on)
    documents = [f.tokens for f in found]
    vectoriser = vectorise.fit(documents, lines)
    places, weights = merge_equal(lines, documents, line_weights(lines))
    rows = vectorise.transform(vectoriser, [documents[place] for place in places])
    booster = classifier.train(rows, labels_of(lines)[places], weights)
    classifier_onnx, columns = classifier.export(
        booster, {**metadata, "name": "logtriage classifier", "features": "tf-idf columns"}
    )
    matrix = features.numeric_matrix(found)
    scaler, forest = anomaly.train(matrix)
    anomaly_onnx = anomaly.export(
        scaler,
        forest,
        {**metadata, "name": "logtriage anomaly", "features": " ".join(schema.names)},
    )
    knots = calibrate.knots(anomaly.scores(scaler, forest, matrix))
    return Models(
        schema, vectoriser, booster, columns, classifier_onnx, scaler, forest, anomaly_onnx, knots
    )


def versions():
    """{package: version} of what trains and exports."""
    packages = ("numpy", "onnx", "scikit-learn", "scipy", "xgboost-cpu")
    return {package: version(package) for package in packages}


def metadata_of(schema, trained_on):
    """What both ONNX files say of themselves."""
    made_with = " ".join(f"{name}={value}" for name, value in versions().items())
    return {
        "producer": "logtriage trainer",
        "labels": " ".join(LABELS),
        "normalizer": schema.normalizer,
        "tokenizer": schema.tokenizer,
        "numeric": schema.numeric_version,
        "trained_on": trained_on,
        "versions": made_with,
    }
