"""How a study's readings learnt: when they reached accuracies, and whether they still improved."""

from collections.abc import Callable
from statistics import mean, median

from toile.report.page.numbers import duration
from toile.report.study_page.parts import Section
from toile.report.study_page.table import Cell, Quantity, ReportTable, count, signed_points
from toile.statistics import list_names
from toile.studies import Curves, LearningCurve, LevelReached, StudyResult, reached_by_level

MEDIANS = (
    "Epochs and times are medians over the readings of a level. A reading that never was as good "
    "counts as later than any other, so if half or more never were there is no median. The "
    "accuracy is that on all validation images after each epoch; the time includes scoring."
)


def learning_sections(result: StudyResult, curves: Curves) -> list[Section]:
    """The section with its tables; none before a reading has finished."""
    if not any_finished(curves):
        return []
    reached = reached_by_level(curves, result.spec.reach)
    tables = [reached_table(reached)] * bool(reached) + [ends_table(curves)]
    sentences = [soonest_words(reached), rising_words(result, curves)]
    words = [" ".join(filter(None, sentences))] + [MEDIANS] * bool(reached)
    return [Section("How soon", tuple(words), tables=tuple(tables))]


def any_finished(curves: Curves) -> bool:
    """Whether any reading did not diverge."""
    return any(not curve.diverged for of_level in curves.values() for curve in of_level)


def reached_table(reached: tuple[LevelReached, ...]) -> ReportTable:
    """A row for each accuracy and level."""
    rows = tuple(
        (
            Quantity(level.accuracy, f"{100 * level.accuracy:.6g} %"),
            level.level,
            Quantity(level.reached, f"{level.reached} of {level.readings}"),
            Quantity(level.epochs, _missed(level) if level.epochs is None else f"{level.epochs:g}"),
            Quantity(level.seconds, duration(level.seconds)),
        )
        for level in reached
    )
    columns = {
        "accuracy": "Accuracy", "level": "Level", "reached": "Reached in",
        "epochs": "Epochs, median", "seconds": "Time, median",
    }  # fmt: skip
    return ReportTable("reached", "When readings first reached an accuracy", columns, rows, True)


def ends_table(curves: Curves) -> ReportTable:
    """How long each level's readings trained, and what their last epoch added."""
    rows: list[tuple[Cell, ...]] = []
    for level, of_level in curves.items():
        seconds = median(curve.seconds[-1] for curve in of_level)
        gain = _last_gain(of_level)
        rows.append(
            (
                level,
                count(len(of_level)),
                _middle([len(curve.accuracies) for curve in of_level]),
                _middle([curve.best for curve in of_level]),
                signed_points(float("nan") if gain is None else gain),
                Quantity(seconds, duration(seconds)),
            )
        )
    columns = {
        "level": "Level", "n": "n", "epochs": "Epochs", "best": "Best epoch",
        "last_gain": "Last epoch added", "seconds": "Time",
    }  # fmt: skip
    title = "How the trainings ended: medians, with the range; what the last epoch added in points"
    return ReportTable("ends", title, columns, tuple(rows), True)


def soonest_words(reached: tuple[LevelReached, ...]) -> str:
    """Compare when levels reached the highest accuracy that most reached; empty for one level."""
    by_accuracy: dict[float, list[LevelReached]] = {}
    for level in reached:
        by_accuracy.setdefault(level.accuracy, []).append(level)
    reached_at = {
        accuracy: [
            level for level in levels if level.epochs is not None and level.seconds is not None
        ]
        for accuracy, levels in by_accuracy.items()
    }
    most = max(map(len, reached_at.values()), default=0)
    if most < 2:
        return ""
    accuracy = max(value for value, levels in reached_at.items() if len(levels) == most)
    epochs = sorted(reached_at[accuracy], key=lambda level: level.epochs or 0)
    seconds = sorted(reached_at[accuracy], key=lambda level: level.seconds or 0)
    missed = [level.level for level in by_accuracy[accuracy] if level not in reached_at[accuracy]]
    never = ""
    if missed:
        never = f" At {list_names(missed, 'and')} half of the readings or more did not."
    subject = (
        list_names([level.level for level in reached_at[accuracy]], "and")
        if missed
        else "All levels"
    )
    return (
        f"{subject} reached an accuracy of {100 * accuracy:.6g} % after "
        f"{_span(epochs, _epochs_words)} and {_span(seconds, _time_words)} (medians).{never} "
        "Whether these differ by more than chance is not tested."
    )


def _span(levels: list[LevelReached], say: Callable[[LevelReached], str]) -> str:
    """The first and the last of `levels`, in words."""
    first, last = levels[0], levels[-1]
    if say(first) == say(last):
        return f"{say(first)} each"
    return f"{say(first)} ({first.level}) to {say(last)} ({last.level})"


def _epochs_words(level: LevelReached) -> str:
    return f"{level.epochs:g} epoch{'s' * (level.epochs != 1)}"


def _time_words(level: LevelReached) -> str:
    return duration(level.seconds)


def rising_words(result: StudyResult, curves: Curves) -> str:
    """Say at which levels the last epoch still added more than the margin."""
    gains = {level: _last_gain(of_level) for level, of_level in curves.items()}
    known = {level: gain for level, gain in gains.items() if gain is not None}
    if not known:
        return "Trainings of one epoch do not show whether accuracy still rises."
    rising = [level for level, gain in known.items() if gain > result.spec.margin]
    margin = f"{100 * result.spec.margin:g} points"
    these = "these have" if len(rising) > 1 else "this has"
    if not rising:
        return (
            f"At no level did the last epoch add more than the margin of {margin} on average, so "
            "the trainings had come close to what they reach."
        )
    return (
        f"The last epoch still added more than the margin of {margin} on average at "
        f"{list_names(rising, 'and')}: {these} not converged, and "
        "more epochs may raise the accuracy further."
    )


def _last_gain(curves: tuple[LearningCurve, ...]) -> float | None:
    gains = [
        curve.last_gain for curve in curves if not curve.diverged and curve.last_gain is not None
    ]
    return mean(gains) if gains else None


def _middle(values: list[int]) -> Quantity:
    """The median, with the range of the values if they differ."""
    middle, low, high = median(values), min(values), max(values)
    return Quantity(middle, f"{middle:g}" if low == high else f"{middle:g} ({low} to {high})")


def _missed(level: LevelReached) -> str:
    return f"not reached in {level.readings - level.reached} of {level.readings}"
