"""The network as an ONNX model, made by torch's exporter."""

import ast
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

import torch

from toile.distribution import extra_packages
from toile.export.about import (
    KEY,
    ExportMetadata,
    InputKind,
    flat_metadata,
    input_words,
    logits_words,
)
from toile.export.onnx_classifier import OnnxClassifier
from toile.export.onnx_modules import OPSET, onnx_modules
from toile.export.quiet import errors_alone
from toile.export.trained import Trained

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, OUTPUT = "pictures", "logits"


class OnnxFile:
    """A graph from `pictures` (n, c, h, w) to `logits` (n, k), for any n.

    Nodes and values have the names of the layers, and weights have torch's names.
    """

    def __init__(self, trained: Trained, input_kind: InputKind = "scaled") -> None:
        """With the `input_kind` `bytes` the graph's inputs are 0 to 255, and it scales them."""
        facts = trained.about.data
        words = {"input": input_words(facts, facts.shape), "output": logits_words(facts)}
        self.about = trained.about.model_copy(update=words)
        self.model = _exported_model(trained)
        self.model.graph.name = trained.about.name
        if input_kind == "bytes":
            self._accept_bytes()

    def content(self, about: ExportMetadata) -> bytes:
        """The bytes of the file with the metadata `about`."""
        model = self.model
        model.producer_name, model.producer_version = "Toile", about.toile
        model.doc_string = model.graph.doc_string = (
            f"An image classifier by Toile. Its input is {about.input}. "
            f"Its output is {about.output}."
        )
        model.graph.input[0].doc_string = about.input
        model.graph.output[0].doc_string = about.output
        del model.metadata_props[:]
        for key, value in {KEY: about.model_dump_json(), **flat_metadata(about, "NCHW")}.items():
            model.metadata_props.add(key=key, value=value)
        return model.SerializeToString(deterministic=True)

    def _accept_bytes(self) -> None:
        from toile.export.onnx_bytes import accept_bytes

        facts = self.about.data
        accept_bytes(self.model, facts, INPUT)
        words = {"input_kind": "bytes", "input": input_words(facts, facts.shape, "bytes")}
        self.about = self.about.model_copy(update=words)

    @staticmethod
    def open(content: bytes) -> OnnxClassifier:
        """Open the file with ONNX Runtime."""
        return OnnxClassifier(content)


def _exported_model(trained: Trained) -> "ModelProto":
    with extra_packages("export"):
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    # Two pictures, because the exporter would fix an axis of length 1.
    pictures = torch.zeros(2, *trained.about.data.shape)
    modules = onnx_modules(trained.model.network)
    # The exporter logs a missing optional package and a deprecation in torch.
    with errors_alone("torch.onnx"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
        program = torch.onnx.export(
            modules,
            (pictures,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    assert program is not None
    _name_by_layers(program.model.graph, set(modules.state_dict()))
    _forget_the_drawing(program.model.graph)
    model = program.model_proto
    # Weights have their shapes already; list only the shapes of the layers' outputs.
    weights = {tensor.name for tensor in model.graph.initializer}
    activations = [value for value in model.graph.value_info if value.name not in weights]
    del model.graph.value_info[:]
    model.graph.value_info.extend(activations)
    return model


def _name_by_layers(graph: Any, weights: set[str]) -> None:
    """Name every node and its output after its layer.

    If a layer has several nodes, the last has its name, and those before it have names such as
    `silu1/Sigmoid`. `weights` do not change their names; other constants are named after their
    node.
    """
    nodes = list(graph)
    layers = [_layer(node) for node in nodes]
    left, counts = Counter(layers), Counter[str]()
    for node, layer in zip(nodes, layers, strict=True):
        left[layer] -= 1
        name = f"{layer}/{node.op_type}" if left[layer] else layer
        counts[name] += 1
        node.name = name if counts[name] == 1 else f"{name}{counts[name]}"
        for value in node.outputs:
            if value not in graph.outputs:
                # A layer may have the name of the model's input or output.
                value.name = f"{node.name}/" if node.name in (INPUT, OUTPUT) else node.name
        for index, value in enumerate(node.inputs):
            if value is not None and value.is_initializer() and value.name not in weights:
                value.name = f"{node.name}/{index}"


def _layer(node: Any) -> str:
    """The dotted name of the layer of a node."""
    # From the network to the operator: ['', 'residual1', 'residual1.conv1', 'conv2d_3'].
    return str(ast.literal_eval(node.metadata_props["pkg.torch.onnx.name_scopes"])[-2])


def _forget_the_drawing(graph: Any) -> None:
    """Delete the exporter's notes: its steps, and the source files that called them."""
    values = [value for node in graph for value in node.outputs]
    for part in [graph, *graph, *graph.inputs, *graph.initializers.values(), *values]:
        part.doc_string = None
        part.metadata_props.clear()
