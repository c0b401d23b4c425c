"""A batch computed in parts gives the gradient of the whole batch."""

import pytest
import torch

from toile.engine.batches import Batches, EpochBatches
from toile.engine.gradient import Gradient
from toile.engine.parallel.batch_norm import WorkerLostError
from toile.errors import ToileError
from toile.network import Pixels, build_network
from toile.recipe import Augmentation, plan_network, recipe_of
from toile.training import prepare_torch, resolve

CONV = {"conv": {"filters": 6, "padding": "same"}}
NORMED = [
    CONV,
    "batchnorm",
    "relu",
    {"maxpool": 2},
    {"residual": {"layers": [CONV, "batchnorm"]}},
    "flatten",
    {"dense": 12},
    "batchnorm",
    "relu",
    {"dense": "classes"},
]
PLAIN = [CONV, "relu", {"maxpool": 2}, {"dropout": 0.5}, "flatten", {"dense": "classes"}]
SHAPE = (1, 8, 6)


def gradient_of(network: list, parts: int, **training: object) -> Gradient:
    settings = {"threads": parts, "shards": parts, "precision": "float32", "batch_size": 16}
    recipe = recipe_of({"network": network, "training": settings | training})
    plan = plan_network(recipe.network, SHAPE, 3)
    gradient = Gradient(resolve(recipe, plan), build_network(plan, 0), plan)
    gradient.train_mode()
    return gradient


def batch_of(n: int, seed: int = 0) -> EpochBatches:
    """An epoch of one batch of n random pictures."""
    draw = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, *SHAPE), generator=draw, dtype=torch.uint8)
    labels = torch.randint(0, 3, (n,), generator=draw)
    pixels = Pixels((0.5,), (0.25,))
    return Batches(images, labels, pixels, Augmentation(), (0.0,), n, seed).epoch(0)


def gradients(gradient: Gradient) -> dict[str, torch.Tensor]:
    return {name: one.grad for name, one in gradient.network.named_parameters()}


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("n", [12, 11, 5])
def test_parts_with_batch_norm_have_gradient_and_statistics_of_the_whole(parts, n):
    whole, divided = gradient_of(NORMED, 1), gradient_of(NORMED, parts)
    for step in range(3):
        mine = whole.compute(batch_of(n, step), 0)
        theirs = divided.compute(batch_of(n, step), 0)
        assert torch.equal(theirs.labels, mine.labels)
        assert torch.allclose(theirs.logits, mine.logits, atol=1e-5)
        assert torch.allclose(theirs.loss, mine.loss, atol=1e-6)
        assert torch.allclose(theirs.cross_entropy, mine.cross_entropy, atol=1e-5)
    for name, expected in gradients(whole).items():
        assert (gradients(divided)[name] - expected).norm() < 1e-4 * expected.norm() + 1e-5, name
    buffers = dict(divided.network.named_buffers())
    for name, expected in whole.network.named_buffers():
        assert torch.allclose(buffers[name], expected, atol=1e-6), name
    assert buffers["batchnorm1.num_batches_tracked"] == 3


def test_bfloat16_parts_are_as_near_to_float32_as_the_whole_in_bfloat16_is():
    exact, whole = gradient_of(NORMED, 1), gradient_of(NORMED, 1, precision="bfloat16")
    divided = gradient_of(NORMED, 2, precision="bfloat16")
    for one in (exact, whole, divided):
        one.compute(batch_of(16), 0)
    for name, expected in gradients(exact).items():
        if name.endswith(("conv1.bias", "dense1.bias")):
            continue  # a batch norm behind it takes it away again: 0, and rounding
        theirs = (gradients(whole)[name] - expected).norm() / expected.norm()
        ours = (gradients(divided)[name] - expected).norm() / expected.norm()
        assert ours < 2 * theirs + 0.01, name


def test_parts_give_the_same_bits_again():
    first, second = gradient_of(NORMED, 2), gradient_of(NORMED, 2)
    for one in (first, second):
        for step in range(3):
            one.compute(batch_of(16, step), 0)
    assert all(torch.equal(one, gradients(second)[name]) for name, one in gradients(first).items())


def test_a_batch_of_fewer_images_than_parts_is_taken_whole():
    whole, divided = gradient_of(PLAIN, 1), gradient_of(PLAIN, 3)
    expected = whole.compute(batch_of(2), 0).logits
    assert torch.equal(divided.compute(batch_of(2), 0).logits, expected)


def test_every_part_drops_other_numbers():
    batch = batch_of(2)
    batch.batches.images[1] = batch.batches.images[0]
    first, second = gradient_of(PLAIN, 2).compute(batch, 0).logits
    assert not torch.equal(first, second)


@pytest.mark.parametrize("wrong", [0, 15])
def test_what_fails_in_a_part_is_told_and_the_next_batch_goes_well(wrong):
    gradient = gradient_of(NORMED, 2)
    broken = batch_of(16)
    broken.batches.labels[broken.order[wrong]] = 99
    with pytest.raises(Exception, match="99") as raised:
        gradient.compute(broken, 0)
    assert not isinstance(raised.value, WorkerLostError)
    gradient.compute(batch_of(16), 0)
    assert all(torch.isfinite(one).all() for one in gradients(gradient).values())


def test_auto_takes_as_many_parts_as_threads_where_each_has_enough_images():
    network = [{"conv": 8}, "flatten", {"dense": "classes"}]

    def shards(batch_size: int, **training: object) -> object:
        settings = {"threads": 4, "batch_size": batch_size, "device": "cpu"} | training
        recipe = recipe_of({"network": network, "training": settings})
        return resolve(recipe, plan_network(recipe.network, SHAPE, 3)).training

    assert shards(128).shards == 4
    assert shards(40).shards == 2
    assert shards(10).shards == 1
    assert shards(128, shards=3, threads="auto").threads >= 3


@pytest.mark.parametrize(
    ("training", "complaint"),
    [
        ({"threads": 2, "shards": 3}, "training.shards is 3, and training.threads 2"),
        ({"threads": 8, "shards": 8, "batch_size": 4}, "training.batch_size 4"),
    ],
)
def test_more_parts_than_threads_or_images_are_refused(training, complaint):
    recipe = recipe_of({"network": PLAIN, "training": training})
    with pytest.raises(ToileError, match=complaint):
        resolve(recipe, plan_network(recipe.network, SHAPE, 3))


def test_auto_takes_every_core_where_a_step_has_much_to_do_or_to_make(monkeypatch):
    monkeypatch.setattr("toile.training.device.num_cores", lambda: 2)

    def threads(layers: list, batch_size: int) -> object:
        recipe = recipe_of(
            {
                "network": [*layers, {"dense": "classes"}],
                "training": {"batch_size": batch_size, "device": "cpu"},
            }
        )
        return resolve(recipe, plan_network(recipe.network, (1, 28, 28), 3)).training.threads

    makes_much = [{"conv": {"filters": 16, "kernel": 1}}, "relu", {"maxpool": 28}, "flatten"]
    assert threads(makes_much, 128) == 1  # 3.2 million numbers
    assert threads(makes_much, 160) == 2  # 4.0 million, of 2 million multiply-adds
    assert threads(["flatten", {"dense": 1_000}], 120) == 1  # 94 million multiply-adds
    assert threads(["flatten", {"dense": 1_000}], 130) == 2  # 102 million


@pytest.mark.parametrize(("name", "value"), [("OMP_THREAD_LIMIT", "1"), ("OMP_DYNAMIC", "TRUE")])
def test_threads_that_torch_would_wait_for_without_end_are_refused(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    settings = {"threads": 2, "shards": 1, "precision": "float32", "device": "cpu"}
    with pytest.raises(ToileError, match=f"training.threads is 2, .* has {name}={value}"):
        prepare_torch(recipe_of({"network": PLAIN, "training": settings}).training)
