"""Computes an exported ONNX file with ONNX Runtime, without torch."""

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
    """An ONNX file of Toile, opened with one thread."""

    def __init__(self, content: bytes | Path) -> None:
        """Raises ToileError if the file is damaged, not by Toile, or needs other files."""
        with extra_packages("export"):
            import onnxruntime  # type: ignore[import-untyped]
        source = str(content) if isinstance(content, Path) else "the ONNX model"
        content = read_export(content) if isinstance(content, Path) else content
        self.about: ExportMetadata = _checked(content, source)
        self.runtime = f"ONNX Runtime {onnxruntime.__version__}"
        with _refusals(source):
            self._session = _session(content)
            # Some damage only shows when the first picture is computed.
            answered = self.logits(np.zeros((1, *self.facts.shape), np.uint8)).shape
        if answered != (1, len(self.facts.class_names)):
            raise ToileError(f"{source} is damaged: it has not one logit per class; export again")

    @property
    def facts(self) -> DataFacts:
        """Class names, shape and scaling of the pictures."""
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
        """The probabilities of pictures; each row sums to 1."""
        return probabilities(self.logits(pixels))

    def _inputs(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Shaped[np.ndarray, "n c h w"]:
        """The inputs of the graph, in the type that ONNX Runtime checks."""
        if self.about.input_kind == "bytes":
            return np.ascontiguousarray(pixels)
        return scaled(pixels, self.facts)


def _checked(content: bytes, source: str) -> ExportMetadata:
    """The metadata of `content`, which has to be one complete model."""
    with extra_packages("export"):
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise ToileError(f"{source} is damaged or no ONNX file; export it again") from None
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    about = read_about(metadata.get(KEY), source)
    if _reaches_outside(model):
        raise ToileError(
            f"{source} has weights in other files; an export of Toile is one file: export it again"
        )
    return about


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Spinning threads would occupy cores that other processes need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@contextmanager
def _refusals(source: str) -> Iterator[None]:
    """Turn the errors of ONNX Runtime inside the block into ToileError."""
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
    """Whether any tensor of a model, or of a part of it, is stored in another file.

    Tensors occur in graphs, functions, attributes and sparse tensors.
    """
    from google.protobuf.message import Message

    for field, value in part.ListFields():
        # data_location is 0 for this file and 1 for another one.
        if field.name in ("external_data", "data_location") and value:
            return True
        inner = [value] if isinstance(value, Message) else value
        if field.message_type is not None and any(map(_reaches_outside, inner)):
            return True
    return False
