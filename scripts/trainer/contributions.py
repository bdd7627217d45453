"""What each part of a verdict contributes: the same lines decided again without it.

Decided again from the recorded votes, as `ensemble::decide` does; floors are those that the verdicts
name.
"""

from dataclasses import asdict

import numpy as np

from trainer import caution, metrics, settings, votes
from trainer.common import LABELS

CRITICAL, SUSPICIOUS, ROUTINE, NOISE = range(4)
PARTS = ("nothing", "rules", "severity floor", "classifier", "anomaly", "caution")
"""What is left out. Rules go with their floors; caution is what forwards the unsure and keeps noise of a
low score."""


def decide(judged, without, weights=None):
    """(category, forward score, forward) of one line without a part."""
    weights = weights or settings.WEIGHTS
    voters = [
        (weights[name], judged.votes[name].scores)
        for name in votes.MEMBERS
        if judged.votes[name].voted and name != without and weights[name] > 0
    ]
    total = sum(weight for weight, _ in voters)
    if total:
        scores = [sum(w * s[place] for w, s in voters) / total for place in range(len(LABELS))]
    else:
        scores = [0.0] * len(LABELS)
    cautious = without != "caution"
    category = int(np.argmax(scores)) if total else ROUTINE
    if category == NOISE and cautious and scores[NOISE] < settings.NOISE_THRESHOLD:
        category = ROUTINE
    score = scores[CRITICAL] + scores[SUSPICIOUS] if total else 0.5
    floor, confidence = floor_of(judged, without)
    if floor is not None and floor <= category:
        category = floor
        score = max(score, confidence)
    kept = scores[ROUTINE] + scores[NOISE]
    unsure = cautious and (not total or kept < settings.MIN_CONFIDENCE)
    return category, score, category <= SUSPICIOUS or unsure


def floor_of(judged, without):
    """The floor that the verdict names, and its confidence; none where it is left out."""
    reason = judged.verdict["reason"]
    if reason == "rule_floor" and without != "rules":
        return judged.category, judged.verdict["confidence"]
    if reason == "severity_floor" and without != "severity floor":
        return judged.category, 0.0
    return None, 0.0


def measure(labels, judged):
    """{part: figures with the shares forwarded} for each of PARTS."""
    labels = np.asarray(labels)
    made = {}
    for part in PARTS:
        decided = [decide(one, part) for one in judged]
        categories, scores, forward = (np.array(column) for column in zip(*decided, strict=True))
        figures = metrics.figures(labels, categories, scores, np.ones(len(labels), bool))
        critical = labels == CRITICAL
        made[part] = {
            **asdict(figures),
            "critical_forwarded": float(forward[critical].mean()) if critical.any() else None,
            "ordinary_forwarded": caution.ordinary_share(labels, forward),
        }
    return made
