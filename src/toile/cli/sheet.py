"""`toile sheet`: runs, writes, lists and shows lab sheets."""

import re
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, On, Workers
from toile.cli.commands import Command, new_app
from toile.cli.hints import Open, open_report
from toile.cli.signals import STOPPED, Signals
from toile.cli.terminal import ask_text, plain, say, say_json, tell
from toile.cli.words import duration, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.sheets import ExerciseOutcome, Planned
    from toile.workbench import LiveExercise, LiveSheet

app = new_app("Lab sheets: exercises that run in order, with a report of the results.")
Name = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A sheet's file, or fashion-lab.")]
IsQuick = Annotated[
    bool, typer.Option("--quick", help="A trial with few images, epochs and readings.")
]


@app.command(cls=Command)
def run(
    sheet: Name,
    quick: IsQuick = False,
    only: Annotated[
        str | None, typer.Option(metavar="2,5", help="Only these exercises, by number.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="The sheet's folder.")] = None,
    workers: Workers = None,
    on: On = "local",
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask on the terminal what you expect.")
    ] = True,
    open_: Open = False,
    as_json: Json = False,
) -> None:
    """Run the exercises of a sheet in order, and write its report.

    The same command again continues with what is missing; stopping or killing it loses nothing.
    """
    if out == "":
        raise ToileError("--out is empty; name a folder for the sheet")
    started = time.monotonic()
    with Signals("the same command continues it") as signals:
        from toile.cli.progress import data_progress, waiting
        from toile.workbench import run_sheet

        exercise_numbers = None if only is None else parse_numbers(only)
        with data_progress() as progress:
            live = run_sheet(
                sheet,
                quick=quick,
                only=exercise_numbers,
                out=out,
                workers=workers,
                on=on,
                progress=progress,
            )
        for note in live.notes:
            tell(plain(f"note: {note}"))
        with live.held():
            _run_all(live, ask and sys.stdin.isatty() and not as_json, signals)
        result = live.result
        from toile.workbench import write_sheet_report

        with waiting("writing the report"):
            report = write_sheet_report(result)[0]
        wall_seconds = time.monotonic() - started
        if as_json:
            say_json(result.to_json() | {"report": str(report), "wall_seconds": wall_seconds})
        else:
            requested = {exercise.planned.number for exercise in live.exercises}
            outcomes = [
                outcome for outcome in result.outcomes if outcome.planned.number in requested
            ]
            say(outcomes_words(outcomes, quick))
            say(f"\n{duration(result.seconds)} of training; this took {duration(wall_seconds)}")
            say(f"report  {report}")
        open_report(report, open_)
        if signals.stop_requested:
            say(f"toile: stopped; {signals.goes_on}", err=True)
    raise typer.Exit(STOPPED if signals.stop_requested else 0)


@app.command(cls=Command)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sheet to write.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Copy this sheet of Toile.")
    ] = None,
) -> None:
    """Write a sheet file to edit: a working example that explains each setting."""
    from importlib.resources import files

    from toile.sheets import sheet_path

    if file.exists():
        raise ToileError(f"{file} is there already; name a new file, nothing was written")
    example = files("toile.sheets").joinpath("example.yaml").read_text()
    try:
        file.write_text(example if source is None else sheet_path(source).read_text())
    except OSError as error:
        raise ToileError(f"{file} cannot be written: {error.strerror}") from None
    say(f"wrote {file}; run it with  toile sheet run {file}")


@app.command("list", cls=Command)
def list_(as_json: Json = False) -> None:
    """List the sheets that come with Toile."""
    from toile.sheets import list_sheets

    sheets = list_sheets()
    if as_json:
        rows = [
            {"name": name, "title": sheet.title, "exercises": len(sheet.exercises)}
            for name, sheet in sheets.items()
        ]
        say_json({"sheets": rows})
        return
    say(
        table(
            ("sheet", "title", "exercises"),
            [(name, sheet.title, str(len(sheet.exercises))) for name, sheet in sheets.items()],
            left=2,
        )
    )


@app.command(cls=Command)
def show(sheet: Name, quick: IsQuick = False, as_json: Json = False) -> None:
    """Check a sheet, and show its exercises and how much they train."""
    from toile.sheets import plan_sheet, read_sheet, refuse_fixed_seeds, single_readings

    read = read_sheet(sheet)
    planned = plan_sheet(read, quick)
    refuse_fixed_seeds(read, planned)
    trainings, epochs = (
        sum(getattr(plan, name) for plan in planned) for name in ("trainings", "epochs")
    )
    if as_json:
        rows = [_planned_json(plan) for plan in planned]
        say_json({"title": read.title, "trainings": trainings, "epochs": epochs, "exercises": rows})
        return
    say(plain(read.title))
    heads = ("", "exercise", "kind", "trainings", "epochs at most")
    head, *lines = table(heads, [_planned_row(plan) for plan in planned], left=3).split("\n")
    say(head)
    for line, plan in zip(lines, planned, strict=True):
        say(line)
        if levels := _levels_words(plan):
            say(textwrap.fill(plain(levels), 80, initial_indent="     ", subsequent_indent="     "))
    say(f"{trainings} trainings, up to {epochs} epochs")
    for note in single_readings(planned):
        tell(plain(f"note: {note}"))


def parse_numbers(text: str) -> list[int]:
    """The numbers in texts such as `2,5` and `2-4`. Raises ToileError for other texts."""
    exercise_numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part.strip())
        span = range(int(match[1]), int(match[2] or match[1]) + 1) if match else ()
        if not span:
            raise ToileError(f"--only is {text!r}; write numbers of exercises, such as 2,5 or 2-4")
        exercise_numbers += span
    return exercise_numbers


def _ask(live: "LiveSheet", exercises: "list[Planned]") -> None:
    """Ask for the missing answers; an empty line skips one."""
    from toile.sheets import keep_answer, read_answers

    answered = read_answers(live.folder)
    for plan in exercises:
        if plan.number in answered:
            continue
        line = f"{plan.number}. {plan.exercise.title}. {plan.exercise.question}"
        say(f"\n{plain(line)}", err=True)
        prompt = plain(plan.exercise.expect) or "Your answer"
        text = ask_text(prompt)
        if text:
            keep_answer(live.folder, plan.number, text)


def _run_all(live: "LiveSheet", asks: bool, signals: Signals) -> None:
    """Run the exercises in order, to the end or a signal."""
    if asks:
        _ask(live, [item.planned for item in live.exercises if item.planned.exercise.expect])
    for exercise in live.exercises:
        _run_exercise(live, exercise, signals)
        if asks and exercise.planned.exercise.kind == "question":
            _ask(live, [exercise.planned])
        if signals.stop_requested:
            break


def _run_exercise(live: "LiveSheet", exercise: "LiveExercise", signals: Signals) -> None:
    """Run and show one exercise, to its end or a signal."""
    from toile.cli.progress import data_progress
    from toile.cli.search import follow as follow_search
    from toile.cli.study_watch import StudyWatch
    from toile.searches import LiveSearch

    planned, work = exercise.planned, exercise.work
    tell(plain(f"{planned.number}. {planned.exercise.title}"))
    if isinstance(work, LiveSearch):
        follow_search(work, signals)
    elif work is not None:
        with StudyWatch(work.result, work.workers) as watch, signals.deferred():
            for event in work.events(stop=lambda: signals.stop_requested):
                watch.show(event)
    if not signals.stop_requested:
        with data_progress() as progress:
            live.conclude(exercise, progress)


def outcomes_words(outcomes: "Sequence[ExerciseOutcome]", quick: bool) -> str:
    """Each exercise's expected answer and its result."""
    from toile.statistics import explained_once

    lines = []
    if quick:
        lines.append(
            "QUICK: few images, epochs and readings; these results do not answer the exercises.\n"
        )
    for outcome in outcomes:
        exercise = outcome.planned.exercise
        lines.append(f"{outcome.planned.number}. {plain(exercise.title)}")
        label = "answered" if exercise.kind == "question" else "expected"
        if outcome.answer is not None:
            lines.append(f"   {label}: {plain(outcome.answer.text)}")
        if exercise.kind != "question" or outcome.answer is None:
            lines.append(f"   {plain(_outcome_words(outcome))}")
    return "\n".join(explained_once(lines))


def _outcome_words(outcome: "ExerciseOutcome") -> str:
    from toile.searches import search_sentence
    from toile.sheets import compared_words, runs_words, study_words

    if outcome.search is not None:
        return search_sentence(outcome.search)
    if outcome.verdict is not None:
        return compared_words(outcome)
    if outcome.record is not None and "mcnemar" in outcome.record:
        return runs_words(outcome.record)
    if outcome.record is not None and "top" in outcome.record:
        first = outcome.record["top"][0]
        return (
            f"{outcome.record['file']} predicts as the network does, and predicts {first['class']} "
            f"for {outcome.record['picture']} ({100 * first['probability']:.1f} %)"
        )
    if outcome.study is not None:
        return study_words(outcome.study)
    if outcome.is_unanswered:
        return (
            "to be answered in words: the same command asks for it in a terminal; or write "
            f"`exercise-{outcome.planned.number}: your answer` into "
            f"{outcome.folder.parent / 'answers.yaml'} and run it again"
        )
    return "done" if outcome.ended else "to do"


def _planned_json(plan: "Planned") -> dict[str, object]:
    return {
        "number": plan.number,
        "title": plan.exercise.title,
        "kind": plan.exercise.kind,
        "trainings": plan.trainings,
        "epochs": plan.epochs,
        "levels": [level.name for level in plan.levels],
    }


def _levels_words(plan: "Planned") -> str:
    if plan.search is not None:
        return f"{plan.search.trials} trials, {plan.search.finalists} finalists"
    from toile.statistics import list_names

    return list_names([level.name for level in plan.levels]) if len(plan.levels) > 1 else ""


def _planned_row(plan: "Planned") -> tuple[str, ...]:
    return (
        str(plan.number),
        plan.exercise.title,
        plan.exercise.kind,
        str(plan.trainings or "-"),
        str(plan.epochs or "-"),
    )
