"""`toile evaluate` and `toile looks`: a run's scores, and all looks at test parts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import AllowSeen, Json, MovedData, RunName
from toile.cli.files import Force, make_folder
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import decimals, estimate, numbered, percent, short_estimate, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.evaluation import Estimate, McNemar
    from toile.runs import Evaluated, Run

MOST_CLASSES_TABLED = 20
MOST_PAIRS = 5
FIGURES = ("confusion.png", "reliability.png", "mistakes.png")


def evaluate(
    run: RunName,
    open_test: Annotated[
        bool,
        typer.Option("--open-test", help="Look at the sealed test part; every look is counted."),
    ] = False,
    why: Annotated[str, typer.Option(help="The reason for the look, saved in the ledger.")] = "",
    weights: Annotated[
        str, typer.Option(help="With --open-test or --robustness: last or best.")
    ] = "last",
    data: MovedData = None,
    against: Annotated[
        str | None, typer.Option(metavar="RUN", help="McNemar's test against this run.")
    ] = None,
    allow_seen: AllowSeen = False,
    figures: Annotated[
        Path | None,
        typer.Option(help="Write confusion, reliability and mistakes as PNG into this folder."),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Measure accuracy on harder validation images, as toile inspect robustness does.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PNG|SVG", help="With --robustness: draw the figure here."),
    ] = None,
    values: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="With --robustness: write the logits here.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show a run's accuracy, precision, recall, F1, confusion and calibration, with intervals."""
    from toile.cli.progress import data_progress
    from toile.runs import open_run

    if robustness:
        _refuse_beside_robustness(open_test, why, against, figures)
        from toile.cli.inspect.robustness import measure_robustness
        from toile.cli.inspect.viewing import OutputOptions

        measure_robustness(run, OutputOptions(out, values, force, as_json), weights, data)
        return
    if out is not None or values is not None:
        raise ToileError("--out and --values go with --robustness; --figures draws the scores")
    opened = open_run(run)
    # Refuse what can be refused before a look is counted.
    compared = None if against is None else _compare(opened, against, open_test, allow_seen)
    if figures is not None:
        make_folder(figures, "--figures", FIGURES, force)
    from toile.runs import evaluate as judge

    with data_progress() as progress:
        judged = judge(
            opened,
            open_test=open_test,
            why=why,
            weights=weights,
            # Figures of validation need the data; its scores do not.
            data=None if figures is not None and not open_test else data,
            progress=progress,
        )
    written: list[Path] = []
    try:
        if figures is not None:
            written = _draw(judged, figures, data)
        if open_test:
            _renew_page(opened, data)
    finally:
        # The score cost a look, so it is printed even if a figure fails.
        _say(judged, compared, written, as_json)


def _refuse_beside_robustness(
    open_test: bool, why: str, against: str | None, figures: Path | None
) -> None:
    options = {"--open-test": open_test, "--why": why, "--against": against, "--figures": figures}
    for option, value in options.items():
        if value:
            raise ToileError(f"--robustness uses validation images only; leave {option} out")


def _compare(
    first: "Run", against: str, open_test: bool, allow_seen: bool
) -> "tuple[Run, McNemar]":
    """The run called `against`, and McNemar's test of the two on validation."""
    from toile.runs import compare_predictions, open_run

    second = open_run(against)
    if open_test:
        raise ToileError("--against compares predictions on validation; leave --open-test out")
    return second, compare_predictions(first, second, allow_seen=allow_seen)


def _renew_page(run: "Run", data: str | None) -> None:
    """Rewrite the run's page with the new count of looks."""
    # Imported here, since drawing takes a while to import.
    from toile.runs import load_run_data
    from toile.workbench import write_report

    write_report(run, None if data is None else load_run_data(run, data=data))


def _say(
    judged: "Evaluated",
    compared: "tuple[Run, McNemar] | None",
    written: list[Path],
    as_json: bool,
) -> None:
    if as_json:
        record = judged.to_json() | {"files": [str(path) for path in written]}
        if compared is not None:
            second, test = compared
            record["mcnemar"] = test.to_json() | {"against": str(second.folder)}
        say_json(record)
        return
    say(_judgement(judged))
    if compared is not None:
        say(mcnemar_words(judged.run, *compared))
    for path in written:
        say(f"wrote {path}")


def looks(as_json: Json = False) -> None:
    """List every look at a test part, with its reason and score."""
    from toile.runs import RunsFolder, read_ledger

    ledger = read_ledger()
    if as_json:
        say_json({"looks": [look.to_json() for look in ledger]})
        return
    if not ledger:
        say(f"no test part was opened from {RunsFolder().folder}")
        return
    rows = [
        (
            look.when,
            look.run,
            look.test[:8],
            look.weights,
            str(look.networks),
            _estimate(look.score.accuracy) if look.score else "no score followed",
        )
        for look in ledger
    ]
    heads = ("when", "run", "test part", "weights", "networks", "accuracy")
    may_drop = ("weights", "networks", "test part")
    head, *lines = table(heads, rows, left=len(heads), may_drop=may_drop).split("\n")
    say(head)
    for line, look in zip(lines, ledger, strict=True):
        say(f"{line}\n    {plain(look.why)}")
    for look in ledger:
        if look.score and look.score.seen:
            say(f"warning: {plain(look.run)}: {plain(look.score.seen)}")


def mcnemar_words(first: "Run", second: "Run", test: "McNemar") -> str:
    """McNemar's test in words; it compares two trained networks, not their recipes."""
    differing = test.only_first + test.only_second
    n = test.both + differing + test.neither
    better = first if test.only_first > test.only_second else second
    conclusion = (
        f"{better.name} predicts more of these images right"
        if test.p < 0.05
        else "these images show no difference between the two networks"
    )
    return (
        f"on the {n} images of both: only {first.name} right {test.only_first}, only "
        f"{second.name} right {test.only_second}, both {test.both}, neither {test.neither}\n"
        f"McNemar's exact test: p = {test.p:.3g}; {conclusion} (this is about these two trained "
        "networks, not their recipes: with another seed it may be the other way round)"
    )


def _draw(judged: "Evaluated", folder: Path, data: str | None) -> list[Path]:
    from toile.cli.progress import waiting

    with waiting("drawing"):
        from toile import report
        from toile.workbench import mistakes_of

        names = judged.run.data.class_names
        plots = {
            FIGURES[0]: report.confusion_figure(judged.judgement.matrix, names),
            FIGURES[1]: report.reliability_figure(judged.judgement.calibration.bins),
        }
        # No pictures of the test part are shown: people would make choices by them.
        if judged.look is None and judged.judgement.most_confused:
            plots[FIGURES[2]] = mistakes_of(judged.run, data)
        for name, figure in plots.items():
            report.save_figure(figure, folder / name)
    return [folder / name for name in plots]


def _judgement(judged: "Evaluated") -> str:
    result, names = judged.judgement, judged.run.data.class_names
    lines = [
        f"{plain(judged.run.id)}  on {judged.of}, {judged.weights} weights",
        f"accuracy  {_estimate(result.accuracy)}; intervals are 95 %",
        *_commonest(judged),
        *([f"warning: {plain(judged.seen)}"] if judged.seen else []),
        f"top-2 accuracy  {_estimate(result.top2)}",
        f"loss  {decimals(result.loss)}",
        "",
        _classes(judged),
        "",
        _calibration(judged),
        *_abstention(judged),
    ]
    if len(names) <= MOST_CLASSES_TABLED:
        lines += ["", _matrix(judged)]
    lines += [
        f"{plain(names[pair.true])} taken for {plain(names[pair.predicted])}: {pair.count} "
        f"image{'s' * (pair.count != 1)}, "
        f"{percent(pair.fraction, 1)} of the class"
        for pair in result.most_confused[:MOST_PAIRS]
    ]
    return "\n".join([*lines, "", _looks(judged)])


def _commonest(judged: "Evaluated") -> list[str]:
    """The accuracy of always predicting the commonest class, if the classes are not balanced."""
    from toile.evaluation import commonest

    largest = commonest(judged.judgement.matrix.sum(axis=1))
    return [] if largest is None else [plain(largest.words(judged.run.data.class_names))]


def _abstention(judged: "Evaluated") -> list[str]:
    """How many genuine pictures get no answer, or why that is not known."""
    if judged.look is not None:
        return []
    if judged.abstention is None:
        reason = "there are too few validation images to say which pictures are unusual, so only"
        return [f"toile predict: {reason} blank and very different pictures get no answer"]
    return [f"toile predict: {judged.abstention.sentence}"]


def _classes(judged: "Evaluated") -> str:
    result = judged.judgement
    rows = [
        (
            name,
            *map(short_estimate, (scores.precision, scores.recall, scores.f1)),
            str(scores.recall.n),
        )
        for name, scores in zip(
            (*judged.run.data.class_names, "all, on average"),
            (*result.per_class, result.macro),
            strict=True,
        )
    ]
    return table(("class", "precision %", "recall %", "F1 %", "n"), rows)


def _calibration(judged: "Evaluated") -> str:
    sure = judged.judgement.calibration
    if not sure.temperature.n:
        return (
            f"calibration error  {percent(sure.error)} (n = {sure.n}); no images were held out to "
            "fit a temperature on"
        )
    return (
        f"calibration error  {percent(sure.error)}; {percent(sure.error_after)} with the logits "
        f"divided by {decimals(sure.temperature.value)} (n = {sure.n}; fitted on "
        f"{sure.temperature.n} other images)"
    )


def _matrix(judged: "Evaluated") -> str:
    names = judged.run.data.class_names
    rows = [
        (name, *map(str, row))
        for name, row in zip(numbered(names), judged.judgement.matrix.tolist(), strict=True)
    ]
    return table(("true class, by predicted", *map(str, range(len(names)))), rows) + "\n"


def _looks(judged: "Evaluated") -> str:
    if judged.look is None:
        text = f"the test part stays sealed; looks at it so far: {judged.looks}"
    else:
        text = (
            f"this was look {judged.looks} at this test part; if you choose a network by such a "
            "score, its score is too high. toile looks lists all looks"
        )
    if judged.other_looks:
        text += f"\nlooks at the same data in another size or split: {judged.other_looks}"
    return text


def _estimate(score: "Estimate") -> str:
    return estimate(score.to_json())
