"""What a caller passes is refused in words, before torch or NumPy say something of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import (
    activations,
    attack,
    attribute,
    dead_channels,
    embedding,
    maximise,
    nearest_images,
    pixel,
    randomisation_test,
    rank_channels,
    removal_curves,
    run_census,
    seconds_each,
    top_images,
    watch,
)
from toile.inspection.flat_outputs import class_per_image
from toile.network import Pixels

UNIT = Pixels((0.0, 0.0), (1.0, 1.0))
LABELS = torch.tensor([0, 1, 2, 0])


def watched(network: torch.nn.Module, images: object) -> None:
    with watch(network, ["conv1"]):
        network(images)


ASK = {
    "activations": lambda network, images: activations(network, images, "conv1"),
    "dead_channels": lambda network, images: dead_channels(network, images, "conv1"),
    "attribute": lambda network, images: attribute(network, images, "saliency"),
    "gradcam": lambda network, images: attribute(network, images, "gradcam"),
    "maximise": lambda network, images: maximise(network, images, "conv1", 0),
    "nearest_images": lambda network, images: nearest_images(network, images, iter([noise(3)])),
    "nearest of": lambda network, images: nearest_images(network, noise(3), iter([images])),
    "top_images": lambda network, images: top_images(network, iter([images]), "conv1"),
    "embedding": lambda network, images: embedding(network, iter([images])),
    "run_census": lambda network, images: run_census(network, iter([images])),
    "watch": lambda network, images: watched(network, images),
    "rank_channels": lambda network, images: rank_channels(network, [], [(images, LABELS)]),
    "seconds_each": lambda network, images: seconds_each([network], images),
    "randomisation_test": lambda network, images: randomisation_test(
        network, images, lambda _: np.zeros((4, 9, 8), np.float32)
    ),
}
WRONG = {
    "array": (noise(4).numpy(), r"pictures came as ndarray \(4, 2, 9, 8\); pass a torch tensor"),
    "nested lists": (noise(4).tolist(), "pictures came as list; pass a torch tensor"),
    "one picture": (noise(1)[0], r"have the shape \(2, 9, 8\);.*of one picture, image\[None\]"),
    "bytes": ((noise(4) * 255).byte(), r"pictures are uint8; pass a torch tensor.*of float32"),
    "doubles": (noise(4).double(), "pictures are float64; pass a torch tensor"),
    "nothing": (noise(0), r"there is no picture in the shape \(0, 2, 9, 8\)"),
    "colours": (
        noise(4, (1, 9, 8)),
        "conv1 gets 1 x 9 x 8 and expects 2 channels of 3 x 3",
    ),
    "size": (noise(4, (2, 13, 8)), "network: dense1 gets 18 and expects 6;"),
    "small": (noise(4, (2, 2, 2)), "network: conv1 gets 2 x 2 x 2 and expects 2 channels of 3 x 3"),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", ASK)
def test_pictures_that_are_not_what_the_network_takes_are_refused_in_words(name, kind):
    network = network_of(NETWORKS["plain"])
    images, said = WRONG[kind]
    with left_as_it_was(network), pytest.raises(ToileError, match=said) as refused:
        ASK[name](network, images)
    assert "classifier.preprocess(pictures)" in str(refused.value)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (noise(1), r"have the shape \(1, 2, 9, 8\);.*of several, images\[0\]"),
        (noise(1)[0].numpy(), "pictures came as ndarray"),
        (noise(1, (3, 9, 8))[0], "pictures of 3 x 9 x 8 .*: conv1"),
    ],
)
def test_one_picture_is_asked_for_where_one_is_shown(image, said):
    network, heat = network_of(NETWORKS["plain"]), np.ones((9, 8), np.float32)
    with pytest.raises(ToileError, match=said):
        pixel(network, image, "conv1", 0)
    with pytest.raises(ToileError, match=said):
        removal_curves(network, image, heat, 0, torch.zeros(2))


@pytest.mark.parametrize("class_index", [-1, 3])
def test_curves_of_a_class_that_is_not_there_are_refused(class_index):
    network, heat = network_of(NETWORKS["plain"]), np.ones((9, 8), np.float32)
    with pytest.raises(ToileError, match=f"class is {class_index}; the network has 3, from 0 to 2"):
        removal_curves(network, noise(1)[0], heat, class_index, torch.zeros(2))


def test_heat_and_empty_colours_of_another_picture_are_refused():
    network, image = network_of(NETWORKS["plain"]), noise(1)[0]
    with pytest.raises(ToileError, match=r"heat has the shape \(8, 9\); it is \(9, 8\)"):
        removal_curves(network, image, np.ones((8, 9), np.float32), 0, torch.zeros(2))
    said = r"empty has the shape \(3,\); it is the empty picture's colours, a tensor of 2"
    with pytest.raises(ToileError, match=said):
        removal_curves(network, image, np.ones((9, 8), np.float32), 0, torch.zeros(3))
    with pytest.raises(ToileError, match=said):
        attribute(network, image[None], "integrated", empty=torch.zeros(3))


@pytest.mark.parametrize("count", [0, -1])
def test_counts_below_1_are_refused(count):
    network, images = network_of(NETWORKS["plain"]), noise(4)
    said = f" is {count}; it is a whole number, at least 1"
    with pytest.raises(ToileError, match=f"count{said}"):
        top_images(network, [images], "conv1", count)
    with pytest.raises(ToileError, match=f"count{said}"):
        nearest_images(network, images, [images], count)
    with pytest.raises(ToileError, match=f"steps{said}"):
        maximise(network, images, "conv1", 0, steps=count)


def test_a_map_explains_a_class_or_a_channel_and_not_both():
    network = network_of(NETWORKS["plain"])
    with pytest.raises(ToileError, match="classes is 1, and channel 0 of conv1 is named too"):
        attribute(network, noise(1), "saliency", classes=1, layer="conv1", channel=0)


def test_the_class_of_all_pictures_may_be_an_integer_of_numpys():
    assert class_per_image(np.int64(1), 2) == [1, 1]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            [0, 1, 2, 0],
            "labels came as list; labels are whole numbers from 0 to 2, one for each of",
        ),
        (torch.tensor([0, 1, 2]), r"labels are int64 of the shape \(3,\); labels are"),
        (torch.tensor([0.0, 1, 2, 0]), r"labels are float32 of the shape \(4,\)"),
        (torch.tensor([0, 1, 3, 0]), "a label is 3; labels are whole numbers from 0 to 2"),
        (torch.tensor([0, -1, 2, 0]), "a label is -1"),
    ],
)
def test_labels_that_are_not_the_networks_are_refused(labels, said):
    network = network_of(NETWORKS["plain"])
    with pytest.raises(ToileError, match=said):
        rank_channels(network, [], [(noise(4), labels)])
    with pytest.raises(ToileError, match=said):
        attack(network, (noise(4) * 255).byte().numpy(), as_array(labels), "fgsm", 4, UNIT)


def as_array(labels: object) -> object:
    return labels.numpy() if isinstance(labels, torch.Tensor) else labels


def test_nothing_to_rank_with_and_a_measure_that_is_not_there_are_refused():
    network = network_of(NETWORKS["plain"])
    with pytest.raises(ToileError, match="there are no pictures to measure channels with"):
        rank_channels(network, [], [])
    with pytest.raises(ToileError, match=r"measure is tailor; it is one of .*did you mean taylor"):
        rank_channels(network, [], [(noise(4), LABELS)], measures=("tailor",))


BYTES = (noise(4) * 255).byte().numpy()


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (noise(4), r"pictures came as torch.float32 torch.Size\(\[4, 2, 9, 8\]\); pass a NumPy"),
        (BYTES.astype(np.float32), r"pictures came as float32 \(4, 2, 9, 8\); pass a NumPy array"),
        (BYTES[0], r"pictures came as uint8 \(2, 9, 8\); pass a NumPy array \(n, c, h, w\)"),
        (BYTES[:0], r"there is no picture in the shape \(0, 2, 9, 8\)"),
        (BYTES[:, :1], "pictures have 1 colours, and pixels scale 2"),
        (BYTES[:, :, :5], "network: conv2 gets 4 x 1 x 3 and expects .*; dataset.train.pixels"),
    ],
)
def test_bytes_are_attacked_in_the_size_and_colours_of_the_network(images, said):
    with pytest.raises(ToileError, match=said):
        attack(network_of(NETWORKS["plain"]), images, LABELS.numpy(), "pgd", 4, UNIT)


@pytest.mark.parametrize("eps", [-1, 256, float("nan")])
def test_an_attack_of_no_possible_size_is_refused(eps):
    with pytest.raises(ToileError, match=f"eps is {eps}; it is a change in greys, from 0 to 255"):
        attack(network_of(NETWORKS["plain"]), BYTES, LABELS.numpy(), "fgsm", eps, UNIT)


def test_a_network_in_training_is_timed_as_it_answers_and_stays_as_it_was():
    network = network_of(NETWORKS["groups"]).train()
    with left_as_it_was(network):
        assert (seconds_each([network], noise(4)) > 0).all()


DIVERGED = {
    "attribute": lambda network, images: attribute(network, images, "saliency"),
    "channel": lambda network, images: attribute(
        network, images, "integrated", layer="relu2", channel=0
    ),
    "gradcam": lambda network, images: attribute(network, images, "gradcam"),
    "maximise": lambda network, images: maximise(network, images, "relu2", 0),
    "nearest_images": lambda network, images: nearest_images(network, images, [images]),
    "top_images": lambda network, images: top_images(network, [images], "relu2"),
    "embedding": lambda network, images: embedding(network, [images]),
    "rank_channels": lambda network, images: rank_channels(network, [], [(images, LABELS)]),
    "removal_curves": lambda network, images: removal_curves(
        network, images[0], np.ones((9, 8), np.float32), 0, torch.zeros(2)
    ),
}


@pytest.mark.parametrize("name", DIVERGED)
def test_what_a_network_that_has_diverged_computes_is_not_shown_as_if_it_meant_something(name):
    network = network_of(NETWORKS["plain"])
    with torch.no_grad():
        network.conv2.weight[0] = float("nan")
    with left_diverged(network), pytest.raises(ToileError, match="are not all finite, so they"):
        DIVERGED[name](network, noise(4))


@contextmanager
def left_diverged(network: torch.nn.Module) -> Iterator[None]:
    """Fails where the block leaves a hook behind; NaN weights are not equal to themselves."""
    try:
        yield
    finally:
        assert not any(module._forward_hooks for module in network.modules())
