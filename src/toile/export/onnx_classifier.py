"""Answering pictures with an exported ONNX file, by ONNX Runtime and without torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Shaped, UInt8

from toile.data import DataFacts
from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.export.about import KEY, ExportMetadata, read_about
from toile.export.opened import read_export, scaled

PIXELS_AT_ONCE = 4_000_000


class OnnxClassifier:
    """An ONNX file of Toile's making, ready to answer on one thread."""

    def __init__(self, content: bytes | Path) -> None:
        """Raises ToileError for a file that is not whole, not Toile's or needs other files."""
        with extra_packages("export"):
            import onnxruntime  # type: ignore[import-untyped]
        source = str(content) if isinstance(content, Path) else "the ONNX model"
        content = read_export(content) if isinstance(content, Path) else content
        self.about: ExportMetadata = _checked(content, source)
        self.runtime = f"ONNX Runtime {onnxruntime.__version__}"
        with _refusals(source):
            self._session = _session(content)
            # Some damage shows only when the first picture is answered.
            answered = self.logits(np.zeros((1, *self.facts.shape), np.uint8)).shape
        if answered != (1, len(self.facts.class_names)):
            raise ToileError(f"{source} is damaged: it does not give one logit for each class")

    @property
    def facts(self) -> DataFacts:
        """Class names, shape and scale of the pictures."""
        return self.about.data

    def logits(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n k"]:
        """The logits of pictures of the shape in `facts`."""
        at_once = max(1, PIXELS_AT_ONCE // max(1, pixels[:1].size))
        batches = [
            self._session.run(None, {"pictures": self._inputs(pixels[start : start + at_once])})
            for start in range(0, len(pixels), at_once)
        ]
        return np.concatenate([outputs[0] for outputs in batches])

    def probabilities(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float64[np.ndarray, "n k"]:
        """Their probabilities."""
        return probabilities(self.logits(pixels))

    def _inputs(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Shaped[np.ndarray, "n c h w"]:
        """What the graph takes, which ONNX Runtime holds against its type."""
        if self.about.input_kind == "bytes":
            return np.ascontiguousarray(pixels)
        return scaled(pixels, self.facts)


def _checked(content: bytes, source: str) -> ExportMetadata:
    """The metadata of `content`, which must be one whole model."""
    with extra_packages("export"):
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise ToileError(f"{source} is damaged or no ONNX file") from None
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    about = read_about(metadata.get(KEY), source)
    if _reaches_outside(model):
        raise ToileError(f"{source} keeps weights in other files; Toile's exports are whole")
    return about


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Waiting threads that spin would take the cores from whatever else is served.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@contextmanager
def _refusals(source: str) -> Iterator[None]:
    """What ONNX Runtime refuses inside the block becomes a ToileError."""
    from onnxruntime.capi import (  # type: ignore[import-untyped]
        onnxruntime_pybind11_state as refused,
    )

    try:
        yield
    except (
        refused.Fail,
        refused.InvalidArgument,
        refused.InvalidGraph,
        refused.NotImplemented,
        refused.RuntimeException,
        ValueError,  # an input of another name, or a name that is no text
    ) as error:
        raise ToileError(f"{source} cannot be run by ONNX Runtime: {error!s:.200}") from None


def _reaches_outside(part: Any) -> bool:
    """Whether a tensor anywhere in a model, or another message of ONNX, lies in another file.

    Tensors stand in graphs, functions, attributes and sparse tensors alike.
    """
    from google.protobuf.message import Message

    for field, value in part.ListFields():
        # Of the two places that a location may have, the file itself is 0.
        if field.name in ("external_data", "data_location") and value:
            return True
        inner = [value] if isinstance(value, Message) else value
        if field.message_type is not None and any(map(_reaches_outside, inner)):
            return True
    return False
