"""The block of the page for each exercise's result."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from toile.report.curves import curves_figure
from toile.report.page.numbers import count, duration, percent
from toile.report.readings import readings_figure
from toile.report.search import search_figure
from toile.report.sheet_report.blocks import PageBlock, PagePicture
from toile.report.sheet_report.tables import chosen_table, trials_table
from toile.report.steps import StepsOf, steps_figure
from toile.report.study_page.content import study_report
from toile.report.study_page.drawings import readings_words
from toile.report.study_page.findings import readings_section
from toile.report.study_page.learning import learning_sections
from toile.report.study_page.parts import Drawing, drawing_of
from toile.report.study_page.tables import levels_table, pairs_table
from toile.runs import Run
from toile.searches import ORDER_DECIDES, SearchResult, search_sentence, trials_words
from toile.sheets import (
    ExerciseOutcome,
    SheetResult,
    compared_words,
    exercise_command,
    runs_words,
    study_words,
)
from toile.statistics import Verdict, trend_sentence
from toile.studies import StudyResult, learning_curves

Steps = Mapping[int, StepsOf]
"""For each exercise's number, the steps from the photograph to the network's input."""
TRIALS = (
    "Trials are compared by the last epoch's accuracy on the half of validation that chooses. The "
    "highest of many trials is partly there by chance, so its accuracy is too high: the chosen "
    "settings are trained again with new seeds, and scored on the other half."
)
ASKED = (
    "To answer it, run the command below in a terminal, which asks for your answer. Or write the "
    "line  exercise-{number}: your answer  into answers.yaml in the sheet's folder, and run it "
    "then."
)


def exercise_block(result: SheetResult, outcome: ExerciseOutcome, steps: Steps) -> PageBlock:
    """The block of an exercise in any state."""
    exercise = outcome.planned.exercise
    answer = outcome.answer
    is_open = exercise.kind == "question"
    block = PageBlock(
        f"{outcome.planned.number}. {exercise.title}",
        outcome.planned.key,
        exercise.question,
        outcome.ended,
        "" if outcome.ended else "to be answered" if is_open else "to do",
        prompt=exercise.expect,
        expected="" if answer is None or is_open else answer.text,
        answer=answer.text if answer is not None and is_open else "",
        when="" if answer is None else answer.when,
        commands=_commands(result, outcome),
        words=(ASKED.format(number=outcome.planned.number),) if outcome.is_unanswered else (),
    )
    match exercise.kind:
        # If there is no export, the study of the exercise says why.
        case "study" | "export" if outcome.study is not None and outcome.record is None:
            return _studied(block, outcome.study)
        case "search" if outcome.search is not None:
            return searched_block(block, outcome.search)
        case "show" if outcome.record is not None:
            return _shown(block, outcome.record)
        case "compare" if outcome.record is not None:
            return _compared(block, outcome)
        case "export" if outcome.record is not None:
            return _exported(block, outcome, steps)
    return block


def _studied(block: PageBlock, study: StudyResult) -> PageBlock:
    report = study_report(study, {})
    verdict = study.verdict
    pairs = [pairs_table(verdict)] if verdict is not None and verdict.pairs else []
    learning = learning_sections(study, learning_curves(study))
    readings = readings_section(study)
    return replace(
        block,
        status="" if study.ended else report.status,
        sentence=study_words(study),
        findings=(
            *([trend_sentence(verdict)] if verdict is not None and verdict.trend else ()),
            *(section.words[0] for section in learning),
        ),
        words=(
            report.terms,
            *(words for section in learning for words in section.words[1:]),
            *readings.words,
        ),
        drawings=_named(block, report.drawings),
        tables=(
            *([levels_table(verdict, study)] if verdict is not None else ()),
            readings.tables[0],
            *(table for section in learning for table in section.tables),
            *pairs,
        ),
        facts=(
            ("Readings", count(study.count("finished"))),
            ("Time", duration(study.seconds)),
            ("Seeds", _seeds(study)),
        ),
    )


def searched_block(block: PageBlock, search: SearchResult) -> PageBlock:
    """`block` with the trials, the chosen settings, and their scores when trained again."""
    drawings = []
    if any(trial.scores for trial in search.trials):
        says = (
            "Every trial by its last accuracy on the half of validation that chooses; ringed are "
            "the highest, which were trained again."
        )
        drawings.append(drawing_of("trials", says, search_figure, search))
    tables = [chosen_table(search), trials_table(search)] if search.trials else []
    words = [TRIALS]
    if not search.spec.repeats:
        words.append(f"One at a time the same trials come again; side by side {ORDER_DECIDES}.")
    final = search.finalists
    if final is not None and final.verdict is not None:
        report = study_report(final, {})
        drawings += [
            drawing for drawing in report.drawings if drawing.name in ("readings", "curves")
        ]
        drawings.append(_best_curves(final, final.verdict.best.level))
        tables.insert(1, levels_table(final.verdict, final))
        if final.verdict.pairs:
            tables.insert(2, pairs_table(final.verdict))
        words.append(report.terms)
    return replace(
        block,
        status="" if block.ended else trials_words(search),
        sentence=search_sentence(search),
        words=tuple(words),
        drawings=_named(block, tuple(drawings)),
        tables=tuple(tables),
        facts=(
            *((address, _space_words(values)) for address, values in search.spec.over.items()),
            ("Trials", trials_words(search)),
            ("Sampler and pruner", f"{search.spec.sampler}, {search.spec.pruner}"),
            ("Time", duration(search.seconds)),
        ),
    )


def _best_curves(final: StudyResult, level: str) -> Drawing:
    """The learning curves of the first reading of a level."""
    first = next(
        reading
        for reading in final.readings
        if reading.level == level and reading.score is not None
    )
    says = (
        f"How {level}, the finalist with the highest mean, learnt in its first reading: where the "
        "training still improves and validation does not, the network overfits."
    )
    return drawing_of("best", says, curves_figure, Run(first.folder).history)


def _shown(block: PageBlock, record: Mapping[str, Any]) -> PageBlock:
    return replace(
        block,
        pictures=tuple(
            PagePicture(picture["uri"], picture["class"]) for picture in record["pictures"]
        ),
        facts=(
            ("Data", record["data"]),
            ("Images for training and validation", f"{record['train']:,}"),
            ("Test images, sealed", f"{record['test']:,}"),
            ("Channels, height, width", " x ".join(map(str, record["shape"]))),
            ("Classes", ", ".join(record["classes"])),
            ("Fingerprint", record["fingerprint"]),
        ),
    )


def _compared(block: PageBlock, outcome: ExerciseOutcome) -> PageBlock:
    verdict = outcome.verdict
    if verdict is not None:
        gone = {level.name: 0 for level in verdict.levels}
        return replace(
            block,
            sentence=compared_words(outcome),
            drawings=_named(
                block,
                (
                    drawing_of(
                        "readings", readings_words(verdict), readings_figure, verdict, gone, ""
                    ),
                ),
            ),
            tables=(pairs_table(verdict),),
            facts=_means(verdict),
        )
    assert outcome.record is not None
    first, second = outcome.record["runs"]
    test = outcome.record["mcnemar"]
    images = sum(test[part] for part in ("both", "only_first", "only_second", "neither"))
    fractions = [(test["both"] + test[key]) / images for key in ("only_first", "only_second")]
    return replace(
        block,
        sentence=runs_words(outcome.record),
        words=(
            "This is about these two trainings: with other seeds it may come out the other way.",
        ),
        facts=(
            *(
                (name, percent(fraction))
                for name, fraction in zip((first, second), fractions, strict=True)
            ),
            *(
                (difference["address"], _apart(difference))
                for difference in outcome.record["recipe"]
            ),
            (f"Only {first} right", count(test["only_first"])),
            (f"Only {second} right", count(test["only_second"])),
            ("Both right", count(test["both"])),
            ("Neither", count(test["neither"])),
        ),
    )


def _exported(block: PageBlock, outcome: ExerciseOutcome, steps: Steps) -> PageBlock:
    record = outcome.record
    assert record is not None
    parity, top = record["parity"], record["top"]
    first = top[0]
    sure = f"{percent(first['probability'])} sure"
    words = [f"{warning[0].upper()}{warning[1:]}." for warning in record["warnings"]]
    if record["label"] is not None:
        words.insert(
            0,
            "No photograph was named, so it was asked about an image of validation, saved as a "
            f"picture: it shows {record['label']}. A photograph of your own is harder: name it in "
            "the sheet as `export: {photo: mine.jpg}`.",
        )
    drawings: tuple[Drawing, ...] = ()
    if outcome.planned.number in steps:
        says = "How the picture became what the network saw, and what it answered."
        shown = [steps[outcome.planned.number]]
        drawings = (drawing_of("steps", says, steps_figure, shown),)
    agree = round(parity["agreement"] * parity["images"])
    return replace(
        block,
        sentence=(
            f"The file predicts as the network does: {agree} of {parity['images']} validation "
            "images get the same class, and no output differs by more than "
            f"{parity['max_difference']:.1e}. Opened again, it predicts {first['class']} for "
            f"{record['picture']}, {sure}."
        ),
        words=tuple(words),
        drawings=_named(block, drawings),
        facts=(
            ("File", record["file"]),
            ("Opened by", record["runtime"]),
            *((prediction["class"], percent(prediction["probability"])) for prediction in top),
            ("Time", duration(outcome.seconds)),
        ),
    )


def _apart(difference: Mapping[str, Any]) -> str:
    first, second = (
        "off" if difference[name] is None else difference[name] for name in ("first", "second")
    )
    return f"{first}, and {second}"


def _space_words(values: str | Mapping[str, object]) -> str:
    return values if isinstance(values, str) else ", ".join(values)


def _means(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    return tuple(
        (level.name, f"{100 * level.mean / verdict.unit:.2f} % (n = {level.n})")
        for level in verdict.levels
    )


def _seeds(study: StudyResult) -> str:
    last = max((reading.seed for reading in study.readings), default=study.spec.seed)
    return str(last) if last == study.spec.seed else f"{study.spec.seed} to {last}"


def _named(block: PageBlock, drawings: tuple[Drawing, ...]) -> tuple[Drawing, ...]:
    """`drawings` with names that are unique among all exercises."""
    return tuple(replace(drawing, name=f"{block.key}-{drawing.name}") for drawing in drawings)


def _commands(result: SheetResult, outcome: ExerciseOutcome) -> str:
    """The command that repeats an exercise in another folder, or does it in this one."""
    number = outcome.planned.number
    if not outcome.ended:
        return exercise_command(result.folder, [number], result.quick)
    if outcome.planned.exercise.kind == "question":
        return ""
    words = ["toile", "sheet", "run", str(result.folder / "sheet.yaml")]
    words += ["--only", str(number), *["--quick"] * result.quick]
    return shlex.join([*words, "--out", f"{result.folder.name}-2"])
