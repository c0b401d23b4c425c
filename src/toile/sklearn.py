"""Toile's networks as a classifier of scikit-learn's: `from toile.sklearn import ImageClassifier`.

Needs the extra `sklearn`.
"""

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Shaped

from toile.data import DataFacts, Dataset, arrays_data, data_values, pixels_of_array, split_data
from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.process import prepare_process
from toile.recipe import (
    Recipe,
    few_steps_note,
    plan_network,
    read_recipe,
    read_recipe_text,
    recipe_text,
)

if TYPE_CHECKING:
    from toile.network import ScaledNetwork

with extra_packages("sklearn", "toile.sklearn"):
    from sklearn.base import BaseEstimator, ClassifierMixin  # type: ignore[import-untyped]
    from sklearn.utils import check_random_state  # type: ignore[import-untyped]
    from sklearn.utils.multiclass import (  # type: ignore[import-untyped]
        check_classification_targets,
    )
    from sklearn.utils.validation import (  # type: ignore[import-untyped]
        check_is_fitted,
        validate_data,
    )

Array = Shaped[np.ndarray, "..."]


class InvalidInput(ToileError, ValueError):
    """What Toile refuses, as the ValueError that scikit-learn expects."""


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network trained by a recipe, as a classifier of pictures that scikit-learn can work with.

    `recipe` is a preset's name, a file or a `Recipe`, of which `settings` change some by their
    addresses and `epochs` one by its short name. `fit` trains on all of `X`: no test part is sealed
    and no validation images are held out, unless early stopping or `weights="best"` ask for those
    that the recipe's `data.validation` says. `random_state` is the recipe's seed: by default its
    own, so that two fits give the same network; a number; or a RandomState to draw one of.

    `X` is (n, h, w), (n, h, w, c) or (n, c, h, w) with 1 or 3 channels, or rows of square grey
    pictures laid out flat, from 4 to 256 px a side; bytes, or numbers from 0 to 1, -1 to 1 or 0 to
    255, `white` being the value of white where that cannot be told. What `predict` is given has the
    same shape and scale: another, as fractions where whole numbers were learnt, is refused. `y` are
    names or numbers.

    The run is trained in a temporary folder, or kept as a run in the folder `workspace`. Fitted it
    has `classes_`, `image_shape_` (channels, height, width), `history_`, of arrays with a number
    for each epoch, `n_features_in_` where `X` has rows, and `run_` where there is a workspace. It
    can be pickled: what it holds is numbers and text. Loading a pickle runs code of whoever made
    it, as with any; `toile.export_run` of `run_` makes files that are safe to open.

        >>> from toile.sklearn import ImageClassifier
        >>> from sklearn.model_selection import cross_val_score
        >>> net = ImageClassifier("s1-lab", epochs=1, random_state=3)
        >>> cross_val_score(net, images[:300], labels[:300], cv=2).shape
        (2,)

    `fit` raises ToileError, which is a ValueError here, for what cannot be learnt from, and where
    the training diverged.
    """

    def __init__(
        self,
        recipe: str | Path | Recipe = "quick",
        *,
        epochs: int | None = None,
        random_state: Any = None,
        settings: Mapping[str, Any] | None = None,
        weights: str = "last",
        white: float | None = None,
        workspace: str | Path | None = None,
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.random_state = random_state
        self.settings = settings
        self.weights = weights
        self.white = white
        self.workspace = workspace

    def fit(self, X: Any, y: Any) -> "ImageClassifier":
        """Train on all of the images `X` (n, ...) with labels `y` (n,); returns itself."""
        for note in prepare_process():
            warnings.warn(note, stacklevel=2)
        pictures, labels = self._to_learn(X, y)
        check_classification_targets(labels)
        self.classes_, indices = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise InvalidInput("y has 1 class; a classifier learns to tell two or more apart")
        with _as_value_errors():
            recipe = self._requested_recipe()
            self._learn(recipe, pictures, indices)
        return self

    def predict(self, X: Any) -> Array:
        """The likeliest class of each image, of `classes_`."""
        indices = self._logits(X).argmax(1)
        return np.asarray(self.classes_[indices])

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n k"]:
        """The probability of each class for each image; columns are in the order of `classes_`."""
        from toile.evaluation import probabilities

        return probabilities(self._logits(X))

    def _requested_recipe(self) -> Recipe:
        from toile.runs import refuse_senseless

        if self.weights not in ("last", "best"):
            raise InvalidInput(f"weights is {self.weights}; it is last or best")
        recipe = read_recipe(self.recipe, {})
        named = {} if self.epochs is None else {"epochs": self.epochs}
        recipe = recipe.replace({"data.test": 0, "data.white": self.white}, **named)
        if self.random_state is not None:
            recipe = recipe.replace(seed=_seed(self.random_state))
        recipe = recipe.replace(self.settings or {})
        asked = {"data.validation", "data"} & set(self.settings or {})
        if recipe.training.early_stopping is None and self.weights == "last" and not asked:
            recipe = recipe.replace({"data.validation": 0})
        refuse_senseless(recipe)
        return recipe

    def _learn(self, recipe: Recipe, pictures: Array, indices: Array) -> None:
        from toile.runs import (
            PreparedData,
            RunsFolder,
            begin_prepared,
            new_run_id,
            read_state,
            stored_weights,
        )

        make = arrays_data if self.workspace is None else Dataset.from_arrays
        dataset = make(
            pictures,
            indices,
            class_names=[str(name) for name in self.classes_],
            white=recipe.data.white,
            test=0,
            size_px=recipe.data.size_px,
            colour=recipe.data.colour,
        )
        recipe = recipe.replace(data_values(dataset))
        doubts = [
            "" if dataset.greys is None else dataset.greys.doubt,
            few_steps_note(recipe.training, len(dataset.train), option=""),
        ]
        for doubt in filter(None, doubts):
            warnings.warn(doubt, stacklevel=3)
        prepared = PreparedData(recipe.data, dataset, split_data(dataset.train, recipe.data))
        with tempfile.TemporaryDirectory(prefix="toile-") as temporary:
            folder = Path(temporary, "run")
            if self.workspace is not None:
                folder = RunsFolder(self.workspace).folder / new_run_id(recipe.name)
            run = begin_prepared(recipe, prepared, folder).finish()
            state = read_state(run.folder)
            if state.status == "diverged":
                raise InvalidInput(
                    f"the training diverged: {state.reason}; take a lower learning rate, as in "
                    "settings={'training.optimizer.learning_rate': 0.001}"
                )
            self._fitted = _Fitted(
                run.recipe, run.data, dict(stored_weights(run, self.weights).arrays)
            )
            self.history_ = run.history
        self.image_shape_ = dataset.shape
        self._shape = pictures.shape[1:]
        if self.workspace is not None:
            self.run_ = run

    def _to_learn(self, images: Any, labels: Any) -> tuple[Array, Array]:
        """Images and labels as arrays. Raises ValueError in scikit-learn's own words."""
        is_flat = _num_axes(images) < 3
        pictures, checked = validate_data(
            self, images, labels, ensure_2d=is_flat, allow_nd=True, ensure_min_samples=2
        )
        return pictures, checked

    def _to_answer(self, images: Any) -> Array:
        """Images as an array of those it was fitted on. Raises ValueError, as above."""
        check_is_fitted(self)
        is_flat = _num_axes(images) < 3
        return np.asarray(
            validate_data(self, images, reset=False, ensure_2d=is_flat, allow_nd=True)
        )

    def _logits(self, images: Any) -> Float[np.ndarray, "n k"]:
        pictures = self._to_answer(images)
        if pictures.shape[1:] != self._shape:
            raise InvalidInput(
                f"X has images of shape {pictures.shape[1:]}; those it was fitted on have "
                f"{self._shape}"
            )
        with _as_value_errors():
            return self._fitted.logits(pictures)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # Rows of numbers that are no pictures are not what it is for.
        tags.classifier_tags.poor_score = True
        return tags


@dataclass(eq=False)
class _Fitted:
    """What a fit leaves: numbers and text, out of which the network is built where it is asked."""

    recipe: Recipe
    facts: DataFacts
    weights: dict[str, np.ndarray]

    def logits(self, pictures: Array) -> Float[np.ndarray, "n k"]:
        """The logits of pictures in the user's own scale."""
        greys = self.facts.greys
        assert greys is not None
        return self._network.logits(pixels_of_array(pictures, self.recipe.data, greys, "X"))

    @cached_property
    def _network(self) -> "ScaledNetwork":
        from toile.network import ScaledNetwork, pixels_of, trained_network

        facts = self.facts
        plan = plan_network(self.recipe.network, facts.shape, len(facts.class_names))
        # Copied, since what comes out of a pickle may be read-only, which torch warns of.
        weights = {name: value.copy() for name, value in self.weights.items()}
        return ScaledNetwork(
            trained_network(plan, weights), pixels_of(facts.scaling, facts.mean, facts.sd)
        )

    def __getstate__(self) -> dict[str, Any]:
        # Plain types, so that the network of an older pickle is read by a newer Toile.
        return {
            "recipe": recipe_text(self.recipe, complete=True),
            "facts": self.facts.model_dump_json(),
            "weights": self.weights,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.recipe = read_recipe_text(state["recipe"], "the pickle's recipe")
        self.facts = DataFacts.model_validate_json(state["facts"])
        self.weights = state["weights"]


def _num_axes(images: Any) -> int:
    return int(images.ndim if hasattr(images, "ndim") else np.asarray(images).ndim)


def _seed(random_state: Any) -> int:
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


@contextmanager
def _as_value_errors() -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise
    except ToileError as error:
        raise InvalidInput(str(error)) from None
