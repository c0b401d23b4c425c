"""The confusion matrix: which classes are predicted as which."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Int64

from toile.evaluation.estimate import Estimate, proportion


@dataclass(frozen=True)
class Confusion:
    """`count` images of class `true` were predicted as class `predicted`.

    `fraction` is `count` over all images of class `true`.
    """

    true: int
    predicted: int
    count: int
    fraction: float


def confusion_matrix(
    labels: Int[np.ndarray, " n"], predictions: Int[np.ndarray, " n"], num_classes: int
) -> Int64[np.ndarray, "k k"]:
    """How many images of each true class (row) were predicted as each class (column)."""
    matrix = np.zeros((num_classes, num_classes), np.int64)
    # matrix[labels, predictions] += 1 would count a repeated pair only once.
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


def recalls(matrix: Int[np.ndarray, "k k"]) -> tuple[Estimate, ...]:
    """The fraction of each class's images predicted right; NaN for a class without images."""
    return tuple(
        proportion(correct, n)
        for correct, n in zip(matrix.diagonal().tolist(), matrix.sum(axis=1).tolist(), strict=True)
    )


def most_confused(matrix: Int[np.ndarray, "k k"], count: int) -> tuple[Confusion, ...]:
    """The `count` most frequent mistakes, the most frequent first; ties in the order of classes.

    Fewer if fewer pairs were ever confused.
    """
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    totals = matrix.sum(axis=1)
    return tuple(
        Confusion(int(i), int(j), int(wrong[i, j]), float(wrong[i, j] / totals[i]))
        for i, j in pairs
        if wrong[i, j] > 0
    )
