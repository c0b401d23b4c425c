"""The network: a plan's layers as torch modules, with weights that follow from the seed alone.

Pictures are float32 (n, c, h, w) in channels_last memory; the last layer gives logits (n, k).
"""

from toile.network.build import build_network
from toile.network.composite import Residual
from toile.network.dropout import reseed_dropout

__all__ = ["Residual", "build_network", "reseed_dropout"]
