"""The report as one HTML document."""

from markupsafe import Markup

from toile.report.page.inline_svg import inline_svgs
from toile.report.page.render import render
from toile.report.study_page.parts import Drawing, StudyReport


def study_html(report: StudyReport) -> str:
    """The page, without scripts or external addresses."""
    figures = [(drawing, svgs_of(drawing)) for drawing in report.drawings]
    return render("study.html", report=report, figures=figures)


def svgs_of(drawing: Drawing) -> Markup:
    """The drawing as SVG, with a second one for small screens if it has one."""
    return inline_svgs(drawing.figure, drawing.narrow and drawing.narrow(), says=drawing.says)
