"""What products that were held out get from each member, and from the ensemble.

For each fold the models are fitted to the other products, written as a whole bundle, and the program
judges one line of each held-out template with it: abstentions, weights, floors and thresholds are
those of the program.
"""

import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from trainer import bundle, calibrate, folds, metrics, models, votes
from trainer.common import LABELS

ROUTINE = LABELS.index("routine")


@dataclass
class Fold:
    """Models that did not see the products of the lines at `held_out`."""

    number: int
    models: object
    held_out: list


@dataclass
class HeldOut:
    """The folds, and what their models say of lines of products they did not see."""

    assignment: dict
    parts: list
    probabilities: object
    temperature: float = 1.0
    judged: dict = field(default_factory=dict)


def hold_out(data, fit_all=models.fit_all):
    """(folds with their models, models of all data). The folds' own predictions for lines they did not
    see give the temperature."""
    assignment = folds.assign(data.templates)
    numbers = sorted(set(assignment.values()))
    sides = [
        folds.split(data.lines, lambda line: line.template.product, assignment, number)
        for number in numbers
    ]
    jobs = [
        models.Job(
            [data.lines[i] for i in inside],
            [data.features[i] for i in inside],
            data.schema,
            f"fold {number}",
        )
        for number, (inside, _) in zip(numbers, sides, strict=True)
    ]
    jobs.append(models.Job(data.lines, data.features, data.schema, f"corpus {data.digest}"))
    *fitted, whole = fit_all(jobs)
    held = HeldOut(assignment, [], np.zeros((len(data.lines), len(LABELS))))
    for number, (_, outside), made in zip(numbers, sides, fitted, strict=True):
        held.probabilities[outside] = made.probabilities([data.features[i] for i in outside])
        held.parts.append(Fold(number, made, outside))
    labels, weights = models.labels_of(data.lines), models.line_weights(data.lines)
    held.temperature = calibrate.fit_temperature(held.probabilities, labels, weights)
    return held, whole


def judge_held_out(data, held, binary, draft):
    """Adds to `held.judged` {line place: Judged} for the first line of each template.

    draft: what every fold's bundle has in common, see `bundle.Draft`.
    """
    for part in held.parts:
        places = [place for place in part.held_out if data.lines[place].index == 0]
        records = [data.lines[place].record() for place in places]
        answers = judge_by(part, held.temperature, binary, draft, records)
        held.judged.update(zip(places, answers, strict=True))


def judge_by(part, temperature, binary, draft, records):
    """What the bundle of one fold says of records."""
    with tempfile.TemporaryDirectory(prefix="logtriage-fold-") as folder:
        path = Path(folder) / f"fold-{part.number}"
        bundle.write(path, draft.files(part.models, temperature))
        return votes.judge(binary, path, records)


def held_out_verdicts(data, held):
    """(labels, verdicts) of the lines in `held.judged`, in their order."""
    places = sorted(held.judged)
    labels = models.labels_of([data.lines[place] for place in places])
    return labels, [held.judged[place] for place in places]


def held_out_figures(data, held):
    """Figures of all judges on the lines in `held.judged`."""
    return all_figures(*held_out_verdicts(data, held))


def probability_figures(labels, probabilities):
    """Figures of probabilities as they are, as a mapping."""
    voted = np.ones(len(labels), bool)
    forward = metrics.forward_score(probabilities, voted)
    return asdict(metrics.figures(labels, probabilities.argmax(axis=1), forward, voted))


def all_figures(labels, judged):
    """{judge: figures as a mapping} for each member alone and for the ensemble."""
    made = {member: member_figures(labels, judged, member) for member in votes.MEMBERS}
    made["ensemble"] = ensemble_figures(labels, judged)
    return {name: asdict(figures) for name, figures in made.items()}


def member_figures(labels, judged, member):
    """One member alone: where it abstains, routine with a forward score of 0.5.

    The anomaly member is ranked by its raw score, which it has for every line, voting or not.
    """
    cast = [j.votes[member] for j in judged]
    voted = np.array([vote.voted for vote in cast])
    scores = np.array([vote.scores for vote in cast])
    predicted = np.where(voted, scores.argmax(axis=1), ROUTINE)
    forward = metrics.forward_score(scores, voted)
    if member == "anomaly" and all(vote.raw for vote in cast):
        forward = -np.array([vote.raw[0] for vote in cast])
    return metrics.figures(labels, predicted, forward, voted)


def ensemble_figures(labels, judged):
    """The program's verdicts: their categories, floors included."""
    predicted = np.array([j.category for j in judged])
    forward = np.array([verdict_forward_score(j) for j in judged])
    voted = np.array([j.verdict["reason"] != "no_vote" for j in judged])
    return metrics.figures(labels, predicted, forward, voted)


def verdict_forward_score(judged):
    """critical + suspicious, at least the confidence of a verdict that a floor raised to one of the
    two; 0.5 where nobody voted."""
    if judged.verdict["reason"] == "no_vote":
        return 0.5
    score = judged.scores[0] + judged.scores[1]
    return max(score, judged.verdict["confidence"]) if judged.category < ROUTINE else score
