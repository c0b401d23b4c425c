"""The run folder: one training, remembered as plain files that survive a kill at any moment.

Knows recipes, data and training; draws and prints nothing. The `recorder`, which needs torch, is
imported by its own name.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
