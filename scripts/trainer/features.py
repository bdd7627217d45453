"""Lines -> tokens and numeric features, as the program itself computes them."""

import json
from dataclasses import dataclass

import numpy as np

from trainer import program
from trainer.common import TrainerError


@dataclass(frozen=True)
class Schema:
    """Versions of normaliser and tokeniser, and the numeric features with their version."""

    normalizer: int
    tokenizer: int
    numeric_version: int
    names: tuple


@dataclass(frozen=True)
class Features:
    """What the models see of one record."""

    format: str
    normalized: str
    tokens: tuple
    numeric: tuple


def read_schema(binary):
    """What the program computes, by `features --schema`."""
    data = json.loads(program.output([binary, "features", "--schema"]))
    if data["numeric"].get("integer") is not True:
        raise TrainerError(
            "expected numeric features that are whole numbers (integer: true), which the exact "
            f"export of the anomaly model rests on; found {data['numeric']}"
        )
    numeric = data["numeric"]
    return Schema(
        data["normalizer"], data["tokenizer"], numeric["version"], tuple(numeric["names"])
    )


def extract(binary, records):
    """Features of each record, in order."""
    answers = program.run([binary, "features"], records)
    return [
        Features(a["format"], a["normalized"], tuple(a["tokens"]), tuple(a["numeric"]))
        for a in answers
    ]


def numeric_matrix(features):
    """float64[N, n_numeric], checked to hold whole numbers that float32 holds exactly."""
    matrix = np.array([f.numeric for f in features], dtype=np.float64)
    wrong = (matrix != np.rint(matrix)) | (np.abs(matrix) > 2**22)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise TrainerError(
            f"expected whole numbers below 2^22, found {matrix[row, column]} in column {column}"
        )
    return matrix
