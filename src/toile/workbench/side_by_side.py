"""The levels of several runs, studies, searches and sheets, without a verdict."""

from collections.abc import Iterator
from dataclasses import dataclass

from toile.runs import Entry, Run, seen_words
from toile.searches import open_search
from toile.sheets import open_sheet
from toile.statistics import Level, judge_readings
from toile.studies import StudyResult, open_study


@dataclass(frozen=True)
class ComparedRuns:
    """A level with its finished readings, the study it is `of`, and the first `run` of them.

    `seen` is the warning if its weights may have been trained on the images that score them.
    """

    of: str
    level: Level
    run: Run
    seen: str = ""


def sides_of(entry: Entry) -> Iterator[ComparedRuns]:
    """The levels of `entry` that have finished readings; a run is a level of one reading."""
    match entry.kind:
        case "study":
            yield from _levels(entry.name, open_study(entry.folder))
        case "search":
            finalists = open_search(entry.folder).finalists
            if finalists is not None:
                yield from _levels(entry.name, finalists)
        case "sheet":
            for outcome in open_sheet(entry.folder).outcomes:
                study = outcome.search.finalists if outcome.search else outcome.study
                if study is not None:
                    yield from _levels(f"{entry.name}, {outcome.planned.number}", study)
        case _:
            run = Run(entry.folder)
            # Without validation images a run has no score.
            if run.has_results and run.score.n:
                (level,) = judge_readings({run.recipe.name: [run.score.value]}).levels
                words = seen_words(run.recipe)
                yield ComparedRuns(entry.name, level, run, words)


def _levels(of: str, study: StudyResult) -> Iterator[ComparedRuns]:
    scores = {name: values for name, values in study.scores().items() if values}
    first = {
        reading.level: reading for reading in reversed(study.readings) if reading.score is not None
    }
    for level in judge_readings(scores).levels if scores else ():
        reading = first[level.name]
        yield ComparedRuns(of, level, Run(reading.folder), reading.seen)
