"""The classifier's linear half: multinomial logistic regression over tf-idf columns.

It carries single words and pairs to products that nobody has seen, which trees do less well; trees
carry what words mean together. Columns of little weight are left out, for a bundle has to stay small
and a row short.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

STRENGTH = 2.0
"""scikit-learn's C: the inverse of the penalty on squared weights."""
COLUMNS = 5000
"""How many columns are kept, those with the greatest weight for any category."""
STEP = 2.0**-9
"""Weights are whole multiples of it: exact in float32, and short when packed."""


@dataclass(frozen=True)
class Linear:
    """scores = rows @ factors.T + intercepts, before any softmax.

    factors: float64 [4, V]; intercepts: float64 [4]; multiples of STEP both.
    """

    factors: object
    intercepts: object

    def scores(self, rows):
        """float64 [N, 4] of CSR rows; an absent value counts as zero."""
        return np.asarray(rows.astype(np.float64) @ self.factors.T) + self.intercepts


def regression(rows, labels, weights):
    """The fitted regression; on one thread, so that sums have one order."""
    with threadpool_limits(limits=1):
        model = LogisticRegression(C=STRENGTH, max_iter=500)
        return model.fit(rows, labels, sample_weight=weights)


def choose_columns(rows, labels, weights, count=None):
    """The columns that the models are given, ascending."""
    factors = np.abs(regression(rows, labels, weights).coef_).max(axis=0)
    # Ties go to the earlier term.
    order = np.lexsort((np.arange(len(factors)), -factors))
    return np.sort(order[: count or COLUMNS])


def train(rows, labels, weights, share):
    """The linear half, its scores scaled by its share of the committee."""
    fitted = regression(rows, labels, weights)
    return Linear(rounded(fitted.coef_ * share), rounded(fitted.intercept_ * share))


def rounded(values):
    """The nearest multiples of STEP."""
    return np.rint(np.asarray(values, np.float64) / STEP) * STEP
