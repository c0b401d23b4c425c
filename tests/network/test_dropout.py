"""Dropout: the share, the mean, whole channels, and masks that follow from seed and step."""

import pytest
import torch
from torch import Tensor, nn

from toile.network import build_network, reseed_dropout
from toile.network.dropout import SeededDropout
from toile.recipe import plan_network, recipe_of
from toile.streams import stream_seed


def dropped(rate: float, images: Tensor, seed: int = 1, by_channel: bool = False) -> Tensor:
    layer = SeededDropout(rate, by_channel).train()
    layer.reseed(seed, images.device)
    return layer(images)


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_the_share_dropped_is_the_rate_and_the_mean_is_kept(rate: float):
    outputs = dropped(rate, torch.ones(1000, 1000))
    # One million draws: four standard errors.
    margin = 4 * (rate * (1 - rate) / 1e6) ** 0.5
    assert outputs.eq(0).float().mean().item() == pytest.approx(rate, abs=margin)
    assert outputs.mean().item() == pytest.approx(1, abs=margin / (1 - rate))
    assert outputs[outputs != 0].unique().tolist() == [pytest.approx(1 / (1 - rate), rel=1e-4)]


def test_a_mean_is_kept_exactly_for_rates_between_two_steps():
    # .00001 is nearer to 1 of 65536 than to none: what is scaled by is what is dropped.
    layer = SeededDropout(1e-5)
    assert layer.dropped == 1
    assert SeededDropout(1 - 1e-9).dropped == 65_535


def test_numbers_are_dropped_independently_of_their_neighbours():
    # Four numbers share one draw of 64 bits; each has bits of its own.
    kept = dropped(0.5, torch.ones(250_000, 4)).ne(0).float()
    assert torch.corrcoef(kept.T).fill_diagonal_(0).abs().max() < 0.01


def test_whole_channels_go_together():
    outputs = dropped(0.5, torch.ones(50, 40, 3, 5), by_channel=True)
    planes = outputs.flatten(2)
    assert torch.equal(planes.amin(2), planes.amax(2))
    assert planes[..., 0].eq(0).float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_same_stream_same_mask_other_stream_other_mask():
    images = torch.ones(64, 64)
    assert torch.equal(dropped(0.5, images, seed=1), dropped(0.5, images, seed=1))
    assert not torch.equal(dropped(0.5, images, seed=1), dropped(0.5, images, seed=2))


def test_the_next_mask_of_a_stream_is_another():
    layer = SeededDropout(0.5).train()
    layer.reseed(1, torch.device("cpu"))
    assert not torch.equal(layer(torch.ones(64, 64)), layer(torch.ones(64, 64)))


def test_the_mask_follows_the_order_in_memory():
    images = torch.ones(2, 8, 5, 7)
    last = images.to(memory_format=torch.channels_last)
    planar, striped = dropped(0.5, images), dropped(0.5, last)
    assert striped.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(planar.flatten(), striped.permute(0, 2, 3, 1).flatten())


@pytest.mark.parametrize("view", [
    lambda images: images[:, ::2],
    lambda images: images.transpose(1, 2),
    lambda images: images[:1].expand(4, -1, -1, -1),
])  # fmt: skip
def test_views_with_gaps_are_dropped_like_any_other(view):
    images = view(torch.ones(4, 16, 12, 12))
    outputs = dropped(0.5, images)
    assert outputs.shape == images.shape
    assert outputs.ne(0).float().mean().item() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_counts_that_four_does_not_divide_are_filled_to_the_end(count: int):
    kept = torch.stack([dropped(0.5, torch.ones(1, count), seed).ne(0)[0] for seed in range(200)])
    assert ((kept.float().mean(0) - 0.5).abs() < 0.15).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_kind_of_number_is_kept(dtype: torch.dtype):
    images = torch.ones(100, 100, dtype=dtype)
    outputs = dropped(0.5, images)
    assert outputs.dtype == dtype
    assert outputs.unique().tolist() == [0, 2]


def test_gradients_flow_where_numbers_were_kept():
    images = torch.ones(20, 20, requires_grad=True)
    outputs = dropped(0.5, images)
    outputs.sum().backward()
    assert torch.equal(images.grad, outputs.detach())


def test_nothing_is_dropped_outside_training_or_at_rate_zero():
    images = torch.rand(4, 4)
    assert SeededDropout(0.9).eval()(images) is images
    assert SeededDropout(0.0).train()(images) is images


def network_with_dropout() -> nn.Sequential:
    entries = [{"conv": {"filters": 4, "padding": "same"}}, {"dropout": 0.5},
               {"residual": [{"dropout": 0.5}]}, "flatten", {"dense": "classes"}]  # fmt: skip
    network = recipe_of({"network": entries}).network
    return build_network(plan_network(network, (1, 8, 8), 10), seed=0).train()


def logits_at(network: nn.Module, seed: int, epoch: int, step: int) -> Tensor:
    reseed_dropout(network, seed, epoch, step)
    return network(torch.ones(2, 1, 8, 8))


def test_a_step_has_its_masks_whatever_steps_came_before():
    network = network_with_dropout()
    third = logits_at(network, 0, 1, 3)
    logits_at(network, 0, 1, 4)
    torch.testing.assert_close(logits_at(network, 0, 1, 3), third, rtol=0, atol=0)
    torch.testing.assert_close(logits_at(network_with_dropout(), 0, 1, 3), third, rtol=0, atol=0)


@pytest.mark.parametrize("other", [(1, 1, 3), (0, 2, 3), (0, 1, 4)])
def test_another_seed_epoch_or_step_has_other_masks(other):
    network = network_with_dropout()
    assert not torch.equal(logits_at(network, 0, 1, 3), logits_at(network, *other))


def test_a_layers_stream_is_that_of_its_address_epoch_and_step():
    network = network_with_dropout()
    reseed_dropout(network, 0, 1, 3)
    layer = SeededDropout(0.5)
    layer.reseed(stream_seed(0, "dropout/residual1.dropout1", 1, 3), torch.device("cpu"))
    ones = torch.ones(30, 30)
    assert torch.equal(network.get_submodule("residual1.dropout1")(ones), layer(ones))


def test_two_layers_of_a_step_have_masks_of_their_own():
    network = network_with_dropout()
    reseed_dropout(network, 0, 1, 1)
    ones = torch.ones(100, 100)
    inner = network.get_submodule("residual1.dropout1")
    assert not torch.equal(network.get_submodule("dropout1")(ones), inner(ones))
