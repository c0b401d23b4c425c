"""`toile study`: compares levels by repeated readings."""

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Epochs, Json, Margin, OtherData, Workers
from toile.cli.commands import Command, GroupWithDefault, new_app
from toile.cli.hints import Open, after_study, open_report
from toile.cli.signals import STOPPED, Signals
from toile.cli.study_words import ahead, left_undone, summary
from toile.cli.terminal import hint, plain, say, say_json, tell
from toile.cli.training import Set
from toile.cli.words import duration
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.studies import LiveStudy, StudyResult

DIVERGED = 3

app = new_app(
    "Compare settings by repeated runs, and give a verdict.",
    cls=GroupWithDefault,
    no_args_is_help=True,
)
Source = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE|FILE.yaml|STUDY",
        help="The recipe or study file; or a study to continue: its folder, name or last.",
    ),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary", metavar="ADDRESS=V1,V2,...", help="Values to compare; several make a grid."
    ),
]
Worth = Annotated[
    str | None,
    typer.Option(
        metavar="augmentation",
        help="Measure what each augmentation is worth: leave out, or add, one at a time.",
    ),
]
UntilDecided = Annotated[
    bool, typer.Option("--until-decided", help="Add readings until all pairs are decided.")
]
Budget = Annotated[
    str | None, typer.Option(metavar="20m", help="The most time for --until-decided.")
]
Reach = Annotated[
    list[float] | None,
    typer.Option(min=0, max=1, help="Report when this accuracy was reached; repeatable."),
]
OnAny = Annotated[
    str, typer.Option(help="Where readings are trained: local (in processes), inline or ray.")
]
Cpus = Annotated[float | None, typer.Option(help="On ray: CPUs for each reading; 1 by default.")]
Gpus = Annotated[float | None, typer.Option(help="On ray: the fraction of a GPU for each reading.")]


@app.command("run", cls=Command)
def run(
    source: Source,
    vary: Vary = None,
    worth: Worth = None,
    readings: Annotated[int | None, typer.Option(help="Runs of each level; 5 by default.")] = None,
    set_: Set = None,
    data: OtherData = None,
    epochs: Epochs = None,
    seed: Annotated[int | None, typer.Option(help="The first reading's seed.")] = None,
    folds: Annotated[int | None, typer.Option(help="Cross-validate with so many folds.")] = None,
    margin: Margin = None,
    reach: Reach = None,
    name: Annotated[str | None, typer.Option(help="The study's name.")] = None,
    out: Annotated[str | None, typer.Option(help="The study's folder.")] = None,
    workers: Workers = None,
    add_readings: Annotated[
        int, typer.Option(min=0, help="Add so many readings to each level.")
    ] = 0,
    until_decided: UntilDecided = False,
    budget: Budget = None,
    open_test: Annotated[
        bool, typer.Option("--open-test", help="At the end score all on the test part: one look.")
    ] = False,
    why: Annotated[str, typer.Option(help="The reason for the look, saved in the ledger.")] = "",
    page: Annotated[bool, typer.Option(help="Write report.html into the study's folder.")] = True,
    open_: Open = False,
    on: OnAny = "local",
    cpus_per_reading: Cpus = None,
    gpus_per_reading: Gpus = None,
    as_json: Json = False,
) -> None:
    """Compare settings by repeated runs, and give a verdict.

    The same command again continues with what is missing; stopping or killing it loses nothing.
    """
    _refuse(budget if not until_decided else None, why if not open_test else "", out)
    started = time.monotonic()
    with Signals("the same command continues it") as signals:
        from toile import studies
        from toile.cli.progress import data_progress
        from toile.recipe import parse_assignments

        with data_progress() as progress:
            live = studies.study(
                source,
                vary=dict(map(studies.parse_factor, vary or ())),
                worth=worth,
                readings=readings,
                settings=parse_assignments(set_ or ()),
                data=data,
                epochs=epochs,
                seed=seed,
                folds=folds,
                reach=reach or None,
                margin=None if margin is None else margin / 100,
                name=name,
                out=out,
                workers=workers,
                add_readings=add_readings,
                until_decided=until_decided,
                budget_seconds=None if budget is None else seconds_in(budget),
                on=on,
                cpus_per_reading=cpus_per_reading,
                gpus_per_reading=gpus_per_reading,
                progress=progress,
            )
        signals.goes_on = f"toile study {live.folder} continues it"
        _follow(live, signals)
        result = live.result
        if open_test and result.ended:
            result = _open_test(result, why)
        path = _write_page(result) if page or open_ else None
        _say(result, time.monotonic() - started, path, as_json)
        for line in left_undone(live, result, open_test):
            tell(line)
        hint(after_study(result), as_json)
        open_report(path, open_)
        if signals.stop_requested:
            say(f"toile: stopped; {signals.goes_on}", err=True)
    raise typer.Exit(_exit_code(result, signals.stop_requested))


@app.command("new", cls=Command)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The study file to write.")],
) -> None:
    """Write a study file to edit: a working example that explains each setting."""
    from importlib.resources import files

    if file.exists():
        raise ToileError(f"{file} is there already; name a new file, nothing was written")
    example = files("toile.studies").joinpath("example.yaml").read_text()
    try:
        file.write_text(example)
    except OSError as error:
        raise ToileError(f"{file} cannot be written: {error.strerror}") from None
    say(f"wrote {file}; run it with  toile study {file}")


def _refuse(budget: str | None, why: str, out: str | None) -> None:
    """Refuse a `budget` or `why` whose main option is missing, and an empty `out`."""
    if budget is not None:
        raise ToileError("--budget is the time limit of --until-decided; add that, or leave it out")
    if why:
        raise ToileError("--why is the reason for --open-test; add that, or leave it out")
    if out == "":
        raise ToileError("--out is empty; name a folder for the study")


def seconds_in(text: str) -> float:
    """The seconds in `90`, `90s`, `20m` or `1h30m`. Raises ToileError for other texts."""
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text.strip())
    seconds = sum(
        int(number) * unit
        for number, unit in zip(match.groups() if match else (), (3600, 60, 1), strict=False)
        if number
    )
    if not seconds:
        raise ToileError(f"--budget is {text}; write a time such as 90s, 20m or 1h30m")
    return float(seconds)


def _follow(live: "LiveStudy", signals: Signals) -> None:
    """Run and show the study, to its end or a signal."""
    from toile.cli.study_watch import StudyWatch
    from toile.studies import Looked

    result = live.result
    for line in [
        *(f"note: {note}" for note in [*live.notes, *live.few_steps]),
        *ahead(live, result),
    ]:
        tell(plain(line))
    with StudyWatch(result, live.workers) as watch, signals.deferred():
        for event in live.events(stop=lambda: signals.stop_requested):
            watch.workers = live.workers
            watch.show(event)
            if isinstance(event, Looked):
                watch.update(live.result)


def _open_test(result: "StudyResult", why: str) -> "StudyResult":
    from toile.cli.progress import data_progress
    from toile.studies import open_study_test

    with data_progress() as progress:
        return open_study_test(result, why, progress=progress)


def _write_page(result: "StudyResult") -> Path:
    from toile.cli.progress import waiting
    from toile.workbench import write_study_report

    with waiting("writing the report"):
        return write_study_report(result)[0]


def _say(result: "StudyResult", wall_seconds: float, page: Path | None, as_json: bool) -> None:
    if as_json:
        from toile.studies import study_summary

        say_json(study_summary(result) | {"wall_seconds": wall_seconds})
        return
    say(summary(result))
    say(
        f"\n{len(result.readings)} readings, {duration(result.seconds)} of training and scoring; "
        f"this took {duration(wall_seconds)}"
    )
    say(f"study  {result.folder}" if page is None else f"report  {page}")


def _exit_code(result: "StudyResult", stopped: bool) -> int:
    if stopped:
        return STOPPED
    if result.count("diverged") == len(result.readings):
        return DIVERGED
    if result.count("failed") == len(result.readings):
        raise ToileError(f"every reading failed, the first: {result.readings[0].reason}")
    return 0
