"""A study's report, with the same content as HTML, Markdown, CSV, LaTeX and PDF.

Takes `StudyResult` and, to split the noise into seeds and images, `correct`: for each level
booleans (readings, images), true where a prediction is right.
"""

from toile.report.study_page.content import study_report
from toile.report.study_page.csv_table import csv_readings, csv_table
from toile.report.study_page.html import study_html
from toile.report.study_page.latex import latex_table
from toile.report.study_page.markdown import study_markdown
from toile.report.study_page.parts import StudyReport
from toile.report.study_page.pdf import study_pdf
from toile.report.study_page.tables import Correct

__all__ = [
    "Correct",
    "StudyReport",
    "csv_readings",
    "csv_table",
    "latex_table",
    "study_html",
    "study_markdown",
    "study_pdf",
    "study_report",
]
