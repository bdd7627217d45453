"""Exports say exactly what scikit-learn and XGBoost say, on edges too."""

import unittest

import numpy as np
import xgboost
from scipy.sparse import csr_matrix
from sklearn.preprocessing import StandardScaler
from trainer import anomaly, classifier

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
