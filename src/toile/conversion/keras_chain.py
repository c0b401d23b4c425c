"""A Keras model as a chain of its layers, whatever of Keras 2 and 3 wrote it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toile.conversion.builder import unheld
from toile.conversion.graph import Chain, Node, chain_of
from toile.conversion.keras_file import Config, KerasModel, is_keras, layer_configs
from toile.errors import ToileError

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class ReadLayer:
    """A layer: the class it is of, its configuration, and its weights by name."""

    kind: str
    config: Config
    weights: Weights

    @property
    def name(self) -> str:
        """What the model calls it."""
        return str(self.config["name"])


def keras_chain(model: KerasModel, source: str) -> tuple[Chain[ReadLayer], list[Any]]:
    """The model's layers in order, and the shape of its input, the batch left out."""
    described = {"class_name": model.class_name, "config": model.config}
    configs = layer_configs(described)
    for described_layer in configs:
        _refuse_strangers(described_layer, source)
    by_name = {
        str(layer["config"]["name"]): ReadLayer(
            str(layer["class_name"]),
            layer["config"],
            model.weights.get(str(layer["config"]["name"]), {}),
        )
        for layer in configs
    }
    if model.class_name == "Sequential":
        shape = _input_shape(configs[0]["config"]) or model.config.get("build_input_shape", [])[1:]
        nodes = [
            Node(layer.name, (str(index),), str(index + 1), layer)
            for index, layer in enumerate(
                layer for layer in by_name.values() if layer.kind != "InputLayer"
            )
        ]
        return chain_of(source, nodes, "0", str(len(nodes))), list(shape)
    inputs = [layer for layer in configs if layer["class_name"] == "InputLayer"]
    if len(inputs) != 1:
        raise ToileError(f"{source} has {len(inputs)} inputs; a classifier of pictures has one")
    nodes = []
    for config in configs:
        layer = by_name[str(config["config"]["name"])]
        if layer.kind == "InputLayer":
            continue
        calls = config["inbound_nodes"]
        if len(calls) != 1:
            raise unheld(source, layer.name, f"is called {len(calls)} times")
        givers = tuple(_histories(calls[0]))
        # keras.ops.add has the same name, and may add a number to one tensor.
        is_sum = layer.kind == "Add" and len(givers) > 1
        nodes.append(Node(layer.name, givers, layer.name, layer, is_sum))
    first = str(inputs[0]["config"]["name"])
    outputs = list(dict.fromkeys(_outputs(model.config["output_layers"])))
    if len(outputs) != 1:
        raise ToileError(
            f"{source} has {len(outputs)} outputs, {' and '.join(outputs)}; a classifier of "
            "pictures has one. Save the model of the one that names the classes: "
            f'keras.Model(model.input, model.get_layer("{outputs[0]}").output)'
        )
    return chain_of(source, nodes, first, outputs[0]), list(_input_shape(inputs[0]["config"]))


def _refuse_strangers(layer: Config, source: str) -> None:
    """Raise ToileError for a class that is its author's, and for weights in whole numbers."""
    name, config = str(layer["config"]["name"]), layer["config"]
    if not is_keras(layer):
        raise unheld(source, name, f"is a {layer['class_name']!s:.40} of its author's own")
    dtype = config.get("dtype")
    policy = dtype["class_name"] if isinstance(dtype, dict) else str(dtype)
    quantized = config.get("quantization_config") or config.get("quantization_mode")
    if quantized or "Quantized" in policy or "int" in policy:
        raise unheld(source, name, "is quantized", "the model before that")
    if config.get("lora_rank"):
        raise unheld(source, name, "is adapted by LoRA", "the model with the adaption merged")


def _input_shape(config: Config) -> list[Any]:
    shape = config.get("batch_shape") or config.get("batch_input_shape") or [None]
    return list(shape[1:])


def _histories(call: Any) -> Iterator[str]:
    """The layers whose outputs a call takes, as Keras 2 and as Keras 3 write them."""
    if isinstance(call, dict):
        if "keras_history" in call.get("config", {}):
            yield str(call["config"]["keras_history"][0])
        else:
            yield from _histories(call.get("args", []))
    elif isinstance(call, list):
        if len(call) >= 3 and isinstance(call[0], str):
            yield call[0]
        else:
            for part in call:
                yield from _histories(part)


def _outputs(outputs: Any) -> Iterator[str]:
    if isinstance(outputs, list) and isinstance(outputs[0], str):
        yield outputs[0]
    else:
        for output in outputs.values() if isinstance(outputs, dict) else outputs:
            yield from _outputs(output)
