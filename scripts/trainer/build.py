"""The whole way: corpus in, bundle and parity file out."""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from trainer import (
    bundle,
    calibrate,
    card,
    caution,
    contributions,
    corpus,
    evaluate,
    features,
    generate,
    golden,
    machines,
    models,
    parity,
    settings,
    validate,
    vectorise,
    votes,
)
from trainer.common import LABELS, TrainerError, digest_bytes, digest_files

PARITY_TOLERANCE = 1e-6


@dataclass
class Data:
    """The corpus, the lines made of it, and their features."""

    templates: list
    lines: list
    features: list
    schema: object
    digest: str


@dataclass
class Paths:
    """What is read and written."""

    binary: object
    corpus: object
    rules: object
    bundle: object
    validation: object = settings.VALIDATION
    parity: object = settings.PARITY
    external: object = None


class Progress:
    """Says what is being done and how long it has taken so far."""

    def __init__(self):
        self.start = time.monotonic()

    def __call__(self, text):
        print(f"[{time.monotonic() - self.start:6.1f} s] {text}", flush=True)


def read_data(paths):
    """Corpus -> templates -> lines -> features."""
    templates = corpus.read(paths.corpus)
    lines = generate.expand(templates)
    found = features.extract(paths.binary, [line.record() for line in lines])
    corpus.check_masked(lines, found)
    schema = features.read_schema(paths.binary)
    digest = digest_files(corpus.product_files(paths.corpus))
    return Data(templates, lines, found, schema, digest)


def first_draft(paths, release):
    """What a bundle holds before anything is judged with it."""
    return bundle.Draft(
        name=settings.BUNDLE_NAME,
        version=release.version,
        created=bundle.created(release),
        rules=bundle.read_rules(paths.rules),
        baseline=bundle.NO_BASELINE,
        extra={"MODEL_CARD.md": b"draft\n"},
    )


def train(paths):
    """Everything: figures on held-out products, models, bundle, parity file."""
    say = Progress()
    release = corpus.read_release(paths.corpus)
    data = read_data(paths)
    say(f"{len(data.lines):,} lines of {len(data.templates):,} templates")
    draft = first_draft(paths, release)
    held, fitted = evaluate.hold_out(data)
    say(f"fitted {len(held.parts)} folds, temperature {held.temperature}")
    say(f"and the models: {len(fitted.columns)} of {len(fitted.vectoriser.vocabulary_):,} terms")
    evaluate.judge_held_out(data, held, paths.binary, draft)
    figures = evaluate.held_out_figures(data, held)
    say("held-out products:\n" + card.figures_table(figures))
    labels, judged = evaluate.held_out_verdicts(data, held)
    draft.curve = caution.curve(labels, judged)
    made = finish(paths, data, held, figures, fitted, draft, say)
    write_parity(paths, data, fitted, held.temperature, made, say)


def finish(paths, data, held, figures, fitted, draft, say):
    """Baseline, golden lines and card; writes the bundle and returns its files.

    A draft, written elsewhere, is judged with first: the bundle's place is touched once, at the end.
    """
    temperature = held.temperature
    with tempfile.TemporaryDirectory(prefix="logtriage-draft-") as folder:
        trial = Path(folder) / "draft"
        made = draft.files(fitted, temperature)
        bundle.write(trial, made)
        digest = bundle.judging_digest(made)
        draft.baseline = baseline(paths.binary, trial, data, fitted)
        golden_bytes = golden_file(paths.binary, trial, data, fitted, temperature, say)
        draft.extra["golden.jsonl"] = golden_bytes
        if paths.external:
            measured = validate.measure(paths.binary, trial, paths.external, digest)
            validate.save(paths.validation, measured)
            say("external lines:\n" + card.figures_table(measured["figures"]))
    facts = card_facts(data, held, figures, fitted, draft, draft.files(fitted, temperature))
    facts["validation"] = validate.load(paths.validation)
    draft.extra["MODEL_CARD.md"] = card.write(facts).encode("utf-8")
    made = draft.files(fitted, temperature)
    packed = bundle.packed_size(made)
    if packed > settings.CONFIGMAP_LIMIT:
        raise TrainerError(
            f"the bundle packs to {packed:,} bytes, {packed - settings.CONFIGMAP_LIMIT:,} more "
            "than one ConfigMap holds"
        )
    bundle.write(paths.bundle, made)
    votes.prove(paths.binary, paths.bundle)
    say(f"wrote {paths.bundle}: {sum(map(len, made.values())):,} bytes, {packed:,} packed")
    return made


def card_facts(data, held, figures, fitted, draft, made):
    """What the model card tells, but for the external figures."""
    labels, weights = models.labels_of(data.lines), models.line_weights(data.lines)
    packs = [pack for pack in yaml.safe_load_all(draft.rules) if pack]
    calibrated = calibrate.apply_temperature(held.probabilities, held.temperature)
    places = sorted(held.judged)
    of_judged, judged = evaluate.held_out_verdicts(data, held)
    return {
        "models": fitted,
        "templates": data.templates,
        "version": draft.version,
        "figures": figures,
        "forwarding": caution.forwarding(of_judged, judged),
        "contributions": contributions.measure(of_judged, judged),
        "machines": held_out_machines(data, held),
        "curve": draft.curve,
        "reliability": caution.reliability(of_judged, calibrated[places]),
        "rules": sum(map(bundle.count_rules, packs)),
        "packs": len(packs),
        "temperature": held.temperature,
        "loss_raw": calibrate.log_loss(held.probabilities, labels, weights),
        "loss": calibrate.log_loss(calibrated, labels, weights),
        "packed": bundle.packed_size({k: v for k, v in made.items() if k != "MODEL_CARD.md"}),
        "corpus_digest": data.digest,
        "judging_digest": bundle.judging_digest(made),
    }


def held_out_machines(data, held):
    """Rows of `machines`, checked."""
    found = machines.rows(data, held.judged)
    machines.check(found)
    return found


def baseline(binary, trial, data, fitted):
    """What drift is measured against: how this bundle judges one line of each template."""
    first = [place for place, line in enumerate(data.lines) if line.index == 0]
    judged = votes.judge(binary, trial, [data.lines[place].record() for place in first])
    shares = np.bincount([j.category for j in judged], minlength=len(LABELS)) / len(judged)
    deciles = np.quantile([j.verdict["confidence"] for j in judged], np.linspace(0.1, 0.9, 9))
    unknown = vectorise.unknown_rate(fitted.vectoriser, [data.features[p].tokens for p in first])
    return {
        "category_shares": dict(zip(LABELS, (round(float(s), 6) for s in shares), strict=True)),
        "score_deciles": [round(float(value), 6) for value in deciles],
        "unknown_token_rate": round(unknown, 6),
    }


def golden_file(binary, trial, data, fitted, temperature, say):
    """golden.jsonl, after the program's votes were found equal to the trainer's predictions."""
    records = golden.candidates(data.templates)
    found = features.extract(binary, records)
    judged = votes.judge(binary, trial, records)
    check_parity(judged, parity.predictions(fitted, temperature, found), say)
    forms = [one.format for one in found]
    chosen = golden.choose(records, judged, forms, fitted.knots, settings.ANOMALY_THRESHOLD)
    return golden.file_bytes(records, judged, chosen)


def check_parity(judged, predicted, say):
    """Refuses to go on where the program's votes are not the trainer's predictions."""
    far, strange, other = parity.largest_difference(judged, predicted)
    say(f"parity on {len(judged):,} lines: probability {far:.1e}, anomaly {strange:.1e}")
    if far > PARITY_TOLERANCE or strange > PARITY_TOLERANCE or other:
        raise TrainerError(
            f"expected the program's votes within {PARITY_TOLERANCE} of the trainer's predictions, "
            f"found probabilities {far:.2e} and anomaly scores {strange:.2e} apart, {other} argmax "
            "different"
        )


def compare_lines(paths, file):
    """Parity of a written bundle on the lines of any file, plain or NDJSON with a message."""
    data = read_data(paths)
    fitted = models.fit(data.lines, data.features, data.schema, f"corpus {data.digest}")
    manifest = json.loads((paths.bundle / bundle.MANIFEST).read_text("utf-8"))
    expected = manifest["files"]["classifier.onnx"]["sha256"]
    if digest_bytes(fitted.classifier_onnx) != expected:
        raise TrainerError(
            f"expected {paths.bundle} to be made of this corpus, found another classifier in it; "
            "run `make model` first"
        )
    temperature = manifest["members"]["classifier"]["calibration"]["temperature"]
    records = read_records(file)
    predicted = parity.predictions(fitted, temperature, features.extract(paths.binary, records))
    check_parity(votes.judge(paths.binary, paths.bundle, records), predicted, Progress())


def read_records(file):
    """Records of a file's lines that are not blank."""
    texts = [text for text in file.read_text("utf-8", "replace").split("\n") if text.strip()]
    records = []
    for text in texts:
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        known = isinstance(given, dict) and isinstance(given.get("message"), str)
        records.append(
            generate.record(given["message"], given.get("source")) if known else {"message": text}
        )
    return records


def write_parity(paths, data, fitted, temperature, made, say):
    """The parity file that every build of the program is tested with."""
    records, found = parity.records(data.templates, paths.binary)
    judged = votes.judge(paths.binary, paths.bundle, records)
    check_parity(judged, parity.predictions(fitted, temperature, found), say)
    digest = bundle.digest_bytes(made[bundle.MANIFEST])
    data_bytes = parity.file_bytes(fitted, temperature, records, found, digest)
    paths.parity.parent.mkdir(parents=True, exist_ok=True)
    paths.parity.write_bytes(data_bytes)
    say(f"wrote {paths.parity}: {len(records):,} lines, {len(data_bytes):,} bytes")
