"""The network: a plan's layers as torch modules, and what they answer.

First weights follow from the seed alone. Pictures are float32 (n, c, h, w) in channels_last memory;
the last layer gives logits (n, k).
"""

from toile.network.build import build_network
from toile.network.composite import Residual
from toile.network.dropout import reseed_dropout
from toile.network.pixels import Pixels, pixels_of
from toile.network.scoring import logits_in_batches, network_logits
from toile.network.trained import Network, trained_network

__all__ = [
    "Network",
    "Pixels",
    "Residual",
    "build_network",
    "logits_in_batches",
    "network_logits",
    "pixels_of",
    "reseed_dropout",
    "trained_network",
]
