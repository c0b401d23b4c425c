"""The network: a plan's layers as torch modules, and what they answer.

First weights follow from the seed alone. Pictures are float32 (n, c, h, w) in channels_last memory;
the last layer gives logits (n, k).
"""

from toile.network.batch_norm import JoinedNorm, LeftError
from toile.network.build import build_network
from toile.network.chain import Chain
from toile.network.composite import Residual
from toile.network.dropout import Dropout, reseed_dropout
from toile.network.parts import copies_in_parts, copy_of_part
from toile.network.pixels import Pixels, pixels_of
from toile.network.scoring import logits_in_batches, network_logits
from toile.network.stacked import stack_rows, stacked_network
from toile.network.trained import Network, trained_network

__all__ = [
    "Chain",
    "Dropout",
    "JoinedNorm",
    "LeftError",
    "Network",
    "Pixels",
    "Residual",
    "build_network",
    "copies_in_parts",
    "copy_of_part",
    "logits_in_batches",
    "network_logits",
    "pixels_of",
    "reseed_dropout",
    "stack_rows",
    "stacked_network",
    "trained_network",
]
