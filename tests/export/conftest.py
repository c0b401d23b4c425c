"""Small networks of every kind, with weights that hide nothing."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from toile.data import DataFacts
from toile.export import ExportMetadata
from toile.export.trained import Trained
from toile.network import build_network
from toile.recipe import plan_network, recipe_of, recipe_text

# Keras chooses its engine when it is first imported.
os.environ["KERAS_BACKEND"] = "torch"

CONV, DENSE = {"conv": {"filters": 4, "padding": "same"}}, {"dense": "classes"}
END = ["flatten", DENSE]
NETWORKS: dict[str, list[Any]] = {
    "dense alone": END,
    "conv, uneven edges": [{"conv": {"filters": 3, "kernel": 4, "padding": "same"}}, *END],
    "conv, strides": [{"conv": {"filters": 5, "kernel": 3, "stride": 2, "padding": "same"}}, *END],
    "conv, wide strides": [{"conv": {"filters": 5, "kernel": 2, "stride": 3}}, *END],
    "conv, padded by a number": [
        {"conv": {"filters": 4, "kernel": 5, "padding": 2, "bias": False}},
        *END,
    ],
    "conv, groups": [CONV, {"conv": {"filters": 6, "groups": 2}}, *END],
    "conv, a channel a group": [CONV, {"conv": {"filters": 4, "groups": 4}}, *END],
    "maxpool": [CONV, {"maxpool": 2}, *END],
    "maxpool, same": [CONV, {"maxpool": {"size": 3, "stride": 2, "padding": "same"}}, *END],
    "maxpool, same, odd pixel": [CONV, {"maxpool": {"size": 2, "padding": "same"}}, *END],
    "avgpool": [CONV, {"avgpool": {"size": 3, "stride": 2}}, *END],
    "avgpool, same": [CONV, {"avgpool": {"size": 3, "stride": 1, "padding": "same"}}, *END],
    "avgpool, same, odd pixel": [CONV, {"avgpool": {"size": 2, "padding": "same"}}, *END],
    "avgpool, same, wide": [CONV, {"avgpool": {"size": 5, "stride": 1, "padding": "same"}}, *END],
    "globalpool": [CONV, "globalpool", DENSE],
    "globalpool, max": [CONV, {"globalpool": "max"}, DENSE],
    "batchnorm, behind conv": [CONV, "batchnorm", "relu", *END],
    "batchnorm, first": ["batchnorm", CONV, "relu", "batchnorm", *END],
    "batchnorm, in the row": [CONV, "flatten", "batchnorm", {"dense": 6}, "batchnorm", DENSE],
    "layernorm": [CONV, {"layernorm": {"epsilon": 0.01}}, *END],
    "layernorm, in the row": [CONV, "flatten", "layernorm", DENSE],
    "groupnorm": [CONV, {"groupnorm": {"groups": 2, "epsilon": 0.01}}, *END],
    "groupnorm, in the row": [CONV, "flatten", {"groupnorm": 2}, DENSE],
    "activations": [
        CONV, "relu", CONV, {"leaky_relu": 0.2}, CONV, {"elu": 0.7}, CONV, "gelu", CONV, "silu",
        CONV, "tanh", CONV, "sigmoid", *END,
    ],
    "dropout": [CONV, {"spatial_dropout": 0.4}, "flatten", {"dropout": 0.3}, DENSE, "dropout"],
    "scale": [{"scale": -3.0}, CONV, *END, {"scale": 0.25}],
    "views": ["views", CONV, "batchnorm", "relu", *END],
    "views, all kinds": [
        {"views": {"shift_x": 2, "shift_y": 1, "mirror": True, "name": "looks"}},
        {"scale": 2.0}, CONV, {"residual": [CONV, "relu"]}, *END,
    ],
    "views, of a row": [{"views": {"shift_x": 0, "shift_y": 3}}, "flatten", "batchnorm", DENSE],
    "residual": [CONV, {"residual": [CONV, "batchnorm", "relu"]}, *END],
    "residual, nested": [
        {"residual": {
            "layers": [{"conv": {"filters": 6, "stride": 2, "padding": "same"}}, "batchnorm",
                       {"residual": [{"conv": {"filters": 6, "padding": 1}}, "tanh"]}],
            "shortcut": [{"avgpool": {"size": 2, "padding": "same"}},
                         {"conv": {"filters": 6, "kernel": 1}}],
        }},
        "relu", *END,
    ],
    "residual, in the row": [CONV, "flatten", {"residual": ["sigmoid"]}, DENSE],
    "residual, around dense": [CONV, "flatten", {"dense": 6}, {"residual": [{"dense": 6}]}, DENSE],
    "residual, as wide as the picture": ["flatten", {"residual": [{"dense": 112}]}, DENSE],
    "residual, of dropout": [CONV, {"residual": ["dropout"]}, *END],
    "flatten, in a branch": [
        {"residual": {"layers": [CONV, "flatten", "relu", {"dense": 5}],
                      "shortcut": ["globalpool", {"dense": 5}]}},
        DENSE,
    ],
    "flatten, last": [{"conv": {"filters": 5, "kernel": 1}},
                      {"maxpool": {"size": 7, "stride": 1}}, "flatten"],
    "names of the file's own": [
        {"conv": {"filters": 3, "name": "logits"}}, {"relu": {"name": "pictures"}},
        {"tanh": {"name": "probabilities"}}, *END,
    ],
}  # fmt: skip
SHAPE, NUM_CLASSES = (2, 7, 8), 10


def facts_of(shape: tuple[int, int, int], scaling: str = "standard") -> DataFacts:
    channels = shape[0]
    return DataFacts.model_validate(
        {
            "name": "noise",
            "path": "noise",
            "release": "",
            "class_names": tuple(f"class {k}" for k in range(NUM_CLASSES)),
            "shape": shape,
            "mean": (0.25, 0.5, 0.75)[:channels],
            "sd": (0.5, 0.25, 0.2)[:channels],
            "border_grey": (0.0,) * channels,
            "margins": {"top": 0, "right": 0, "bottom": 0, "left": 0},
            "scaling": scaling,
            "fingerprint": "",
            "test_fingerprint": "",
            "order": "",
            "train": 0,
            "validation": 0,
            "test": 0,
            "rule": 3,
            "greys": None,
            "copies": 0,
            "notes": (),
            "appearance": None,
        }
    )


def trained_of(
    entries: list[Any], shape: tuple[int, int, int] = SHAPE, scaling: str = "standard"
) -> Trained:
    """A network whose every weight and running statistic has a value of its own."""
    recipe = recipe_of({"name": "small", "network": entries})
    network = build_network(plan_network(recipe.network, shape, NUM_CLASSES), seed=1)
    rng = np.random.default_rng(2)
    weights = {
        name: array + rng.uniform(0.0, 0.3, array.shape).astype(np.float32)
        if array.ndim == 1
        else array
        for name, value in network.state_dict().items()
        for array in [value.numpy()]
    }
    about = ExportMetadata(
        toile="0",
        run="20260101-000000-small-abcd",
        name="small",
        weights="last",
        weights_sha256="0" * 64,
        recipe=recipe_text(recipe, complete=True),
        data=facts_of(shape, scaling),
    )
    return Trained(about, weights)


def noise(count: int, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def trained(request: pytest.FixtureRequest) -> Trained:
    """Each of the networks in turn."""
    return trained_of(request.param)


@pytest.fixture(scope="session")
def make_trained() -> Callable[..., Trained]:
    """A network of given layers."""
    return trained_of


@pytest.fixture(scope="session")
def make_noise() -> Callable[..., np.ndarray]:
    """Pictures of nothing."""
    return noise
