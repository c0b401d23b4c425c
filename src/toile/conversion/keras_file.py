"""The configuration and the weights of a Keras model: .h5 of Keras 2 and 3, .keras of Keras 3."""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toile.conversion.hdf5 import H5_BEGINNING, MOST_BYTES, MOST_RATIO, Hdf5File
from toile.errors import ToileError

Config = dict[str, Any]
MOST_CONFIG_BYTES = 16 << 20
MOST_LAYERS = 1_000
ZIP_BEGINNING = b"PK"
# A .keras file has weights in order, an .h5 file by their names.
VARIABLES = {
    "Conv2D": ("kernel", "bias"),
    "Dense": ("kernel", "bias"),
    "DepthwiseConv2D": ("kernel", "bias"),
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "LayerNormalization": ("gamma", "beta"),
    "GroupNormalization": ("gamma", "beta"),
    "Normalization": ("mean", "variance", "count"),
    "PReLU": ("alpha",),
}
OLDER_NAMES = {"DepthwiseConv2D": {"depthwise_kernel": "kernel"}}
"""What Keras 2 called weights by in .h5 files."""
COUNT = "count"
"""How many pictures a normalization saw, which computes nothing."""
# What a setting leaves out of these.
SWITCHES = {"bias": "use_bias", "gamma": "scale", "beta": "center"}


@dataclass(frozen=True, eq=False)
class KerasModel:
    """A model's class and configuration, and its weights by layer and by Keras's names."""

    class_name: str
    config: Config
    weights: Mapping[str, Mapping[str, np.ndarray]]


def read_keras(content: bytes, source: str) -> KerasModel:
    """The model in a file. Raises ToileError where it is damaged, too large or no whole model."""
    try:
        if content.startswith(ZIP_BEGINNING):
            return _read_archive(content, source)
        if content.startswith(H5_BEGINNING):
            return _read_h5(content, source)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise ToileError(f"{source} is damaged: {type(error).__name__} {error!s:.60}") from None
    raise ToileError(f"{source} is neither an HDF5 file nor a .keras archive")


def _read_h5(content: bytes, source: str) -> KerasModel:
    file = Hdf5File(content, source)
    text = file.attribute("", "model_config")
    if text is None:
        raise ToileError(
            f"{source} has no model_config: it holds weights alone, without the network. Save the "
            'whole model: model.save("model.keras")'
        )
    model = _model(text, source)
    weights: dict[str, dict[str, np.ndarray]] = {}
    for layer in layer_configs(model):
        name = str(layer["config"]["name"])
        weights[name] = {}
        if not file.has(f"model_weights/{name}"):
            continue
        kind = str(layer["class_name"])
        older = OLDER_NAMES.get(kind, {})
        for stored in file.attribute(f"model_weights/{name}", "weight_names"):
            path = stored.decode() if isinstance(stored, bytes) else str(stored)
            key = path.rsplit("/", 1)[-1].removesuffix(":0")
            key = older.get(key, key)
            if key not in VARIABLES.get(kind, (key,)) and "seed" not in path:
                raise ToileError(
                    f"{source}: its layer {name} has weights called {key}, which no {kind} of "
                    "Keras's has alone; nothing was imported"
                )
            if key in VARIABLES.get(kind, ()) and key != COUNT:
                weights[name][key] = file.array(f"model_weights/{name}/{path}")
    return KerasModel(model["class_name"], model["config"], weights)


def _read_archive(content: bytes, source: str) -> KerasModel:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        text = _entry(archive, "config.json", MOST_CONFIG_BYTES, source)
        stored = _entry(archive, "model.weights.h5", MOST_BYTES, source)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, RuntimeError) as error:
        raise ToileError(f"{source} is damaged: {error!s:.80}") from None
    model = _model(text, source)
    file = Hdf5File(stored, source)
    # The first Keras that wrote such files, within TensorFlow, had another name for it.
    folder = "layers" if file.has("layers") else "_layer_checkpoint_dependencies"
    counts: Counter[str] = Counter()
    weights = {}
    for layer in layer_configs(model):
        kind, config = str(layer["class_name"]), layer["config"]
        snake = _snake_case(kind)
        group = f"{folder}/{snake}_{counts[snake]}" if counts[snake] else f"{folder}/{snake}"
        counts[snake] += 1
        names = [
            name for name in VARIABLES.get(kind, ()) if config.get(SWITCHES.get(name, ""), True)
        ]
        if kind == "Normalization" and config.get("mean") is not None:
            names = []  # they were given, not learnt, and stand in the configuration
        if names and len(file.members(f"{group}/vars")) != len(names):
            raise ToileError(
                f"{source}: its layer {config['name']} has other weights than a {kind} of Keras's; "
                "nothing was imported"
            )
        weights[str(config["name"])] = {
            name: file.array(f"{group}/vars/{index}")
            for index, name in enumerate(names)
            if name != COUNT
        }
    return KerasModel(model["class_name"], model["config"], weights)


def _entry(archive: zipfile.ZipFile, name: str, most: int, source: str) -> bytes:
    if name not in archive.namelist():
        raise ToileError(f"{source} has no {name}: it is no whole model of Keras 3")
    info = archive.getinfo(name)
    if info.file_size > min(most, MOST_RATIO * max(info.compress_size, 4096)):
        raise ToileError(
            f"{source}: {name} claims {info.file_size:,} bytes and has {info.compress_size:,}; at "
            f"most {MOST_RATIO} times as many, and {most:,} in all, are read"
        )
    with archive.open(info) as stream:
        content = stream.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise ToileError(f"{source} is damaged: {name} is not as long as it says")
    return content


def _model(text: str | bytes, source: str) -> Config:
    if len(text) > MOST_CONFIG_BYTES:
        raise ToileError(f"{source}: its configuration has {len(text):,} bytes")
    model = json.loads(text)
    if model["class_name"] not in ("Sequential", "Functional", "Model"):
        raise ToileError(
            f"{source} holds a {model['class_name']!s:.60}, a class of its author's; a Sequential "
            "or a functional model can be read. Nothing was imported"
        )
    if isinstance(model["config"], list):
        # The first Kerases wrote a Sequential so.
        model["config"] = {"layers": model["config"]}
    if len(layers := model["config"]["layers"]) > MOST_LAYERS:
        raise ToileError(f"{source} has {len(layers):,} layers; at most {MOST_LAYERS:,} are read")
    return dict(model)


def is_keras(described: Config) -> bool:
    """Whether a class or function is Keras's own, as far as its description says."""
    module, registered = described.get("module"), described.get("registered_name")
    is_theirs = module is None or str(module).split(".")[0] in ("keras", "tf_keras", "tensorflow")
    return is_theirs and registered in (None, described.get("class_name"))


def layer_configs(model: Config) -> list[Config]:
    """The layers of a model, each with its name in its configuration."""
    return [
        layer | {"config": {"name": layer.get("name", ""), **layer["config"]}}
        for layer in model["config"]["layers"]
    ]


def _snake_case(name: str) -> str:
    """As Keras names the places of weights: Conv2D is conv2d, MaxPooling2D max_pooling2d."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
