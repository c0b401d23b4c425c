"""Fits trained as one come to what each comes to alone, to rounding."""

import math
from collections.abc import Callable, Sequence

import pytest
import torch

from toile.data import Split, load_data, pixel_statistics, split_data
from toile.errors import ToileError
from toile.recipe import layers, plan_network, read_recipe, recipe_of, with_settings
from toile.training import (
    Diverged,
    Epoch,
    Finished,
    Fit,
    Interval,
    Scoring,
    Stepped,
    begin,
    resolve,
    split_events,
    train,
    train_many,
)

TOLERANCE = 1e-4
"""Of a tensor's length: sums are taken in another order, and steps carry that on."""
CONV = {"conv": {"filters": 4, "padding": "same", "bias": False}}
NARROW = {"conv": {"filters": 6, "bias": False}}
UNBIASED = {"dense": {"units": 6, "bias": False}}
LAST = {"dense": "classes"}
END = ["flatten", {"dense": 6}, "relu", LAST]
NETWORK = [CONV, "batchnorm", "relu", {"maxpool": 2}, {"dropout": 0.3}, *END]
# Each layer kind a recipe has, among others that show what it does.
NETWORKS = {
    "conv": [{"conv": {"filters": 3, "stride": 2, "padding": "same"}}, {"conv": 4}, *END],
    "dense": ["flatten", UNBIASED, LAST],
    "batchnorm": [CONV, "batchnorm", "flatten", UNBIASED, "batchnorm", "relu", LAST],
    "layernorm": [CONV, "layernorm", "relu", "flatten", {"dense": 6}, "layernorm", LAST],
    "groupnorm": [CONV, {"groupnorm": 2}, "relu", *END],
    "relu": [CONV, "relu", {"maxpool": 2}, *END],
    "leaky_relu": [CONV, "leaky_relu", *END],
    "elu": [CONV, "elu", *END],
    "gelu": [CONV, "gelu", *END],
    "silu": [CONV, "silu", *END],
    "tanh": [CONV, "tanh", *END],
    "sigmoid": [CONV, "sigmoid", *END],
    "maxpool": [CONV, {"maxpool": {"size": 3, "stride": 2, "padding": "same"}}, *END],
    "avgpool": [CONV, {"avgpool": {"size": 3, "stride": 2, "padding": "same"}}, *END],
    "globalpool": [CONV, "relu", "globalpool", LAST],
    "dropout": [{"dropout": 0.2}, CONV, {"dropout": 0.5}, "flatten", {"dropout": 0.1}, LAST],
    "spatial_dropout": [CONV, {"spatial_dropout": 0.5}, *END],
    "flatten": [CONV, *END],
    "views": ["views", CONV, "relu", *END],
    "scale": [CONV, {"scale": 0.5}, *END],
    "residual": [
        CONV,
        {"residual": {"layers": [CONV, "batchnorm", "relu", {"dropout": 0.2}, CONV]}},
        "relu",
        {"residual": {"layers": [{"conv": 6}], "shortcut": [NARROW, "batchnorm"]}},
        *END,
    ],
}
GROUPED = [CONV, {"conv": {"filters": 8, "groups": 2}}, {"conv": {"filters": 8, "groups": 8}}, *END]
SGD = {"sgd": {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}}
OPTIMIZERS = {
    "sgd": SGD,
    "adam": {"adam": {"learning_rate": 3e-3, "weight_decay": 1e-3}},
    "adamw": {"adamw": {"learning_rate": 3e-3}},
    "adadelta": "adadelta",
    "rmsprop": {"rmsprop": {"learning_rate": 1e-3, "momentum": 0.5}},
    "muon": {"muon": {"weight_decay": 0.1}},
}
Make = Callable[..., list[Fit]]


@pytest.fixture
def make_fits(split: Split) -> Make:
    """Fits of a small network, with seeds from 0 on."""

    def make(network: Sequence[object] = NETWORK, count: int = 3, **settings: object) -> list[Fit]:
        training = {
            "batch_size": 10,
            "epochs": 2,
            "threads": 1,
            "shards": 1,
            "precision": "float32",
            "device": "cpu",
            "optimizer": {"sgd": {"learning_rate": 0.05, "momentum": 0.9}},
        }
        values = {address.replace("__", "."): value for address, value in settings.items()}
        recipe = with_settings(recipe_of({"network": network, "training": training}), values)
        plan = plan_network(recipe.network, split.train.shape, 3)
        recipe = resolve(recipe, plan)
        statistics = pixel_statistics(split.train)
        return [
            begin(recipe.model_copy(update={"seed": seed}), plan, split, statistics)
            for seed in range(count)
        ]

    return make


def watch(fits: Sequence[Fit]) -> list[list[object]]:
    """The events of each, trained as one to the end."""
    events: list[list[object]] = [[] for _ in fits]
    for moment in train_many(fits):
        for place, event in moment.items():
            events[place].append(event)
    return events


def assert_alike(together: Fit, alone: Fit) -> None:
    """Every tensor of a checkpoint, within the tolerance."""
    ours, expected = together.tensors(), alone.tensors()
    assert list(ours) == list(expected)
    for name, tensor in expected.items():
        apart_by = (ours[name].double() - tensor.double()).norm()
        # What has become infinite is equal without being near.
        is_near = apart_by <= TOLERANCE * tensor.double().norm() + 1e-7
        assert is_near or torch.equal(ours[name], tensor), name
        assert ours[name].stride() == tensor.stride(), name


def train_both(make_fits: Make, **asked: object) -> tuple[list[Fit], list[list[object]]]:
    """Fits trained as one, shown to be what they are alone; and the events of each."""
    alone, together = make_fits(**asked), make_fits(**asked)
    expected = [list(train(fit)) for fit in alone]
    events = watch(together)
    for one, other, mine, theirs in zip(together, alone, events, expected, strict=True):
        assert_alike(one, other)
        assert [type(event) for event in mine] == [type(event) for event in theirs]
        for event, reference in zip(mine, theirs, strict=True):
            if isinstance(event, Interval):
                assert event.loss == pytest.approx(reference.loss, rel=1e-3)
                assert event.accuracy == reference.accuracy
                assert event.learning_rate == reference.learning_rate
            if isinstance(event, Epoch):
                assert event.validation.accuracy == reference.validation.accuracy
                assert event.training.loss == pytest.approx(reference.training.loss, rel=1e-3)
    return together, events


def test_twenty_steps_of_the_lab_sheets_network_agree():
    recipe = read_recipe("s1-lab", {"data.name": "fashion-sample", "training.precision": "float32"})
    recipe = with_settings(recipe, {"training.threads": 1, "training.shards": 1})
    dataset = load_data(recipe.data)
    split = split_data(dataset.train, recipe.data)
    plan = plan_network(recipe.network, dataset.shape, len(dataset.class_names))
    recipe, statistics = resolve(recipe, plan), pixel_statistics(split.train)

    def fits() -> list[Fit]:
        of_seeds = (recipe.model_copy(update={"seed": seed}) for seed in range(4))
        return [begin(one, plan, split, statistics) for one in of_seeds]

    alone, together = fits(), fits()
    for fit in alone:
        next(one for one in train(fit) if isinstance(one, Stepped) and one.step == 20)
    next(one for one in train_many(together) if one.get(0) == Stepped(20, alone[0].steps, 1))
    for one, other in zip(together, alone, strict=True):
        assert_alike(one, other)


def test_every_kind_of_layer_is_among_the_networks():
    assert set(NETWORKS) == set(layers.KINDS)


@pytest.mark.parametrize("kind", NETWORKS)
def test_each_comes_to_what_it_comes_to_alone_with_every_layer(make_fits, kind):
    fits, _ = train_both(make_fits, network=NETWORKS[kind])
    first, second = (fit.network.state_dict() for fit in fits[:2])
    assert not any(torch.equal(first[name], second[name]) for name in first if "weight" in name)


def test_grouped_convolutions_keep_to_their_groups(make_fits):
    train_both(make_fits, network=GROUPED)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_comes_to_what_it_comes_to_alone_with_every_optimiser(make_fits, optimizer):
    train_both(make_fits, training__optimizer=OPTIMIZERS[optimizer])


def test_muon_measures_each_matrix_by_itself(make_fits):
    tall = [CONV, "relu", "globalpool", {"dense": 12}, "relu", LAST]
    train_both(make_fits, network=tall, training__optimizer="muon")


@pytest.mark.parametrize(
    "settings",
    [
        {"training__ema": 0.9},
        {"training__clip_norm": 0.2},
        {"training__label_smoothing": 0.1},
        {"training__schedule": "cosine"},
        {"augmentation__shift": 1, "augmentation__flip": "alternate"},
        {"augmentation__noise": 0.1, "augmentation__rotate": 10.0, "augmentation__shift": 1},
        {"training__batch_size": 11},
    ],
)
def test_each_comes_to_what_it_comes_to_alone_with_every_setting(make_fits, settings):
    train_both(make_fits, **settings)


def test_bfloat16_is_as_near_to_float32_as_it_is_alone(make_fits):
    exact, alone, together = (
        make_fits(training__precision=precision)
        for precision in ("float32", "bfloat16", "bfloat16")
    )
    for fit in (*exact, *alone):
        list(train(fit))
    watch(together)
    for one, other, reference in zip(together, alone, exact, strict=True):
        ours, theirs = (
            fit.network.dense1.weight - reference.network.dense1.weight for fit in (one, other)
        )
        assert ours.norm() < 2 * theirs.norm()


def test_left_at_any_moment_each_goes_on_alone_to_the_same_end(make_fits):
    # Adam counts its steps, and each fit has to count its own.
    asked = {"count": 2, "training__ema": 0.9, "training__optimizer": {"adam": 3e-3}}
    alone = make_fits(**asked)
    num_moments = sum(1 for _ in train_many(make_fits(**asked)))
    for fit in alone:
        list(train(fit))
    for leave_at in range(0, num_moments, 3):
        fits = make_fits(**asked)
        for number, _ in enumerate(train_many(fits)):
            if number == leave_at:
                break
        if leave_at % 2:
            watch(fits)
        else:
            for fit in fits:
                list(train(fit))
        for fit, reference in zip(fits, alone, strict=True):
            assert_alike(fit, reference)


def test_at_every_moment_a_fit_shows_its_tensors_as_they_are_then(make_fits):
    (alone, _), together = make_fits(count=2), make_fits(count=2)
    events = train(alone)
    for moment in train_many(together):
        if isinstance(moment.get(0), Stepped):
            while not isinstance(next(events), Stepped):
                pass
            assert_alike(together[0], alone)


def test_one_that_diverges_stays_as_it_was_and_the_others_go_on(make_fits):
    alone, together = make_fits(), make_fits()
    with torch.no_grad():
        for fits in (alone, together):
            fits[1].network.dense2.bias[0] = math.inf
    expected = [list(train(fit)) for fit in alone]
    events = watch(together)
    diverged = events[1][-1]
    assert isinstance(diverged, Diverged)
    assert not math.isfinite(diverged.loss)
    assert (diverged.epoch, diverged.step) == (expected[1][-1].epoch, expected[1][-1].step)
    assert together[1].position.step == alone[1].position.step
    assert isinstance(events[0][-1], Finished)
    assert isinstance(events[2][-1], Finished)
    for one, other in zip(together, alone, strict=True):
        assert_alike(one, other)


def test_one_that_stops_early_is_left_out_of_the_epochs_after(make_fits):
    stopping = {
        "training__early_stopping": {"score": "loss", "patience": 1},
        "training__epochs": 12,
    }
    fits, events = train_both(make_fits, **stopping)
    epochs = [fit.position.evaluated for fit in fits]
    assert len(set(epochs)) > 1
    assert min(epochs) < 12
    for mine, epoch in zip(events, epochs, strict=True):
        assert sum(isinstance(event, Epoch) for event in mine) == epoch


def test_apart_each_has_its_own_events_in_their_order(make_fits):
    fits = make_fits()
    streams = split_events(train_many(fits), len(fits))
    gone = [[], [], []]
    going = dict(enumerate(streams))
    while going:
        for place, stream in list(going.items()):
            event = next(stream, None)
            if event is None:
                del going[place]
            else:
                gone[place].append(type(event))
    expected = [type(event) for event in train(make_fits(count=1)[0])]
    assert gone == [expected] * 3
    assert {Interval, Stepped, Scoring, Epoch, Finished} <= set(expected)


def test_seconds_are_shared_among_those_that_train(make_fits):
    fits = make_fits(training__epochs=1)
    watch(fits)
    seconds = {fit.position.total_seconds for fit in fits}
    assert min(seconds) > 0
    assert max(seconds) < 3 * min(seconds)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"training__epochs": 3}, "training.epochs is 2 in the first fit and 3 in number 2"),
        ({"training__threads": 2, "training__shards": 2}, "training.shards is 2"),
        ({"training__engine": "plain"}, "training.engine is plain"),
    ],
)
def test_fits_that_differ_in_more_than_their_seed_are_refused_by_name(
    make_fits, settings, complaint
):
    with pytest.raises(ToileError, match=complaint):
        next(train_many([*make_fits(count=1), *make_fits(count=1, **settings)]))


def test_fits_at_different_steps_are_refused(make_fits):
    first, second = make_fits(count=2)
    next(event for event in train(second) if isinstance(event, Stepped))
    with pytest.raises(ToileError, match="fit 1 has done 0 steps and number 2 1"):
        next(train_many([first, second]))
