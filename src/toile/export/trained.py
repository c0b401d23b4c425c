"""A network to take away."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from toile.export.about import ExportMetadata
from toile.network import Network, logits_in_batches, pixels_of, trained_network


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights under torch's names, and what a file is to say of them."""

    about: ExportMetadata
    weights: Mapping[str, np.ndarray]

    @cached_property
    def network(self) -> Network:
        """The network itself, to evaluate. Raises ToileError where the weights do not fit."""
        return trained_network(self.about.plan, self.weights)

    def logits(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n k"]:
        """What the network itself answers, in float32."""
        facts = self.about.data
        scale = pixels_of(facts.scaling, facts.mean, facts.sd)
        batches = logits_in_batches(self.network, torch.from_numpy(pixels), scale)
        return torch.cat(list(batches)).numpy()
