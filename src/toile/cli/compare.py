"""`toile compare`: how runs differ, or the levels of studies side by side."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import AllowSeen, Json, Names
from toile.cli.evaluate import mcnemar_words
from toile.cli.files import Force, output_path
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import percent, setting, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.evaluation import McNemar
    from toile.runs import Entry, Run
    from toile.workbench import ComparedRuns

LEAST_WIDE = 9
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def compare(
    names: Names,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The figure of runs' curves; compare.png in the runs' folder by default."
        ),
    ] = None,
    force: Force = False,
    allow_seen: AllowSeen = False,
    as_json: Json = False,
) -> None:
    """Show how runs differ: recipes, scores, curves. For studies: all levels side by side."""
    from toile.runs import Run, RunsFolder, refuse_unknown

    if not 2 <= len(names) <= len(LETTERS):
        raise ToileError(f"compare needs 2 to {len(LETTERS)} names and got {len(names)}")
    entries = [RunsFolder().named(name) for name in names]
    runs = [Run(entry.folder) for entry in entries if entry.kind == "run"]
    if not allow_seen:
        refuse_unknown(runs)
    if len(runs) == len(entries):
        _compare_runs(runs, out, force, as_json)
    else:
        _compare_levels(entries, as_json)


def _compare_runs(runs: "list[Run]", out: Path | None, force: bool, as_json: bool) -> None:
    from toile.cli.progress import waiting
    from toile.recipe import differing_settings
    from toile.runs import seen_json

    figure = output_path(out, "compare.png", force)
    differing = differing_settings([run.recipe for run in runs])
    # Two runs with equal ids in different folders would be one key of a dict.
    has_unlike_ids = len({run.id for run in runs}) == len(runs)
    labels = [run.id if has_unlike_ids else str(run.folder) for run in runs]
    histories = dict(zip(labels, (run.history for run in runs), strict=True))
    with waiting("drawing"):
        from toile import report

        report.save_figure(report.compare_figure(histories), figure)
    scores = [_score(run) for run in runs]
    test = _mcnemar(*runs) if len(runs) == 2 else None
    if as_json:
        say_json(
            {
                "mcnemar": test and test.to_json(),
                "runs": [str(run.folder) for run in runs],
                "recipe": [
                    {"address": address, "values": list(values)}
                    for address, values in differing.items()
                ],
                "scores": scores,
                "seen": [seen_json(run.recipe) for run in runs],
                "figure": str(figure),
            }
        )
        return
    say(_runs_words(runs, labels, scores))
    if test is not None:
        say(mcnemar_words(runs[0], runs[1], test))
    say(
        "Each is one run: another seed may reverse the order, so this shows no winner. "
        "toile study repeats both and gives a verdict."
    )
    say(f"wrote {figure}")


def _runs_words(
    runs: "list[Run]",
    labels: list[str],
    scores: "list[dict[str, Any] | None]",
) -> str:
    from toile.recipe import differing_parts
    from toile.runs import seen_words

    differing, alike = differing_parts([run.recipe for run in runs])
    lines = [f"{letter}  {label}" for letter, label in zip(LETTERS, map(plain, labels))]  # noqa: B905
    longest = max(map(len, differing), default=0)
    # JSON has the full values; of a hash or a path both ends are enough to recognise it.
    wide = (shutil.get_terminal_size().columns - longest) // len(runs) - 2
    rows = [
        [address, *(_cut(plain(setting(value)), max(wide, LEAST_WIDE)) for value in values)]
        for address, values in differing.items()
    ]
    rows += [
        ["accuracy", *(percent(score["value"]) if score else "-" for score in scores)],
        [
            "95 % interval",
            *(_ends(score["low"], score["high"]) if score else "-" for score in scores),
        ],
        ["images", *(str(score["n"]) if score else "-" for score in scores)],
    ]
    lines += ["", table(("", *LETTERS[: len(runs)]), rows), ""]
    lines.append(f"{alike} other settings are equal")
    for letter, run in zip(LETTERS, runs):  # noqa: B905
        if words := seen_words(run.recipe):
            lines.append(f"warning: {letter}: {plain(words)}")
    if not _have_same_images(runs):
        lines.append("their data differ, so their scores are of different images")
    return "\n".join(lines)


def _have_same_images(runs: "Sequence[Run]") -> bool:
    from toile.runs import score_same_images

    return len({run.data.original_fingerprint for run in runs}) == 1 or score_same_images(runs)


def _cut(text: str, wide: int) -> str:
    """`text` in at most `wide` letters: the start of a list, or else the start and the end."""
    if len(text) <= wide:
        return text
    if ", " in text:
        return f"{text[: wide - 2]}.."
    end = (wide - 2) // 2
    return f"{text[: wide - 2 - end]}..{text[-end:]}"


def _compare_levels(entries: "list[Entry]", as_json: bool) -> None:
    from toile.workbench import sides_of

    sides = [side for entry in entries for side in sides_of(entry)]
    if not sides:
        raise ToileError("none of them has a finished reading, so there is nothing to compare")
    is_same = _have_same_images([side.run for side in sides])
    if as_json:
        rows = [
            side.level.to_json()
            | {"of": side.of, "level": side.level.name, "seen": side.seen or None}
            for side in sides
        ]
        say_json({"levels": rows, "same_data": is_same})
        return
    say(_levels_table(sides))
    for side in sides:
        if side.seen:
            say(f"warning: {plain(side.of)}, {plain(side.level.name)}: {plain(side.seen)}")
    if not is_same:
        say("their data differ, so their scores are of different images")
    say(
        "Each interval is of one level. Levels that are not of one study get no verdict; for a "
        "verdict, put them into one study."
    )
    if any(entry.kind == "run" for entry in entries):
        say("To see in what runs differ, name only runs; toile runs lists them.")


def _levels_table(sides: "Sequence[ComparedRuns]") -> str:
    rows = [
        (
            side.of,
            side.level.name,
            str(side.level.n),
            percent(side.level.mean),
            _ends(side.level.low, side.level.high) if side.level.n > 1 else "-",
        )
        for side in sides
    ]
    return table(("", "level", "n", "mean", "95 % interval"), rows, left=2)


def _ends(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f}"


def _mcnemar(first: "Run", second: "Run") -> "McNemar | None":
    """McNemar's test, if both runs have predictions for the same images."""
    from toile.runs import compare_predictions, same_validation_images

    ended = all(run.has_validation for run in (first, second))
    return (
        compare_predictions(first, second, allow_seen=True)
        if ended and same_validation_images(first, second)
        else None
    )


def _score(run: "Run") -> dict[str, Any] | None:
    return run.score.to_json() if run.has_results else None
