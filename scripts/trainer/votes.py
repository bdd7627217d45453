"""Verdicts and votes as the program itself gives them."""

from dataclasses import dataclass

from trainer import program
from trainer.common import LABELS, TrainerError

MEMBERS = ("rules", "classifier", "anomaly")


@dataclass(frozen=True)
class Vote:
    """One member's vote: scores over LABELS, and what it made them of."""

    voted: bool
    scores: tuple
    raw: tuple


@dataclass(frozen=True)
class Judged:
    """One verdict with the votes behind it; `verdict` is the program's own object."""

    verdict: dict
    category: int
    scores: tuple
    votes: dict
    rules: tuple


def judge(binary, bundle, records):
    """What the program answers for each record with that bundle, in order."""
    command = [binary, "classify", "--bundle", bundle, "--skip-golden", "--votes", "--quiet"]
    answers = program.run([*command, "--format", "ndjson"], records)
    return [read_answer(answer) for answer in answers]


def prove(binary, bundle):
    """Has the program load the bundle as for service, golden lines and all; raises where it refuses."""
    program.run([binary, "classify", "--bundle", bundle, "--quiet"], [{"message": "proof"}])


def read_answer(answer):
    """A Judged out of one answer."""
    if "error" in answer:
        raise TrainerError(f"expected a verdict, found {answer['error']}")
    explanation = answer["explanation"]
    votes = {vote["member"]: read_vote(vote) for vote in explanation["votes"]}
    silent = Vote(False, (0.0,) * len(LABELS), ())
    return Judged(
        verdict=answer,
        category=LABELS.index(answer["category"]),
        scores=by_label(answer["scores"]),
        votes={member: votes.get(member, silent) for member in MEMBERS},
        rules=tuple(rule["id"] for rule in explanation.get("rules", ())),
    )


def read_vote(vote):
    """A Vote out of its JSON."""
    raw = vote.get("raw")
    raw = () if raw is None else tuple(raw) if isinstance(raw, list) else (raw,)
    return Vote(vote["voted"], by_label(vote.get("scores")), raw)


def by_label(scores):
    """Scores in the order of LABELS; zeros where there are none."""
    return tuple(scores[label] for label in LABELS) if scores else (0.0,) * len(LABELS)
