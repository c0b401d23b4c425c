"""A dataset with the labels of a correction file beside its own."""

from dataclasses import replace
from pathlib import Path

from toile.data.corrections import Corrections, corrected_labels, read_corrections
from toile.data.dataset import Dataset
from toile.data.fingerprint import identify
from toile.data.images import Images


def correct(dataset: Dataset, test: Images, file: str) -> Dataset:
    """`dataset`, whose sealed part is `test`, to be learnt from by the labels of `file`.

    Its fingerprint is that of the corrected data. Its order stays that of the data as it is, and so
    do its labels: on them images are divided and scored. Raises ToileError where `file` is not of
    this data.
    """
    path = Path(file).expanduser().resolve()
    rows, content = read_corrections(path)
    labels = corrected_labels(dataset.train, rows, dataset.class_names, str(path))
    identity = replace(
        identify(replace(dataset.train, labels=labels), test), order=dataset.identity.order
    )
    corrections = Corrections(path, rows, content, dataset.fingerprint)
    note = (
        f"learnt from corrected labels: {len(rows)} of {len(dataset.train)}, by {path.name}; "
        "images are divided and scored by the labels that the data has"
    )
    return replace(
        dataset,
        train=replace(dataset.train, corrected=labels),
        identity=identity,
        corrections=corrections,
        notes=(*dataset.notes, note),
        reading=dataset.reading | {"corrections": str(path)},
    )
