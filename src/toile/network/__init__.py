"""The network: a plan's layers as torch modules, and their logits.

First weights follow from the seed alone. Pictures are float32 (n, c, h, w) in channels_last memory;
the last layer gives logits (n, k).
"""

from toile.network.build import build_network
from toile.network.composite import ChannelNorm, ResidualBlock, ScaleLayer
from toile.network.dropout import SeededDropout, masked, reseed_dropout
from toile.network.flatten import FlattenLayer
from toile.network.freeze import freeze, set_training_mode
from toile.network.padding import AvgPool2d, Conv2d, GlobalPool2d, MaxPool2d
from toile.network.pixels import Pixels, pixels_of
from toile.network.scaled import ScaledNetwork
from toile.network.scoring import logits_in_batches, module_outputs, network_logits
from toile.network.trained import Network, trained_network
from toile.network.views import (
    MultiViewNetwork,
    num_views,
    single_view,
    with_views,
)

__all__ = [
    "AvgPool2d",
    "ChannelNorm",
    "Conv2d",
    "FlattenLayer",
    "GlobalPool2d",
    "MaxPool2d",
    "MultiViewNetwork",
    "Network",
    "Pixels",
    "ResidualBlock",
    "ScaleLayer",
    "ScaledNetwork",
    "SeededDropout",
    "build_network",
    "freeze",
    "logits_in_batches",
    "masked",
    "module_outputs",
    "network_logits",
    "num_views",
    "pixels_of",
    "reseed_dropout",
    "set_training_mode",
    "single_view",
    "trained_network",
    "with_views",
]
