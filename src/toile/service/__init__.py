"""The service: predictions of one exported network over HTTP, without torch.

A request has the bytes of one picture, the response classes and probabilities in [0, 1] as JSON.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
