"""Several views of a picture: what they show, and when the network looks at them."""

import pytest
import torch

from toile.engine.kernels.compiled_network import CompiledNetwork
from toile.errors import ToileError
from toile.network import Pixels, build_network, logits_in_batches, single_view, with_views
from toile.recipe import layers, plan_network, recipe_of

BEHIND = [
    {"conv": {"filters": 4}}, "batchnorm", "relu", {"maxpool": 2}, "flatten", {"dense": "classes"},
]  # fmt: skip
SHAPE = (2, 6, 5)


def network_of(entries, shape=SHAPE):
    plan = plan_network(recipe_of({"network": entries}).network, shape, 3)
    return with_views(build_network(plan, 0), plan)


def noise(n: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(n, *SHAPE, generator=generator)


def test_what_each_view_shows():
    picture = torch.arange(6.0).view(1, 1, 2, 3)
    entries = [{"views": {"shift_x": 1, "shift_y": 1, "mirror": True}}, *BEHIND[-2:]]
    shown = network_of(entries, (1, 2, 3)).views(picture)
    assert shown[:, 0].int().tolist() == [
        [[0, 1, 2], [3, 4, 5]],
        [[0, 0, 1], [3, 3, 4]],
        [[1, 2, 2], [4, 5, 5]],
        [[0, 1, 2], [0, 1, 2]],
        [[3, 4, 5], [3, 4, 5]],
        [[2, 1, 0], [5, 4, 3]],
        [[1, 0, 0], [4, 3, 3]],
        [[2, 2, 1], [5, 5, 4]],
        [[2, 1, 0], [2, 1, 0]],
        [[5, 4, 3], [5, 4, 3]],
    ]


def test_outside_training_logits_are_the_means_over_the_views():
    viewed, plain = network_of([{"views": {"mirror": True}}, *BEHIND]), network_of(BEHIND)
    plain.load_state_dict(single_view(viewed).state_dict())
    images = noise()
    right = torch.cat([images[..., :1], images[..., :-1]], 3)
    left = torch.cat([images[..., 1:], images[..., -1:]], 3)
    views = [images, right, left]
    views += [one.flip(3) for one in views]
    plain.eval(), viewed.eval()
    expected = torch.stack([plain(one) for one in views]).mean(0)
    torch.testing.assert_close(viewed(images), expected)
    assert not torch.allclose(viewed(images), plain(images), atol=1e-3)


@pytest.mark.parametrize("by", ["layers", "chain"])
def test_training_looks_once(by):
    viewed, plain = network_of(["views", *BEHIND]), network_of(BEHIND)
    images = noise()
    made = [
        (
            CompiledNetwork(single_view(one), torch.float32).forward
            if by == "chain"
            else one.train()
        )(images)
        for one in (viewed, plain)
    ]
    assert torch.equal(*made)


@pytest.mark.parametrize("training", [True, False])
def test_inside_the_views_a_loop_a_slice_a_hook_and_the_network_agree(training):
    viewed = network_of([{"views": {"mirror": True}}, *BEHIND])
    network = single_view(viewed.train(training))
    assert list(network.state_dict()) == list(network_of(BEHIND).state_dict())
    images, outputs, hooked = noise(), noise(), []
    network.relu1.register_forward_hook(lambda module, inputs, output: hooked.append(output))
    for layer in network:
        outputs = layer(outputs)
    assert torch.equal(network(images), outputs)
    assert torch.equal(network[3:](network[:3](images)), outputs)
    assert [len(output) for output in hooked] == [len(images)] * 3
    assert all(torch.equal(output, hooked[0]) for output in hooked)


def test_views_are_put_around_a_network_in_the_mode_that_it_is_in():
    plan = plan_network(recipe_of({"network": ["views", *BEHIND]}).network, SHAPE, 3)
    network = build_network(plan, 0)
    network.batchnorm1.eval()
    viewed = with_views(network, plan)
    assert (viewed.training, network.training, network.batchnorm1.training) == (True, True, False)
    assert not with_views(network.eval(), plan).training
    assert with_views(network, plan_network(recipe_of({"network": BEHIND}).network, SHAPE, 3)) is (
        network
    )


@pytest.mark.parametrize(
    ("settings", "count"),
    [({}, 3), ({"shift_y": 1}, 5), ({"shift_x": 0, "mirror": True}, 2), ({"shift_x": 0}, 1)],
)
def test_how_many_there_are(settings, count):
    layer = layers.Views(**settings)
    assert layer.count == count == len(layer.view_indices(4, 4))


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (["relu", "views", *BEHIND], r"views1: it is given what relu1 gives; .* before all other"),
        (
            [{"residual": ["views"]}, *BEHIND],
            r"residual1\.views1: it is given what the block's input gives",
        ),
        ([{"views": {"shift_x": 5}}, *BEHIND], r"views1: a picture 5 pixels wide cannot .* by 5"),
        ([{"views": {"shift_y": 6}}, *BEHIND], r"views1: a picture 6 pixels high cannot .* by 6"),
    ],
)
def test_where_they_cannot_be_is_said(entries, why):
    with pytest.raises(ToileError, match=why):
        network_of(entries)


def test_scores_are_of_as_many_views_at_once_as_else_of_pictures():
    network = network_of([{"views": {"mirror": True}}, *BEHIND]).eval()
    images = (noise(100) * 255).to(torch.uint8)
    pixels = Pixels((0.5, 0.5), (0.25, 0.25))
    batches = list(logits_in_batches(network, images, pixels))
    assert [len(one) for one in batches] == [41, 41, 18]
    with torch.no_grad():
        torch.testing.assert_close(torch.cat(batches), network(pixels.scaled(images)))
