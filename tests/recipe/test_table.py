"""The table of all settings: every field of every model, in words."""

import pytest

from toile.recipe import (
    About,
    Augmentation,
    CutChannels,
    Data,
    EarlyStopping,
    Extension,
    Recipe,
    Start,
    Training,
    layers,
    optimizers,
    read_recipe,
    schedules,
    settings_table,
    value_at,
    with_settings,
)


def test_every_field_of_every_model_is_in_the_table():
    addresses = [row.address for row in settings_table()]
    assert len(set(addresses)) == len(addresses)
    expected = {
        f"{prefix}{name}"
        for prefix, model in (
            ("", Recipe), ("about.", About), ("data.", Data), ("augmentation.", Augmentation),
            ("training.", Training), ("training.early_stopping.", EarlyStopping),
            ("training.start.", Start), ("training.extended.", Extension),
            ("training.start.cut.", CutChannels), ("training.start.silent.", CutChannels),
            *((f"network.{kind}1.", model) for kind, model in layers.KINDS.items()),
            *((f"training.optimizer.{kind}.", model) for kind, model in optimizers.KINDS.items()),
            *((f"training.schedule.{kind}.", model) for kind, model in schedules.KINDS.items()),
        )
        for name in model.model_fields
    }  # fmt: skip
    assert set(addresses) == expected


@pytest.mark.parametrize(
    ("address", "rule", "default", "description"),
    [
        ("training.epochs", "a whole number from 0 to 10000", "5",
         "Passes over the training images; with `start` also 0, which trains nothing"),
        ("training.label_smoothing", "a number from 0 to below 1", "0",
         "Fraction of the target spread over all classes"),
        ("training.clip_norm", "a number above 0 to 1000000; or off", "off",
         "Longest gradient, over all weights together; longer ones are shortened"),
        ("training.threads", "auto; or a whole number from 1 to 256", "auto",
         "Processor threads; the same run on another number has other bits"),
        ("training.optimizer", "one of sgd, adam, adamw, adadelta, rmsprop, muon", "adam",
         "How weights follow their gradients"),
        ("training.optimizer.adam.epsilon", "a number above 0 to 1", "1e-08",
         "Added to the root; Keras has 1e-7"),
        ("training.early_stopping",
         "a group of settings: patience, score, least_change; or off", "off",
         "Stop when validation no longer gets better"),
        ("network.conv1.filters", "a whole number from 1 to 4096", "needed",
         "Channels that come out"),
        ("data", ("a group of settings: name, validation, split, folds, fold, test, rule, "
                  "white, size_px, colour, orientation, label_column, corrections, scaling"),
         "-", "Which images are learnt from"),
        ("network.residual1.shortcut", "a list", "-",
         "Layers on the way around; none leaves it as it is"),
        ("network.conv1.bias", "true or false", "true", "Add a learnt number to every channel"),
        ("network.residual1.layers", "a list", "needed", "The branch, as a list of layers"),
        ("about.title", "a text of at most 200 characters", '""', "The recipe in a few words"),
    ],
)  # fmt: skip
def test_a_row_of_the_table_reads_as_a_person_would_say_it(address, rule, default, description):
    row = next(row for row in settings_table() if row.address == address)
    assert (row.rule, row.default, row.description) == (rule, default, description)


def test_an_address_of_the_table_is_one_that_can_be_set():
    base = read_recipe("s1-lab")
    for kind in optimizers.KINDS:
        recipe = with_settings(base, {"training.optimizer": kind})
        for row in settings_table():
            if row.address.startswith(f"training.optimizer.{kind}."):
                value = value_at(recipe, row.address)
                assert f"{value:g}" == row.default or str(value).lower() == row.default
