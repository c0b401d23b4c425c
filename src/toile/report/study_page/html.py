"""The report as one HTML document."""

from markupsafe import Markup

from toile.report.page.inline_svg import inline_svgs
from toile.report.page.render import render
from toile.report.study_page.parts import Drawing, StudyReport


def study_html(report: StudyReport) -> str:
    """The page, without scripts or outer addresses."""
    figures = [(one, svgs_of(one)) for one in report.drawings]
    return render("study.html", report=report, figures=figures)


def svgs_of(one: Drawing) -> Markup:
    """The drawing for a page, and for a small screen where it is drawn for one."""
    return inline_svgs(one.figure, one.narrow and one.narrow(), says=one.says)
