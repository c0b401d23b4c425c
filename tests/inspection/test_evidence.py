"""Maps checked before they are believed: by their pixels, and against random networks."""

import numpy as np
import pytest
import torch

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import attribute, randomisation_test, randomised, removal_curves


def reads_the_first_pixels(side: int = 6) -> torch.nn.Sequential:
    """Class 0 goes by the sum of the first row, and by nothing else."""
    network = network_of(["flatten", {"dense": "classes"}], shape=(1, side, side), classes=2)
    with torch.no_grad():
        network.dense1.weight.zero_()
        network.dense1.weight[0, :side] = 1
        network.dense1.bias.zero_()
    return network


def test_a_true_map_deletes_faster_and_inserts_faster_than_all_random_ones():
    network = reads_the_first_pixels()
    heat = np.zeros((6, 6), np.float32)
    heat[0] = np.arange(6) + 1
    image = torch.ones(1, 6, 6)
    with left_as_it_was(network):
        found = removal_curves(network, image, heat, 0, torch.zeros(1))
    # Ends by hand: with the row the logit is 6, without it 0.
    np.testing.assert_allclose(found.deletion[[0, -1]], [1 / (1 + np.exp(-6)), 0.5], rtol=1e-5)
    np.testing.assert_allclose(found.insertion[[0, -1]], [0.5, 1 / (1 + np.exp(-6))], rtol=1e-5)
    # At 3 of 14 steps 8 of the 36 pixels are gone, and with them the row.
    assert found.deletion[3] == 0.5
    assert found.deletion[2] > 0.5
    # One of six random maps is moved to where it was.
    assert min(found.num_worse) >= 12
    assert "19 random maps" in found.sentence


def test_a_map_of_the_wrong_pixels_beats_no_random_one():
    network = reads_the_first_pixels()
    heat = np.ones((6, 6), np.float32)
    heat[0] = 0
    found = removal_curves(network, torch.ones(1, 6, 6), heat, 0, torch.zeros(1))
    assert max(found.num_worse) <= 2
    assert found.areas[0] > 0.8


def test_where_no_order_changes_the_probability_the_map_is_not_checked():
    network = reads_the_first_pixels()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(1e-4)
    found = removal_curves(
        network, torch.ones(1, 6, 6), noise(1, (6, 6))[0].numpy(), 0, torch.zeros(1)
    )
    # The logit is at most 6e-4, and the probability of two classes changes by a quarter of it.
    assert found.most_change == pytest.approx(1.5e-4, rel=0.01)
    assert found.sentence == (
        "cannot be checked by removing pixels: the probability of the class changes by 0.015 "
        "points at most, in every order that was tried"
    )


def test_where_an_empty_picture_is_likelier_no_pixel_is_said_to_support_the_class():
    network = reads_the_first_pixels()
    found = removal_curves(
        network, -torch.ones(1, 6, 6), noise(1, (6, 6))[0].numpy(), 0, torch.zeros(1)
    )
    assert found.sentence == (
        "cannot be checked by removing pixels: the probability of the class is 0.2 % for the "
        "picture and 50.0 % for an empty one, so no pixel is shown to support it"
    )


def test_the_same_seed_draws_the_same_random_maps():
    network = reads_the_first_pixels()
    heat = noise(1, (6, 6))[0].numpy()
    curves = [
        removal_curves(network, torch.ones(1, 6, 6), heat, 0, torch.zeros(1), seed)
        for seed in (3, 3, 4)
    ]
    assert np.array_equal(curves[0].random_deletion, curves[1].random_deletion)
    assert not np.array_equal(curves[0].random_deletion, curves[2].random_deletion)


def test_a_map_that_looks_at_the_picture_alone_does_not_tell():
    network, images = network_of(NETWORKS["plain"]), noise(4)
    edges = images.sum(1).numpy()
    found = randomisation_test(network, images, lambda other: edges, cascade=True)
    assert found.similarity.tolist() == [1, 1, 1, 1]
    assert found.tells is False
    assert "does not tell this network from a random one" in found.sentence


def test_maps_of_the_same_pixels_with_other_signs_are_alike():
    network, images = network_of(NETWORKS["plain"]), noise(4)
    sizes = images.sum(1).numpy()
    signs = iter(np.random.default_rng(0).choice([-1, 1], (6, *sizes.shape)))
    found = randomisation_test(
        network, images, lambda other: (sizes * next(signs)).astype(np.float32)
    )
    assert found.low == pytest.approx(1)
    assert found.tells is False


def test_a_map_of_the_weights_tells():
    network, images = network_of(NETWORKS["plain"]), noise(4)

    def heat(other):
        weights = other.dense1.weight.detach().flatten()[:30].view(5, 6).numpy()
        return np.stack([weights] * 4)

    with left_as_it_was(network):
        found = randomisation_test(network, images, heat, cascade=True)
    # dense2 is randomised first, which the map does not look at.
    assert found.layers == ("dense2", "dense1", "conv2", "conv1")
    assert found.similarity[0] == 1
    assert abs(found.similarity[1]) < 0.5
    assert found.tells is True
    assert found.sentence.startswith("tells this network from a random one")


def test_few_networks_that_disagree_leave_it_undecided():
    network, images = network_of(NETWORKS["plain"]), noise(2)
    own, other = noise(2, (9, 8)).numpy(), noise(2, (9, 8), seed=5).numpy()
    heats = iter([own, own, other])
    found = randomisation_test(network, images, lambda _: next(heats), num_networks=2)
    assert found.tells is None
    assert found.sentence.startswith("may or may not")


def constant(n: int, shape=(9, 8)) -> np.ndarray:
    return np.zeros((n, *shape), np.float32)


def test_maps_that_are_the_same_everywhere_are_no_evidence_for_or_against():
    network, images = network_of(NETWORKS["plain"]), noise(4)
    found = randomisation_test(network, images, lambda _: constant(4))
    assert found.tells is None
    assert (found.num_constant, found.num_random_constant, found.num_compared) == (4, 20, 0)
    assert np.isnan([found.low, found.high, found.similarity[-1]]).all()
    assert found.sentence == (
        "cannot be checked against random networks: 4 of 4 maps of this network are the same "
        "everywhere and 20 of 20 maps of random networks are the same everywhere"
    )


@pytest.mark.parametrize(("num_constant", "tells"), [(2, True), (3, None)])
def test_a_verdict_needs_half_of_the_pairs_and_says_how_many_are_left_out(num_constant, tells):
    network, images = network_of(NETWORKS["plain"]), noise(4)
    own, seeds = noise(4, (9, 8)).numpy(), iter(range(2, 99))

    def heat(other):
        if other is network:
            return own
        maps = noise(4, (9, 8), seed=next(seeds)).numpy()
        maps[:num_constant] = 0.5
        return maps

    found = randomisation_test(network, images, heat)
    assert found.tells is tells
    assert found.num_compared == 5 * (4 - num_constant)
    assert f"{5 * num_constant} of 20 " in found.sentence
    assert found.sentence.startswith("cannot be checked") == (tells is None)


def test_the_map_of_one_picture_is_no_evidence():
    found = randomisation_test(
        network_of(NETWORKS["plain"]), noise(1), lambda _: noise(1, (9, 8)).numpy()
    )
    assert found.tells is None
    assert "it needs at least 2 pictures, and there is 1" in found.sentence


def test_constant_maps_do_not_count_as_unlike_along_the_cascade():
    network, images = network_of(NETWORKS["plain"]), noise(4)
    own = noise(4, (9, 8)).numpy()
    half = own.copy()
    half[:2] = 0
    found = randomisation_test(
        network, images, lambda other: own if other is network else half, cascade=True
    )
    assert found.similarity.tolist() == [1, 1, 1, 1]
    assert found.tells is False
    assert "10 of 20 pairs are left out" in found.sentence


@pytest.mark.parametrize("num_networks", [1, 0, -3])
def test_too_few_random_networks_are_refused(num_networks):
    network, images = network_of(NETWORKS["plain"]), noise(4)
    with pytest.raises(ToileError, match=f"num_networks is {num_networks}; it is at least 2"):
        randomisation_test(network, images, lambda _: constant(4), num_networks=num_networks)


def test_maps_without_an_order_and_networks_without_weights_are_refused():
    network, images = network_of(NETWORKS["plain"]), noise(4)
    with pytest.raises(ToileError, match="some maps are not finite"):
        randomisation_test(network, images, lambda _: constant(4) + np.float32("nan"))
    with pytest.raises(ToileError, match="there are no maps to compare"):
        randomisation_test(network, images, lambda _: constant(0))
    with pytest.raises(ToileError, match="no weights to randomise"):
        randomisation_test(torch.nn.Sequential(torch.nn.Flatten()), images, lambda _: constant(4))


def test_a_randomised_copy_has_the_same_numbers_elsewhere_and_the_network_its_own():
    network, images = network_of(NETWORKS["groups"]), noise(6)
    with left_as_it_was(network):
        other = randomised(network, ["conv2", "conv1"], images, seed=0)
    for layer in ("conv1", "conv2"):
        own, shuffled = network.get_submodule(layer).weight, other.get_submodule(layer).weight
        assert not torch.equal(own, shuffled)
        assert torch.equal(own.flatten().sort().values, shuffled.flatten().sort().values)
    assert torch.equal(network.dense1.weight, other.dense1.weight)
    # Its norms count what they are given now.
    inputs = other.conv1(images)
    torch.testing.assert_close(other.batchnorm1.running_mean, inputs.mean((0, 2, 3)))
    assert not any(module.training for module in other.modules())


def test_gradcam_of_a_trained_like_network_is_checked_end_to_end(network, images):
    def heat(other):
        return attribute(other, images, "saliency", classes=0).heat

    with left_as_it_was(network):
        found = randomisation_test(network, images, heat, num_networks=2)
    assert np.isfinite(found.similarity).all()
    assert -1 <= found.low <= found.similarity[-1] <= found.high <= 1
