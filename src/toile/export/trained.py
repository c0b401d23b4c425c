"""A trained network, ready for export."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from toile.export.about import ExportMetadata
from toile.network import ScaledNetwork, pixels_of, trained_network


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights under torch's names, and the metadata of their file."""

    about: ExportMetadata
    weights: Mapping[str, np.ndarray]

    @cached_property
    def model(self) -> ScaledNetwork:
        """The network in float32. Raises ToileError if the weights do not fit."""
        facts = self.about.data
        return ScaledNetwork(
            trained_network(self.about.plan, self.weights),
            pixels_of(facts.scaling, facts.mean, facts.sd),
        )
