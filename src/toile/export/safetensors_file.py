"""The weights as a safetensors file, with the recipe in its metadata."""

import json

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from safetensors import SafetensorError
from safetensors.numpy import load, save

from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.export.about import (
    KEY,
    ExportMetadata,
    flat_metadata,
    input_words,
    logits_words,
    read_about,
)
from toile.export.trained import Trained


class SafetensorsFile:
    """Contiguous tensors under torch's names, which `load_state_dict` accepts."""

    def __init__(self, trained: Trained) -> None:
        self._weights = {
            # Counts stay integers, as load_state_dict needs them.
            name: np.asarray(array, np.float32 if array.dtype.kind == "f" else None, order="C")
            for name, array in trained.weights.items()
        }
        facts = trained.about.data
        words = {"input": input_words(facts, facts.shape), "output": logits_words(facts)}
        self.about = trained.about.model_copy(update=words)

    def content(self, about: ExportMetadata) -> bytes:
        """The bytes of the file with the metadata `about`."""
        metadata = {KEY: about.model_dump_json(), **flat_metadata(about, "NCHW")}
        return _with_metadata(save(self._weights), metadata)

    @staticmethod
    def open(content: bytes) -> "SafetensorsClassifier":
        """Open the file with torch."""
        return SafetensorsClassifier(content)


def _with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    """A safetensors file with `metadata` in this order, which safetensors does not preserve."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = {"__metadata__": metadata, **json.loads(content[8:end])}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    # The tensors begin at a multiple of 8 bytes.
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


class SafetensorsClassifier:
    """A network built only from the file."""

    def __init__(self, content: bytes) -> None:
        """Raises ToileError if the file is damaged, not by Toile, or of another network."""
        source = "the safetensors file"
        try:
            size = int.from_bytes(content[:8], "little")
            metadata = json.loads(content[8 : 8 + size]).get("__metadata__", {})
            weights = load(content)
        except (SafetensorError, ValueError) as error:
            raise ToileError(f"{source} is damaged: {error!s:.80}") from None
        self.about = read_about(metadata.get(KEY), source)
        self.runtime = f"torch {torch.__version__}"
        self._trained = Trained(self.about, weights)

    def logits(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n k"]:
        """The logits of pictures of the shape in `about.data`."""
        return self._trained.model.logits(pixels)

    def probabilities(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float64[np.ndarray, "n k"]:
        """The probabilities of pictures; each row sums to 1."""
        return probabilities(self.logits(pixels))
