"""One suite that every way to attribute passes, and answers by hand."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Occlusion
from torch import nn

from tests.inspection.conftest import NETWORKS, SHAPE, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import METHODS, attribute, layer_names, method_of
from toile.network import single_view

# CAM is of networks with a global average pool alone; Captum's ReLU methods of ReLUs alone.
DEFINED = {
    "saliency": tuple(NETWORKS),
    "integrated": tuple(NETWORKS),
    "occlusion": tuple(NETWORKS),
    "deconvolution": tuple(one for one in NETWORKS if one != "smooth"),
    "guided": tuple(one for one in NETWORKS if one != "smooth"),
    "gradcam": tuple(one for one in NETWORKS if one != "dense"),
    "cam": ("residual", "views"),
}
CASES = [(method, name) for method, names in DEFINED.items() for name in names]


def test_every_method_is_in_the_suite():
    assert set(DEFINED) == set(METHODS)
    for one in METHODS.values():
        assert "arXiv" in one.reference


@pytest.mark.parametrize(("method", "name"), CASES)
def test_a_map_has_the_pictures_shape_and_the_network_is_left_as_it_was(method, name):
    network, images = network_of(NETWORKS[name]), noise(3)
    before = images.clone()
    with left_as_it_was(network):
        found = attribute(network, images, method)
    assert torch.equal(images, before)
    assert not images.requires_grad
    assert found.maps.shape[0] == 3
    assert found.maps.shape[1] in (1, SHAPE[0])
    assert found.heat.shape == (3, *SHAPE[1:])
    assert np.isfinite(found.maps).all()
    # Guided backprop lets nothing through where each way has a step below 0.
    assert found.heat.any() or method == "guided"
    # What was attributed is the logit itself, of the likeliest class.
    with torch.no_grad():
        logits = network(images)
    assert found.classes.tolist() == logits.argmax(1).tolist()
    np.testing.assert_allclose(found.outputs, logits.max(1).values, rtol=1e-5)


@pytest.mark.parametrize(("method", "name"), CASES)
def test_many_pictures_have_the_maps_that_each_has_alone(method, name):
    network, images = network_of(NETWORKS[name]), noise(5)
    together = attribute(network, images, method, classes=[0, 1, 2, 0, 1])
    alone = [
        attribute(network, images[at : at + 1], method, classes=one)
        for at, one in enumerate([0, 1, 2, 0, 1])
    ]
    np.testing.assert_allclose(
        together.maps, np.concatenate([one.maps for one in alone]), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(("method", "name"), CASES)
def test_classes_and_layers_that_are_not_there_are_refused(method, name):
    network = network_of(NETWORKS[name])
    with left_as_it_was(network):
        with pytest.raises(ToileError, match="class is 3; the network has 3, from 0 to 2"):
            attribute(network, noise(1), method, classes=3)
        with pytest.raises(ToileError, match="there are 2 classes for 1 pictures"):
            attribute(network, noise(1), method, classes=[0, 1])
        if METHODS[method].of_channels:
            layer = layer_names(network)[-1]
            with pytest.raises(ToileError, match="no layer conv9"):
                attribute(network, noise(1), method, layer="conv9", channel=0)
            with pytest.raises(ToileError, match=f"{layer} has no channel 3; it has 3, from 0"):
                attribute(network, noise(1), method, layer=layer, channel=3)
            with pytest.raises(ToileError, match="a channel needs its layer"):
                attribute(network, noise(1), method, channel=3)
        else:
            with pytest.raises(ToileError, match=f"{method} explains a class"):
                attribute(network, noise(1), method, layer="conv1", channel=0)


PIXEL_METHODS = [one.name for one in METHODS.values() if one.of_channels]


@pytest.mark.parametrize("method", PIXEL_METHODS)
@pytest.mark.parametrize("layer", ["conv2", "relu2", "relu3"])
def test_a_channel_is_attributed_where_it_is_greatest(method, layer):
    network, images = network_of(NETWORKS["plain"]), noise(3)
    with left_as_it_was(network):
        found = attribute(network, images, method, layer=layer, channel=2)
    outputs = network[: layer_names(network).index(layer) + 1](images).detach()
    outputs = outputs if outputs.dim() == 4 else outputs[:, :, None, None]
    np.testing.assert_allclose(found.outputs, outputs[:, 2].flatten(1).amax(1), rtol=1e-5)
    if layer == "conv2":
        at = attribute(network, images, method, layer=layer, channel=2, position=(0, 0))
        np.testing.assert_allclose(at.outputs, outputs[:, 2, 0, 0], rtol=1e-5)
        # conv2 sees 8 x 8 pixels from the corner: nothing beyond them counts, but a square.
        assert not at.maps[:, :, 8:].any() or method == "occlusion"


@pytest.mark.parametrize("method", [*PIXEL_METHODS, "gradcam", "cam"])
def test_the_map_of_a_moved_picture_is_moved(method):
    entries = [
        {"conv": {"filters": 4, "kernel": 3, "padding": "same", "bias": False}}, "relu",
        {"maxpool": 2}, {"conv": {"filters": 6, "kernel": 3, "padding": "same", "bias": False}},
        "relu", {"globalpool": "average"}, {"dense": "classes"},
    ]  # fmt: skip
    network = network_of(entries, shape=(1, 28, 28))
    picture = torch.zeros(1, 1, 28, 28)
    picture[0, 0, 8:12, 8:12] = noise(1, (1, 4, 4))[0, 0]
    moved = picture.roll((4, 6), (2, 3))
    maps = [attribute(network, one, method, classes=1).maps for one in (picture, moved)]
    assert maps[0].any()
    # Away from the picture's edges, which did not move.
    around = maps[0][:, :, 5:15, 5:15], maps[1][:, :, 9:19, 11:21]
    np.testing.assert_allclose(*around, rtol=1e-3, atol=1e-5)


def weighted(weights: list[list[float]], *between) -> torch.nn.Sequential:
    network = network_of(["flatten", *between, {"dense": "classes"}], shape=(1, 2, 2), classes=2)
    with torch.no_grad():
        network.dense1.weight.copy_(torch.tensor(weights))
        network.dense1.bias.zero_()
    return network


def test_of_a_weighted_sum_the_shares_are_the_products():
    network = weighted([[1.0, -2, 3, 0], [0.0, 0, 0, 1]])
    image = torch.tensor([[[[2.0, 1], [0.5, 4]]]])
    shares = attribute(network, image, "integrated", classes=0)
    np.testing.assert_allclose(shares.maps[0, 0], [[2, -2], [1.5, 0]], rtol=1e-5)
    assert shares.errors[0] < 1e-5
    assert shares.steps[0] == 32
    # From a picture of ones there is less to share.
    shares = attribute(network, image, "integrated", classes=0, empty=torch.ones(1))
    np.testing.assert_allclose(shares.maps[0, 0], [[1, 0], [-1.5, 0]], atol=1e-5)
    gradients = attribute(network, image, "saliency", classes=0)
    assert gradients.maps[0, 0].tolist() == [[1, 2], [3, 0]]
    covered = attribute(network, image, "occlusion", classes=0)
    # The one square covers all: 2 - 2 + 1.5 + 0.
    np.testing.assert_allclose(covered.maps[0, 0], 1.5)


def test_relus_let_back_what_each_method_says():
    # Two units: 1 x pixel 0 with weight -1, and 1 x pixel 1, which is below 0, with weight 2.
    network = network_of(
        ["flatten", {"dense": 2}, "relu", {"dense": "classes"}], shape=(1, 1, 2), classes=2
    )
    with torch.no_grad():
        network.dense1.weight.copy_(torch.tensor([[1.0, 0], [0, 1]]))
        network.dense2.weight.copy_(torch.tensor([[-1.0, 2], [3, 4]]))
        network.dense1.bias.zero_()
    image = torch.tensor([[[[1.0, -1.0]]]])
    maps = {
        method: attribute(network, image, method, classes=0).maps[0, 0, 0].tolist()
        for method in ("saliency", "deconvolution", "guided")
    }
    # Deconvolution asks the gradient alone, the gradient itself the unit alone, guided both.
    assert maps == {"saliency": [1, 0], "deconvolution": [0, 2], "guided": [0, 0]}


def test_shares_add_up_to_the_difference_on_every_network(network, images):
    found = attribute(network, images, "integrated")
    with torch.no_grad():
        logits = network(images), network(torch.zeros_like(images))
    index = torch.from_numpy(found.classes)[:, None]
    whole = (logits[0] - logits[1]).gather(1, index)[:, 0].numpy()
    missed = np.abs(found.maps.sum((1, 2, 3)) - whole) / np.abs(whole)
    np.testing.assert_allclose(found.errors, missed, atol=1e-3)
    assert ((found.errors <= 0.01) | (found.steps == 256)).all()


def test_cams_mean_is_the_logit_without_its_bias():
    network, images = network_of(NETWORKS["residual"]), noise(3)
    found = attribute(network, images, "cam", classes=1)
    assert found.layer == "relu2"
    bias = network.dense1.bias[1].item()
    np.testing.assert_allclose(found.cells.mean((1, 2)) + bias, found.outputs, rtol=1e-4)


@pytest.mark.parametrize("layer", ["conv1", "relu2", "maxpool1", "conv2"])
def test_gradcam_is_captums(layer):
    network, images = network_of(NETWORKS["plain"]), noise(4)
    found = attribute(network, images, "gradcam", classes=2, layer=layer)
    reference = LayerGradCam(network, network.get_submodule(layer)).attribute(
        images.requires_grad_(), target=2, relu_attributions=True
    )
    torch.testing.assert_close(torch.from_numpy(found.cells), reference[:, 0].detach())


def test_where_middles_lie_evenly_maps_are_spread_as_captum_does():
    entries = [
        {"conv": {"filters": 3, "padding": "same"}}, "relu", {"maxpool": 2},
        {"conv": {"filters": 3, "padding": "same"}}, "flatten", {"dense": "classes"},
    ]  # fmt: skip
    network = network_of(entries, shape=(1, 8, 8))
    found = attribute(network, noise(2, (1, 8, 8)), "gradcam", classes=0)
    reference = LayerAttribution.interpolate(
        torch.from_numpy(found.cells)[:, None], (8, 8), interpolate_mode="bilinear"
    )
    np.testing.assert_allclose(found.maps, reference, atol=1e-5)


def test_our_batches_give_what_captum_gives_at_once():
    network, images = network_of(NETWORKS["plain"]), noise(18)
    found = attribute(network, images, "occlusion", classes=1)
    reference = Occlusion(network).attribute(
        images, (2, 2, 2), strides=(2, 1, 1), baselines=0, target=1
    )
    np.testing.assert_allclose(found.maps, reference / 2, rtol=1e-4, atol=1e-5)
    shares = attribute(network, images, "integrated", classes=1)
    with torch.no_grad():
        reference = [
            IntegratedGradients(network).attribute(
                image[None], target=1, n_steps=int(steps), method="riemann_middle"
            )
            for image, steps in zip(images, shares.steps, strict=True)
        ]
    np.testing.assert_allclose(shares.maps, torch.cat(reference).detach(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", ["deconvolution", "guided"])
def test_relu_methods_refuse_the_activation_that_is_none_by_its_name(method):
    network = network_of(NETWORKS["smooth"])
    with pytest.raises(ToileError, match=f"{method} is not defined here: gelu1 is GELU"):
        attribute(network, noise(1), method)
    # Before the first of them nothing stands in the way.
    attribute(network, noise(1), method, layer="conv1", channel=0)
    mixed = network_of([{"conv": 3}, "relu", {"conv": 3}, "tanh", "flatten", {"dense": "classes"}])
    attribute(mixed, noise(1), method, layer="conv2", channel=0)
    with pytest.raises(ToileError, match="tanh1 is Tanh"):
        attribute(mixed, noise(1), method)


@pytest.mark.parametrize("method", ["deconvolution", "guided"])
@pytest.mark.parametrize(
    "activation", [nn.PReLU, nn.SELU, nn.ReLU6, nn.Hardswish, nn.Softplus, nn.Mish, nn.Softmax2d]
)
def test_relu_methods_refuse_all_that_is_not_known_to_be_without_an_activation(method, activation):
    def network(layer: nn.Module) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), layer, nn.Flatten(), nn.Linear(126, 3)
        ).eval()

    attribute(network(nn.ReLU()), noise(1), method)
    with pytest.raises(
        ToileError, match=f"{method} is not defined here: 2 is {activation.__name__}"
    ):
        attribute(network(activation()), noise(1), method)


def test_gradcam_of_torchs_own_layers_is_that_of_ours():
    ours = network_of(NETWORKS["plain"])
    weights = list(ours.state_dict().values())
    theirs = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(*ours.dense1.weight.shape[::-1]), nn.ReLU(), nn.Linear(6, 3),
    )  # fmt: skip
    theirs.load_state_dict(dict(zip(theirs.state_dict(), weights, strict=True)))
    images = noise(3)
    np.testing.assert_allclose(
        attribute(theirs, images, "gradcam", layer="0").maps,
        attribute(ours, images, "gradcam", layer="conv1").maps,
        atol=1e-6,
    )


def test_maps_of_classes_are_refused_where_there_is_nothing_to_weight():
    dense = network_of(NETWORKS["dense"])
    with pytest.raises(ToileError, match="gradcam is not defined here, because the network has"):
        attribute(dense, noise(1), "gradcam")
    plain = network_of(NETWORKS["plain"])
    with left_as_it_was(plain), pytest.raises(ToileError, match="dense1 has no maps; name a layer"):
        attribute(plain, noise(1), "gradcam", layer="dense1")
    with pytest.raises(ToileError, match="the network has no global pool"):
        attribute(plain, noise(1), "cam")
    head = [{"conv": 3}, "relu"]
    greatest = network_of([*head, {"globalpool": "max"}, {"dense": "classes"}])
    with pytest.raises(ToileError, match="globalpool1 is a maximum and no mean"):
        attribute(greatest, noise(1), "cam")
    deep = network_of([*head, {"globalpool": "average"}, {"dense": 4}, {"dense": "classes"}])
    with pytest.raises(ToileError, match="after dense1 comes dense2"):
        attribute(deep, noise(1), "cam")
    other = network_of([*head, {"globalpool": "average"}, "relu", {"dense": "classes"}])
    with pytest.raises(ToileError, match="after globalpool1 comes relu2"):
        attribute(other, noise(1), "cam")
    scaled = network_of(
        [*head, {"globalpool": "average"}, {"dropout": 0.5}, {"dense": "classes"}, {"scale": 2.0}]
    )
    found = attribute(scaled, noise(2), "cam", classes=0)
    bias = 2 * scaled.dense1.bias[0].item()
    np.testing.assert_allclose(found.cells.mean((1, 2)) + bias, found.outputs, rtol=1e-4)


def test_an_unknown_method_is_refused_with_the_nearest():
    with pytest.raises(
        ToileError, match=r"method is grad-cam; it is one of .*; did you mean gradcam\?$"
    ):
        method_of("grad-cam")


def test_nothing_is_owed_where_a_channel_does_not_fire():
    network = network_of(NETWORKS["plain"])
    with torch.no_grad():
        network.conv2.bias[0] = -100
    for method in PIXEL_METHODS:
        found = attribute(network, noise(1), method, layer="relu2", channel=0)
        assert found.outputs[0] == 0
        if method != "deconvolution":
            assert not found.maps.any(), method
        assert np.isfinite(found.maps).all()


@pytest.mark.parametrize("method", ["gradcam", "cam"])
def test_a_map_by_a_layer_explains_the_class_that_all_views_predict(method):
    network, images = network_of(NETWORKS["views"]), 5 * (noise(400) - 0.5)
    with torch.no_grad():
        # No class is ahead of the others on average.
        single_view(network).dense1.bias -= network(images).mean(0)
        predicted, alone = (each(images).argmax(1) for each in (network, single_view(network)))
    assert (predicted != alone).any()
    found = attribute(network, images, method)
    np.testing.assert_array_equal(found.classes, predicted)
    named = attribute(network, images, method, classes=predicted.tolist())
    np.testing.assert_array_equal(found.maps, named.maps)
    np.testing.assert_array_equal(found.outputs, named.outputs)


def of_torch(inplace: bool) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(inplace), nn.Conv2d(4, 5, 3), nn.ReLU(inplace), nn.Flatten(),
        nn.Linear(5 * 5 * 4, 3),
    )  # fmt: skip


@pytest.mark.parametrize("layer", ["0", "1", "2", "3"])
def test_gradcam_is_the_same_where_relus_overwrite_their_inputs(layer):
    maps = [
        attribute(of_torch(inplace), noise(2), "gradcam", layer=layer).cells
        for inplace in (False, True)
    ]
    assert maps[0].any()
    np.testing.assert_array_equal(*maps)


@pytest.mark.parametrize("method", sorted(METHODS.keys() - {"cam"}))
def test_a_network_in_double_precision_has_the_maps_of_the_same_in_single(method):
    single = attribute(of_torch(False), noise(2), method, classes=1)
    double = attribute(of_torch(False).double(), noise(2).double(), method, classes=1)
    assert double.maps.dtype == double.outputs.dtype == np.float32
    np.testing.assert_allclose(double.maps, single.maps, atol=1e-4 * np.abs(single.maps).max())
    np.testing.assert_allclose(double.outputs, single.outputs, rtol=1e-4)
