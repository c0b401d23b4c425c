"""Which picture is of which class and part, by the folders it lies in."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Int64

from toile.data.dataset import Skipped
from toile.data.readers.class_order import order_classes
from toile.data.readers.layout import Classes, lay_out, looks_like_a_picture
from toile.data.readers.older_layout import lay_out_by_older_rules
from toile.data.readers.parts import Parts, Progress, refuse_column_name
from toile.data.readers.picture import quiet_pillow
from toile.data.readers.picture_files import PictureFile, PictureFiles
from toile.errors import ToileError
from toile.recipe import Data

Labelled = list[tuple[int, PictureFile]]


def read_pictures(
    where: str,
    files: list[PictureFile],
    data: Data,
    progress: Progress,
    key: Callable[[], str],
) -> Parts:
    """Decode `files`, laid out as part/class/file or class/file, into parts.

    Files that are no picture are listed and the rest loads. Sizes and colours have to agree. `key`
    names in the cache what they become.
    """
    if data.rule < 3:
        layout = lay_out_by_older_rules(where, files)
    else:
        layout = lay_out(where, files, data.label_column)
    if not layout.by_table:
        refuse_column_name(data, where)
    order = order_classes(folder for classes in layout.parts.values() for folder in classes)
    for folder in order:
        _refuse_no_text(folder, where)
    train, held_out, test = (
        _labelled(layout.parts.get(part, {}), order) for part in ("train", "validation", "test")
    )
    num_files = len(train) + len(held_out) + len(test)
    decoder = PictureFiles(where, data, progress, num_files, layout.left_out, key)
    with quiet_pillow():
        sets = [([*train, *held_out], len(held_out)), (test, 0)]
        training, *tested = decoder.decode_all(sets if "test" in layout.parts else sets[:1])
    if data.rule > 2:
        pictures = [entry for entry in train if looks_like_a_picture(entry[1])]
        _refuse_unreadable_class(
            where, pictures, training.split_held_out()[0].labels, decoder.skipped
        )
    return Parts(
        training,
        tested[0] if tested else None,
        tuple(order.values()),
        skipped=tuple(decoder.skipped),
        # They name files, whose names may be no UTF-8.
        notes=tuple(note.encode(errors="backslashreplace").decode() for note in layout.notes),
        greys=decoder.greys,
    )


def _labelled(classes: Classes, order: dict[str, str]) -> Labelled:
    return [(label, file) for label, folder in enumerate(order) for file in classes.get(folder, ())]


def unreadable_class(
    train: Labelled, labels: Int64[np.ndarray, " n"], skipped: list[Skipped]
) -> tuple[int, PictureFile, str] | None:
    """A class of `train` of which no picture is among the `labels` that were read, or None.

    With it come its first picture and why that cannot be read. It would be lost in silence.
    """
    read = set(labels.tolist())
    reasons = {entry.file: entry.reason for entry in skipped}
    lost = ((label, file) for label, file in train if label not in read)
    return next(((label, file, reasons[str(file.path)]) for label, file in lost), None)


def _refuse_unreadable_class(
    where: str, train: Labelled, labels: Int64[np.ndarray, " n"], skipped: list[Skipped]
) -> None:
    if unread := unreadable_class(train, labels, skipped):
        _, file, reason = unread
        raise ToileError(
            f"{where}: no picture in {file.path.parent}/ can be read; {file.path.name} {reason}; "
            "mend them, or take the folder away"
        )


def _refuse_no_text(folder: str, where: str) -> None:
    """Refuse a class whose name no recipe, page or export could hold."""
    try:
        folder.encode()
    except UnicodeEncodeError:
        raise ToileError(
            f"{where}: the name of the class folder {folder!r} is not UTF-8; rename it"
        ) from None
