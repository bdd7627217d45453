"""Fits the two models of a bundle, and holds what their files are made of."""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from trainer import anomaly, calibrate, classifier, features, linear, vectorise
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
    committee: object
    columns: list
    classifier_onnx: bytes
    scaler: object
    forest: object
    anomaly_onnx: bytes
    knots: list

    def probabilities(self, found):
        """The libraries' own predictions for features, float64 [N, 4]."""
        rows = vectorise.transform(self.vectoriser, [f.tokens for f in found])
        return self.committee.probabilities(rows[:, self.columns])

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
    labels = labels_of(lines)[places]
    columns = linear.choose_columns(rows, labels, weights)
    committee = classifier.train_committee(rows[:, columns], labels, weights)
    classifier_onnx = classifier.export_committee(
        committee,
        len(columns),
        {**metadata, "name": "logtriage classifier", "features": "tf-idf columns"},
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
        schema, vectoriser, committee, columns, classifier_onnx, scaler, forest, anomaly_onnx, knots
    )


@dataclass(frozen=True)
class Job:
    """What `fit` is given."""

    lines: list
    found: list
    schema: object
    trained_on: str


def fit_job(job):
    """As `fit`, for a worker process."""
    return fit(job.lines, job.found, job.schema, job.trained_on)


WORKERS = 2


def fit_all(jobs):
    """Models of each job, in order, fitted two at a time. Each fit runs on one thread, so that its sums
    have one order, and the same models come out however many run beside it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        return list(pool.map(fit_job, jobs))


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
