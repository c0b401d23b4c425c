"""Every figure and page, for run, study, sheet, notebook and app alike; nothing is shown here.

Speaks uint8 pictures (n, c, h, w), numpy arrays and `toile.runs.Run`; gives matplotlib figures
without pyplot's global state, and self-contained HTML.
"""

from toile.report.class_means import class_means_figure
from toile.report.compare import compare_figure
from toile.report.confusion import confusion_figure
from toile.report.correlation import correlation_figure
from toile.report.curves import curve_figure, curves_figure
from toile.report.grey_histogram import grey_histogram_figure
from toile.report.learning import learning_figure
from toile.report.mistakes import NUM_PAIRS, mistakes_figure, surest_mistakes
from toile.report.page import run_page, write_run_page
from toile.report.pairs import pairs_figure
from toile.report.picture import picture_uri
from toile.report.picture_grid import picture_grid
from toile.report.readings import readings_figure
from toile.report.reliability import reliability_figure
from toile.report.save import SUFFIXES, save_figure
from toile.report.search import search_figure
from toile.report.steps import StepsOf, steps_figure

__all__ = [
    "NUM_PAIRS",
    "SUFFIXES",
    "StepsOf",
    "class_means_figure",
    "compare_figure",
    "confusion_figure",
    "correlation_figure",
    "curve_figure",
    "curves_figure",
    "grey_histogram_figure",
    "learning_figure",
    "mistakes_figure",
    "pairs_figure",
    "picture_grid",
    "picture_uri",
    "readings_figure",
    "reliability_figure",
    "run_page",
    "save_figure",
    "search_figure",
    "steps_figure",
    "surest_mistakes",
    "write_run_page",
]
