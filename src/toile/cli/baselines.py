"""`toile baselines`: the accuracy of simple classifiers on the same images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, MovedData
from toile.cli.terminal import say, say_json
from toile.cli.training import Set
from toile.cli.words import duration, estimate, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import BaselineScore, BaselineScores, Run


def baselines(
    source: Annotated[
        str, typer.Argument(metavar="RUN|DATA", help="A run, a known dataset or a path of data.")
    ],
    set_: Set = None,
    data: MovedData = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The seed of the random forest.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Measure the accuracy of simple classifiers on the images that score a network.

    They are the commonest class, one nearest neighbour, logistic regression and a random forest,
    fitted to the same training images. For a run they are compared with its network, on its page.
    """
    from toile.recipe import parse_assignments

    values = parse_assignments(set_ or ())
    if odd := [address for address in values if not address.startswith("data.")]:
        raise ToileError(
            f"{odd[0]} is no setting of data; baselines have only those, such as data.size_px"
        )
    settings = {address.removeprefix("data."): value for address, value in values.items()}
    run = _run(source)
    if run is None and data is not None:
        raise ToileError(
            f"--data says where the data of a run is now, and {source} is data itself; leave one "
            "of the two out"
        )
    from toile.cli.progress import data_progress
    from toile.workbench import baselines as measure

    with data_progress() as progress:
        scores = measure(
            run or source, settings=settings, data=data, seed=seed, keep=False, progress=progress
        )
    if as_json:
        say_json(scores.model_dump(mode="json") | {"run": None if run is None else str(run.folder)})
    else:
        say(_text(scores, run))
    if run is not None:
        # Last, so that scores which took minutes are printed even if they cannot be saved.
        _keep(run, scores, data)


def _keep(run: "Run", scores: "BaselineScores", data: str | None) -> None:
    """Save `scores` in the run's folder, and rewrite its page to show them."""
    from toile.runs import load_run_data
    from toile.workbench import keep_baselines, write_report

    try:
        keep_baselines(run, scores)
    except ToileError as error:
        raise ToileError(
            f"the scores are printed above, but could not be saved for the run's page: {error}"
        ) from None
    write_report(run, None if data is None else load_run_data(run, data=data))


def _run(name: str) -> "Run | None":
    """The run called `name`; None if `name` is data.

    As elsewhere a path has a slash, and a plain name is first looked up among the runs.
    """
    from toile.data import list_sources
    from toile.runs import Run, RunsFolder, is_path, is_run, open_run

    if name in [known.name for known in list_sources()]:
        return None
    path = Path(name).expanduser()
    if is_path(name) and path.exists() and not is_run(path):
        return None
    entry = RunsFolder().find(path if is_path(name) else name, "run")
    if entry is not None:
        return Run(entry.folder)
    if is_path(name) or path.exists() or _is_file_name(path):
        return None
    return open_run(name)


def _is_file_name(path: Path) -> bool:
    """Whether it has a suffix, as `digits.npz` has; the 5 of 2.5 is none."""
    return path.suffix[1:2].isalpha()


def _text(scores: "BaselineScores", run: "Run | None") -> str:
    heads = ["", "accuracy on " + scores.of, "time"]
    rows = [_row(score) for score in scores.scores]
    if run is not None:
        heads.append("the network is better by")
        score = estimate(run.results.score.to_json()) if run.has_results else "-"
        rows.append([f"the network of {run.id}", score, "", ""])
    lines = [table(heads, rows), f"fitted to {scores.fitted_to}"]
    lines += [f"{score.name}: {score.note}" for score in scores.scores if score.note]
    if run is not None:
        from toile.runs import seen_words

        lines += [seen_words(run.recipe)] * bool(seen_words(run.recipe))
    return "\n".join(lines)


def _row(score: "BaselineScore") -> list[str]:
    cells = [score.name, estimate(score.accuracy.model_dump()), duration(score.seconds)]
    if score.difference is not None:
        change = score.difference
        ends = f"{100 * change.low:+.2f} to {100 * change.high:+.2f}"
        cells.append(f"{100 * change.value:+.2f} points ({ends})")
    return cells
