"""The levels of runs, studies, searches and sheets in one list, without a verdict."""

from collections.abc import Iterator
from dataclasses import dataclass

from toile.runs import Kept, Run
from toile.searches import open_search
from toile.sheets import open_sheet
from toile.statistics import Level, judge_readings
from toile.studies import StudyResult, open_study


@dataclass(frozen=True)
class ComparedRuns:
    """A level: what it is `of`, its finished readings, and the fingerprint of their data."""

    of: str
    level: Level
    data: str


def sides_of(kept: Kept) -> Iterator[ComparedRuns]:
    """The levels of `kept` that have finished readings; a run is a level of one reading."""
    match kept.kind:
        case "study":
            yield from _levels(kept.name, open_study(kept.folder))
        case "search":
            finalists = open_search(kept.folder).finalists
            if finalists is not None:
                yield from _levels(kept.name, finalists)
        case "sheet":
            for outcome in open_sheet(kept.folder).outcomes:
                study = outcome.search.finalists if outcome.search else outcome.study
                if study is not None:
                    yield from _levels(f"{kept.name}, {outcome.planned.number}", study)
        case _:
            run = Run(kept.folder)
            if run.has_results:
                (level,) = judge_readings({run.recipe.name: [run.score.value]}).levels
                yield ComparedRuns(kept.name, level, run.data["fingerprint"])


def _levels(of: str, study: StudyResult) -> Iterator[ComparedRuns]:
    scores = {name: values for name, values in study.scores().items() if values}
    first = {one.level: one for one in reversed(study.readings) if one.score is not None}
    for level in judge_readings(scores).levels if scores else ():
        yield ComparedRuns(of, level, Run(first[level.name].folder).data["fingerprint"])
