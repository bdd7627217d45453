"""Sections of the model card: reliability, the trade-off curve, contributions, large machines."""

from trainer import caution, contributions
from trainer.markdown import number, percent, table

EARLIER = ["2e6560b", "1,454", 68, 184, "0.584", "0.922", "0.910", "0.444", "0.664", "0.524"]
"""The bundle before the larger corpus: its commit, and what the model card there says."""


def before_and_after(now, held_out, external):
    """What the larger corpus and rules changed. now: templates, products and rules; then the ensemble's
    figures, external ones only where they are of this bundle."""
    head = ["commit", "templates", "products", "rules"]
    for where in ("held out", "external"):
        head += [f"{where}: macro-F1", "forward AUC", "critical recall at 50%"]
    rows = [EARLIER, ["this", *now, *main_figures(held_out), *main_figures(external)]]
    return table(head, rows)


def main_figures(of):
    """Macro-F1, forward AUC, and critical recall with half of the lines forwarded."""
    if of is None:
        return ["-"] * 3
    return [number(of[name]) for name in ("macro_f1", "forward_auc")] + [
        number(of["critical_recall"][-1])
    ]


def reliability(rows, error):
    """How often the classifier is right where it says how sure it is."""
    head = ["calibrated probability", "lines", "mean", "share right"]
    cells = [
        [f"{low:.1f} to {high:.1f}", lines, number(sure), number(hit)]
        for low, high, lines, sure, hit in rows
    ]
    return f"{table(head, cells)}\n\nExpected calibration error: {number(error)}."


def curve(points):
    """The trade-off that `decision.target` picks from; every second point."""
    shown = [*points[:-1:2], points[-1]]
    cells = [
        [
            "none" if at["threshold"] >= caution.NEVER else f"{at['threshold']:.2f}",
            number(at["critical_recall"]),
            percent(at["forwarded"]),
        ]
        for at in shown
    ]
    return table(["forward score", "critical forwarded", "ordinary traffic forwarded"], cells)


def contribution(measured):
    """What each part adds: the figures without it."""
    head = ["without", "macro-F1", "forward AUC", "critical recall at 20%", "at 30%", "at 50%"]
    head += ["critical forwarded", "ordinary traffic forwarded"]
    cells = []
    for part in contributions.PARTS:
        of = measured[part]
        recalls = [number(value) for value in of["critical_recall"]]
        cells.append(
            [
                part,
                number(of["macro_f1"]),
                number(of["forward_auc"]),
                *recalls,
                number(of["critical_forwarded"]),
                percent(of["ordinary_forwarded"]),
            ]
        )
    return table(head, cells)


def large_machines(found):
    """Failures of large machines, judged by bundles that did not see the product; see `machines.rows`."""
    cells = [
        [name, f"{hit} of {wanted}", f"{wrong} of {quiet}"]
        for name, hit, wanted, wrong, quiet in found
    ]
    head = ["kind, then product", "failures forwarded", "informational lines forwarded"]
    return table(head, cells)
