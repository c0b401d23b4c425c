"""The report as one HTML document."""

from toile.report.page.inline_svg import inline_svg
from toile.report.page.render import render
from toile.report.study_page.parts import StudyReport


def study_html(report: StudyReport) -> str:
    """The page, without scripts or outer addresses."""
    figures = [(inline_svg(one.figure, one.says), one.says) for one in report.drawings]
    return render("study.html", report=report, figures=figures)
