import numpy as np
import pytest
import torch

from toile.training import Epoch, Interval, Scoring, Stepped, train

NO_SECONDS = ("seconds", "images_per_second", "evaluation_seconds", "total_seconds")
RECIPES = {
    "sgd": {},
    "plain sgd": {"training__optimizer": {"sgd": {"learning_rate": 0.1}}},
    "adam": {"training__optimizer": "adam"},
    "adamw": {"training__optimizer": "adamw"},
    "adadelta": {"training__optimizer": "adadelta"},
    "rmsprop": {"training__optimizer": {"rmsprop": {"momentum": 0.5}}},
    "muon": {"training__optimizer": "muon", "training__schedule": {"linear": {"warmup": 0.2}}},
    "averaged, augmented, early stopping": {
        "training__ema": 0.9,
        "augmentation": {"shift": 1, "flip": "alternate", "noise": 0.1, "erase": 2, "rotate": 5},
        "training__early_stopping": {"patience": 1},
    },
    "two parts, bfloat16": {
        "training__threads": 2,
        "training__shards": 2,
        "training__precision": "bfloat16",
    },
    "bfloat16, one cycle": {"training__precision": "bfloat16", "training__schedule": "one_cycle"},
}


def taken(fit):
    """A copy of everything a checkpoint would hold."""
    return {name: array.copy() for name, array in fit.arrays().items()}, fit.facts()


def records(events):
    kept = [event for event in events if isinstance(event, Interval | Epoch)]
    return [
        {name: value for name, value in vars(event).items() if name not in NO_SECONDS}
        for event in kept
    ]


@pytest.mark.parametrize("settings", RECIPES.values(), ids=RECIPES)
def test_a_fit_restored_at_any_event_ends_with_the_same_bits_and_history(make_fit, settings):
    whole = make_fit(**settings)
    checkpoints, said = [], []
    for event in train(whole):
        said.append(event)
        if isinstance(event, Stepped | Scoring | Epoch):
            checkpoints.append((len(said), *taken(whole)))
    for count, arrays, facts in checkpoints:
        fit = make_fit(**settings)
        fit.restore(arrays, facts)
        rest = list(train(fit))
        assert records(rest) == records(said[count:])
        for name, array in whole.arrays().items():
            assert np.array_equal(array, fit.arrays()[name]), (count, name)


def test_restored_tensors_have_the_memory_layout_they_had(make_fit):
    whole = make_fit()
    for _ in train(whole):
        pass
    arrays, facts = taken(whole)
    fit = make_fit()
    fit.restore(arrays, facts)
    strides = {name: value.stride() for name, value in whole.tensors().items()}
    assert {name: value.stride() for name, value in fit.tensors().items()} == strides
    assert not whole.tensors()["network/conv1.weight"].is_contiguous() or whole.tensors()[
        "network/conv1.weight"
    ].is_contiguous(memory_format=torch.channels_last)
