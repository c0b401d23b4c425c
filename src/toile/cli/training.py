"""`toile train` and `toile resume`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Epochs, Json, MovedData, OtherData, RunName
from toile.cli.hints import Open, after_training, open_report
from toile.cli.signals import Signals
from toile.cli.terminal import hint, plain, say, say_json
from toile.cli.words import amount, decimals, duration, estimate, percent, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import LiveRun, Run

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="ADDRESS=VALUE", help="Change a setting; repeatable. See toile settings."
    ),
]
Curve = Annotated[bool, typer.Option("--curve", help="Draw validation accuracy as text.")]
Page = Annotated[bool, typer.Option(help="Write report.html into the run's folder.")]
CheckpointSeconds = Annotated[
    float, typer.Option(min=0, help="Seconds between checkpoints; each epoch ends with one too.")
]
EXIT_CODES = {"finished": 0, "diverged": 3, "stopped": 130}


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE|PRESET")],
    data: OtherData = None,
    seed: Annotated[int | None, typer.Option(help="Use this seed.")] = None,
    epochs: Epochs = None,
    set_: Set = None,
    out: Annotated[str | None, typer.Option(help="The run's folder.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="RUN", help="Begin with this run's weights.")
    ] = None,
    allow_seen: Annotated[
        bool,
        typer.Option(
            "--allow-seen",
            help="With --from: allow weights that saw validation or test images; scores say so.",
        ),
    ] = False,
    curve: Curve = False,
    page: Page = True,
    open_: Open = False,
    checkpoint_seconds: CheckpointSeconds = 30.0,
    as_json: Json = False,
) -> None:
    """Train a recipe and save it as a run. Ctrl-C stops it; `toile resume` continues."""
    with Signals() as signals:
        # Imported inside the block, so that Ctrl-C while torch loads ends with a sentence too.
        from toile.cli.progress import data_progress, waiting
        from toile.recipe import parse_assignments
        from toile.runs import prepare_data, refuse_used_folder, requested_recipe

        refuse_used_folder(out)
        requested = requested_recipe(
            recipe,
            data=data,
            seed=seed,
            epochs=epochs,
            settings=parse_assignments(set_ or ()),
            start=from_,
            allow_seen=allow_seen,
        )
        with data_progress() as progress:
            prepared = prepare_data(requested.data, progress)
        with waiting("loading torch"):
            from toile.runs import begin_prepared
        with waiting("measuring the images"):
            prepared.measure()
        folder = None if out is None else Path(out)
        begin = partial(begin_prepared, requested, prepared, folder, checkpoint_seconds)
        _follow(begin, signals, curve, page or open_, as_json, open_)


def resume(
    run: RunName,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Train up to this many epochs in total.")
    ] = None,
    data: MovedData = None,
    curve: Curve = False,
    page: Page = True,
    open_: Open = False,
    checkpoint_seconds: CheckpointSeconds = 30.0,
    as_json: Json = False,
) -> None:
    """Continue a stopped, killed or finished run exactly where it stopped."""
    with Signals() as signals:
        from toile.cli.progress import data_progress, waiting
        from toile.runs import data_settings, open_run, prepare_data, refuse_to_repeat

        opened = open_run(run)
        refuse_to_repeat(opened, epochs)
        with data_progress() as progress:
            prepared = prepare_data(data_settings(opened, data), progress)
        with waiting("loading torch"):
            from toile.runs import resume_prepared
        begin = partial(resume_prepared, opened, prepared, epochs, checkpoint_seconds)
        _follow(begin, signals, curve, page or open_, as_json, open_)


def _follow(
    begin: Callable[[], "LiveRun"],
    signals: Signals,
    curve: bool,
    page: bool,
    as_json: bool,
    open_: bool,
) -> None:
    """Train and show it, to the end or a signal; then print the result and exit."""
    from toile.cli.progress import waiting
    from toile.cli.watch import Watch
    from toile.runs import read_state

    # Deferred, so that a run is in the state of a stopped one as soon as it has a file.
    with signals.deferred():
        with waiting("preparing the training"):
            live = begin()
        watch = Watch(live.fit.recipe.training.epochs, curve)
        watch.introduce(live)
        with watch:
            for event in live.events(stop=lambda: signals.stop_requested):
                watch.show(event)
    path = _page(live) if page and live.run.has_results else None
    if as_json:
        say_json(result(live.run))
    else:
        say(summary(live.run))
        if path is not None:
            say(f"report  {path}")
            hint(after_training(live.run), as_json)
    open_report(path, open_)
    raise typer.Exit(EXIT_CODES[read_state(live.run.folder).status])


def _page(live: "LiveRun") -> Path | None:
    """Write the run's page. If that fails, say why, and go on to print the score."""
    from toile.cli.progress import waiting
    from toile.workbench import write_report

    try:
        with waiting("writing the page"):
            return write_report(live.run, live.dataset)
    except ToileError as error:
        say(f"toile: its page was not written: {plain(str(error))}", err=True)
        return None


def result(run: "Run") -> dict[str, Any]:
    """A run's result for `--json`: its path, its state, and its results if it has any."""
    from toile.runs import read_state

    state = read_state(run.folder)
    results = run.results.to_json() if run.has_results else {"validation": None}
    return {
        "run": str(run.folder),
        **results,
        "state": state.status,
        "reason": state.reason,
        "notes": [*run.data.notes, *_few_steps(run)],
    }


def summary(run: "Run") -> str:
    """A run's result in words."""
    from toile.runs import read_state, scored_loss

    state = read_state(run.folder)
    ended = f"{state.status}{f' ({state.reason})' if state.reason else ''}"
    lines = [plain(f"{run.id}  {ended}")]
    if run.has_results:
        results = run.results
        lines += [
            *_scored(run),
            *_warned(run),
            *(f"note: {plain(note)}" for note in _few_steps(run)),
            (
                f"loss  {decimals(scored_loss(run))}   epochs  {results.epochs}   "
                f"parameters  {amount(results.parameters)}   "
                f"time  {duration(results.seconds.total)}"
            ),
            "",
            *_recalls(run),
        ]
    elif state.accuracy is not None:
        lines.append(f"so far {percent(state.accuracy)} on validation after {state.epoch} epochs")
        lines += _warned(run)
    else:
        lines.append("no epoch was scored")
    if state.status in ("stopped", "interrupted", "failed"):
        lines.append(f"continue from its last checkpoint with  toile resume {run.name}")
    lines.append(f"run  {plain(str(run.folder))}")
    return "\n".join(lines)


def _scored(run: "Run") -> list[str]:
    """The accuracy with its interval and what it has to beat, or why nothing was scored."""
    from toile.runs import commonest_words

    score = run.score
    if not score.n:
        return [f"not scored: {score.of}"]
    words = f"accuracy  {estimate(score.to_json())} on {score.of}; the interval is Wilson's, 95 %"
    return list(filter(None, [words, plain(commonest_words(run))]))


def _recalls(run: "Run") -> list[str]:
    """A table of each class's recall on the images that score; nothing if none are held out."""
    from toile import evaluation
    from toile.runs import scored_images

    if not run.has_validation:
        return []
    validation, names = run.validation, run.data.class_names
    among = scored_images(run.recipe, validation)
    predicted = validation.logits[among].argmax(1)
    matrix = evaluation.confusion_matrix(validation.labels[among], predicted, len(names))
    rows = [
        _recall(name, recall)
        for name, recall in zip(names, evaluation.recalls(matrix), strict=True)
    ]
    return [table(("recall", "fraction", "95 % interval", "n"), rows), ""]


def _few_steps(run: "Run") -> list[str]:
    """A note if the run has few steps, with how to get more."""
    from toile.runs import few_steps_of

    note = few_steps_of(run)
    return [note] if note else []


def _warned(run: "Run") -> list[str]:
    """The warnings that belong to the score."""
    from toile.runs import seen_words

    words = seen_words(run.recipe)
    return [f"warning: {plain(words)}"] if words else []


def _recall(name: str, recall: Any) -> tuple[str, str, str, str]:
    value = "-" if recall.n == 0 else f"{100 * recall.value:.1f} %"
    return name, value, f"{100 * recall.low:.1f} to {100 * recall.high:.1f}", str(recall.n)
