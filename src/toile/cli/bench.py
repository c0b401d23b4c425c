"""`toile bench`: what to expect of this machine."""

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
"""By this factor or more another way is worth naming; less is noise."""


def bench(
    recipes: Recipes = None,
    data: OtherData = None,
    set_: Set = None,
    rounds: Annotated[int, typer.Option(min=1, help="Probes of each way to train.")] = 3,
    as_json: Json = False,
) -> None:
    """Measure how long training takes here in every way, and what `auto` chooses and why.

    Steps on made-up pictures, two seconds at most a probe, every way by turns, medians.
    """
    from toile.cli.progress import counted
    from toile.process import prepare_process

    prepare_process()
    from toile.cli.progress import waiting
    from toile.recipe import parse_assignments
    from toile.runs import asked_recipe

    settings = parse_assignments(set_ or ())
    for name in recipes or TYPICAL:
        asked_recipe(name, data=data, settings=settings)
    with waiting("loading torch"):
        from toile.workbench import bench as measure
    found = []
    for name in recipes or TYPICAL:
        with counted(f"measuring {name}") as progress:
            one = measure(name, data=data, settings=settings, rounds=rounds, progress=progress)
        found.append(one)
        if not as_json:
            say(_text(one) + "\n")
    if as_json:
        say_json([_json(one) for one in found])


def _text(found: "Bench") -> str:
    epochs, chosen = found.recipe.training.epochs, found.chosen
    total = duration(chosen.seconds_per_epoch * epochs)
    lines = [
        (
            f"{found.recipe.name}: {duration(chosen.seconds_per_epoch)} an epoch of "
            f"{found.num_images:,} images, {total} for its {epochs} epochs, "
            f"{bytes_text(found.memory_bytes)} of memory"
        ),
        *(f"  {reason}" for reason in found.reasons),
        _table(found),
    ]
    fastest = found.fastest
    if chosen.seconds_per_epoch > SLOWER * fastest.seconds_per_epoch:
        settings = " ".join(
            f"--set training.{name}={value}"
            for name, value in asdict(fastest).items()
            if name != "seconds_per_epoch" and value != getattr(chosen, name)
        )
        lines.append(f"faster here, just now: {settings}")
    return "\n".join(lines)


def _table(found: "Bench") -> str:
    heads = ("device", "precision", "threads", "replicas", "an epoch", "ratio", "")
    rows = [
        (
            way.device,
            way.precision,
            str(way.threads),
            str(way.replicas),
            duration(way.seconds_per_epoch),
            f"{way.seconds_per_epoch / found.chosen.seconds_per_epoch:.2f}",
            "chosen" if way is found.chosen else "",
        )
        for way in found.ways
    ]
    return table(heads, rows, left=2)


def _json(found: "Bench") -> dict[str, object]:
    return {
        "recipe": found.recipe.name,
        "epochs": found.recipe.training.epochs,
        "images": found.num_images,
        "memory_bytes": found.memory_bytes,
        "reasons": list(found.reasons),
        "ways": [
            asdict(way) | {"taken": way is found.chosen, "fastest": way is found.fastest}
            for way in found.ways
        ],
    }
