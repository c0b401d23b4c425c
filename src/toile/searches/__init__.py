"""Searches: trials of settings asked for one after another, and a study of the best.

Speaks a search's settings, and trials that are run folders.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
