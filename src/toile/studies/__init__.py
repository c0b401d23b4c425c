"""Studies: readings of several levels, how they are taken, and what they allow one to say.

Speaks settings of a study, readings that are run folders, and tables of readings by level,
accuracies as fractions or in points; numpy and scipy.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
