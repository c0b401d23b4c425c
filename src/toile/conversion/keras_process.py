"""Reading a Keras file in a process of its own, which may crash or never come to an end.

The HDF5 library is C: of 3,000 damaged files one ended the process that read it and two kept it
busy for ever (HDF5 2.0.0). Here that ends a process which does nothing else.
"""

import io
import json
import resource
import signal
import subprocess
import sys
from typing import BinaryIO

import numpy as np

from toile.conversion.keras_file import KerasModel, read_keras
from toile.errors import ToileError

READER = (sys.executable, "-P", "-m", "toile.conversion.keras_process")
MEMORY_BYTES = 6 << 30
"""The file, its arrays (1 GiB each at most) and copies of both on their way out."""
LEAST_SECONDS, BYTES_A_SECOND = 20, 20_000_000
"""A file may take this long, and a second more for each so many bytes. One of 90 MB takes 1 s."""
REFUSED = 3
"""The exit status where the file was refused; the sentence is what the process wrote."""


def read_keras_apart(content: bytes, source: str) -> KerasModel:
    """What `read_keras` gives, read by another process. Raises ToileError as it does."""
    words = [*READER, source]
    done = subprocess.run(words, input=content, capture_output=True, check=False)  # noqa: S603
    if done.returncode == REFUSED:
        raise ToileError(done.stdout.decode())
    if done.returncode < 0:
        raise ToileError(
            f"{source} is damaged: the process that read it {_end(-done.returncode)}. Nothing was "
            "imported; save the model anew"
        )
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise ToileError(
            f"{source} could not be read: the process that reads it failed ({last:.80}). Nothing "
            "was imported; try again where more memory is free, or report this message"
        )
    return _unpack(io.BytesIO(done.stdout))


def main() -> None:
    """Read a file from standard input, and write its model, or why it is refused."""
    output, sys.stdout = sys.stdout.buffer, sys.stderr
    content = sys.stdin.buffer.read()
    limit_process(len(content))
    try:
        _pack(read_keras(content, sys.argv[1]), output)
    except ToileError as error:
        # A name may hold bytes that are no text.
        output.write(str(error).encode(errors="backslashreplace"))
        output.flush()
        sys.exit(REFUSED)


def limit_process(num_bytes: int) -> None:
    """Bound this process's memory and its time for a file of so many bytes; it leaves no core."""
    seconds = LEAST_SECONDS + num_bytes // BYTES_A_SECOND
    _limit(resource.RLIMIT_DATA, MEMORY_BYTES, MEMORY_BYTES)
    # At the first of the two the process is sent SIGXCPU.
    _limit(resource.RLIMIT_CPU, seconds, seconds + 5)
    _limit(resource.RLIMIT_CORE, 0, 0)


def _limit(kind: int, soft: int, hard: int) -> None:
    """Set both limits, or leave lower ones that this process was begun with."""
    _, most = resource.getrlimit(kind)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(kind, (soft, hard))


def _end(number: int) -> str:
    return "took too long" if number == signal.SIGXCPU else f"was ended by signal {number}"


def _pack(model: KerasModel, output: BinaryIO) -> None:
    """A line of JSON, then the arrays as .npz under their indices."""
    names = [(layer, name) for layer, weights in model.weights.items() for name in weights]
    header = {
        "class_name": model.class_name,
        "config": model.config,
        "layers": list(model.weights),
        "names": names,
    }
    output.write(json.dumps(header).encode() + b"\n")
    arrays = io.BytesIO()
    np.savez(arrays, *[model.weights[layer][name] for layer, name in names])
    output.write(arrays.getbuffer())
    output.flush()


def _unpack(packed: BinaryIO) -> KerasModel:
    header = json.loads(packed.readline())
    weights: dict[str, dict[str, np.ndarray]] = {layer: {} for layer in header["layers"]}
    with np.load(io.BytesIO(packed.read()), allow_pickle=False) as arrays:
        for index, (layer, name) in enumerate(header["names"]):
            weights[layer][name] = arrays[f"arr_{index}"]
    return KerasModel(header["class_name"], header["config"], weights)


if __name__ == "__main__":
    main()
