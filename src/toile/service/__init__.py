"""The service: one exported network answering pictures over HTTP, without torch.

Speaks the bytes of one picture in, JSON out: classes with probabilities in [0, 1].
"""

from toile.service.app import MAX_BYTES, create_app
from toile.service.model import Model, open_model
from toile.service.server import is_loopback, open_port, serve

__all__ = [
    "MAX_BYTES",
    "Model",
    "create_app",
    "is_loopback",
    "open_model",
    "open_port",
    "serve",
]
