"""Makes the file of a trained network in a format, before its check."""

import numpy as np
from jaxtyping import UInt8

from toile.distribution import extra_packages
from toile.export.about import InputKind
from toile.export.keras_file import KerasFile
from toile.export.onnx_file import OnnxFile
from toile.export.proof import ExportFile
from toile.export.safetensors_file import SafetensorsFile
from toile.export.trained import Trained

_FILES: dict[str, type[KerasFile] | type[SafetensorsFile]] = {
    "safetensors": SafetensorsFile,
    "keras": KerasFile,
}


def build_file(
    to: str,
    trained: Trained,
    calibration: UInt8[np.ndarray, "n c h w"] | None = None,
    input_kind: InputKind = "scaled",
) -> ExportFile:
    """`trained` in the format `to`; int8 ONNX if there are pictures for its calibration.

    `input_kind` applies only to ONNX. Raises ToileError if the format cannot express a layer, or a
    package is not installed.
    """
    if calibration is None:
        return OnnxFile(trained, input_kind) if to == "onnx" else _FILES[to](trained)
    with extra_packages("export"):
        from toile.export.onnx_int8 import Int8OnnxFile
    return Int8OnnxFile(trained, calibration, input_kind)
