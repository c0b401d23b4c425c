"""`toile data relabel`: labels that are wrong, corrected in a file; the data stays as it is."""

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
        typer.Option(metavar="CSV", help="Take those of: toile inspect mistakes STUDY --csv."),
    ] = None,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="Of suspects, those with at least this margin.")
    ] = 0.0,
    most: Annotated[
        int | None, typer.Option(min=1, help="Of suspects, at most so many; the surest first.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="INDEX=CLASS", help="What an image is; repeatable."),
    ] = None,
    why: Annotated[str, typer.Option(help="The reason kept with each --label.")] = "",
    extend: Annotated[
        bool, typer.Option("--extend", help="Add to the rows that the file has.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="As in data.size_px=28; repeatable."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Correct wrong labels of training images in a file; the data itself is not touched.

    A recipe reads it by data.corrections=FILE. Images are learnt by the corrected labels, divided
    and scored by those that the data has. Labels of sealed test images cannot be corrected.
    """
    from toile.data import extended, name_corrections, suspected_corrections

    labels = _labels(label or ())
    _refuse(out, suspects is not None, bool(labels), why, extend or force)
    dataset = load(source, **data_settings(set_ or []))
    rows = name_corrections(dataset, labels, why)
    if suspects is not None:
        # What somebody says of an image goes before what is suspected of it.
        suspected = suspected_corrections(dataset, suspects, least, most)
        rows += [row for row in suspected if row.index not in labels]
    if not rows:
        raise ToileError(f"no suspect in {suspects} has a margin of {least} or more; ask for less")
    known = _known(out, dataset) if extend else []
    corrected = extended(known, rows)
    _write(out, corrected, dataset)
    if as_json:
        say_json(_record(out, corrected, len(known)))
        return
    say(_text(out, corrected, len(known), dataset))
    hint(
        f"next: toile study quick --data {plain(source)} --vary data.corrections=off,"
        f"{plain(str(out))}  says what the corrections are worth"
    )


def _labels(texts: Iterable[str]) -> dict[int, str]:
    """What `--label` says of each index."""
    labels: dict[int, str] = {}
    for index, name in map(_parsed, texts):
        if labels.setdefault(index, name) != name:
            raise ToileError(
                f"--label says of index {index} that it is {labels[index]}, and that it is {name}; "
                "leave one of the two out"
            )
    return labels


def _parsed(text: str) -> tuple[int, str]:
    index, equals, name = text.partition("=")
    if not equals or not index.strip().isdecimal() or not name.strip():
        raise ToileError(f"--label is {text!r}; it is an index and a class, as in 3946=Shirt")
    return int(index), name.strip()


def _refuse(out: Path, has_suspects: bool, has_labels: bool, why: str, may_exist: bool) -> None:
    if not has_suspects and not has_labels:
        raise ToileError(
            "say which labels are wrong: --suspects FILE.csv, the table of toile inspect mistakes "
            "STUDY, or --label INDEX=CLASS"
        )
    if why and not has_labels:
        raise ToileError("--why goes with --label, whose reason it is; suspects bring their own")
    if out.suffix != ".csv":
        raise ToileError(f"--out {out} ends in {out.suffix!r}; a correction file is a .csv")
    if out.exists() and not may_exist:
        raise ToileError(
            f"{out} is there already; add to it with --extend, write it anew with --force, or name "
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
