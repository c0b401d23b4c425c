"""`toile.sklearn.ImageClassifier` as scikit-learn's users and rules take it."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import toile
from toile.recipe import recipe_of
from toile.sklearn import ImageClassifier

TINY = recipe_of(
    {
        "name": "tiny",
        "network": [{"conv": {"filters": 4}}, "relu", "flatten", {"dense": "classes"}],
        "training": {
            "optimizer": {"adam": 0.02}, "batch_size": 32, "epochs": 12,
            "threads": 1, "precision": "float32",
        },
    }
)  # fmt: skip
X, Y = (array[:240] for array in load_digits(return_X_y=True))
NEW_X, NEW_Y = (array[240:440] for array in load_digits(return_X_y=True))
NAMES = np.array(["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
pytestmark = pytest.mark.filterwarnings("ignore:.* are few to learn from")


@pytest.fixture(scope="module")
def fitted() -> ImageClassifier:
    with warnings.catch_warnings(action="ignore"):
        return ImageClassifier(TINY).fit(X, Y)


def test_it_learns_from_all_images_and_leaves_nothing_behind(fitted, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    again = ImageClassifier(TINY).fit(X, Y)
    assert list(tmp_path.iterdir()) == []
    assert np.array_equal(again.predict_proba(NEW_X), fitted.predict_proba(NEW_X))
    assert fitted._fitted.facts.train == 240
    assert (fitted._fitted.facts.validation, fitted._fitted.facts.test) == (0, 0)
    assert fitted.score(NEW_X, NEW_Y) > 0.7
    assert not hasattr(fitted, "run_")


def test_attributes_say_what_it_was_fitted_on(fitted):
    assert fitted.classes_.tolist() == list(range(10))
    assert fitted.n_features_in_ == 64
    assert fitted.image_shape_ == (1, 8, 8)
    assert fitted.history_.training_accuracy.shape == (12,)
    probabilities = fitted.predict_proba(NEW_X)
    assert np.allclose(probabilities.sum(1), 1)
    assert np.array_equal(fitted.classes_[probabilities.argmax(1)], fitted.predict(NEW_X))


def test_shapes_and_names_are_the_users_own(fitted):
    classifier = ImageClassifier(TINY).fit(X.reshape(-1, 8, 8), NAMES[Y])
    predicted = classifier.predict(NEW_X.reshape(-1, 8, 8))
    assert classifier.classes_.tolist() == sorted(NAMES)
    assert not hasattr(classifier, "n_features_in_")
    assert (predicted == NAMES[NEW_Y]).mean() > 0.7
    with pytest.raises(ValueError, match="shape"):
        classifier.predict(NEW_X)


def test_a_picture_is_scaled_alike_whatever_stands_beside_it(fitted):
    together = fitted.predict_proba(NEW_X[:20])
    alone = np.concatenate([fitted.predict_proba(picture[None] * 1.0) for picture in NEW_X[:20]])
    assert np.allclose(together, alone, atol=1e-6)
    dark = NEW_X[:1] // 8
    assert not np.allclose(fitted.predict_proba(dark), together[:1], atol=1e-3)


def test_values_of_another_scale_are_refused(fitted):
    with pytest.raises(ValueError, match="those that were learnt from go from 0, black, to 16"):
        fitted.predict(NEW_X * 10)
    with pytest.raises(ValueError, match="with fractions; those that were learnt from are whole"):
        fitted.predict(NEW_X / 16)


def test_the_seed_is_random_state(fitted):
    other = ImageClassifier(TINY, random_state=5, epochs=1).fit(X, Y)
    assert other._fitted.recipe.seed == 5
    assert fitted._fitted.recipe.seed == 0
    drawn = ImageClassifier(TINY, random_state=np.random.RandomState(0), epochs=1).fit(X, Y)
    assert drawn._fitted.recipe.seed == np.random.RandomState(0).randint(2**31)


def test_validation_images_are_held_out_where_they_are_asked_for():
    settings = {"training.early_stopping.patience": 1, "data.validation": 0.2}
    stopping = ImageClassifier(TINY, settings=settings).fit(X, Y)
    assert stopping._fitted.facts.validation == 48
    best = ImageClassifier(TINY.replace({"data.validation": 40}), epochs=2, weights="best")
    assert best.fit(X, Y)._fitted.facts.validation == 40
    kept = ImageClassifier(TINY, settings={"data.validation": 40}, epochs=1).fit(X, Y)
    assert kept._fitted.facts.validation == 40


def test_a_workspace_keeps_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "cache"))
    kept = ImageClassifier(TINY, epochs=1, workspace=tmp_path / "runs").fit(X, NAMES[Y])
    assert kept.run_.status == "finished"
    assert kept.run_.data.class_names == tuple(map(str, kept.classes_))
    assert [listed.run.id for listed in toile.list_runs(tmp_path / "runs")] == [kept.run_.id]
    # The arrays are in the cache, so the run goes on.
    assert toile.resume(kept.run_, epochs=2).results.epochs == 2


def test_a_pickle_answers_alike_and_holds_no_class_of_torch(fitted):
    fitted.predict(NEW_X)
    content = pickle.dumps(fitted)
    assert b"torch" not in content
    assert str(Path.cwd()).encode() not in content
    again = pickle.loads(content)
    assert np.array_equal(again.predict_proba(NEW_X), fitted.predict_proba(NEW_X))


def test_it_works_inside_scikit_learns_own_tools():
    quick = ImageClassifier(TINY, epochs=2)
    assert cross_val_score(quick, X, Y, cv=2).shape == (2,)
    grid = {"epochs": [1, 12], "settings": [{"network.conv1.filters": 8}]}
    search = GridSearchCV(ImageClassifier(TINY), grid, cv=2).fit(X, Y)
    assert search.best_params_["epochs"] == 12
    assert search.best_estimator_._fitted.recipe.network[0].filters == 8
    darker = make_pipeline(FunctionTransformer(lambda pictures: pictures / 16), quick)
    assert darker.fit(X, Y).predict(NEW_X[:3]).shape == (3,)


def test_a_clone_is_unfitted_and_asked_before_it_is_fitted_it_says_so(fitted):
    twin = clone(fitted)
    assert twin.recipe == fitted.recipe
    with pytest.raises(NotFittedError):
        twin.predict(X)


@pytest.mark.parametrize(
    ("parameters", "images", "labels", "rule"),
    [
        ({}, X[:, :60], Y, "square grey ones laid out flat"),
        ({}, X, np.zeros(240), "y has 1 class"),
        ({"epochs": 0}, X, Y, "trains nothing"),
        ({"recipe": "quik"}, X, Y, "quick"),
        ({"weights": "first"}, X, Y, "last or best"),
        ({"settings": {"training.epoch": 2}}, X, Y, "did you mean epochs"),
        ({"random_state": -1}, X, Y, "seed is -1"),
        ({"white": 4}, X, Y, "data.white is 4"),
    ],
)
def test_what_cannot_be_learnt_from_is_a_value_error_with_rule(parameters, images, labels, rule):
    classifier = ImageClassifier(**{"recipe": TINY, **parameters})
    with pytest.raises(ValueError, match=rule) as refused:
        classifier.fit(images, labels)
    assert isinstance(refused.value, toile.ToileError)


def test_a_training_that_diverges_is_an_error():
    settings = {"training.optimizer": {"sgd": {"learning_rate": 1e6, "weight_decay": 1.0}}}
    with pytest.raises(toile.ToileError, match="diverged"):
        ImageClassifier(TINY, settings=settings).fit(X, Y)


# scikit-learn's checks have X of 1 to 20 numbers a row, and the least picture has 4 x 4 pixels. So
# the estimator itself is held to those that give it nothing to learn from, or something wrong, and
# the others are tried on pictures that are made of such rows.
NO_PICTURES = "its X has rows of so few numbers that they are no square pictures of 4 to 256 px"
NEED_PICTURES = (
    "check_classifier_data_not_an_array", "check_classifiers_classes", "check_classifiers_train",
    "check_dict_unchanged", "check_dont_overwrite_parameters", "check_dtype_object",
    "check_estimators_dtypes", "check_estimators_fit_returns_self", "check_estimators_nan_inf",
    "check_estimators_overwrite_params", "check_estimators_pickle",
    "check_f_contiguous_array_estimator", "check_fit2d_1feature", "check_fit2d_predict1d",
    "check_fit_check_is_fitted", "check_fit_idempotent", "check_fit_score_takes_y",
    "check_methods_sample_order_invariance", "check_methods_subset_invariance",
    "check_n_features_in", "check_n_features_in_after_fitting", "check_pipeline_consistency",
    "check_positive_only_tag_during_fit", "check_readonly_memmap_input", "check_supervised_y_2d",
)  # fmt: skip


@parametrize_with_checks(
    [ImageClassifier()],
    expected_failed_checks=lambda estimator: dict.fromkeys(NEED_PICTURES, NO_PICTURES),
)
def test_rules_of_scikit_learn(estimator, check):
    check(estimator)


class PaintedRows(ImageClassifier):
    """Rows of any numbers painted as pictures of 8 x 8."""

    def _to_learn(self, images, labels):
        rows, checked = super()._to_learn(images, labels)
        return painted(rows), checked

    def _to_answer(self, images):
        return painted(super()._to_answer(images))


def painted(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(float)
    near, far = (1 / (1 + np.exp(-values)) for values in (rows, rows / 50 - 2))
    values = np.concatenate([near, far, rows % 1], axis=1)
    pictures = np.ones((len(rows), 64))
    pictures[:, : values.shape[1]] = values
    return pictures.reshape(-1, 8, 8)


@pytest.mark.slow
@parametrize_with_checks([PaintedRows("s0-dense", epochs=30)])
def test_rules_of_scikit_learn_on_pictures_made_of_rows(estimator, check):
    check(estimator)
