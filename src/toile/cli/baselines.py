"""`toile baselines`: what simple classifiers get of the same images."""

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
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the random forest.")] = 0,
    as_json: Json = False,
) -> None:
    """Say what simple classifiers get of the images that score a network.

    The commonest class, one nearest neighbour, logistic regression and a random forest, fitted to
    the same training images. Of a run they are compared with its network, and stand on its page.
    """
    from toile.recipe import parse_assignments

    values = parse_assignments(set_ or ())
    if odd := [address for address in values if not address.startswith("data.")]:
        raise ToileError(f"{odd[0]} is no setting of data; baselines take those alone")
    settings = {address.removeprefix("data."): value for address, value in values.items()}
    run = _run(source)
    if run is None and data is not None:
        raise ToileError(
            f"--data says where the data of a run lies now, and {source} is data itself; leave one "
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
        # Last, so that what took minutes is said whatever hinders its being kept.
        _keep(run, scores, data)


def _keep(run: "Run", scores: "BaselineScores", data: str | None) -> None:
    """Keep `scores` in the run's folder, and write its page anew, which shows them."""
    from toile.runs import load_run_data
    from toile.workbench import keep_baselines, write_report

    try:
        keep_baselines(run, scores)
    except ToileError as error:
        raise ToileError(
            f"what was measured is said above, and was not kept for the run's page: {error}"
        ) from None
    write_report(run, None if data is None else load_run_data(run, data=data))


def _run(name: str) -> "Run | None":
    """The run that is called so; None where `name` is of data.

    As elsewhere a path has a slash, and a plain name is a run's before it is a file's or folder's.
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
    """Whether it ends as a file does: `digits.npz`, where 2.5 is no ending."""
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
