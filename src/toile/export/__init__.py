"""Export: a trained network as a file for other software, checked against the network.

This package reads exports without torch; `toile.export.build` writes them with torch. Pictures
are uint8 (n, c, h, w), outputs float32 logits (n, k).
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
