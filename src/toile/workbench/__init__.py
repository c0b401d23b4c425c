"""The verbs that join rooms: a recipe meets its data, trains, and is remembered as a run.

Its modules need torch where they train, so they are imported by name, or through `toile`.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
