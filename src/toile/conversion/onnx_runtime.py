"""An ONNX file asked in ONNX Runtime, to hold what was read of it against."""

import numpy as np
from jaxtyping import Float32

from toile.conversion.foreign import Runtime
from toile.distribution import extra_packages
from toile.errors import ToileError


def onnx_runtime(content: bytes, source: str, axes: tuple[int, ...]) -> tuple[Runtime, str]:
    """What ONNX Runtime gives for pictures (n, c, h, w) in the network's own scale; its version.

    `axes` says which axis of the pictures stands at each axis of the file's input.
    """
    with extra_packages("export"):
        import onnxruntime  # type: ignore[import-untyped]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
        (entry,) = session.get_inputs()
    except Exception as error:  # noqa: BLE001  its own classes, which have no public root
        raise ToileError(f"{source} does not run in ONNX Runtime: {error!s:.80}") from None
    # A file may be of batches of one size alone.
    copies = entry.shape[0] if entry.shape and isinstance(entry.shape[0], int) else 1
    kinds = {
        "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8,
        "tensor(double)": np.float64,
    }  # fmt: skip

    def run(images: Float32[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n k"]:
        results = []
        for image in images:
            tensor = image[None]
            if len(axes) == 4:
                tensor = tensor.transpose(axes)
            elif len(axes) == 3:
                tensor = tensor[:, 0]
            else:
                tensor = tensor.reshape(1, -1)
            tensor = np.repeat(tensor, copies, axis=0).astype(kinds.get(entry.type, np.float32))
            try:
                (outputs,) = session.run(None, {entry.name: tensor})
            except Exception as error:  # noqa: BLE001  its own classes, which have no public root
                raise ToileError(f"{source} does not run in ONNX Runtime: {error!s:.80}") from None
            results.append(outputs.reshape(copies, -1)[:1])
        return np.concatenate(results).astype(np.float32)

    return run, f"ONNX Runtime {onnxruntime.__version__}"
