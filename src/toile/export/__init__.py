"""Export: a trained network as a file that other software opens, with proof that it is the same.

What only reads exports is here and needs no torch; `toile.export.formats` writes them and does.
Pictures are uint8 (n, c, h, w), answers float32 logits (n, k).
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
