"""A network that was made elsewhere, as our layers and weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32

from toile.recipe import layers

SUFFIXES = (".h5", ".hdf5", ".keras", ".onnx", ".safetensors")
"""What files of networks end in that are read."""

Runtime = Callable[[Float32[np.ndarray, "n c h w"]], Float32[np.ndarray, "n k"]]
"""What the file's own software gives for inputs in the network's own scale."""


@dataclass(frozen=True)
class InputScale:
    """`factor * x + offset` for each channel: what the network does to its inputs first."""

    factor: tuple[float, ...]
    offset: tuple[float, ...]

    def after(self, factor: Sequence[float], offset: Sequence[float]) -> "InputScale":
        """This scale of `factor * x + offset`, of one number or one a channel."""
        first = np.asarray(self.factor)
        factors = first * factor
        offsets = first * offset + self.offset
        return InputScale(tuple(factors.tolist()), tuple(offsets.tolist()))


@dataclass(frozen=True, eq=False)
class ForeignNetwork:
    """A chain of layers from a file, channels first; its outputs are logits.

    `weights` are by the names of `layers` (`conv1.weight`). `scale` is what its own first layers
    did to its inputs. `origins` says under which name the file has each layer, and `notes` what
    was read otherwise than it stands there. `output_kind` is what the file's last layer gave, and
    `runtime` the file's own software, where it is at hand.
    """

    source: str
    layers: tuple[layers.Layer, ...]
    weights: Mapping[str, np.ndarray]
    shape: tuple[int, int, int]
    outputs: int
    scale: InputScale
    origins: Mapping[str, str]
    output_kind: str = "logits"
    notes: tuple[str, ...] = ()
    runtime: Runtime | None = field(default=None, repr=False)
    runtime_name: str = ""
