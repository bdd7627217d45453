"""What a bundle's files say of themselves, and when figures are called stale."""

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from trainer import bundle, card, contributions, golden, parity, validate
from trainer.common import TrainerError
from trainer.corpus import Release
from trainer.votes import Judged, Vote


def files(**changed):
    """Files of a bundle with a manifest that a judging digest can be taken of."""
    names = ("anomaly.onnx", "classifier.onnx", "rules.yaml", "vocabulary.json", "MODEL_CARD.md")
    made = {name: changed.get(name, b"x") for name in names}
    manifest = {
        "members": {"rules": {"weight": changed.get("weight", 0.3)}},
        "decision": {},
        "text": {},
        "files": {name: {"sha256": bundle.digest_bytes(data)} for name, data in made.items()},
    }
    return {**made, bundle.MANIFEST: json.dumps(manifest).encode()}


class DigestsWhatJudges(unittest.TestCase):
    """The judging digest changes with what decides a verdict, and with nothing else."""

    def test_card_takes_no_part(self):
        digest = bundle.judging_digest(files())
        self.assertEqual(bundle.judging_digest(files(**{"MODEL_CARD.md": b"other"})), digest)
        self.assertNotEqual(bundle.judging_digest(files(**{"rules.yaml": b"other"})), digest)
        self.assertNotEqual(bundle.judging_digest(files(weight=0.4)), digest)

    def test_figures_of_another_bundle_are_called_stale(self):
        figures = {
            name: {
                "voted": 1.0,
                "macro_f1": 0.5,
                "forward_auc": 0.5,
                "critical_recall": [0.1] * 3,
                "precision": [0.5] * 4,
                "recall": [0.5] * 4,
                "confusion": [[0] * 4] * 4,
            }
            for name in card.JUDGES
        }
        part = {**figures["rules"], "critical_forwarded": 0.5, "ordinary_forwarded": 0.25}
        kept = {
            "judging_digest": "a" * 64,
            "lines": 1234,
            "sets": {},
            "figures": figures,
            "forwarding": {"critical": 0.9, "noise": 0.125},
            "contributions": dict.fromkeys(contributions.PARTS, part),
        }
        self.assertIn("**Stale**", card.validation_section(kept, "b" * 64))
        fresh = card.validation_section(kept, "a" * 64)
        self.assertNotIn("Stale", fresh)
        self.assertIn("1,234 labelled lines", fresh)
        self.assertIn("90.0% of critical, 12.5% of noise.", fresh)
        self.assertIn("| caution | 0.500 |", fresh)
        self.assertIn("Not measured yet", card.validation_section(None, "a" * 64))


class WritesTheSame(unittest.TestCase):
    """Rules, date and directory."""

    def test_rule_packs_become_one_stream_in_the_order_of_their_names(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "b.yaml").write_text("---\npack: b\n", "utf-8")
            (Path(folder) / "a.yaml").write_text("pack: a", "utf-8")
            self.assertEqual(bundle.read_rules(Path(folder)), b"---\npack: a\n---\npack: b\n")
        with self.assertRaisesRegex(TrainerError, "expected rule packs"):
            bundle.read_rules(Path(folder))

    def test_each_row_of_a_table_counts_as_a_rule(self):
        rule, row = {"id": "a"}, {"id": "b", "value": "1"}
        tables = [{"table": "t", "rows": [row, row]}, {"table": "u", "rows": [row]}]
        self.assertEqual(bundle.count_rules({"rules": [rule]}), 1)
        self.assertEqual(bundle.count_rules({"rules": [rule], "tables": tables}), 4)
        self.assertEqual(bundle.count_rules({"tables": tables}), 3)

    def test_date_is_that_of_the_epoch_variable_else_of_the_release(self):
        release = Release("1", "2026-11-22T00:00:00Z")
        with mock.patch.dict(os.environ, {"SOURCE_DATE_EPOCH": "86400"}):
            self.assertEqual(bundle.created(release), "1970-01-02T00:00:00Z")
        with mock.patch.dict(os.environ, clear=True):
            self.assertEqual(bundle.created(release), "2026-11-22T00:00:00Z")

    def test_a_bundle_is_replaced_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "bundles/default"
            bundle.write(place, {"old": b"1"})
            bundle.write(place, {"new": b"2"})
            self.assertEqual([path.name for path in place.iterdir()], ["new"])


def judged(scores, confidence=0.7, reason="ensemble", anomaly=(-0.5,), raw=()):
    """A verdict for a test."""
    verdict = {"category": "critical", "confidence": confidence, "reason": reason, "flags": []}
    votes = {"classifier": Vote(True, scores, raw), "anomaly": Vote(False, scores, anomaly)}
    return Judged(verdict, 0, scores, votes, ())


class ChoosesGoldenLines(unittest.TestCase):
    """Lines whose verdict hangs on a hair are no proof."""

    def test_close_calls_are_left_out(self):
        knots = [0.4, 0.6]
        clear = judged((0.7, 0.2, 0.1, 0.0))
        self.assertFalse(golden.on_a_hair(clear, knots, 0.98))
        self.assertTrue(golden.on_a_hair(judged((0.4, 0.3995, 0.1, 0.1)), knots, 0.98))
        self.assertTrue(golden.on_a_hair(judged((0.7, 0.2, 0.1, 0.0), 0.4001), knots, 0.98))
        self.assertTrue(golden.on_a_hair(judged((0.3, 0.1, 0.1, 0.5)), knots, 0.98))
        self.assertTrue(golden.on_a_hair(clear, knots, 0.5))


class MeasuresParity(unittest.TestCase):
    """The largest difference is found, in each member."""

    def test_largest_difference(self):
        expected = [{"probabilities": [0.7, 0.1, 0.1, 0.1], "anomaly": -0.5}] * 2
        equal = judged((0.0,) * 4, raw=(0.7, 0.1, 0.1, 0.1))
        other = judged((0.0,) * 4, raw=(0.1, 0.7, 0.1, 0.1), anomaly=(-0.4,))
        self.assertEqual(parity.largest_difference([equal, equal], expected), (0.0, 0.0, 0))
        far, strange, argmax = parity.largest_difference([equal, other], expected)
        self.assertAlmostEqual(far, 0.6)
        self.assertAlmostEqual(strange, 0.1)
        self.assertEqual(argmax, 1)

    def test_rounding_keeps_what_is_no_number(self):
        self.assertEqual(validate.rounded({"a": [0.123456, None, "x"]}), {"a": [0.1235, None, "x"]})


if __name__ == "__main__":
    unittest.main()
