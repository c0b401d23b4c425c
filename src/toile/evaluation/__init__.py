"""Scores of stored logits with their intervals, by numpy and scipy; no network runs again.

Speaks logits and probabilities (n, k), labels and predictions (n,), and confusion matrices (k, k)
whose rows are the true classes. Corruptions make pictures, uint8 (n, c, h, w), harder to read.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
