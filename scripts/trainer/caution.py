"""How sure the verdicts are: reliability, and what forwarding by score catches and costs."""

from itertools import pairwise

import numpy as np

from trainer import evaluate
from trainer.common import LABELS

MIX = {"critical": 0.002, "suspicious": 0.028, "routine": 0.27, "noise": 0.70}
"""Shares of the categories in ordinary traffic, by which the cost of forwarding is weighed: the corpus
holds far more that matters than any day does."""
NEVER = 1.01
"""A threshold that no score reaches: what is forwarded without any target."""
BINS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def ordinary_share(labels, chosen):
    """Share of ordinary traffic that is chosen: each label's share of chosen lines, weighed by MIX."""
    labels, chosen = np.asarray(labels), np.asarray(chosen, bool)
    present = [(LABELS.index(name), weight) for name, weight in MIX.items()]
    present = [(place, weight) for place, weight in present if (labels == place).any()]
    total = sum(weight for _, weight in present)
    return float(sum(weight * chosen[labels == place].mean() for place, weight in present) / total)


def forward_score(judged):
    """What the program compares with the threshold: critical + suspicious, before floors."""
    return judged.scores[0] + judged.scores[1]


def curve(labels, judged):
    """The manifest's trade-off: [{threshold, critical_recall, forwarded}], thresholds ascending."""
    labels = np.asarray(labels)
    scores = np.array([forward_score(one) for one in judged])
    anyway = np.array([one.verdict["forward"] for one in judged])
    points = []
    for threshold in [*np.round(np.arange(0.02, 0.62, 0.02), 2), NEVER]:
        chosen = anyway | (scores >= threshold)
        points.append(
            {
                "threshold": float(threshold),
                "critical_recall": round(float(chosen[labels == 0].mean()), 4),
                "forwarded": round(ordinary_share(labels, chosen), 4),
            }
        )
    return points


def reliability(labels, probabilities):
    """(rows of (from, to, lines, mean confidence, share right), expected calibration error)."""
    labels = np.asarray(labels)
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    rows, error = [], 0.0
    for low, high in pairwise(BINS):
        inside = (top >= low) & ((top < high) | (high == BINS[-1]))
        if inside.any():
            sure, hit = float(top[inside].mean()), float(right[inside].mean())
            rows.append((low, high, int(inside.sum()), sure, hit))
            error += abs(sure - hit) * inside.mean()
    return rows, float(error)


def forwarding(labels, judged):
    """{what: share forwarded} of critical, suspicious, and of ordinary traffic."""
    labels = np.asarray(labels)
    chosen = np.array([one.verdict["forward"] for one in judged])
    share = {
        name: float(chosen[labels == place].mean())
        for place, name in enumerate(LABELS)
        if (labels == place).any()
    }
    return {**share, "ordinary": ordinary_share(labels, chosen)}


def ensemble_order(judged):
    """Forward scores as the figures rank by them."""
    return np.array([evaluate.verdict_forward_score(one) for one in judged])
