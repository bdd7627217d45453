"""The figures: what held-out lines get right, and how much of it is forwarded."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, roc_auc_score

from trainer.common import LABELS

SHARES = (0.2, 0.3, 0.5)


@dataclass
class Figures:
    """Figures of one judge over N lines."""

    lines: int
    macro_f1: float
    precision: list
    recall: list
    forward_auc: float
    critical_recall: list
    confusion: list
    voted: float


def forward_score(scores, voted):
    """critical + suspicious; an abstention stands in the middle, at 0.5."""
    scores = np.asarray(scores, np.float64)
    return np.where(voted, scores[:, 0] + scores[:, 1], 0.5)


def figures(labels, predicted, forward, voted):
    """Figures out of true labels, predicted labels, forward scores and who voted, each [N]."""
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    matrix = confusion_matrix(labels, predicted, labels=range(len(LABELS)))
    hits, judged, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = hits / np.maximum(judged, 1)
    recall = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(judged + true, 1)
    return Figures(
        lines=len(labels),
        macro_f1=float(f1[true > 0].mean()),
        precision=precision.tolist(),
        recall=recall.tolist(),
        forward_auc=forward_auc(labels, forward),
        critical_recall=[critical_recall(labels, forward, share) for share in SHARES],
        confusion=matrix.tolist(),
        voted=float(np.mean(voted)),
    )


def forward_auc(labels, forward):
    """Area under the curve of forwarding what is critical or suspicious."""
    wanted = np.asarray(labels) <= 1
    if wanted.all() or not wanted.any():
        return float("nan")
    return float(roc_auc_score(wanted, forward))


def critical_recall(labels, forward, share):
    """Share of critical lines among the `share` of all lines with the highest forward score.

    Lines tied at the edge count by the part of the tie that fits, so that their order is no luck.
    """
    labels, forward = np.asarray(labels), np.asarray(forward)
    critical = labels == 0
    room = share * len(labels)
    edge = np.sort(forward)[::-1][max(int(np.ceil(room)) - 1, 0)]
    above, tied = forward > edge, forward == edge
    part = (room - above.sum()) / tied.sum()
    return float((critical[above].sum() + part * critical[tied].sum()) / max(critical.sum(), 1))
