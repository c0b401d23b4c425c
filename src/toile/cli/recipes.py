"""`toile presets`, `new`, `check`, `network` and `settings`: recipes before training."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json, OtherData
from toile.cli.terminal import say, say_json
from toile.cli.training import Set
from toile.cli.words import amount, bytes_text, duration, table
from toile.errors import ToileError, did_you_mean

if TYPE_CHECKING:
    from toile.recipe import Plan, Recipe

Source = Annotated[str, typer.Argument(metavar="RECIPE|PRESET")]
INDENT = "    "
FASHION = ((1, 28, 28), 10)


def presets(
    name: Annotated[str | None, typer.Argument(help="Show this preset in full.")] = None,
    as_json: Json = False,
) -> None:
    """List the recipes that come with Toile, with their parameters and sources."""
    from toile.recipe import list_presets, plan_network, recipe_text

    known = list_presets()
    if name is not None and name not in known:
        raise ToileError(f"{name} is no preset{did_you_mean(name, known)}")
    listed = [
        {
            "name": preset,
            "parameters": plan_network(recipe.network, *FASHION).parameters,
            **recipe.about.model_dump(),
        }
        for preset, recipe in known.items()
        if name in (None, preset)
    ]
    if as_json:
        say_json({"presets": listed})
        return
    if name is not None:
        say(f"{name}  {listed[0]['parameters']:,} parameters\n")
        say(recipe_text(known[name]), as_it_is=True)
        return
    rows = [(str(entry["name"]), f"{entry['parameters']:,}") for entry in listed]
    heads, *lines = table(("preset", "parameters"), rows).splitlines()
    say(heads)
    for line, entry in zip(lines, listed, strict=True):
        text = f"{entry['title']}. {entry['source']}"
        say(f"{line}\n{textwrap.fill(text, 80, initial_indent=INDENT, subsequent_indent=INDENT)}")


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recipe file to write.")],
    preset: Annotated[str, typer.Option(help="The preset to begin with.")] = "quick",
    set_: Set = None,
) -> None:
    """Write a recipe file to edit, from a preset."""
    from toile.recipe import About, parse_assignments, read_recipe, recipe_name, recipe_text

    if file.exists():
        raise ToileError(f"{file} is there already; name a new file, nothing was written")
    # The preset's description does not fit a recipe that is about to be changed.
    updates = {"name": recipe_name(file), "about": About(source=f"the preset {preset}")}
    recipe = read_recipe(preset, parse_assignments(set_ or ())).model_copy(update=updates)
    try:
        file.write_text(recipe_text(recipe, complete=True))
    except OSError as error:
        raise ToileError(f"{file} cannot be written: {error.strerror}") from None
    say(f"wrote {file}; train it with  toile train {file}")


def check(recipe: Source, set_: Set = None) -> None:
    """Check a recipe: its settings and, for known data, its shapes."""
    from toile.data import is_here, known_data_size
    from toile.recipe import mends, parse_assignments, plan_network, read_recipe

    read = read_recipe(recipe, parse_assignments(set_ or ()))
    data_shape = known_data_size(read.data)
    if data_shape is None and not is_here(read.data.name):
        raise ToileError(f"data.name is {read.data.name}, which is no known dataset and not here")
    if data_shape is None:
        say(f"{recipe} is valid; its shapes depend on {read.data.name}: see toile network")
        return
    try:
        plan = plan_network(read.network, data_shape.shape, data_shape.classes)
    except ToileError as error:
        layers = read.model_dump()["network"]
        ways = "; ".join(mend.words for mend in mends(layers, data_shape.shape, data_shape.classes))
        raise ToileError(f"{error}; what would work: {ways}" if ways else str(error)) from None
    say(f"{recipe} is valid: {amount(plan.parameters)} parameters on {read.data.name}")


def network(
    recipe: Source,
    set_: Set = None,
    data: OtherData = None,
    measure: Annotated[
        bool, typer.Option(help="Estimate time and memory by a measurement of two seconds.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Show a network layer by layer: shapes, parameters, multiply-adds, what each layer sees."""
    from toile.cli.progress import data_progress
    from toile.data import data_size
    from toile.recipe import parse_assignments, plan_network, read_recipe

    read = read_recipe(recipe, parse_assignments(set_ or ()))
    if data is not None:
        read = read.replace(data=data)
    with data_progress() as progress:
        data_shape = data_size(read.data, progress)
    plan = plan_network(read.network, data_shape.shape, data_shape.classes)
    measured = _measure(read, plan, data_shape.num_training) if measure else None
    if as_json:
        say_json(_plan_json(plan, read) | {"probe": measured})
        return
    say(_plan_text(plan, read))
    if measured is not None:
        say(
            f"here: about {duration(measured['seconds_per_epoch'])} an epoch of "
            f"{data_shape.num_training:,} images, {bytes_text(measured['memory_bytes'])} of memory "
            f"({measured['device']}, {measured['threads']} "
            f"thread{'s' * (measured['threads'] != 1)}, {measured['precision']}, "
            f"median of {measured['steps']} steps); toile bench tries other settings"
        )


def settings(
    address: Annotated[str, typer.Argument(help="Only addresses that begin with this.")] = "",
    markdown: Annotated[bool, typer.Option(help="As a Markdown table.")] = False,
) -> None:
    """List every setting with its range, default and meaning."""
    from toile.recipe import settings_table

    rows = [
        row
        for row in settings_table()
        if row.address.startswith(address) or row.address.rsplit(".", 1)[-1] == address
    ]
    if not rows:
        raise ToileError(f"no setting begins with {address!r}; toile settings lists them all")
    if markdown:
        say("| setting | default | range | meaning |\n|---|---|---|---|")
        for row in rows:
            say(
                f"| `{row.address}` | {row.default} | {row.rule} | {row.description} |",
                as_it_is=True,
            )
        return
    for row in rows:
        say(f"{row.address}  (default {row.default}; {row.rule})\n    {row.description}")


def _measure(recipe: "Recipe", plan: "Plan", num_images: int) -> dict[str, Any]:
    from toile.cli.progress import waiting

    with waiting("measuring a few steps"):
        from toile.training import prepare_torch, probe, resolve

        resolved = resolve(recipe, plan)
        prepare_torch(resolved.training)
        measured = probe(resolved, plan, num_images)
    return {
        "seconds_per_epoch": measured.seconds_per_epoch,
        "memory_bytes": measured.memory_bytes,
        "steps": measured.steps_measured,
        "device": resolved.training.device,
        "threads": resolved.training.threads,
        "precision": resolved.training.precision,
    }


def _plan_json(plan: "Plan", recipe: "Recipe") -> dict[str, Any]:
    return {
        "parameters": plan.parameters,
        "trainable": plan.trainable,
        "trained": plan.trained(recipe.training.start),
        "macs": plan.macs,
        "views": 1 if plan.views is None else plan.views.count,
        "input": list(plan.input),
        "classes": plan.classes,
        "layers": [
            {
                "name": layer.name,
                "kind": layer.layer.kind,
                "output": list(layer.output),
                "parameters": layer.parameters,
                "macs": layer.macs,
                "fraction": layer.macs / plan.macs if plan.macs else 0.0,
                "receptive_field_px": layer.receptive_field_px,
            }
            for layer in plan.walk()
        ],
    }


def _plan_text(plan: "Plan", recipe: "Recipe") -> str:
    rows = [
        (
            "  " * layer.name.count(".") + layer.name,
            " x ".join(map(str, layer.output)),
            amount(layer.parameters),
            amount(layer.macs),
            f"{100 * layer.macs / plan.macs:.1f} %" if plan.macs else "-",
            f"{layer.receptive_field_px} px",
        )
        for layer in plan.walk()
    ]
    heads = ("layer", "output", "parameters", "multiply-adds", "fraction", "sees")
    looks = f", for each of {plan.views.count} views" if plan.views is not None else ""
    return (
        f"input  {' x '.join(map(str, plan.input))}, {plan.classes} classes\n\n"
        f"{table(heads, rows)}\n\n"
        f"{amount(plan.parameters)} parameters, "
        f"{amount(plan.trained(recipe.training.start))} of them trained; "
        f"{amount(plan.macs)} multiply-adds an image{looks}"
    )
