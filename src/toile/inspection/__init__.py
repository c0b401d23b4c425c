"""Inspection: what a network does with pictures, layer by layer, channel by channel.

Takes a plain torch module, as `run.classifier().module` is, and pictures scaled as it takes them,
float32 (n, c, h, w); gives numpy arrays. It knows no runs, and leaves a network as it was.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
