"""Lab sheets: exercises that are studies, searches, pictures, comparisons and exports.

Speaks a sheet's settings, and the folders that its exercises left.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
