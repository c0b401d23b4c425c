"""What simple classifiers get of the same images: what a network has to beat to be worth it.

They see pixels from 0 to 1 as a list of numbers, and know nothing of pictures. Fitted by
scikit-learn with its own settings, so that anybody gets the same.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from toile.distribution import extra_packages

MAX_ITERATIONS = 200
NUM_TREES = 100
NOT_CONVERGED = f"stopped after {MAX_ITERATIONS} iterations, before it had converged"


@dataclass(frozen=True, eq=False)
class Baseline:
    """The answers of a simple classifier, and the seconds that fitting and answering took.

    `note` says what was not as it should be; empty where nothing was.
    """

    name: str
    predictions: Int64[np.ndarray, " m"]
    seconds: float
    note: str


def fit_baselines(
    pixels: Float32[np.ndarray, "n d"],
    labels: Int64[np.ndarray, " n"],
    asked: Float32[np.ndarray, "m d"],
    *,
    seed: int = 0,
) -> Iterator[Baseline]:
    """Fit the commonest class, one nearest neighbour, logistic regression and a random forest.

    Each is fitted to `pixels`, from 0 to 1, and asked for `asked`; one after another, the quickest
    first. The neighbour is the nearest by Euclidean distance, regression has L2 with C = 1, and the
    forest 100 trees. `seed` is the forest's. Raises ToileError without scikit-learn.
    """
    with extra_packages("sklearn", "fitting baselines"):
        from sklearn.dummy import DummyClassifier  # type: ignore[import-untyped]
        from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped]
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.neighbors import KNeighborsClassifier  # type: ignore[import-untyped]
    classifiers: dict[str, Callable[[], Any]] = {
        "commonest class": lambda: DummyClassifier(strategy="most_frequent"),
        "one nearest neighbour": lambda: KNeighborsClassifier(1, algorithm="brute"),
        "random forest": lambda: RandomForestClassifier(NUM_TREES, random_state=seed, n_jobs=-1),
        "logistic regression": lambda: LogisticRegression(max_iter=MAX_ITERATIONS),
    }
    for name, classifier in classifiers.items():
        yield _fit(name, classifier(), pixels, labels, asked)


def _fit(
    name: str,
    classifier: Any,
    pixels: Float32[np.ndarray, "n d"],
    labels: Int64[np.ndarray, " n"],
    asked: Float32[np.ndarray, "m d"],
) -> Baseline:
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]

    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        predictions = classifier.fit(pixels, labels).predict(asked)
    seconds = time.perf_counter() - start
    stopped = any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return Baseline(name, predictions.astype(np.int64), seconds, NOT_CONVERGED if stopped else "")
