"""Golden lines: proof that a loaded bundle judges as it did when it was made.

The verdicts are the program's own, recorded after its votes were found equal to the trainer's
predictions. Lines whose verdict hangs on a hair are left out: two engines may differ by a rounding.
"""

import json

from trainer import calibrate, generate, mutate, settings
from trainer.common import LABELS, TrainerError, seeded

WANTED = 80
LEAST = 60
HAIR = 2e-3
LONGEST = 4000
SITE_FLAGS = {"compliance", "degraded", "fail_open", "timeout", "truncated"}
"""Flags that depend on more than the bundle: golden lines are judged by the bundle alone."""
VERDICT_KEYS = ("category", "confidence", "forward", "reason", "flags", "scores")


def candidates(templates):
    """Records to choose from: a line of each template, and lines that no template gives."""
    lines = generate.expand(templates, generate.GOLDEN_SEED, 1)
    rng = seeded(generate.GOLDEN_SEED, "mutate")
    return [line.record() for line in lines] + mutate.records(
        templates, rng, generate.GOLDEN_SEED, len(lines) // 4 + 50
    )


def on_a_hair(judged, knots, threshold):
    """True where a difference of HAIR could change the verdict."""
    first, second = sorted(judged.scores, reverse=True)[:2]
    if first - second < HAIR and judged.verdict["reason"] != "no_vote":
        return True
    if abs(judged.verdict["confidence"] - settings.MIN_CONFIDENCE) < HAIR:
        return True
    if abs(judged.scores[LABELS.index("noise")] - settings.NOISE_THRESHOLD) < HAIR:
        return True
    raw = judged.votes["anomaly"].raw
    return bool(raw) and abs(calibrate.strength(raw, knots)[0] - threshold) < HAIR


def aspects(judged, form):
    """What a golden line shows: a set of keys, each worth having once."""
    verdict = judged.verdict
    voters = "+".join(name for name, vote in judged.votes.items() if vote.voted)
    return {
        ("format", form, verdict["category"]),
        ("reason", verdict["reason"], verdict["category"]),
        ("voters", voters, verdict["category"]),
        ("flags", *verdict["flags"]),
        ("forward", verdict["forward"], verdict["category"]),
    }


def choose(records, judged, forms, knots, threshold):
    """Places of the chosen records: first those that show something new, then in turn by category.

    forms: the parsed format of each record.
    """
    order = list(range(len(records)))
    seeded(generate.GOLDEN_SEED, "choose").shuffle(order)
    order = [
        place
        for place in order
        if not on_a_hair(judged[place], knots, threshold)
        and not SITE_FLAGS & set(judged[place].verdict["flags"])
        and len(records[place]["message"]) < LONGEST
    ]
    chosen, shown = [], set()
    for place in order:
        new = aspects(judged[place], forms[place]) - shown
        if new:
            chosen.append(place)
            shown |= new
    by_category = {label: [] for label in LABELS}
    for place in order:
        if place not in chosen:
            by_category[judged[place].verdict["category"]].append(place)
    while len(chosen) < WANTED and any(by_category.values()):
        chosen += [places.pop(0) for places in by_category.values() if places]
    if len(chosen) < LEAST:
        raise TrainerError(f"expected {LEAST} golden lines, found {len(chosen)}")
    return sorted(chosen)


def file_bytes(records, judged, chosen):
    """golden.jsonl."""
    lines = []
    for place in chosen:
        verdict = judged[place].verdict
        entry = {**records[place], "verdict": {key: verdict[key] for key in VERDICT_KEYS}}
        lines.append(json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
    return ("\n".join(lines) + "\n").encode("utf-8")
