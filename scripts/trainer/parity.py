"""The parity file: lines with the trainer's own predictions, which the program must reproduce.

Each prediction is XGBoost's predict and scikit-learn's score_samples on the features that the
program prints for the line.
"""

import json

import numpy as np
import zstandard

from trainer import calibrate, features, generate, models, mutate
from trainer.common import LABELS, TrainerError, seeded

WANTED = 5400
LEAST = 5000
PER_TEMPLATE = 4


def records(templates, binary):
    """(records, features) of at least LEAST lines, distinct in what the models see of them."""
    seed = generate.PARITY_SEED
    pool = [line.record() for line in generate.expand(templates, seed, PER_TEMPLATE)]
    rng = seeded(seed, "mutate")
    pool += mutate.records(templates, rng, seed, 2 * WANTED)
    found = features.extract(binary, pool)
    kept, seen = [], set()
    for place, one in enumerate(found):
        if one.normalized not in seen:
            seen.add(one.normalized)
            kept.append(place)
    if len(kept) < LEAST:
        raise TrainerError(f"expected {LEAST} distinct lines for parity, found {len(kept)}")
    kept = sorted(rng.sample(kept, min(WANTED, len(kept))))
    return [pool[place] for place in kept], [found[place] for place in kept]


def predictions(fitted, temperature, found):
    """For each line: {"probabilities": [4], "calibrated": [4], "anomaly": score}."""
    raw = fitted.probabilities(found)
    calibrated = calibrate.apply_temperature(raw, temperature)
    scores = fitted.strangeness(found)
    return [
        {
            "probabilities": [round(float(value), 9) for value in raw[row]],
            "calibrated": [round(float(value), 9) for value in calibrated[row]],
            "anomaly": round(float(scores[row]), 9),
        }
        for row in range(len(found))
    ]


def file_bytes(fitted, temperature, taken, found, manifest_sha256):
    """The file: a header, then one line a record, under zstd."""
    packages = {name.replace("-", "_"): value for name, value in models.versions().items()}
    head = {"manifest_sha256": manifest_sha256, "labels": list(LABELS), "trainer": packages}
    lines = [head]
    lines += [
        {**record, **predicted}
        for record, predicted in zip(taken, predictions(fitted, temperature, found), strict=True)
    ]
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    return zstandard.ZstdCompressor(level=19).compress(text.encode("utf-8"))


def largest_difference(judged, predicted):
    """(greatest distance of a probability, of a strangeness score, rows whose argmax differs)
    between the program's raw votes and the trainer's predictions."""
    far, strange, other, compared = 0.0, 0.0, 0, 0
    for one, expected in zip(judged, predicted, strict=True):
        raw = one.votes["classifier"].raw
        if raw:
            compared += 1
            distance = np.abs(np.array(raw) - expected["probabilities"]).max()
            far = max(far, float(distance))
            other += int(np.argmax(raw) != np.argmax(expected["probabilities"]))
        score = one.votes["anomaly"].raw
        if score:
            strange = max(strange, abs(score[0] - expected["anomaly"]))
    if 2 * compared < len(predicted):
        raise TrainerError(
            f"expected the classifier to judge most of {len(predicted)} lines, found {compared}: "
            "a comparison of so few proves nothing"
        )
    return far, strange, other
