"""The service: one exported network answering pictures over HTTP, without torch.

Speaks the bytes of one picture in, JSON out: classes with probabilities in [0, 1].
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
