"""How a notebook shows an object: HTML without scripts or external addresses."""

from toile.report.notebook.shown import notebook_html

__all__ = ["notebook_html"]
