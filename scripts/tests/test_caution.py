"""Caution and contributions, by cases computed by hand."""

import unittest
from types import SimpleNamespace

import numpy as np
from trainer import caution, contributions, machines
from trainer.common import TrainerError
from trainer.votes import Judged, Vote

SILENT = Vote(False, (0.0,) * 4, ())


def judged(scores, forward=False, reason="ensemble", category=None, confidence=0.0, **votes):
    """A verdict as the program gives it, as far as these tests need it."""
    category = int(np.argmax(scores)) if category is None else category
    verdict = {"forward": forward, "reason": reason, "confidence": confidence}
    cast = {name: Vote(True, tuple(vote), ()) for name, vote in votes.items()}
    members = {name: cast.get(name, SILENT) for name in ("rules", "classifier", "anomaly")}
    return Judged(verdict, category, tuple(scores), members, ())


class WeighsForwarding(unittest.TestCase):
    """Shares of ordinary traffic, and the curve."""

    def test_ordinary_share_weighs_the_labels(self):
        share = caution.ordinary_share([0, 1, 2, 2, 3], [1, 1, 1, 0, 0])
        self.assertAlmostEqual(share, 0.002 + 0.028 + 0.27 / 2)
        self.assertAlmostEqual(caution.ordinary_share([2, 3], [0, 1]), 0.70 / 0.97)

    def test_curve_falls_and_ends_with_what_is_forwarded_anyway(self):
        lines = [
            judged((0.1, 0.1, 0.4, 0.4)),
            judged((0.5, 0.2, 0.2, 0.1), forward=True),
            judged((0.2, 0.2, 0.6, 0.0)),
            judged((0.0, 0.05, 0.0, 0.95)),
        ]
        points = caution.curve([0, 0, 2, 3], lines)
        at = {point["threshold"]: point for point in points}
        self.assertEqual(at[0.2]["critical_recall"], 1.0)
        self.assertEqual(at[0.22]["critical_recall"], 0.5)
        self.assertAlmostEqual(at[0.4]["forwarded"], (0.002 / 2 + 0.27) / 0.972, places=4)
        self.assertEqual(at[0.42]["forwarded"], at[caution.NEVER]["forwarded"])
        recalls = [point["critical_recall"] for point in points]
        self.assertEqual(recalls, sorted(recalls, reverse=True))

    def test_reliability(self):
        probabilities = np.array([[0.65, 0.35, 0, 0], [0.65, 0.35, 0, 0], [0, 0, 0.95, 0.05]])
        rows, error = caution.reliability([0, 1, 2], probabilities)
        self.assertEqual([row[2] for row in rows], [2, 1])
        self.assertAlmostEqual(rows[0][4], 0.5)
        self.assertAlmostEqual(error, 0.15 * 2 / 3 + 0.05 / 3)


class LeavesOut(unittest.TestCase):
    """Verdicts without a part."""

    def test_each_part_counts(self):
        line = judged(
            (0, 0, 0, 0),
            rules=(0.9, 0.1, 0, 0),
            classifier=(0.0, 0.1, 0.5, 0.4),
        )
        self.assertEqual(contributions.decide(line, "nothing", WEIGHTS)[0], 0)
        self.assertEqual(contributions.decide(line, "rules", WEIGHTS)[0], 2)
        category, score, forward = contributions.decide(line, "classifier", WEIGHTS)
        self.assertEqual((category, forward), (0, True))
        self.assertAlmostEqual(score, 1.0)

    def test_floors_go_with_what_sets_them(self):
        line = judged((0, 0, 0, 0), reason="severity_floor", category=1, classifier=(0, 0, 1, 0))
        self.assertEqual(contributions.decide(line, "nothing", WEIGHTS), (1, 0.0, True))
        self.assertEqual(contributions.decide(line, "severity floor", WEIGHTS), (2, 0.0, False))
        line = judged((0, 0, 0, 0), reason="rule_floor", category=0, confidence=0.9)
        self.assertEqual(contributions.decide(line, "nothing", WEIGHTS), (0, 0.9, True))
        self.assertEqual(contributions.decide(line, "rules", WEIGHTS), (2, 0.5, True))

    def test_caution_keeps_noise_and_forwards_the_unsure(self):
        noise = judged((0, 0, 0, 0), classifier=(0.1, 0.1, 0.35, 0.45))
        self.assertEqual(contributions.decide(noise, "nothing", WEIGHTS)[0], 2)
        self.assertEqual(contributions.decide(noise, "caution", WEIGHTS)[0], 3)
        torn = judged((0, 0, 0, 0), classifier=(0.31, 0.31, 0.38, 0.0))
        self.assertTrue(contributions.decide(torn, "nothing", WEIGHTS)[2])
        self.assertFalse(contributions.decide(torn, "caution", WEIGHTS)[2])


WEIGHTS = {"rules": 0.5, "classifier": 0.5, "anomaly": 0.5}


class CountsMachines(unittest.TestCase):
    """Failures and their neighbours are counted apart."""

    def test_rows(self):
        def template(product, label, text):
            return SimpleNamespace(product=product, label=label, text=text, reason="")

        texts = [
            ("slurm", "critical", "Kernel panic on node"),
            ("slurm", "routine", "panic button checked"),
            ("nginx", "critical", "kernel panic"),
        ]
        lines = [SimpleNamespace(template=template(*one)) for one in texts]
        answers = {place: judged((1, 0, 0, 0), forward=place != 1) for place in range(3)}
        found = {row[0]: row[1:] for row in machines.rows(SimpleNamespace(lines=lines), answers)}
        self.assertEqual(found["kernel failures"], (1, 1, 0, 1))
        self.assertEqual(found["slurm"], (1, 1, 0, 1))
        self.assertEqual(found["lustre"], (0, 0, 0, 0))

    def test_what_is_missed_or_forwarded_in_vain_makes_no_bundle(self):
        def rows(hit, wrong):
            # The rows of kinds count the same lines once more, and are left out.
            return [
                ("slurm", hit, 10, 1, 10),
                ("lustre", 10, 10, wrong, 10),
                ("kernel failures", 0, 9, 9, 9),
            ]

        machines.check(rows(7, 4))
        for hit, wrong in ((6, 4), (7, 5)):
            with self.assertRaisesRegex(TrainerError, "large machines held out"):
                machines.check(rows(hit, wrong))


if __name__ == "__main__":
    unittest.main()
