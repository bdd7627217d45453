"""Exports say exactly what scikit-learn and XGBoost say, on edges too."""

import unittest

import numpy as np
import xgboost
from scipy.sparse import csr_matrix
from sklearn.preprocessing import StandardScaler
from trainer import anomaly, classifier, linear

TOLERANCE = 1e-6


def sparse_rows(rng, count, width):
    """float32 CSR with a fifth of the values present, few distinct ones so that edges are met."""
    values = rng.integers(1, 8, (count, width)) / np.float32(7)
    present = rng.random((count, width)) < 0.2
    return csr_matrix(np.where(present, values, 0).astype(np.float32))


class ClassifierExport(unittest.TestCase):
    """The ONNX file against the booster it was made of."""

    def train(self, seed, **parameters):
        rng = np.random.default_rng(seed)
        rows = sparse_rows(rng, 400, 30)
        sums = np.asarray(rows.sum(axis=1)).ravel()
        labels = (sums * 2).astype(int) % 4
        return classifier.train(rows, labels, np.ones(400), parameters, 12), rows

    def check(self, booster, rows):
        model, columns = classifier.export(booster, {"name": "test"})
        expected = classifier.probabilities(booster, rows)
        served = classifier.run_onnx(model, classifier.dense(rows, columns), "probabilities")
        self.assertLess(np.abs(served - expected).max(), TOLERANCE)
        np.testing.assert_array_equal(served.argmax(axis=1), expected.argmax(axis=1))
        label = classifier.run_onnx(model, classifier.dense(rows, columns), "label")
        np.testing.assert_array_equal(label, expected.argmax(axis=1))

    def test_random_forests_with_missing_values(self):
        for seed in range(4):
            booster, _ = self.train(seed)
            self.check(booster, sparse_rows(np.random.default_rng(seed + 100), 300, 30))

    def test_rows_of_nothing_and_of_everything(self):
        booster, _ = self.train(7)
        self.check(booster, csr_matrix((3, 30), dtype=np.float32))
        self.check(booster, csr_matrix(np.ones((3, 30), np.float32)))

    def test_values_on_the_threshold_go_right(self):
        booster, _ = self.train(3)
        trees, _ = classifier.read_booster(booster)
        rows = np.zeros((200, 30), np.float32)
        splits = [
            (f, t)
            for tree in trees
            for f, t, left in zip(tree.feature, tree.threshold, tree.left, strict=True)
            if left >= 0
        ]
        for row, (feature, threshold) in enumerate(splits[:200]):
            rows[row, feature] = threshold
            rows[row, (feature + 1) % 30] = np.nextafter(np.float32(threshold), np.float32(0))
        self.check(booster, csr_matrix(rows))

    def test_base_score_of_each_class(self):
        booster, rows = self.train(5, base_score=[0.1, -0.4, 0.2, 0.6])
        self.check(booster, rows)

    def test_zeros_for_missing_are_another_model(self):
        booster, rows = self.train(6)
        model, columns = classifier.export(booster, {})
        zeros = np.nan_to_num(classifier.dense(rows, columns))
        served = classifier.run_onnx(model, zeros, "probabilities")
        self.assertGreater(np.abs(served - classifier.probabilities(booster, rows)).max(), 0.01)

    def test_training_twice_gives_the_same_file(self):
        files = {classifier.export(self.train(1)[0], {"name": "test"})[0] for _ in range(2)}
        self.assertEqual(len(files), 1)
        self.assertEqual(xgboost.__version__, "3.2.0")


class CommitteeExport(unittest.TestCase):
    """Trees and linear model in one graph against both libraries' own predictions."""

    def setUp(self):
        rng = np.random.default_rng(3)
        self.rows = sparse_rows(rng, 400, 30)
        sums = np.asarray(self.rows.sum(axis=1)).ravel()
        self.labels = (sums * 2).astype(int) % 4
        self.weights = rng.uniform(0.5, 2.0, 400)

    def test_served_is_predicted(self):
        committee = classifier.train_committee(self.rows, self.labels, self.weights)
        model = classifier.export_committee(committee, 30, {"name": "test"})
        other = sparse_rows(np.random.default_rng(9), 300, 30)
        for rows in (self.rows, other, csr_matrix((2, 30), dtype=np.float32)):
            dense = classifier.dense(rows, np.arange(30))
            served = classifier.run_onnx(model, dense, "probabilities")
            expected = committee.probabilities(rows)
            self.assertLess(np.abs(served - expected).max(), TOLERANCE)
        again = classifier.train_committee(self.rows, self.labels, self.weights)
        self.assertEqual(model, classifier.export_committee(again, 30, {"name": "test"}))

    def test_both_halves_are_heard(self):
        committee = classifier.train_committee(self.rows, self.labels, self.weights)
        whole = committee.probabilities(self.rows)
        trees = classifier.probabilities(committee.booster, self.rows)
        self.assertGreater(np.abs(whole - trees).max(), 0.01)
        halves = np.log(trees) / 2 + committee.linear.scores(self.rows)
        halves = np.exp(halves) / np.exp(halves).sum(axis=1, keepdims=True)
        self.assertLess(np.abs(whole - halves).max(), 1e-5)

    def test_thresholds_lie_between_values(self):
        booster = classifier.train(self.rows, self.labels, self.weights, None, 12)
        values = {column: set(self.rows[:, column].tocsc().data.tolist()) for column in range(30)}
        trees, _ = classifier.read_booster(booster)
        on_a_value = [
            threshold in values[feature]
            for tree in trees
            for feature, threshold, left in zip(
                tree.feature, tree.threshold, tree.left, strict=True
            )
            if left >= 0
        ]
        self.assertGreater(len(on_a_value), 50)
        self.assertFalse(any(on_a_value))

    def test_a_centred_threshold_parts_the_same_values(self):
        values = np.array([0.25, 0.5, 1.0], np.float32)
        for threshold, centred in (
            (0.5, 0.375),
            (0.6, 0.75),
            (1.0, 0.75),
            (0.1, 0.125),
            (2.0, 2.0),
        ):
            found = classifier.centred(values, np.float32(threshold))
            self.assertEqual(found, np.float32(centred))
            np.testing.assert_array_equal(values < found, values < np.float32(threshold))

    def test_columns_of_most_weight_are_chosen(self):
        chosen = linear.choose_columns(self.rows, self.labels, self.weights, 7)
        self.assertEqual(list(chosen), sorted(set(chosen)))
        weight = np.abs(linear.regression(self.rows, self.labels, self.weights).coef_).max(axis=0)
        left_out = np.setdiff1d(np.arange(30), chosen)
        self.assertGreaterEqual(weight[chosen].min(), weight[left_out].max())


class AnomalyExport(unittest.TestCase):
    """The folded ONNX file against scaler and forest."""

    def train(self, seed):
        rng = np.random.default_rng(seed)
        matrix = np.column_stack(
            [
                rng.integers(0, 100, 600),
                rng.integers(0, 3, 600),
                np.full(600, 7),
                rng.poisson(4, 600),
                np.minimum(rng.geometric(0.02, 600), 250),
            ]
        ).astype(np.float64)
        return *anomaly.train(matrix), matrix

    def test_scores_are_score_samples(self):
        for seed in range(3):
            scaler, forest, matrix = self.train(seed)
            other = np.random.default_rng(seed + 50).integers(-5, 300, (2000, 5)).astype(np.float64)
            for rows in (matrix, other):
                model = anomaly.export(scaler, forest, {"name": "test"})
                served = classifier.run_onnx(model, rows, "score")
                self.assertEqual(served.shape, (len(rows), 1))
                expected = anomaly.scores(scaler, forest, rows)
                self.assertLess(np.abs(served[:, 0] - expected).max(), TOLERANCE)

    def test_folded_thresholds_part_whole_numbers_as_scaled_ones_do(self):
        rng = np.random.default_rng(11)
        for _ in range(300):
            mean, scale = float(rng.normal(50, 40)), float(rng.uniform(0.01, 60))
            threshold = float(rng.normal(0, 2))
            folded = anomaly.fold_threshold(mean, scale, threshold)
            for value in np.floor(folded) + np.arange(-3, 5):
                left = anomaly.goes_left(value, mean, scale, threshold)
                self.assertEqual(left, value <= folded)

    def test_threshold_that_falls_on_a_whole_number(self):
        scaler = StandardScaler().fit(np.array([[0.0], [1.0], [2.0], [5.0]]))
        mean, scale = float(scaler.mean_[0]), float(scaler.scale_[0])
        for value in range(-3, 9):
            exact = float(np.float32((value - mean) / scale))
            self.assertEqual(anomaly.fold_threshold(mean, scale, exact), value + 0.5)
            below = float(np.nextafter(exact, -np.inf))
            self.assertEqual(anomaly.fold_threshold(mean, scale, below), value - 0.5)


if __name__ == "__main__":
    unittest.main()
