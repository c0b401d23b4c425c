"""Which answers score a run, and which calibrate it."""

import numpy as np

from toile.recipe import recipe_of
from toile.runs import Validation, judge_validation, scored_images, scored_part, temperature_of

DOCUMENT = {"network": ["flatten", {"dense": "classes"}]}
STOPPING = DOCUMENT | {"training": {"early_stopping": {"patience": 1}}}
# The half that chooses is wrong throughout and sure of it, the other half right and half as sure.
CHOOSES = np.array([1, 1, 0, 0], np.uint8)
LOGITS = np.array([[4.0, 0.0], [0.0, 4.0], [2.0, 0.0], [0.0, 2.0]], np.float32)
ANSWERS = Validation(LOGITS, np.array([1, 0, 0, 1]), np.arange(4), CHOOSES)


def test_all_images_score_where_none_of_them_chose():
    recipe = recipe_of(DOCUMENT)
    assert scored_images(recipe, ANSWERS).tolist() == [True] * 4
    assert judge_validation(recipe, ANSWERS).accuracy.value == 0.5
    assert scored_part(recipe) == "validation"


def test_images_that_stopped_the_training_do_not_score_it():
    recipe = recipe_of(STOPPING)
    assert scored_images(recipe, ANSWERS).tolist() == [False, False, True, True]
    assert judge_validation(recipe, ANSWERS).accuracy.value == 1
    assert scored_part(recipe) == "the scoring half of validation"


def test_the_temperature_is_fitted_on_one_half_and_judged_on_the_other():
    judged = judge_validation(recipe_of(DOCUMENT), ANSWERS).calibration
    assert judged.temperature == temperature_of(ANSWERS)
    assert judged.temperature.value > 99  # wrong throughout: the less sure the better
    assert (judged.temperature.n, judged.n) == (2, 2)
    assert judged.loss_after > judged.loss  # which the other half does not share
