"""The one form of every refusal: which setting, the value got, the rule, the next step."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

from toile.errors import ToileError
from toile.recipe import first_fault, recipe_of

ENDING = ["flatten", {"dense": "classes"}]


def refusal(**settings: Any) -> str:
    with pytest.raises(ToileError) as caught:
        recipe_of({"network": ENDING, **settings})
    return str(caught.value)


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"epochs": -1}, "training.epochs is -1; it goes from 0 to 10000"),
        ({"epochs": 2.5}, "training.epochs is 2.5; it is a whole number from 0 to 10000"),
        ({"epochs": "3"}, "training.epochs is '3'; it is a whole number from 0 to 10000"),
        ({"epochs": True}, "training.epochs is True; it is a whole number from 0 to 10000"),
        ({"epochs": None}, "training.epochs is empty; it is a whole number from 0 to 10000"),
        ({"epochs": "off"}, "training.epochs is 'off'; it is a whole number from 0 to 10000"),
        ({"epoch": 3}, "training.epoch is not a setting; did you mean epochs?"),
        ({"label_smoothing": 1}, "training.label_smoothing is 1; it goes from 0 to below 1"),
        ({"ema": 0}, "training.ema is 0; it goes above 0 and below 1; or it is off"),
        ({"device": "gpu"}, "training.device is 'gpu'; it is one of auto, cpu, cuda, mps"),
        ({"threads": 0}, "training.threads is 0; it is auto; or it goes from 1 to 256"),
        (
            {"early_stopping": {"patience": 0}},
            "training.early_stopping.patience is 0; it goes from 1 to 10000",
        ),
        (
            {"early_stopping": {"patiens": 2}},
            "training.early_stopping.patiens is not a setting; did you mean patience?",
        ),
        (
            {"early_stopping": 3},
            (
                "training.early_stopping is 3; it is a group of settings: "
                "patience, score, least_change; or it is off"
            ),
        ),
        (
            {"start": {}},
            (
                "training.start.run is missing; it is a text of at most 4096 characters "
                "and not empty"
            ),
        ),
        (
            {"start": {"run": "x", "sha256": "0"}},
            "training.start.sha256 is '0'; it is a text of the form ^([0-9a-f]{64})?$",
        ),
        (
            {"optimizer": "sdg"},
            (
                "training.optimizer is 'sdg', which is not known; known are adadelta, adam, "
                "adamw, muon, rmsprop, sgd; did you mean sgd?"
            ),
        ),
        (
            {"optimizer": {"sgd": {"momentum": 1}}},
            "training.optimizer.sgd.momentum is 1; it goes from 0 to below 1",
        ),
        (
            {"optimizer": {"sgd": 0.1, "adam": 0.1}},
            (
                "training.optimizer is {'adam': 0.1, 'sgd': 0.1}; write one kind, alone or with "
                "its fields: adadelta, adam, adamw, muon, rmsprop, sgd"
            ),
        ),
        (
            {"optimizer": {"sgd": {"nesterov": True}}},
            (
                "training.optimizer.sgd: nesterov looks ahead "
                "along the momentum; set momentum above 0"
            ),
        ),
        (
            {"schedule": {"cosine": 3}},
            "training.schedule.cosine is 3; it takes no value of its own",
        ),
        (
            5,
            (
                "training is 5; it is a group of settings: optimizer, schedule, batch_size, "
                "epochs, label_smoothing, clip_norm, early_stopping, ema, start, extended, "
                "precision, "
                "threads, shards, engine, census, keep, device"
            ),
        ),
    ],
)
def test_a_setting_is_refused_in_one_form(training, said):
    assert refusal(training=training) == said


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"conv": {"filters": 0}}, "network.conv1.filters is 0; it goes from 1 to 4096"),
        ("conv", "network.conv1.filters is missing; it is a whole number from 1 to 4096"),
        ({"conv": {"filtres": 8}}, "network.conv1.filtres is not a setting; did you mean filters?"),
        (
            {"conv": {"filters": 8, "name": "stem", "kernel": 99}},
            "network.stem.kernel is 99; it goes from 1 to 64",
        ),
        (
            {"conv": {"filters": 8, "padding": "full"}},
            (
                "network.conv1.padding is 'full'; it is one "
                "of valid, same; or it is a whole number from 0 to 64"
            ),
        ),
        ({"maxpool": "two"}, "network.maxpool1.size is 'two'; it is a whole number from 1 to 64"),
        ({"relu": 3}, "network.relu1 is 3; it takes no value of its own"),
        (
            {"dropout": "off"},
            "network.dropout1 is off; in a list, a layer is left out by removing its line",
        ),
        (
            "batch_norm",
            (
                "network, layer 1, is 'batch_norm', which is not known; known are avgpool, "
                "batchnorm, conv"
            ),
        ),
        (
            {"residual": [{"conv": {"filters": 4, "stride": 0}}]},
            "network.residual1.conv1.stride is 0; it goes from 1 to 16",
        ),
        (
            {"residual": ["relu", {"residual": ["relu", {"elu": 99}]}]},
            "network.residual1.residual1.elu1.alpha is 99; it goes above 0 to 10",
        ),
        (
            {"residual": {"layers": ["relu"], "shortcut": [{"conv": {"filter": 3}}]}},
            "network.residual1.shortcut.conv1.filter is not a setting; did you mean filters?",
        ),
        ({"residual": {"shortcut": ["relu"]}}, "network.residual1.layers is missing; it is a list"),
        ({"residual": []}, "network.residual1 is empty; it is a list of layers"),
        ({"residual": 3}, "network.residual1 is 3; it is a list of layers"),
        (
            {"residual": ["rely"]},
            "network.residual1, layer 1, is 'rely', which is not known; known",
        ),
    ],
)
def test_a_layer_is_refused_by_its_address(layer, said):
    assert refusal(network=[layer, *ENDING]).startswith(said)


def test_the_second_of_a_kind_is_refused_as_the_second():
    network = [{"conv": 8}, "relu", {"conv": 8}, {"conv": {"filters": 8, "stride": 0}}, *ENDING]
    assert refusal(network=network) == "network.conv3.stride is 0; it goes from 1 to 16"


def test_a_misspelt_name_near_none_is_answered_with_all_there_are():
    assert refusal(augmentation={"mixup": 1}) == (
        "augmentation.mixup is not a setting; "
        "known: shift, flip, rotate, shear, zoom, brightness, noise, erase"
    )


def test_the_misspelt_name_is_the_fault_and_not_the_one_then_missing():
    with pytest.raises(ToileError, match=r"^netwrk is not a setting; did you mean network\?$"):
        recipe_of({"netwrk": ENDING})


@pytest.mark.parametrize("document", [[], 3, None, "network"])
def test_a_document_that_is_no_mapping_is_refused(document):
    with pytest.raises(ToileError, match=r"^the recipe is .*; it is a group of settings: name, ab"):
        recipe_of(document)


def test_a_long_value_is_shown_in_short():
    assert len(refusal(seed="9" * 10_000)) < 200
    assert refusal(seed=10**5000).startswith("seed is a gigantic number; it goes from 0")
    assert len(refusal(network=[list(range(10_000))])) < 500


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the file is no JSON"),
        ('{"n": "x", "of": "a"}', "n is 'x'; it should be a whole number"),
        ('{"n": 1}', "of is missing"),
        ('{"n": 1, "of": "c"}', "of is 'c'; it should be 'a' or 'b'"),
        ('{"n": 1, "of": "a", "p": []}', "p is not known"),
        ("[]", "the file is []; it should be named values"),
    ],
)
def test_a_fault_in_a_file_of_ours_is_said_without_words_of_python(text, said):
    class Kind(BaseModel, extra="forbid"):
        n: int
        of: Literal["a", "b"]

    with pytest.raises(ValidationError) as caught:
        Kind.model_validate_json(text)
    assert first_fault(caught.value, "the file") == said
