"""A file of a network, read by its kind."""

from pathlib import Path

from toile.conversion.foreign import SUFFIXES, ForeignNetwork
from toile.conversion.hdf5 import H5_BEGINNING, MOST_BYTES
from toile.conversion.keras_network import read_keras_network
from toile.conversion.onnx_network import read_onnx_network
from toile.errors import ToileError

PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib")
PICKLED = """\
{path} is a pickle: opening it runs whatever code it holds, so it is not opened here. In the program
that made it, turn its weights into a safetensors file:
    import torch, safetensors.torch
    state = torch.load({path!r}, weights_only=True)
    safetensors.torch.save_file(state, "weights.safetensors")
If loading fails with "Unsupported global", the file holds a whole module. Where you trust whoever
made it, load it so instead, in a program that has the module's classes:
    state = torch.load({path!r}, weights_only=False).state_dict()
Then give the weights with the recipe of their network: toile import weights.safetensors --recipe
network.yaml"""


def read_network(path: Path, data_shape: tuple[int, int, int]) -> ForeignNetwork:
    """The network in a Keras or ONNX file; `data_shape` (c, h, w) fills in sides left open.

    Raises ToileError where the file is damaged, holds code, or naming the layer that ours cannot
    hold.
    """
    content = read_bytes(path)
    if not content:
        raise ToileError(f"{path} is empty, of 0 bytes; copy or write it again")
    source = path.name
    is_pickle = content[:1] == b"\x80" or path.suffix.lower() in PICKLES
    if content.startswith(H5_BEGINNING) or path.suffix.lower() == ".keras":
        return read_keras_network(content, source, data_shape)
    if is_pickle:
        raise ToileError(PICKLED.format(path=str(path)))
    if path.suffix.lower() == ".onnx":
        return read_onnx_network(content, source, data_shape)
    raise ToileError(f"{path} is no network that is known here; known are {', '.join(SUFFIXES)}")


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises ToileError where there is none, or it is too large."""
    try:
        if path.is_dir():
            raise ToileError(f"{path} is a folder; name the file of a network")
        if (size := path.stat().st_size) > MOST_BYTES:
            raise ToileError(f"{path} has {size:,} bytes; at most {MOST_BYTES:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
