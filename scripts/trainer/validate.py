"""The same figures on an external file of labelled lines.

The file stays outside the repository; its figures are kept with the digest of what they were
measured on, so that the model card can be written without the file and says when they are stale.
"""

import json
from collections import Counter, defaultdict

import numpy as np

from trainer import caution, contributions, evaluate, votes
from trainer.common import LABELS, TrainerError, dump_json, write_text


def read(path):
    """Records of an NDJSON file with message, label, and optionally source and set."""
    rows = []
    for number, text in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not text:
            continue
        row = json.loads(text)
        if row.get("label") not in LABELS or not isinstance(row.get("message"), str):
            raise TrainerError(f"{path}:{number}: expected message and one of the labels {LABELS}")
        rows.append(row)
    return rows


def measure(binary, bundle, path, judging_digest):
    """Figures of the bundle on the file, as kept in validation.json."""
    rows = read(path)
    records = [{key: row[key] for key in ("message", "source") if row.get(key)} for row in rows]
    judged = votes.judge(binary, bundle, records)
    labels = np.array([LABELS.index(row["label"]) for row in rows])
    sets = defaultdict(list)
    for place, row in enumerate(rows):
        sets[row.get("set", "unnamed")].append(place)
    return rounded(
        {
            "judging_digest": judging_digest,
            "lines": len(rows),
            "labels": dict(sorted(Counter(row["label"] for row in rows).items())),
            "sets": {
                name: {"lines": len(places), **set_figures(labels, judged, places)}
                for name, places in sorted(sets.items())
            },
            "figures": evaluate.all_figures(labels, judged),
            "forwarding": caution.forwarding(labels, judged),
            "contributions": contributions.measure(labels, judged),
        }
    )


def set_figures(labels, judged, places):
    """The ensemble's two main figures on one of the sets; none where it has but one label."""
    figures = evaluate.ensemble_figures(labels[places], [judged[place] for place in places])
    auc = None if np.isnan(figures.forward_auc) else figures.forward_auc
    return {"macro_f1": figures.macro_f1, "forward_auc": auc}


def rounded(value):
    """The value with every float at four digits."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return value


def save(path, measured):
    """Keep the figures."""
    write_text(path, dump_json(measured))


def load(path):
    """The figures kept, or None."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
