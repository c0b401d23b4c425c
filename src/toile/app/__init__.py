"""The browser app: the page, its API in JSON, and the one server of a workspace.

The server never loads torch: separate processes compute.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
