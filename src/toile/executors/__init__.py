"""Executors: trainings run by processes of this machine, or by Ray elsewhere.

Speaks recipes that go out and run folders that come back.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
