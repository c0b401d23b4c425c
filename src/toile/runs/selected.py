"""Whether half of validation had a say in the weights that a run begins with."""

import os

from toile.recipe import Data, Recipe, Start
from toile.runs.seen import DIVIDING


def is_selected(start: Start, data: Data, source: Recipe) -> bool:
    """Whether half of validation chose the weights that `start` takes from a run of `source`.

    It ranked the channels that are cut, chose how an imported network is read, or, where `data` has
    the validation images of that run, chose the epoch. So the other half scores what begins with
    them. `data` may still be as it was asked for, its fractions and paths not resolved.
    """
    origin = source.training.start
    is_ranked = start.selected and bool(start.cut)
    if is_ranked or (origin is not None and origin.selected):
        return True
    chose_epoch = start.weights == "best" or source.training.early_stopping is not None
    return chose_epoch and source.data.holds_out and _same_validation(data, source.data)


def _same_validation(data: Data, resolved: Data) -> bool:
    if resolved.name not in (data.name, os.path.realpath(data.name)):
        return False
    differing = {name for name in DIVIDING if getattr(data, name) != getattr(resolved, name)}
    # A fraction is one of images that have not been counted.
    return differing <= ({"validation"} if isinstance(data.validation, float) else set())
