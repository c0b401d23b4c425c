"""What a notebook shows of an object: HTML without scripts or outer addresses."""

from toile.report.notebook.shown import notebook_html

__all__ = ["notebook_html"]
