"""Functions that use several rooms: importing, predicting, exporting, pruning, pages, sheets.

Some modules need torch or matplotlib, so each is imported when it is first used.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
