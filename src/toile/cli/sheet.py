"""`toile sheet`: a lab sheet taken, written, listed and shown."""

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

app = new_app("Lab sheets: exercises that are done in order, and answered by a report.")
Name = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A sheet's file, or fashion-lab.")]
IsQuick = Annotated[
    bool, typer.Option("--quick", help="Few images, epochs and readings, to try it.")
]


@app.command(cls=Command)
def run(
    sheet: Name,
    quick: IsQuick = False,
    only: Annotated[
        str | None, typer.Option(metavar="2,5", help="Some of the exercises, by number.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="The sheet's folder itself.")] = None,
    workers: Workers = None,
    on: On = "local",
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask on a terminal what is expected.")
    ] = True,
    open_: Open = False,
    as_json: Json = False,
) -> None:
    """Do the exercises of a sheet in order and write its report.

    Asked again, it continues with what is missing; stopping or killing it loses nothing.
    """
    if out == "":
        raise ToileError("--out is empty; name a folder for the sheet")
    started = time.monotonic()
    with Signals("the same command continues it") as signals:
        from toile.cli.progress import data_progress, waiting
        from toile.workbench import run_sheet

        numbers = None if only is None else numbers_in(only)
        with data_progress() as progress:
            live = run_sheet(
                sheet, quick=quick, only=numbers, out=out, workers=workers, on=on, progress=progress
            )
        for note in live.notes:
            tell(plain(f"note: {note}"))
        with live.taking():
            _take_all(live, ask and sys.stdin.isatty() and not as_json, signals)
        result = live.result
        from toile.workbench import write_sheet_report

        with waiting("writing the report"):
            report = write_sheet_report(result)[0]
        taken = time.monotonic() - started
        if as_json:
            say_json(result.to_json() | {"report": str(report), "wall_seconds": taken})
        else:
            asked = {one.planned.number for one in live.exercises}
            taken_now = [one for one in result.outcomes if one.planned.number in asked]
            say(outcomes_words(taken_now, quick))
            say(f"\n{duration(result.seconds)} of training; this took {duration(taken)}")
            say(f"report  {report}")
        open_report(report, open_)
        if signals.asked:
            say(f"toile: stopped; {signals.goes_on}", err=True)
    raise typer.Exit(STOPPED if signals.asked else 0)


@app.command(cls=Command)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sheet to write.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="A sheet of Toile's, as it is.")
    ] = None,
) -> None:
    """Write a sheet to edit: an example that works, each setting explained."""
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

    found = list_sheets()
    if as_json:
        rows = [
            {"name": name, "title": one.title, "exercises": len(one.exercises)}
            for name, one in found.items()
        ]
        say_json({"sheets": rows})
        return
    say(
        table(
            ("sheet", "title", "exercises"),
            [(name, one.title, str(len(one.exercises))) for name, one in found.items()],
            left=2,
        )
    )


@app.command(cls=Command)
def show(sheet: Name, quick: IsQuick = False, as_json: Json = False) -> None:
    """Show a sheet's exercises and how much they train, every level checked."""
    from toile.sheets import plan_sheet, read_sheet

    read = read_sheet(sheet)
    planned = plan_sheet(read, quick)
    trainings, epochs = (
        sum(getattr(one, name) for one in planned) for name in ("trainings", "epochs")
    )
    if as_json:
        rows = [_planned_json(one) for one in planned]
        say_json({"title": read.title, "trainings": trainings, "epochs": epochs, "exercises": rows})
        return
    say(plain(read.title))
    heads = ("", "exercise", "kind", "trainings", "epochs at most")
    head, *lines = table(heads, [_planned_row(one) for one in planned], left=3).split("\n")
    say(head)
    for line, one in zip(lines, planned, strict=True):
        say(line)
        if levels := _levels_words(one):
            say(textwrap.fill(plain(levels), 80, initial_indent="     ", subsequent_indent="     "))
    say(f"{trainings} trainings, up to {epochs} epochs")


def numbers_in(text: str) -> list[int]:
    """The numbers of `2,5` and `2-4`."""
    numbers: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part.strip())
        span = range(int(found[1]), int(found[2] or found[1]) + 1) if found else ()
        if not span:
            raise ToileError(f"--only is {text!r}; write numbers of exercises, as in 2,5 or 2-4")
        numbers += span
    return numbers


def _ask(live: "LiveSheet", exercises: "list[Planned]") -> None:
    """Ask for what has no answer yet; an empty one is none."""
    from toile.sheets import keep_answer, read_answers

    answered = read_answers(live.folder)
    for one in exercises:
        if one.number in answered:
            continue
        line = f"{one.number}. {one.exercise.title}. {one.exercise.question}"
        say(f"\n{plain(line)}", err=True)
        asked = plain(one.exercise.expect) or "Your answer"
        text = ask_text(asked)
        if text:
            keep_answer(live.folder, one.number, text)


def _take_all(live: "LiveSheet", asks: bool, signals: Signals) -> None:
    """Take the exercises in order, to the last or to a signal."""
    if asks:
        _ask(live, [one.planned for one in live.exercises if one.planned.exercise.expect])
    for exercise in live.exercises:
        _take(live, exercise, signals)
        if asks and exercise.planned.exercise.kind == "question":
            _ask(live, [exercise.planned])
        if signals.asked:
            break


def _take(live: "LiveSheet", exercise: "LiveExercise", signals: Signals) -> None:
    """Take one exercise to its end or a signal, showing it."""
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
            for event in work.events(stop=lambda: signals.asked):
                watch.show(event)
    if not signals.asked:
        with data_progress() as progress:
            live.conclude(exercise, progress)


def outcomes_words(outcomes: "Sequence[ExerciseOutcome]", quick: bool) -> str:
    """What was expected of each exercise, and what came of it."""
    lines = []
    if quick:
        lines.append(
            "QUICK: few images, epochs and readings; it says nothing about the exercises.\n"
        )
    for one in outcomes:
        exercise = one.planned.exercise
        lines.append(f"{one.planned.number}. {plain(exercise.title)}")
        said = "answered" if exercise.kind == "question" else "expected"
        if one.answer is not None:
            lines.append(f"   {said}: {plain(one.answer.text)}")
        if exercise.kind != "question" or one.answer is None:
            lines.append(f"   {plain(_outcome_words(one))}")
    return "\n".join(lines)


def _outcome_words(one: "ExerciseOutcome") -> str:
    from toile.searches import search_sentence
    from toile.sheets import compared_words, runs_words, study_words

    if one.search is not None:
        return search_sentence(one.search)
    if one.verdict is not None:
        return compared_words(one)
    if one.record is not None and "mcnemar" in one.record:
        return runs_words(one.record)
    if one.record is not None and "top" in one.record:
        first = one.record["top"][0]
        return (
            f"{one.record['file']} answers as the network does, and takes {one.record['picture']} "
            f"for {first['class']} ({100 * first['probability']:.1f} %)"
        )
    if one.study is not None:
        return study_words(one.study)
    undone = "to be answered in words" if one.planned.exercise.kind == "question" else "to do"
    return "done" if one.ended else undone


def _planned_json(one: "Planned") -> dict[str, object]:
    return {
        "number": one.number,
        "title": one.exercise.title,
        "kind": one.exercise.kind,
        "trainings": one.trainings,
        "epochs": one.epochs,
        "levels": [level.name for level in one.levels],
    }


def _levels_words(one: "Planned") -> str:
    if one.search is not None:
        return f"{one.search.trials} trials, {one.search.finalists} finalists"
    from toile.statistics import list_names

    return list_names([level.name for level in one.levels]) if len(one.levels) > 1 else ""


def _planned_row(one: "Planned") -> tuple[str, ...]:
    return (
        str(one.number),
        one.exercise.title,
        one.exercise.kind,
        str(one.trainings or "-"),
        str(one.epochs or "-"),
    )
