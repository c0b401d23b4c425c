"""The browser app: a page, its API, and the one server of a workspace; never torch.

Speaks JSON to the page it brings. What computes is a process of its own.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
