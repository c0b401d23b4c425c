"""Lab sheets: exercises that are studies, searches, pictures, comparisons or exports.

Uses a sheet's settings, and the folders of its exercises.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
