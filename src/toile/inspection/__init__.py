"""Inspection: what a network computes from pictures, layer by layer and channel by channel.

Takes a torch module, such as `run.classifier().module`, and scaled pictures, float32 (n, c, h, w);
returns numpy arrays. It knows no runs, and does not change a network.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
