"""A study's figures, each with a description in words."""

from toile.report.heat_map import heat_map
from toile.report.learning import learning_figure
from toile.report.pairs import pairs_figure, shown_pairs
from toile.report.readings import readings_figure, value_limits
from toile.report.study_page.learning import any_finished
from toile.report.study_page.parts import Drawing, drawing_of
from toile.statistics import Verdict
from toile.studies import Curves, StudyResult, short_names

GRID = (
    "The mean of each pair of values, with its readings and their spread in points. The strongest "
    "colour is the highest mean; the verdict says whether it is better than the others."
)
CURVES = (
    "The mean of each level's readings, and a band from the lowest to the highest of them; against "
    "time, each point is an epoch at its mean time."
)


def study_drawings(
    result: StudyResult, verdict: Verdict | None, curves: Curves
) -> tuple[Drawing, ...]:
    """The figures of readings, of a grid's means, of differences and of learning curves, if any."""
    drawings = []
    if verdict is not None:
        gone = {level.name: 0 for level in result.levels}
        for reading in result.readings:
            gone[reading.level] += reading.status in ("diverged", "failed")
        factor = _factor(result)
        drawings.append(
            drawing_of("readings", readings_words(verdict), readings_figure, verdict, gone, factor)
        )
        if len(result.spec.vary) == 2 and not result.spec.levels:
            names = short_names(list(result.spec.vary))
            drawings.append(drawing_of("grid", GRID, heat_map, verdict, result.levels, names))
        if verdict.pairs:
            drawings.append(drawing_of("pairs", _pairs_words(verdict), pairs_figure, verdict))
    if any_finished(curves):
        drawings.append(drawing_of("curves", CURVES, learning_figure, curves))
    return tuple(drawings)


def readings_words(verdict: Verdict) -> str:
    """The description of the figure of readings, which says whether intervals are cut."""
    low, high = (verdict.unit * end for end in value_limits(verdict))
    is_cut = any(level.low < low or level.high > high for level in verdict.levels)
    return "Each dot is a reading." + " Lines that reach the edge go on beyond it." * is_cut


def _pairs_words(verdict: Verdict) -> str:
    hidden = len(verdict.pairs) - len(shown_pairs(verdict))
    if not hidden:
        return "The difference of each pair with its interval, beside the margin."
    return (
        f"The pairs of {verdict.best.level}, whose mean is the highest, beside the margin; "
        f"{hidden} others are in the table."
    )


def _factor(result: StudyResult) -> str:
    """The varied setting, if it is the only one; names of other levels say it themselves."""
    (factor,) = result.spec.vary if len(result.spec.vary) == 1 else ("",)
    return "" if result.spec.levels else factor
