"""`toile inspect robustness`: a run's accuracy on pictures that are harder to read."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.files import Force
from toile.cli.inspect.viewing import Out, OutputOptions, Values, Weights, tell_files, write_files
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import estimate, percent, short_estimate, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from toile.evaluation import CorruptionScores
    from toile.workbench import Robustness

NoAttacks = Annotated[
    bool, typer.Option("--no-attacks", help="Leave out FGSM and PGD, which need Captum.")
]


def robustness(
    run: RunName,
    no_attacks: NoAttacks = False,
    seed: Annotated[int, typer.Option(min=0, help="The seed of directions, noise and so on.")] = 0,
    weights: Weights = "last",
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Measure accuracy on validation images that are turned, darkened, blurred or attacked."""
    options = OutputOptions(out, values, force, as_json)
    measure_robustness(run, options, weights, data, seed, attacks=not no_attacks)


def measure_robustness(
    run: str,
    options: OutputOptions,
    weights: str = "last",
    data: str | None = None,
    seed: int = 0,
    attacks: bool = True,
) -> None:
    """Measure, print and write robustness, also for `toile evaluate --robustness`."""
    from toile.cli.inspect.written import refuse_written
    from toile.cli.progress import data_progress, waiting
    from toile.runs import load_run_data, open_run

    refuse_written(options.out, options.values, options.force)
    opened = open_run(run)
    with waiting("loading torch"):
        from toile.workbench import evaluate_robustness, write_report
    with data_progress() as progress:
        measured = evaluate_robustness(
            opened, weights=weights, data=data, seed=seed, attacks=attacks, progress=progress
        )
    failures = []

    def attempt(write: Callable[[], object], words: str = "") -> bool:
        try:
            write()
        except ToileError as error:
            failures.append(f"{words}{error}")
            return False
        return True

    # Files first, since a reader such as `head` may leave before the last line; and scores that
    # took minutes are printed even if they cannot be written.
    try:
        written = attempt(lambda: write_files(options, lambda: _draw(measured), measured.values))
        if attempt(
            measured.save,
            "the scores are printed above, but could not be saved for the page and the model "
            "card: ",
        ):
            write_report(opened, None if data is None else load_run_data(opened, data=data))
    finally:
        if options.as_json:
            say_json(measured.to_json())
        else:
            say(_text(measured))
    if written:
        tell_files(options)
    if failures:
        raise ToileError("; ".join(failures))


def _draw(measured: "Robustness") -> "Figure":
    from toile.report import robustness_figure

    return robustness_figure(measured.corruptions, measured.attacked_clean, measured.attacked)


def _text(measured: "Robustness") -> str:
    names = measured.run.data.class_names
    rows = [
        (
            scores.corruption.name,
            scores.corruption.describe(level.strength),
            short_estimate(level.accuracy),
            *_hardest(scores, at, names),
        )
        for scores in measured.corruptions
        for at, level in enumerate(scores.levels)
    ]
    lines = [
        plain(measured.sentence),
        (
            f"{plain(measured.run.id)}  on {measured.of}, {measured.weights} weights, seed "
            f"{measured.seed}; intervals are 95 %"
        ),
        *([f"warning: {plain(measured.seen)}"] if measured.seen else []),
        "",
        table(("", "images", "accuracy %", "recall % of the class that loses most"), rows, left=2),
    ]
    if measured.attacked_clean is not None:
        attacks = [
            (method, f"each pixel by at most {eps} of 255", short_estimate(score))
            for method, scores in measured.attacked.items()
            for eps, score in scores
        ]
        lines += [
            "",
            (
                f"attacked: {measured.attacked_clean.n:,} of them; accuracy without attack "
                f"{short_estimate(measured.attacked_clean)} %"
            ),
            table(("attack", "change", "accuracy %"), attacks, left=2),
        ]
    lines += ["", *_no_class(measured), *(f"left out: {plain(note)}" for note in measured.left_out)]
    return "\n".join(lines)


def _hardest(scores: "CorruptionScores", at: int, names: tuple[str, ...]) -> tuple[str]:
    """The class that loses most over all strengths, with its recall at this strength."""
    hardest = scores.hardest_class
    if hardest is None:
        return ("none loses",)
    return (f"{plain(names[hardest])} {short_estimate(scores.levels[at].recalls[hardest])}",)


def _no_class(measured: "Robustness") -> list[str]:
    lines = []
    for score in measured.no_class:
        sure = (
            "" if score.sure is None else f", with a median confidence of {percent(score.sure, 1)}"
        )
        lines.append(
            f"{plain(score.kind)}, which is no class: answered "
            f"{estimate(score.answered.to_json())}{sure}"
        )
    if measured.cost is not None:
        lines.append(plain(measured.cost.sentence))
    return lines
