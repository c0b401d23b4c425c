"""The network: a plan's layers as torch modules, and what they answer.

First weights follow from the seed alone. Pictures are float32 (n, c, h, w) in channels_last memory;
the last layer gives logits (n, k).
"""

from toile.network.build import build_network
from toile.network.composite import ChannelNorm, Residual, Scale
from toile.network.dropout import Dropout, masked, reseed_dropout
from toile.network.flatten import Flatten
from toile.network.freeze import freeze
from toile.network.padding import AvgPool2d, Conv2d, MaxPool2d
from toile.network.pixels import Pixels, pixels_of
from toile.network.scoring import logits_in_batches, network_logits
from toile.network.sequence import Sequence, as_scored
from toile.network.trained import Network, trained_network
from toile.network.views import MeanOfViews, Views

__all__ = [
    "AvgPool2d",
    "ChannelNorm",
    "Conv2d",
    "Dropout",
    "Flatten",
    "MaxPool2d",
    "MeanOfViews",
    "Network",
    "Pixels",
    "Residual",
    "Scale",
    "Sequence",
    "Views",
    "as_scored",
    "build_network",
    "freeze",
    "logits_in_batches",
    "masked",
    "network_logits",
    "pixels_of",
    "reseed_dropout",
    "trained_network",
]
