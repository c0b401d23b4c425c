"""The ONNX model in 8-bit integers, by ONNX Runtime's static quantisation."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from jaxtyping import UInt8
from onnxruntime.quantization import (  # type: ignore[import-untyped]
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from toile.export.about import InputKind
from toile.export.onnx_file import INPUT, OnnxFile
from toile.export.opened import scaled
from toile.export.quiet import errors_alone
from toile.export.trained import Trained

AT_ONCE = 50


class Int8OnnxFile(OnnxFile):
    """Weights per channel and activations per layer in int8, between pairs of Q and DQ nodes."""

    def __init__(
        self,
        trained: Trained,
        calibration: UInt8[np.ndarray, "n c h w"],
        input_kind: InputKind = "scaled",
    ) -> None:
        """`calibration` are training images, which decide the range of each layer's values."""
        super().__init__(trained)
        self.about = self.about.model_copy(update={"precision": "int8"})
        # The quantiser warns on the root logger about shapes that the exporter already wrote.
        with TemporaryDirectory() as folder, errors_alone(None):
            path = Path(folder) / "int8.onnx"
            quantize_static(
                self.model,
                path,
                _Pictures(scaled(calibration, trained.about.data)),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                # Weights of 7 bits: a processor without VNNI adds pairs of products in 16 bits,
                # which overflow with 8 bits. On a Zen 3 this changed the class of 23 of 200
                # pictures (ONNX Runtime 1.32), and a check on another processor would not have
                # shown it.
                reduce_range=True,
                # Logits in 256 steps would make close classes equal.
                extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm"]},
            )
            self.model = onnx.load(path)
        # After the quantiser, because scaling in int8 would lose grey levels.
        if input_kind == "bytes":
            self._accept_bytes()


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, pictures: np.ndarray) -> None:
        self._batches = iter(np.array_split(pictures, -(-len(pictures) // AT_ONCE)))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next pictures; None when there are no more."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}
