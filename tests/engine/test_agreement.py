"""All that is fast agrees with the plain gradient: every kind of layer, odd sizes, odd numbers."""

import math

import pytest
import torch

from toile.engine import AnyGradient
from toile.engine.batches import Batches, EpochBatches
from toile.engine.gradient import Gradient, make_gradient
from toile.engine.plain import PlainGradient
from toile.errors import ToileError
from toile.network import Pixels, build_network, freeze
from toile.recipe import Augmentation, layers, plan_network, recipe_of, with_settings
from toile.training import resolve

CONV = {"conv": {"filters": 6, "padding": "same"}}
END = ["flatten", {"dense": "classes"}]
NETWORKS = {
    "dense alone": ["flatten", {"dense": 7}, "relu", {"dense": "classes"}],
    "first block": [CONV, "relu", {"maxpool": 2}, *END],
    "pool of three": [CONV, "relu", {"maxpool": {"size": 3, "stride": 2, "padding": "same"}}, *END],
    "stride and groups": [CONV, {"conv": {"filters": 6, "groups": 3, "stride": 2}}, "relu", *END],
    "batch norm": [CONV, "batchnorm", "relu", *END[:1], {"dense": 9}, "batchnorm", *END[1:]],
    "layer norm": [CONV, "layernorm", "silu", *END],
    "group norm": [CONV, {"groupnorm": {"groups": 2}}, "elu", *END],
    "activations": [CONV, "gelu", CONV, {"leaky_relu": 0.1}, CONV, "tanh", CONV, "sigmoid", *END],
    "average pools": [CONV, {"avgpool": {"size": 2, "padding": "same"}}, CONV, *END],
    "global average": [CONV, "relu", {"globalpool": "average"}, {"dense": "classes"}],
    "global maximum": [CONV, {"globalpool": "max"}, {"dense": "classes"}],
    "dropout": [CONV, "relu", {"dropout": 0.4}, *END[:1], {"dense": 8}, {"dropout": 0.5}, *END[1:]],
    "spatial dropout": [CONV, {"spatial_dropout": 0.5}, {"maxpool": 2}, *END],
    "residual": [CONV, {"residual": {"layers": [CONV, "batchnorm"]}}, "relu", *END],
    "scale": [CONV, "relu", {"scale": 0.5}, *END],
    "views": ["views", CONV, "relu", *END],
    "few channels": [
        {"conv": {"filters": 8, "padding": "same"}},
        "relu",
        {"maxpool": 2},
        {"conv": {"filters": 16, "kernel": 2}},
        "relu",
        {"maxpool": 2},
        *END,
    ],
}
SHAPE = (1, 9, 10)


def gradient_of(name: str, engine: str, **training: object) -> AnyGradient:
    settings = {"threads": 1, "shards": 1, "precision": "float32", "engine": engine}
    recipe = recipe_of({"network": NETWORKS[name], "training": settings | training})
    plan = plan_network(recipe.network, SHAPE, 3)
    gradient = make_gradient(resolve(recipe, plan), build_network(plan, 0), plan)
    gradient.train_mode()
    return gradient


def batch_of(n: int, seed: int = 0) -> EpochBatches:
    draw = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, *SHAPE), generator=draw, dtype=torch.uint8)
    labels = torch.randint(0, 3, (n,), generator=draw)
    return Batches(images, labels, Pixels((0.5,), (0.25,)), Augmentation(), (0.0,), n, 0).epoch(
        seed
    )


def assert_agree(fast: AnyGradient, plain: AnyGradient, batches: EpochBatches) -> None:
    mine, right = fast.compute(batches, 0), plain.compute(batches, 0)
    near = {"rtol": 1e-4, "atol": 1e-5, "equal_nan": True}
    assert torch.equal(mine.labels, right.labels)
    for field in ("logits", "loss", "cross_entropy"):
        torch.testing.assert_close(getattr(mine, field), getattr(right, field), **near)
    of_fast = dict(fast.network.named_parameters())
    for name, weight in plain.network.named_parameters():
        gradient = of_fast[name].grad
        if weight.grad is None:
            assert gradient is None, name
            continue
        torch.testing.assert_close(gradient, weight.grad, **near, msg=name)
        assert gradient.stride() == weight.stride()
    buffers = dict(fast.network.named_buffers())
    for name, buffer in plain.network.named_buffers():
        torch.testing.assert_close(buffers[name], buffer, **near)


def test_every_kind_of_layer_is_among_them():
    def kinds(listed) -> set[type]:
        inner = {kind for one in listed for kind in kinds(getattr(one, "layers", ()))}
        return {type(one) for one in listed} | inner

    asked = [recipe_of({"network": one}).network for one in NETWORKS.values()]
    assert set().union(*map(kinds, asked)) == set(layers.KINDS.values())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n", [16, 5])
def test_each_network_has_the_plain_gradient_step_after_step(name, n):
    fast, plain = gradient_of(name, "fast"), gradient_of(name, "plain")
    assert isinstance(fast, Gradient)
    assert isinstance(plain, PlainGradient)
    for step in range(3):
        assert_agree(fast, plain, batch_of(n, step))


@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - {"dropout", "spatial dropout"}))
def test_computed_in_parts_it_is_the_same(name):
    """But for dropout: each part draws masks of its own."""
    fast, plain = gradient_of(name, "fast", threads=2, shards=2), gradient_of(name, "plain")
    for step in range(2):
        assert_agree(fast, plain, batch_of(11, step))


@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - {"batch norm"}))
def test_a_last_batch_of_one_image_agrees(name):
    assert_agree(gradient_of(name, "fast"), gradient_of(name, "plain"), batch_of(1))


def test_smoothed_labels_agree():
    fast, plain = (
        gradient_of("first block", one, label_smoothing=0.2) for one in ("fast", "plain")
    )
    assert_agree(fast, plain, batch_of(8))


@pytest.mark.parametrize("name", ["first block", "batch norm", "few channels"])
def test_frozen_layers_agree(name):
    gradients = gradient_of(name, "fast"), gradient_of(name, "plain")
    frozen = []
    for one in gradients:
        freeze(one.network, ["conv1"])
        recipe = recipe_of({"network": NETWORKS[name], "training": {"shards": 1, "threads": 1}})
        plan = plan_network(recipe.network, SHAPE, 3)
        engine = "plain" if isinstance(one, PlainGradient) else "fast"
        settings = {"training.engine": engine, "training.precision": "float32"}
        frozen.append(
            make_gradient(resolve(with_settings(recipe, settings), plan), one.network, plan)
        )
        frozen[-1].train_mode()
    assert_agree(*frozen, batch_of(12))
    assert frozen[0].network.conv1.weight.grad is None


@pytest.mark.parametrize("value", [math.nan, math.inf, 3e38])
@pytest.mark.parametrize("name", ["dense alone", "first block", "batch norm", "few channels"])
def test_a_weight_that_is_no_usual_number_shows_in_the_loss_alike(name, value):
    """Of gradients beyond numbers no more is promised than that they are none."""
    fast, plain = gradient_of(name, "fast"), gradient_of(name, "plain")
    for one in (fast, plain):
        next(one.network.parameters()).data.flatten()[0] = value
    mine, right = (one.compute(batch_of(8), 0) for one in (fast, plain))
    assert torch.isfinite(mine.loss) == torch.isfinite(right.loss)
    assert torch.equal(torch.isfinite(mine.logits), torch.isfinite(right.logits))


def test_plain_is_asked_for_by_a_setting_and_computes_batches_whole():
    assert gradient_of("first block", "auto").__class__ is Gradient
    recipe = recipe_of({"network": NETWORKS["first block"], "training": {"engine": "plain"}})
    plan = plan_network(recipe.network, SHAPE, 3)
    assert resolve(recipe, plan).training.shards == 1
    with pytest.raises(ToileError, match=r"training.engine plain, which computes each batch whole"):
        resolve(with_settings(recipe, {"training.shards": 2, "training.threads": 2}), plan)


def test_a_recipe_that_asks_for_no_engine_has_the_hash_it_had():
    recipe = recipe_of({"network": NETWORKS["first block"]})
    assert with_settings(recipe, {"training.engine": "fast"}).hash == recipe.hash
    assert with_settings(recipe, {"training.engine": "plain"}).hash != recipe.hash
