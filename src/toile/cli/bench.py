"""`toile bench`: how fast training is on this machine."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, OtherData
from toile.cli.terminal import say, say_json
from toile.cli.words import bytes_text, duration, table

if TYPE_CHECKING:
    from toile.workbench import Bench

Recipes = Annotated[
    list[str] | None, typer.Argument(metavar="[RECIPE|PRESET]...", help="By default a few presets.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="ADDRESS=VALUE", help="Change a setting.")
]
TYPICAL = ("s1-lab", "s0-cnn", "quick")
SLOWER = 1.1
"""A faster configuration is named from this factor on; less is noise."""


def bench(
    recipes: Recipes = None,
    data: OtherData = None,
    set_: Set = None,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each configuration.")] = 3,
    as_json: Json = False,
) -> None:
    """Measure how fast training is here in every configuration, and what `auto` chooses and why.

    Training steps run on random pictures, at most two seconds for each measurement; the
    configurations take turns, and the medians are shown.
    """
    from toile.cli.progress import counted
    from toile.process import prepare_process

    prepare_process()
    from toile.cli.progress import waiting
    from toile.recipe import parse_assignments
    from toile.runs import requested_recipe

    settings = parse_assignments(set_ or ())
    for name in recipes or TYPICAL:
        requested_recipe(name, data=data, settings=settings)
    with waiting("loading torch"):
        from toile.workbench import bench as measure
    results = []
    for name in recipes or TYPICAL:
        with counted(f"measuring {name}") as progress:
            result = measure(name, data=data, settings=settings, rounds=rounds, progress=progress)
        results.append(result)
        if not as_json:
            say(_text(result) + "\n")
    if as_json:
        say_json([_json(result) for result in results])


def _text(result: "Bench") -> str:
    epochs, chosen = result.recipe.training.epochs, result.chosen
    total = duration(chosen.seconds_per_epoch * epochs)
    lines = [
        (
            f"{result.recipe.name}: {duration(chosen.seconds_per_epoch)} an epoch of "
            f"{result.num_images:,} images, {total} for its {epochs} epochs, "
            f"{bytes_text(result.memory_bytes)} of memory"
        ),
        *(f"  {reason}" for reason in result.reasons),
        _table(result),
    ]
    fastest = result.fastest
    if chosen.seconds_per_epoch > SLOWER * fastest.seconds_per_epoch:
        settings = " ".join(
            f"--set training.{name}={value}"
            for name, value in asdict(fastest).items()
            if name != "seconds_per_epoch" and value != getattr(chosen, name)
        )
        lines.append(f"faster in this measurement: {settings}")
    return "\n".join(lines)


def _table(result: "Bench") -> str:
    heads = ("device", "precision", "threads", "shards", "an epoch", "ratio", "")
    rows = [
        (
            way.device,
            way.precision,
            str(way.threads),
            str(way.shards),
            duration(way.seconds_per_epoch),
            f"{way.seconds_per_epoch / result.chosen.seconds_per_epoch:.2f}",
            "chosen" if way is result.chosen else "",
        )
        for way in result.ways
    ]
    return table(heads, rows, left=2)


def _json(result: "Bench") -> dict[str, object]:
    return {
        "recipe": result.recipe.name,
        "epochs": result.recipe.training.epochs,
        "images": result.num_images,
        "memory_bytes": result.memory_bytes,
        "reasons": list(result.reasons),
        "ways": [
            asdict(way) | {"chosen": way is result.chosen, "fastest": way is result.fastest}
            for way in result.ways
        ],
    }
