"""What product-wise validation says about weights, thresholds and parameters.

Nothing is chosen here: the tables are for a person, who writes the choice into `settings.py` or
`classifier.py`. Each row is judged by the program itself, on products that its models did not see.
"""

from dataclasses import replace

from trainer import build, card, classifier, corpus, evaluate, models, settings

WEIGHTS = (
    {"rules": 0.30, "classifier": 0.45, "anomaly": 0.25},
    {"rules": 0.30, "classifier": 0.60, "anomaly": 0.10},
    {"rules": 0.40, "classifier": 0.45, "anomaly": 0.15},
    {"rules": 0.45, "classifier": 0.45, "anomaly": 0.10},
    {"rules": 0.60, "classifier": 0.35, "anomaly": 0.05},
    {"rules": 0.30, "classifier": 0.70, "anomaly": 0.0},
)
THRESHOLDS = (0.90, 0.95, 0.98, 0.99, 0.995, 1.0)
PARAMETERS = (
    {},
    {"max_depth": 4, "eta": 0.3},
    {"max_depth": 10, "eta": 0.1},
    {"min_child_weight": 0.5},
    {"min_child_weight": 5.0},
    {"colsample_bytree": 0.3},
    {"lambda": 5.0},
)


def run(paths):
    """Prints a table for the decision and one for the classifier."""
    data = build.read_data(paths)
    release = corpus.read_release(paths.corpus)
    draft = build.first_draft(paths, release)
    held, _ = evaluate.hold_out(data)
    show_decisions(paths, data, held, draft)
    show_parameters(data)


def show_decisions(paths, data, held, draft):
    """The ensemble under other weights and thresholds."""
    variants = [replace(draft, weights=weights) for weights in WEIGHTS]
    variants += [replace(draft, threshold=threshold) for threshold in THRESHOLDS]
    rows = []
    for variant in variants:
        held.judged = {}
        evaluate.judge_held_out(data, held, paths.binary, variant)
        figures = evaluate.held_out_figures(data, held)
        rows.append([weights_text(variant), *card.figures_row(figures["ensemble"])])
        print(" | ".join(map(str, rows[-1])), flush=True)
    print(card.table(["ensemble", *card.FIGURES_HEAD], rows), flush=True)


def weights_text(draft):
    """The variant in short."""
    weights = "/".join(f"{draft.weights[name]:.2f}" for name in settings.WEIGHTS)
    return f"{weights} at {draft.threshold}"


def show_parameters(data):
    """The classifier alone under other parameters; its own predictions, first lines only. Fitted in this
    process, one after another: the workers of `models.fit_all` do not see what is changed here."""
    first = [place for place, line in enumerate(data.lines) if line.index == 0]
    labels = models.labels_of([data.lines[place] for place in first])
    rows, kept = [], dict(classifier.PARAMETERS)
    for parameters in PARAMETERS:
        classifier.PARAMETERS.update(kept | parameters)
        held, _ = evaluate.hold_out(data, fit_all=lambda jobs: list(map(models.fit_job, jobs)))
        figures = evaluate.probability_figures(labels, held.probabilities[first])
        rows.append([parameters or "as they are", *card.figures_row(figures)])
        print(" | ".join(map(str, rows[-1])), flush=True)
    classifier.PARAMETERS.update(kept)
    print(card.table(["classifier", *card.FIGURES_HEAD], rows))
