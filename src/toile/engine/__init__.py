"""The engine: it computes the gradient of a batch, fast.

Speaks uint8 pictures (n, c, h, w), labels int64 (n,), logits float32 (n, k). Only `toile.training`
imports it.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
