"""The one list of metrics that dashboards and alerts use and the program does not have yet.

What asks for one of them is not expected to show anything. The tests fail where a metric of this list is
there all the same, so that it is taken out as soon as it is.
"""

import re

METRICS = frozenset(
    {
        "logtriage_drift_psi",
        "logtriage_drift_unknown_token_rate",
        "logtriage_drift_abstention_rate",
        "logtriage_drift_records",
        "logtriage_feedback_total",
        "logtriage_feedback_rejected_total",
        "logtriage_trace_spans_dropped_total",
    }
)
NAME = re.compile(r"\b(?:logtriage|process)_[a-z_]+")


def used(expr):
    """The metrics that an expression asks for, histograms by their own name."""
    names = NAME.findall(expr)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def asked(expr):
    """Those of an expression that are missing."""
    return used(expr) & METRICS
