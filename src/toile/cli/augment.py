"""`toile data augment`: training pictures varied and kept in a file, as a dataset of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json
from toile.cli.data_settings import Source
from toile.cli.files import Force
from toile.cli.terminal import hint, plain, say, say_json

if TYPE_CHECKING:
    from toile.data import AugmentedSet


def augment(
    source: Source,
    count: Annotated[int, typer.Option(min=1, help="How many variants.")],
    out: Annotated[Path, typer.Option(metavar="FILE.npz", help="The file to write.")],
    recipe: Annotated[
        str | None, typer.Option(metavar="RECIPE", help="Vary and divide as it does.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="ADDRESS=VALUE", help="As in augmentation.shift=2; repeatable."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="What is drawn; the recipe's, or 0.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write variants of training pictures to a file that is a dataset.

    Its validation and test part are those of the data, not varied: no variant of them is learnt.
    """
    from toile.cli.progress import data_progress
    from toile.recipe import parse_assignments

    settings = parse_assignments(set_ or ())
    with data_progress() as progress:
        from toile.workbench import augment_data

        augmented = augment_data(
            source,
            out,
            count,
            recipe=recipe,
            settings=settings,
            seed=seed,
            force=force,
            progress=progress,
        )
    if as_json:
        say_json({"file": str(out), **augmented.model_dump(mode="json")})
        return
    say(_words(augmented, out))
    hint(f"next: toile train quick --data {plain(str(out))} trains on it")


def _words(augmented: "AugmentedSet", out: Path) -> str:
    data = augmented.settings["data"]
    by = f"data.validation {data['validation']}"
    if data["folds"] is not None:
        by = f"data.fold {data['fold']} of data.folds {data['folds']}"
    validation = (
        f"validation: {augmented.num_validation:,} pictures held out by {by} and data.split "
        f"{data['split']}"
    )
    notes = [note for note in augmented.notes if "validation:" in note]
    return "\n".join(
        [
            f"wrote {plain(str(out))}: {plain(augmented.sentence)}",
            *(map(plain, notes) if notes else [validation]),
        ]
    )
