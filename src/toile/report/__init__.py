"""Figures and pages for runs, studies, sheets, notebooks and the app; nothing is displayed here.

Takes uint8 pictures (n, c, h, w), numpy arrays and `toile.runs.Run`; returns matplotlib figures
without pyplot's global state, and HTML that needs no other file.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
