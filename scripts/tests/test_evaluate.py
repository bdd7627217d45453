"""`logtriage evaluate` against scikit-learn, on random verdicts and labels.

A rule of a random category and confidence for every message makes the verdicts; two digits of
confidence make ties. The trainer's own figures are held to the same lines.
"""

import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
import yaml
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)
from trainer import evaluate, metrics, votes
from trainer.common import LABELS, ROOT

RULES, LINES, SHARES = 150, 600, (0.05, 0.2, 0.37, 1.0)


def program():
    """The program to test: LOGTRIAGE_BIN's, else the newest build; None where there is none."""
    named = os.environ.get("LOGTRIAGE_BIN")
    built = [ROOT / "target/debug/logtriage", ROOT / "target/release/logtriage"]
    found = [path for path in ([Path(named)] if named else built) if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def write_site(folder, rng):
    """Rules that alone decide, and a configuration with them: (its path, the rules)."""
    rules = [
        {
            "id": f"zq-{number}",
            "title": "t",
            "category": rng.choice(LABELS[:3]),
            "confidence": round(rng.uniform(0.3, 0.99), 2),
            "floor": rng.random() < 0.3,
            "any": [rf"\bzq{number}zq\b"],
        }
        for number in range(RULES)
    ]
    packs = folder / "packs"
    packs.mkdir()
    (packs / "zq.yaml").write_text(yaml.safe_dump({"rules": rules}), "utf-8")
    weights = {"rules": 1.0, "classifier": 0.0, "anomaly": 0.0}
    config = {"rules": {"packs": [str(packs)]}, "decision": {"weights": weights}}
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path, rules


def write_lines(folder, rng, rules):
    """Labels for messages that one rule matches, or none; (path, places of the labels).

    Rules below 0.6 are right more often than they say, the others less often: bins of both kinds.
    """
    numbers = [rng.randrange(RULES + 10) for _ in range(LINES)]
    labels = []
    for number in numbers:
        rule = rules[number] if number < RULES else None
        right = rule and rng.random() < (0.9 if rule["confidence"] < 0.6 else 0.2)
        labels.append(LABELS.index(rule["category"]) if right else rng.randrange(len(LABELS)))
    path = folder / "lines.ndjson"
    rows = [
        {"message": f"zq{number}zq", "label": LABELS[label], "group": number % 40}
        for number, label in zip(numbers, labels, strict=True)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path, np.array(labels)


def run(*command):
    """Standard output of the program."""
    environment = {key: value for key, value in os.environ.items() if key != "LOGTRIAGE_CONFIG"}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    return done.stdout


@unittest.skipIf(program() is None, "no program; run `cargo build`")
class AgreesWithScikitLearn(unittest.TestCase):
    """Every figure that scikit-learn has too, and the trainer's for the others."""

    @classmethod
    def setUpClass(cls):
        rng = random.Random(20)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config, rules = write_site(folder, rng)
            path, labels = write_lines(folder, rng, rules)
            at = ",".join(f"{share * 100:g}" for share in SHARES)
            site = ("--config", config, path)
            told = run(program(), "evaluate", "--format", "json", "--at", at, *site)
            answers = run(program(), "classify", "--votes", "--quiet", *site)
        cls.told, cls.labels = json.loads(told), labels
        cls.judged = [votes.read_answer(json.loads(line)) for line in answers.splitlines()]
        cls.predicted = np.array([one.category for one in cls.judged])
        cls.forward = np.array([evaluate.verdict_forward_score(one) for one in cls.judged])

    def test_the_case_is_hard_enough(self):
        self.assertEqual(len(self.judged), LINES)
        self.assertGreaterEqual(len(set(self.predicted)), 3)
        self.assertTrue(40 < len(set(self.forward)) < LINES / 2)
        self.assertIn(0.5, self.forward)

    def test_classes(self):
        figures, places = self.told["figures"], range(len(LABELS))
        expected = f1_score(self.labels, self.predicted, average="macro", labels=places)
        self.assertAlmostEqual(figures["macro_f1"], expected, places=12)
        expected = precision_recall_fscore_support(
            self.labels, self.predicted, labels=places, zero_division=np.nan
        )
        for place, label in enumerate(LABELS):
            for key, column in zip(("precision", "recall", "f1"), expected, strict=False):
                found = figures["classes"][label][key]
                found = np.nan if found is None else found
                np.testing.assert_allclose(found, column[place], rtol=1e-12)
        matrix = confusion_matrix(self.labels, self.predicted, labels=places)
        self.assertEqual(self.told["confusion"], matrix.tolist())

    def test_area_and_curve(self):
        wanted = self.labels <= 1
        expected = roc_auc_score(wanted, self.forward)
        self.assertAlmostEqual(self.told["figures"]["forward_auc"], expected, places=9)
        across, up, _ = roc_curve(wanted, self.forward, drop_intermediate=False)
        found = np.array(self.told["curves"]["roc"])
        np.testing.assert_allclose(found, np.column_stack([across, up]), atol=1e-12)

    def test_calibration(self):
        confidence = np.array([one.verdict["confidence"] for one in self.judged])
        right = self.predicted == self.labels
        # The program's are float32, so 0.6 is a little more than that and in the bin above.
        bins = np.minimum((confidence.astype(np.float32).astype(float) * 10).astype(int), 9)
        apart = [abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in range(10)]
        found = self.told["figures"]["calibration_error"]
        self.assertAlmostEqual(found, sum(apart) / LINES, places=6)

    def test_recalls_and_shares_as_the_trainer_has_them(self):
        for point, share in zip(self.told["figures"]["critical_recall"], SHARES, strict=True):
            expected = metrics.critical_recall(self.labels, self.forward, share)
            self.assertAlmostEqual(point["recall"], expected, places=12)
        forwarded = np.mean([one.verdict["forward"] for one in self.judged])
        self.assertAlmostEqual(self.told["figures"]["forwarded"], forwarded, places=12)
        for member in votes.MEMBERS:
            of, found = (
                evaluate.member_figures(self.labels, self.judged, member),
                self.told["members"][member],
            )
            self.assertAlmostEqual(found["macro_f1"], of.macro_f1, places=12)
            self.assertAlmostEqual(found["forward_auc"], of.forward_auc, places=9)
            self.assertAlmostEqual(found["voted"], of.voted, places=12)


if __name__ == "__main__":
    unittest.main()
