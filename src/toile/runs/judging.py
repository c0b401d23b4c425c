"""A run's stored answers judged, on the images that its score is of."""

import numpy as np
from jaxtyping import Bool

from toile import evaluation
from toile.evaluation import Judgement, Temperature
from toile.recipe import Recipe
from toile.runs.run import Run
from toile.runs.validation import Validation

HALF = "the scoring half of validation"


def scored_images(recipe: Recipe, validation: Validation) -> Bool[np.ndarray, " n"]:
    """Which validation images the score is of: all, or if half chose the epoch, the other half."""
    return np.asarray(validation.selection == 0) | (not recipe.training.is_selecting)


def scored_loss(run: Run) -> float | None:
    """The cross-entropy of the images that its score is of; None where none are held out."""
    if not run.has_validation:
        return None
    validation = run.validation
    among = scored_images(run.recipe, validation)
    return evaluation.cross_entropy(validation.logits[among], validation.labels[among])


def commonest_words(run: Run) -> str:
    """What always answering the commonest class would give on the images that score, in words.

    Empty where the classes are about equally common, or none are scored yet.
    """
    if not run.has_validation:
        return ""
    validation, class_names = run.validation, run.data.class_names
    labels = validation.labels[scored_images(run.recipe, validation)]
    largest = evaluation.commonest(np.bincount(labels, minlength=len(class_names)))
    return "" if largest is None else largest.words(class_names)


def scored_part(recipe: Recipe) -> str:
    """What the score is of, in words: validation, half of it, or no images."""
    if not recipe.data.holds_out:
        return "no images, as none are held out (data.validation is 0)"
    return HALF if recipe.training.is_selecting else "validation"


def temperature_of(validation: Validation) -> Temperature:
    """The temperature fitted on the half that chooses, so that the other half can judge it."""
    fitted_on = validation.selection == 1
    return evaluation.fit_temperature(validation.logits[fitted_on], validation.labels[fitted_on])


def judge_validation(recipe: Recipe, validation: Validation) -> Judgement:
    """All scores of the images that score; calibration is of the scoring half alone."""
    holdout = validation.selection == 0
    calibration = evaluation.calibrate(
        validation.logits[holdout], validation.labels[holdout], temperature_of(validation)
    )
    among = scored_images(recipe, validation)
    return evaluation.judge(validation.logits[among], validation.labels[among], calibration)
