"""Every figure and page, for run, study, sheet, notebook and app alike; nothing is shown here.

Speaks uint8 pictures (n, c, h, w), numpy arrays and `toile.runs.Run`; gives matplotlib figures
without pyplot's global state, and self-contained HTML.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
