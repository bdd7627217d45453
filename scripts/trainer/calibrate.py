"""From raw outputs to votes: a temperature for the classifier, knots for the anomaly score.

The temperature is found on products that the models did not see. The knots are quantiles of the
training lines themselves, so lines of unseen products lie beyond them a little more often.
"""

import numpy as np

TEMPERATURES = np.round(np.arange(0.5, 5.01, 0.05), 2)
KNOTS = 101
KNOT_GAP = 1e-4
"""Knots lie at least this far apart: a float32 difference of 3e-7 in the score then moves the
strength by less than 1e-4."""


def apply_temperature(probabilities, temperature):
    """softmax(ln p / T), float64 [N, 4]."""
    with np.errstate(divide="ignore"):
        margins = np.log(np.asarray(probabilities, np.float64)) / temperature
    margins -= margins.max(axis=1, keepdims=True)
    powers = np.exp(margins)
    return powers / powers.sum(axis=1, keepdims=True)


def log_loss(probabilities, labels, weights):
    """Weighted mean of -ln p of the true label."""
    picked = np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)
    return float(np.average(-np.log(picked), weights=weights))


def fit_temperature(probabilities, labels, weights):
    """The temperature of least log loss on held-out products."""
    losses = [log_loss(apply_temperature(probabilities, t), labels, weights) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def knots(scores):
    """101 ascending quantiles of -score_samples, at least KNOT_GAP apart."""
    made = np.quantile(-np.asarray(scores, np.float64), np.linspace(0.0, 1.0, KNOTS))
    for place in range(1, KNOTS):
        made[place] = max(made[place], made[place - 1] + KNOT_GAP)
    return [round(float(value), 9) for value in made]


def strength(scores, quantiles):
    """Place of each score in the training distribution, in [0, 1]: piecewise linear over knots."""
    return np.interp(-np.asarray(scores), quantiles, np.linspace(0.0, 1.0, len(quantiles)))
