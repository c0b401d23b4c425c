"""The reports of sheets and searches: a block for each exercise, as HTML, Markdown and PDF.

Takes `SheetResult` and `SearchResult`.
"""

from toile.report.sheet_report.blocks import Page, PageBlock, PagePicture
from toile.report.sheet_report.content import search_page, sheet_page
from toile.report.sheet_report.exercises import Steps
from toile.report.sheet_report.forms import page_html, page_markdown
from toile.report.sheet_report.pdf import page_pdf

__all__ = [
    "Page",
    "PageBlock",
    "PagePicture",
    "Steps",
    "page_html",
    "page_markdown",
    "page_pdf",
    "search_page",
    "sheet_page",
]
