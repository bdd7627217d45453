"""The same figures on an external file, as `logtriage evaluate` tells them.

The file stays outside the repository; its figures are kept with the digest of what they were
measured on, so that the model card can be written without the file and says when they are stale.
"""

import json

import numpy as np

from trainer import caution, contributions, metrics, program, votes
from trainer.common import LABELS, dump_json, write_text


def read(path):
    """Messages, sources and labels of a file that the program has read already."""
    rows = [json.loads(text) for text in path.read_text("utf-8").split("\n") if text.strip()]
    records = [{key: row[key] for key in ("message", "source") if row.get(key)} for row in rows]
    return records, np.array([LABELS.index(row["label"]) for row in rows])


def measure(binary, bundle, path, judging_digest):
    """Figures of the bundle on an NDJSON file with message, label, and optionally source and set, as
    kept in validation.json."""
    shares = ",".join(f"{share * 100:g}" for share in metrics.SHARES)
    command = [binary, "evaluate", path, "--bundle", bundle, "--skip-golden", "--by", "set"]
    told = json.loads(
        program.output([*command, "--at", shares, "--bootstrap", "0", "--format", "json"])
    )
    ensemble = {**told["figures"], "voted": told["voted"], "confusion": told["confusion"]}
    sets = {one["name"] or "unnamed": one for one in told["by"]["values"]}
    judges = {**told["members"], "ensemble": ensemble}
    records, labels = read(path)
    judged = votes.judge(binary, bundle, records)
    return rounded(
        {
            "judging_digest": judging_digest,
            "lines": told["lines"],
            "labels": {name: count for name, count in sorted(told["labels"].items()) if count},
            "sets": {
                name: {key: one[key] for key in ("lines", "macro_f1", "forward_auc")}
                for name, one in sorted(sets.items())
            },
            "figures": {name: figures(told["lines"], of) for name, of in judges.items()},
            "forwarding": caution.forwarding(labels, judged),
            "contributions": contributions.measure(labels, judged),
        }
    )


def figures(lines, of):
    """The program's figures of one judge in the shape of `metrics.Figures`."""
    return {
        "lines": lines,
        "macro_f1": of["macro_f1"],
        "precision": [of["classes"][label]["precision"] or 0.0 for label in LABELS],
        "recall": [of["classes"][label]["recall"] or 0.0 for label in LABELS],
        "forward_auc": of["forward_auc"],
        "critical_recall": [point["recall"] for point in of["critical_recall"]],
        "confusion": of["confusion"],
        "voted": of["voted"],
    }


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
