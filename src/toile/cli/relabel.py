"""`toile data relabel`: writes corrections of wrong labels to a file; the data stays as it is."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json
from toile.cli.data_settings import Source, data_settings, load
from toile.cli.files import Force
from toile.cli.terminal import hint, plain, say, say_json
from toile.cli.words import table
from toile.errors import ToileError
from toile.files import write_atomically

if TYPE_CHECKING:
    from toile.data import Correction, Dataset


def relabel(
    source: Source,
    out: Annotated[Path, typer.Option(metavar="CSV", help="The correction file to write.")],
    suspects: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="The table of toile inspect mistakes STUDY --csv."),
    ] = None,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="Use only suspects with at least this margin.")
    ] = 0.0,
    most: Annotated[
        int | None, typer.Option(min=1, help="Use at most so many suspects, the surest first.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="INDEX=CLASS", help="The class of an image; repeatable."),
    ] = None,
    why: Annotated[str, typer.Option(help="The reason, saved with each --label.")] = "",
    extend: Annotated[
        bool, typer.Option("--extend", help="Add rows to those that the file has.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="Such as data.size_px=28; repeatable."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write corrections of wrong training labels to a file; the data itself is not changed.

    A recipe reads the file by data.corrections=FILE. Training then uses the corrected labels; the
    split and the scores use the labels of the data. Sealed test images cannot be relabelled.
    """
    from toile.data import extended, name_corrections, suspected_corrections

    labels = _labels(label or ())
    _refuse(out, suspects is not None, bool(labels), why, extend or force)
    dataset = load(source, **data_settings(set_ or []))
    rows = name_corrections(dataset, labels, why)
    if suspects is not None:
        # A --label takes precedence over a suspect of the same image.
        suspected = suspected_corrections(dataset, suspects, least, most)
        rows += [row for row in suspected if row.index not in labels]
    if not rows:
        raise ToileError(
            f"no suspect in {suspects} has a margin of {least} or more; use a smaller --least"
        )
    known = _known(out, dataset) if extend else []
    corrected = extended(known, rows)
    _write(out, corrected, dataset)
    if as_json:
        say_json(_record(out, corrected, len(known)))
        return
    say(_text(out, corrected, len(known), dataset))
    hint(
        f"next: toile study quick --data {plain(source)} --vary data.corrections=off,"
        f"{plain(str(out))}  shows what the corrections are worth"
    )


def _labels(texts: Iterable[str]) -> dict[int, str]:
    """The class of each index by `--label`."""
    labels: dict[int, str] = {}
    for index, name in map(_parsed, texts):
        if labels.setdefault(index, name) != name:
            raise ToileError(
                f"--label gives index {index} two classes, {labels[index]} and {name}; leave "
                "one out"
            )
    return labels


def _parsed(text: str) -> tuple[int, str]:
    index, equals, name = text.partition("=")
    if not equals or not index.strip().isdecimal() or not name.strip():
        raise ToileError(f"--label is {text!r}; it is an index and a class, such as 3946=Shirt")
    return int(index), name.strip()


def _refuse(out: Path, has_suspects: bool, has_labels: bool, why: str, may_exist: bool) -> None:
    if not has_suspects and not has_labels:
        raise ToileError(
            "name the wrong labels: by --suspects FILE.csv, the table of toile inspect mistakes "
            "STUDY, or by --label INDEX=CLASS"
        )
    if why and not has_labels:
        raise ToileError("--why is the reason of a --label; suspects have reasons already")
    if out.suffix != ".csv":
        raise ToileError(f"--out {out} ends in {out.suffix!r}; a correction file is a .csv")
    if out.exists() and not may_exist:
        raise ToileError(
            f"{out} is there already; add to it with --extend, replace it with --force, or name "
            "another file"
        )


def _known(out: Path, dataset: "Dataset") -> "list[Correction]":
    from toile.data import check_corrections, read_corrections

    if not out.exists():
        return []
    rows, _ = read_corrections(out)
    return check_corrections(dataset, rows, str(out))


def _write(out: Path, rows: "list[Correction]", dataset: "Dataset") -> None:
    from toile.data import corrected_labels, corrections_text

    corrected_labels(dataset.train, rows, dataset.class_names, str(out))
    write_atomically(out, corrections_text(rows).encode())


def _record(out: Path, rows: "list[Correction]", num_known: int) -> dict[str, object]:
    return {
        "file": str(out),
        "corrections": [vars(row) for row in sorted(rows, key=lambda row: row.index)],
        "added": len(rows) - num_known,
    }


def _text(out: Path, rows: "list[Correction]", num_known: int, dataset: "Dataset") -> str:
    changes = Counter((row.old, row.new) for row in rows).most_common(12)
    added = f", {len(rows) - num_known} of them new" if num_known else ""
    return "\n".join(
        [
            table(("label", "corrected to", "images"), [(*pair, f"{n:,}") for pair, n in changes],
                  left=2),
            f"wrote {plain(str(out))}: {len(rows):,} of {len(dataset.train):,} labels{added}",
        ]
    )  # fmt: skip
