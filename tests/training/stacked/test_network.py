import pytest
import torch

from toile.network import build_network, reseed_dropout
from toile.recipe import plan_network, recipe_of
from toile.training.stacked.network import stack_rows, stacked_network

NETWORK = [
    {"conv": {"filters": 4, "padding": "same", "groups": 1}},
    "batchnorm",
    "relu",
    {"maxpool": 2},
    {"residual": {"layers": [{"conv": {"filters": 4, "padding": "same"}}, {"dropout": 0.5}]}},
    "flatten",
    {"dense": "classes"},
]
SHAPE = (2, 6, 5)


@pytest.fixture
def networks():
    plan = plan_network(recipe_of({"network": NETWORK}).network, SHAPE, 3)
    return [build_network(plan, seed).train() for seed in range(3)]


def test_rows_are_the_tensors_themselves_in_their_own_layout():
    first = torch.arange(36.0).view(1, 4, 3, 3).contiguous(memory_format=torch.channels_last)
    tensors, strides = [first, first + 1], first.stride()
    stack = stack_rows(tensors)
    assert stack.shape == (2, 1, 4, 3, 3)
    assert torch.equal(stack[1], first + 1)
    stack[1] = 7
    assert torch.equal(tensors[1], torch.full_like(first, 7))
    assert [one.stride() for one in tensors] == [strides] * 2


def test_each_network_answers_its_own_images_and_moves_its_own_statistics(networks):
    plan = plan_network(recipe_of({"network": NETWORK}).network, SHAPE, 3)
    alone = [build_network(plan, seed).train() for seed in range(3)]
    images = torch.randn(3, 5, *SHAPE, generator=torch.Generator().manual_seed(0))
    stacked = stacked_network(networks).train()
    for seed, pair in enumerate(zip(networks, alone, strict=True)):
        for network in pair:
            reseed_dropout(network, seed, 0)
    answers = stacked(torch.cat(list(images), 1)).unflatten(1, (3, -1))
    for place, network in enumerate(alone):
        expected = network(images[place].contiguous(memory_format=torch.channels_last))
        assert torch.allclose(answers[:, place], expected, atol=1e-6)
        mine = dict(networks[place].named_buffers())
        for name, buffer in network.named_buffers():
            assert torch.allclose(mine[name], buffer, atol=1e-6), name


def test_weights_have_the_names_of_one_network(networks):
    names = [name for name, _ in networks[0].named_parameters()]
    assert [name for name, _ in stacked_network(networks).named_parameters()] == names
