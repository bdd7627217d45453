"""Splits keep products apart; figures are those computed by hand."""

import math
import unittest

import numpy as np
from trainer import calibrate, folds, metrics, models, vectorise
from trainer.corpus import Template
from trainer.generate import Line


def templates():
    """Twelve products of three groups, of one to four templates."""
    made = []
    for product in range(12):
        for place in range(1 + product % 4):
            name, group = f"product-{product}", ("web", "os", "cloud")[product % 3]
            label = ("critical", "routine")[place % 2]
            made.append(
                Template(f"{name}-{place}", name, group, label, "plain", name, None, "r", "t")
            )
    return made


class SplitsByProduct(unittest.TestCase):
    """No product stands on both sides, and every template is held out once."""

    def test_no_product_on_both_sides(self):
        items = templates()
        assignment = folds.assign(items)
        held = []
        for number in range(folds.FOLDS):
            inside, outside = folds.split(items, lambda t: t.product, assignment, number)
            self.assertFalse(
                {items[i].product for i in inside} & {items[i].product for i in outside}
            )
            held += outside
        self.assertEqual(sorted(held), list(range(len(items))))

    def test_a_product_on_both_sides_is_found(self):
        items = templates()
        with self.assertRaisesRegex(ValueError, "product-3"):
            folds.check(items, lambda t: t.product, range(8), range(7, len(items)))

    def test_groups_are_spread(self):
        items = templates()
        assignment = folds.assign(items)
        for group in ("web", "os", "cloud"):
            used = {assignment[t.product] for t in items if t.group == group}
            self.assertGreaterEqual(len(used), 4)


class CountsFigures(unittest.TestCase):
    """Figures of small cases, computed by hand."""

    def test_macro_f1_and_confusion(self):
        figures = metrics.figures(
            [0, 0, 1, 2, 2, 3], [0, 1, 1, 2, 3, 3], [1, 1, 1, 0, 0, 0], [1] * 6
        )
        # f1: critical 2/3, suspicious 2/3, routine 2/3, noise 2/3
        self.assertAlmostEqual(figures.macro_f1, 2 / 3)
        self.assertEqual(figures.confusion[0], [1, 1, 0, 0])
        self.assertEqual(figures.forward_auc, 1.0)

    def test_recall_counts_ties_by_the_part_that_fits(self):
        labels, forward = [0, 0, 2, 2, 2, 2, 2, 2, 2, 2], [0.9, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0]
        # room for 2 of 10: one critical above, one place for four tied lines of which one is critical
        self.assertAlmostEqual(metrics.critical_recall(labels, forward, 0.2), (1 + 0.25) / 2)
        self.assertAlmostEqual(metrics.critical_recall(labels, forward, 0.5), 1.0)

    def test_abstentions_stand_in_the_middle(self):
        forward = metrics.forward_score(
            [[0.6, 0.3, 0.1, 0.0], [0, 0, 0, 0]], np.array([True, False])
        )
        np.testing.assert_allclose(forward, [0.9, 0.5])


class CalibratesVotes(unittest.TestCase):
    """Temperature and knots."""

    def test_temperature_one_changes_nothing(self):
        given = np.array([[0.7, 0.2, 0.05, 0.05]])
        np.testing.assert_allclose(calibrate.apply_temperature(given, 1.0), given)

    def test_temperature_two_by_hand(self):
        made = calibrate.apply_temperature([[0.64, 0.16, 0.16, 0.04]], 2.0)[0]
        np.testing.assert_allclose(made, np.array([0.8, 0.4, 0.4, 0.2]) / 1.8)

    def test_zero_probability_stays_zero(self):
        self.assertEqual(calibrate.apply_temperature([[1.0, 0.0, 0.0, 0.0]], 3.0)[0][1], 0.0)

    def test_knots_ascend(self):
        made = calibrate.knots(np.repeat([-0.4, -0.5, -0.6], 50))
        self.assertEqual(len(made), calibrate.KNOTS)
        gaps = np.diff(made)
        self.assertTrue((gaps >= calibrate.KNOT_GAP - 2e-9).all())


class WeighsAndVectorises(unittest.TestCase):
    """Weights of lines, terms of documents."""

    def test_lines_of_a_template_share_its_weight(self):
        items = templates()
        lines = [Line(t, i, "m", None) for t in items for i in range(3)]
        weights = models.line_weights(lines)
        self.assertAlmostEqual(weights.mean(), 1.0)
        self.assertEqual(len(set(weights[:3])), 1)

    def test_equal_lines_are_merged_with_their_weight(self):
        one = templates()[0]
        lines = [Line(one, i, "m", None) for i in range(3)]
        places, weights = models.merge_equal(lines, [("a",), ("b",), ("a",)], [1.0, 2.0, 4.0])
        self.assertEqual(places, [0, 1])
        self.assertEqual(weights.tolist(), [5.0, 2.0])

    def test_terms_leave_headers_out_of_pairs(self):
        self.assertEqual(
            vectorise.terms(["@format:syslog", "failed", "password", "<ip4>"]),
            ["@format:syslog", "failed", "password", "<ip4>", "failed password", "password <ip4>"],
        )

    def test_rows_follow_the_formula(self):
        lines = [Line(t, 0, "m", None) for t in templates()[:2]]
        documents = [("a", "a", "b"), ("a", "b")]
        vectoriser = vectorise.fit(documents, lines, min_products=2, min_templates=2)
        self.assertEqual(sorted(vectoriser.vocabulary_), ["a", "a b", "b"])
        row = vectorise.transform(vectoriser, documents).toarray()[0]
        raw = np.array([1 + math.log(2), 1.0, 1.0])  # every idf is 1: all terms in all documents
        np.testing.assert_allclose(row, raw / np.linalg.norm(raw), rtol=1e-7)
        self.assertEqual(row.dtype, np.float32)


if __name__ == "__main__":
    unittest.main()
