"""Simple classifiers on the same images: their scores are what a network has to beat.

They read pixels from 0 to 1 as one long vector, so they do not know which pixels are neighbours.
scikit-learn fits them with its default settings, so that anybody can get the same scores.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from toile.distribution import extra_packages

MAX_ITERATIONS = 200
NUM_TREES = 100
MOST_FOREST_BYTES = 500_000_000
"""Most bytes of a random forest.

scikit-learn stores a float64 for each class at each node: 10 GB for 1000 classes.
"""
NODE_BYTES = 64
"""Bytes of a node, without the float64 of each class."""
VALUES_AT_ONCE = 4_000_000
"""Pixels to predict that are converted to float32 at once."""
NOT_CONVERGED = f"stopped after {MAX_ITERATIONS} iterations, before it had converged"


@dataclass(frozen=True, eq=False)
class Baseline:
    """The predictions of a simple classifier, and the seconds of fitting and predicting.

    `note` says what went wrong in fitting; it is empty if nothing did.
    """

    name: str
    predictions: Int64[np.ndarray, " m"]
    seconds: float
    note: str


def fit_baselines(
    pixels: UInt8[np.ndarray, "n *shape"],
    labels: Int64[np.ndarray, " n"],
    new_pixels: UInt8[Any, "m *shape"],
    *,
    seed: int = 0,
) -> Iterator[Baseline]:
    """Fit the commonest class, one nearest neighbour, logistic regression and a random forest.

    Each is fitted to `pixels` and predicts `new_pixels`, both divided by 255; of the latter, which
    may lie in a file, slices are read. They come one after another, the quickest first. The
    neighbour is the nearest by Euclidean distance, the regression has an L2 penalty with C = 1, and
    the forest has 100 trees of at most `most_leaves` leaves to keep it below about 500 MB; if a
    tree reaches that limit, the forest's note says so. `seed`, from 0 to 2**32 - 1, is the
    forest's. Raises ToileError without scikit-learn.
    """
    with extra_packages("sklearn", "fitting baselines"):
        from sklearn.dummy import DummyClassifier  # type: ignore[import-untyped]
        from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped]
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.neighbors import KNeighborsClassifier  # type: ignore[import-untyped]
    leaves = most_leaves(len(labels), len(np.unique(labels)))
    unit = _unit(pixels)
    classifiers: dict[str, Callable[[], Any]] = {
        "commonest class": lambda: DummyClassifier(strategy="most_frequent"),
        "one nearest neighbour": lambda: KNeighborsClassifier(1, algorithm="brute"),
        "random forest": lambda: RandomForestClassifier(
            NUM_TREES, max_leaf_nodes=leaves, random_state=seed, n_jobs=-1
        ),
        "logistic regression": lambda: LogisticRegression(max_iter=MAX_ITERATIONS),
    }
    for name, classifier in classifiers.items():
        yield _fit(name, classifier(), unit, labels, new_pixels)


def most_leaves(num_images: int, num_classes: int) -> int | None:
    """The leaves a tree may have so that all trees together need at most `MOST_FOREST_BYTES`.

    A tree of l leaves has 2 l - 1 nodes. None if no limit is needed: a tree never has more leaves
    than there are images.

        >>> most_leaves(10_000, 1000), most_leaves(10_000, 10)
        (310, None)
    """
    leaves = MOST_FOREST_BYTES // (NUM_TREES * 2 * (8 * num_classes + NODE_BYTES))
    return None if num_images <= leaves else max(2, leaves)


def _fit(
    name: str,
    classifier: Any,
    pixels: Float32[np.ndarray, "n d"],
    labels: Int64[np.ndarray, " n"],
    new_pixels: UInt8[Any, "m *shape"],
) -> Baseline:
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]

    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(pixels, labels)
        predictions = np.concatenate(
            [classifier.predict(_unit(part)).astype(np.int64) for part in _parts(new_pixels)]
        )
    seconds = time.perf_counter() - start
    stopped = any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return Baseline(
        name, predictions, seconds, NOT_CONVERGED if stopped else _cut_short(classifier)
    )


def _cut_short(classifier: Any) -> str:
    """A note if a tree of the forest reached the limit of leaves; otherwise empty."""
    leaves = getattr(classifier, "max_leaf_nodes", None)
    if leaves is None or max(tree.get_n_leaves() for tree in classifier.estimators_) < leaves:
        return ""
    return (
        f"its trees stopped growing at {leaves:,} leaves, so that {NUM_TREES} of them stay below "
        f"{MOST_FOREST_BYTES // 1_000_000} MB"
    )


def _unit(pixels: UInt8[np.ndarray, "n *shape"]) -> Float32[np.ndarray, "n d"]:
    return pixels.reshape(len(pixels), -1) / np.float32(255)


def _parts(images: UInt8[Any, "m *shape"]) -> Iterator[UInt8[np.ndarray, "p *shape"]]:
    """The images in order, in parts of at most about `VALUES_AT_ONCE` pixels."""
    step = max(1, VALUES_AT_ONCE // math.prod(images.shape[1:]))
    for first in range(0, len(images), step):
        yield images[first : first + step]
