"""Everything a bundle holds, written the same way each time, with its digests."""

import json
import os
import shutil
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO

import zstandard

from trainer import settings, vectorise
from trainer.common import LABELS, TrainerError, digest_bytes, dump_json

MANIFEST = "manifest.json"
NO_BASELINE = {
    "category_shares": dict.fromkeys(LABELS, 0.25),
    "score_deciles": [round(0.1 * i, 1) for i in range(1, 10)],
    "unknown_token_rate": 0.0,
}


@dataclass
class Draft:
    """What a bundle holds beside its models. `extra` files are taken as they are."""

    name: str
    version: str
    created: str
    rules: bytes
    baseline: dict
    extra: dict
    weights: dict = field(default_factory=lambda: settings.WEIGHTS)
    threshold: float = settings.ANOMALY_THRESHOLD
    max_unknown: float = settings.MAX_UNKNOWN
    curve: list = field(default_factory=list)

    def files(self, models, temperature):
        """{name: bytes} of the whole bundle, manifest last."""
        vocabulary = vectorise.vocabulary_file(models.vectoriser, models.columns)
        made = {
            "vocabulary.json": dump_json(vocabulary, indent=None).encode("utf-8"),
            "classifier.onnx": models.classifier_onnx,
            "anomaly.onnx": models.anomaly_onnx,
            "rules.yaml": self.rules,
            "golden.jsonl": b"",
            **self.extra,
        }
        made[MANIFEST] = dump_json(self.manifest(models, temperature, made)).encode("utf-8")
        return made

    def manifest(self, models, temperature, made):
        """The content of manifest.json."""
        schema = models.schema
        return {
            "format": 1,
            "name": self.name,
            "version": self.version,
            "created": self.created,
            "labels": list(LABELS),
            "text": {
                "normalizer": schema.normalizer,
                "tokenizer": schema.tokenizer,
                "ngram": list(vectorise.NGRAM),
                "sublinear_tf": True,
                "norm": "l2",
                "vocabulary": "vocabulary.json",
            },
            "numeric": {"version": schema.numeric_version},
            "members": self.members(models, temperature),
            "decision": {
                "min_confidence": settings.MIN_CONFIDENCE,
                "noise_threshold": settings.NOISE_THRESHOLD,
                **({"curve": self.curve} if self.curve else {}),
            },
            "baseline": self.baseline,
            "golden": {"file": "golden.jsonl", "tolerance": settings.GOLDEN_TOLERANCE},
            "files": {
                name: {"sha256": digest_bytes(made[name]), "size": len(made[name])}
                for name in sorted(made)
            },
        }

    def members(self, models, temperature):
        """The manifest's members."""
        return {
            "rules": {"weight": self.weights["rules"], "file": "rules.yaml"},
            "classifier": {
                "kind": "xgboost and logistic regression",
                "weight": self.weights["classifier"],
                "file": "classifier.onnx",
                "input_width": len(models.columns),
                "missing": "nan",
                "max_unknown": self.max_unknown,
                "calibration": {"kind": "temperature", "temperature": temperature},
            },
            "anomaly": {
                "kind": "isolation_forest",
                "weight": self.weights["anomaly"],
                "file": "anomaly.onnx",
                "input_width": len(models.schema.names),
                "calibration": {"kind": "quantiles", "knots": models.knots},
                "threshold": self.threshold,
            },
        }


def judging_digest(made):
    """SHA-256 over all that decides a verdict: models, vocabulary, rules, members, decision.

    Card, golden lines and baseline take no part, so figures measured on a bundle stay valid as long
    as this digest does.
    """
    manifest = json.loads(made[MANIFEST])
    names = ("anomaly.onnx", "classifier.onnx", "rules.yaml", "vocabulary.json")
    parts = [manifest["files"][name]["sha256"] for name in names]
    parts += [json.dumps(manifest[key], sort_keys=True) for key in ("members", "decision", "text")]
    return digest_bytes("\n".join(parts).encode("utf-8"))


def read_rules(directory):
    """All rule packs as one stream of YAML documents, in the order of the files' names."""
    files = sorted(directory.glob("*.yaml")) if directory.is_dir() else []
    if not files:
        raise TrainerError(f"expected rule packs (*.yaml) in {directory}, found none")
    texts = [path.read_text("utf-8").strip().removeprefix("---").strip() for path in files]
    return "".join(f"---\n{text}\n" for text in texts).encode("utf-8")


def count_rules(pack: dict) -> int:
    """The rules of a pack; each row of a table is one."""
    rows = [table["rows"] for table in pack.get("tables", [])]
    return sum(map(len, [pack.get("rules", []), *rows]))


def created(release):
    """SOURCE_DATE_EPOCH where it is set, else the date of the corpus release."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return release.created
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(directory, made):
    """Replace a bundle directory: written beside, then moved into place."""
    beside = directory.with_name(directory.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name, data in made.items():
        (beside / name).write_bytes(data)
    shutil.rmtree(directory, ignore_errors=True)
    beside.rename(directory)


def packed_size(made):
    """Bytes of the bundle as a tar file under zstd -19: what one ConfigMap has to hold."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(made):
            entry = tarfile.TarInfo(name)
            entry.size = len(made[name])
            tar.addfile(entry, BytesIO(made[name]))
    return len(zstandard.ZstdCompressor(level=19).compress(stream.getvalue()))
