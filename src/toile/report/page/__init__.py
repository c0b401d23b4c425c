"""Pages: one HTML file each that carries its figures and pictures and asks no other host."""

from toile.report.page.run_page import run_page, write_run_page

__all__ = ["run_page", "write_run_page"]
