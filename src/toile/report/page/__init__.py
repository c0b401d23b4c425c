"""Pages: HTML files that hold their figures and pictures and load nothing from other hosts."""

from toile.report.page.run_page import run_page

__all__ = ["run_page"]
