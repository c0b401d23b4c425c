"""The present state of a sheet: each exercise's study, search or record, and its answer.

A sheet's folder has `sheet.yaml`, `sheet.json` with the facts for lists, `answers.yaml`, and a
folder for each exercise, which is that of its study or search and may have an `outcome.json`.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from toile.errors import ToileError
from toile.files import write_atomically, write_json
from toile.migrations import from_file, read_settings, versioned
from toile.recipe import Recipe, Settings, read_text, read_value, settings_of, yaml_text
from toile.runs import Run, RunsFolder, score_same_images
from toile.searches import SearchResult, level_of, open_search, search_summary
from toile.sheets.plan import Planned, plan_sheet
from toile.sheets.records import OutcomeRecord, SheetRecord
from toile.sheets.sheet import Sheet, Side, read_sheet
from toile.statistics import Verdict, analysis_sentence, of_setting, verdict_sentence
from toile.studies import (
    Reading,
    StudyResult,
    judge_study,
    open_study,
    other_images,
    plan_levels,
    read_record,
    study_sentence,
    study_summary,
    unlike,
)

SHEET = "sheet.yaml"
ANSWERS = "answers.yaml"
OUTCOME = "outcome.json"
WORK = "training"
"""The folder of the study in an exercise that exports a network."""


class Expectation(Settings):
    """The written answer to an exercise: an expectation before it runs, or of an open question."""

    text: str = Field(max_length=4000, description="The answer")
    when: str = Field("", description="Its time, to the second")


@dataclass(frozen=True, eq=False)
class ExerciseOutcome:
    """The present state of an exercise in its folder; `record` is its `outcome.json`."""

    planned: Planned
    folder: Path
    answer: Expectation | None
    study: StudyResult | None = None
    search: SearchResult | None = None
    record: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Whether the exercise is done, except for a written answer."""
        match self.planned.exercise.kind:
            case "study":
                return self.study is not None and self.study.ended
            case "search":
                return self.search is not None and self.search.ended
            case "question":
                return self.answer is not None
        return self.record is not None

    @property
    def is_unanswered(self) -> bool:
        """Whether it is an open question that nobody has answered yet."""
        return self.planned.exercise.kind == "question" and self.answer is None

    @property
    def seconds(self) -> float:
        """Seconds of training and scoring in this exercise."""
        parts = [result.seconds for result in (self.study, self.search) if result is not None]
        return sum(parts, 0.0)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on two compared levels; None for other exercises."""
        if self.record is None or "levels" not in self.record:
            return None
        compare = self.planned.exercise.compare
        assert compare is not None
        return judge_study(self.folder, self.record["levels"], compare.margin)

    def to_json(self) -> dict[str, Any]:
        """The exercise as JSON."""
        exercise, verdict = self.planned.exercise, self.verdict
        return {
            "number": self.planned.number,
            "title": exercise.title,
            "kind": exercise.kind,
            "question": exercise.question,
            "answer": self.answer and vars(self.answer),
            "ended": self.ended,
            "study": self.study and study_summary(self.study),
            "search": self.search and search_summary(self.search),
            "verdict": verdict and verdict.to_json() | {"sentence": compared_words(self)},
            "outcome": self.record,
            "folder": str(self.folder),
            "seconds": self.seconds,
        }


@dataclass(frozen=True, eq=False)
class SheetResult:
    """The present state of a sheet in its folder: all its exercises in order.

    >>> live = toile.run_sheet("fashion-lab", quick=True, only=[1], on="inline")
    >>> result = live.finish()
    >>> [outcome.planned.number for outcome in result.outcomes if outcome.ended]
    [1]
    """

    folder: Path
    sheet: Sheet
    quick: bool
    outcomes: tuple[ExerciseOutcome, ...]

    @property
    def seconds(self) -> float:
        """Seconds of training and scoring in all exercises together."""
        return sum((outcome.seconds for outcome in self.outcomes), 0.0)

    @property
    def studies(self) -> tuple[StudyResult, ...]:
        """The studies of all exercises that began, with those of searches' finalists."""
        studies = []
        for outcome in self.outcomes:
            studies += [outcome.study] if outcome.study is not None else []
            if outcome.search is not None and outcome.search.finalists is not None:
                studies.append(outcome.search.finalists)
        return tuple(studies)

    def to_json(self) -> dict[str, Any]:
        """The sheet as JSON."""
        return {
            "name": self.sheet.name,
            "title": self.sheet.title,
            "quick": self.quick,
            "exercises": [outcome.to_json() for outcome in self.outcomes],
            "folder": str(self.folder),
            "seconds": self.seconds,
        }


def open_sheet(folder: str | Path) -> SheetResult:
    """The present state of the sheet in `folder`. Raises ToileError if there is none."""
    entry = RunsFolder().find(folder, "sheet")
    if entry is None:
        raise ToileError(f"{folder} has no sheet that was begun; `toile studies` lists them")
    record = read_record(entry.folder / "sheet.json", SheetRecord)
    return sheet_result(entry.folder, read_sheet(entry.folder / SHEET), record["quick"])


def write_status(result: SheetResult) -> None:
    """Write `sheet.json`: the facts for lists, and whether the sheet runs with `--quick`."""
    write_json(
        result.folder / "sheet.json",
        {
            "title": result.sheet.title,
            "quick": result.quick,
            "exercises": len(result.outcomes),
            "ended": sum(outcome.ended for outcome in result.outcomes),
            "unanswered": [
                outcome.planned.number for outcome in result.outcomes if outcome.is_unanswered
            ],
        },
    )


def sheet_result(folder: Path, sheet: Sheet, quick: bool) -> SheetResult:
    """The state of `sheet` in `folder`, which may not exist yet."""
    answers = read_answers(folder)
    outcomes = tuple(
        _outcome(folder / planned.key, planned, answers.get(planned.number))
        for planned in plan_sheet(sheet, quick)
    )
    return SheetResult(folder, sheet, quick, outcomes)


def read_answers(folder: Path) -> dict[int, Expectation]:
    """The written answers, by the exercise's number."""
    path = folder / ANSWERS
    if not path.exists():
        return {}
    document = read_value(read_text(path), str(path))
    if isinstance(document, dict):
        document = read_settings(from_file(document), ANSWERS, path)
    else:
        raise ToileError(f"{path} is damaged; write lines such as `exercise-1: the answer`")
    answers = {}
    for name, fields in document.items():
        number = name.removeprefix("exercise-")
        if not number.isdecimal():
            raise ToileError(f"{path}: {name} is no exercise; write exercise-1, exercise-2, ...")
        fields = {"text": fields} if isinstance(fields, str) else fields
        answers[int(number)] = settings_of(Expectation, fields, f"{path}: {name}")
    return answers


def keep_answer(folder: Path, number: int, text: str) -> None:
    """Write an answer to the folder. Raises ToileError if there is one, which is never replaced."""
    answers = read_answers(folder)
    if number in answers:
        raise ToileError(
            f"exercise {number} was answered on {answers[number].when or 'an earlier day'}, and "
            f"the answer is not replaced; to change it, edit {folder / ANSWERS}"
        )
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    answers[number] = Expectation(text=text, when=when)
    document = {
        f"exercise-{n}": expectation.model_dump() for n, expectation in sorted(answers.items())
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / ANSWERS, yaml_text(versioned(ANSWERS, document)).encode())


def exercise_command(folder: Path, exercises: Iterable[int], quick: bool) -> str:
    """The command that runs exercises of the sheet in `folder` there; a question is asked."""
    only = ",".join(map(str, exercises))
    words = ["toile", "sheet", "run", str(folder / SHEET), "--only", only, *["--quick"] * quick]
    return shlex.join([*words, "--out", str(folder)])


def compared_levels(result: SheetResult, number: int) -> dict[str, Any]:
    """The record of a comparison of two levels: the readings of both, by name.

    `setting` is the address of which both are values, where it is one, `unlike` says why their
    scores differ in meaning, if they do, and `seen` has warnings if a network may have been
    trained on the images that score it. For a search the best finalist is used. Raises
    ToileError until all readings are there.
    """
    exercise = result.outcomes[number - 1].planned.exercise
    sides = [_side(result, side) for side in exercise.sides]
    levels = {name: [reading.score for reading in readings] for name, readings, _ in sides}
    if len(levels) < 2:
        raise ToileError(f"exercise {number} compares a level with itself; name another")
    recipes = {name: recipe for name, _, recipe in sides}
    runs = [Run(reading.folder) for _, readings, _ in sides for reading in readings]
    settings = {_setting(result, side) for side in exercise.sides}
    return {
        "levels": levels,
        "setting": settings.pop() if len(settings) == 1 else "",
        "unlike": unlike(recipes) or ("" if score_same_images(runs) else other_images(recipes)),
        "seen": _remarks(reading.seen for _, readings, _ in sides for reading in readings),
    }


def compared_words(outcome: ExerciseOutcome) -> str:
    """The sentence on two compared levels, with all its warnings."""
    verdict, record = outcome.verdict, outcome.record
    assert verdict is not None
    assert record is not None
    reason = record.get("unlike")
    differ = f"The two scores do not mean exactly the same: {reason}." if reason else ""
    finding = of_setting(verdict_sentence(verdict), record.get("setting", ""))
    sentences = [finding, analysis_sentence(verdict), differ]
    return " ".join(filter(None, [*sentences, *record.get("seen", [])]))


def _remarks(remarks: Iterable[str]) -> list[str]:
    return [f"Note: {words}" for words in dict.fromkeys(remarks) if words]


def runs_words(record: Mapping[str, Any]) -> str:
    """The sentence on two runs, compared on the same images."""
    (first, second), test = record["runs"], record["mcnemar"]
    better = first if test["only_first"] > test["only_second"] else second
    sentence = (
        f"{better} is right on more of these images"
        if test["p"] < 0.05
        else "These images show no difference between the two networks"
    )
    sentence = f"{sentence} (McNemar's exact test, p = {test['p']:.3g})."
    return " ".join([sentence, *record.get("seen", [])])


def study_words(study: StudyResult) -> str:
    """The sentence of a study; with one level, its mean and SD come first."""
    verdict, sentence = study.verdict, study_sentence(study)
    if verdict is None or len(verdict.levels) > 1 or verdict.levels[0].n < 2:
        return sentence
    (level,), points = verdict.levels, 100 / verdict.unit
    unit = "readings" if study.spec.folds is None else "folds"
    return (
        f"The mean of {level.n} {unit} is {points * level.mean:.2f} %, and their SD is "
        f"{points * level.sd:.2f} points. {sentence}"
    )


def _setting(result: SheetResult, side: Side) -> str:
    assert side.exercise is not None
    study = result.outcomes[side.exercise - 1].study
    return "" if study is None else study.spec.setting


def _side(result: SheetResult, side: Side) -> tuple[str, list[Reading], Recipe]:
    assert side.exercise is not None
    outcome = result.outcomes[side.exercise - 1]
    study = outcome.study
    level: str | None = side.level
    if outcome.search is not None:
        study = outcome.search.finalists
        chosen = outcome.search.chosen()
        level = level or (level_of(chosen[0]) if chosen else None)
    # No comparison of an incomplete study, here as in the study itself.
    filled = study.readings if study is not None and study.ended else ()
    if study is not None:
        level = level or study.levels[0].name
    readings = [
        reading for reading in filled if reading.level == level and reading.score is not None
    ]
    if study is None or not readings:
        raise ToileError(
            f"exercise {side.exercise} does not have all readings of {level or 'any level'} yet; "
            "run it first"
        )
    recipe = next(planned.recipe for planned in plan_levels(study.spec) if planned.name == level)
    return f"{level} (exercise {side.exercise})", readings, recipe


def _outcome(folder: Path, planned: Planned, answer: Expectation | None) -> ExerciseOutcome:
    outcome = ExerciseOutcome(
        planned, folder, answer, record=read_record(folder / OUTCOME, OutcomeRecord) or None
    )
    kind = planned.exercise.kind
    if planned.study is not None:
        work_folder = folder if kind == "study" else folder / WORK
        if (work_folder / "study.yaml").exists():
            return replace(outcome, study=open_study(work_folder))
    if planned.search is not None and (folder / "search.yaml").exists():
        return replace(outcome, search=open_search(folder))
    return outcome
