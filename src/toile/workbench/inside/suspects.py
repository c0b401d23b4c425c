"""Labels that may be wrong, by the readings of a study with folds: each image is predicted by a
network that was not trained on it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float64

from toile.data import DataSource, Images, Progress
from toile.errors import ToileError
from toile.evaluation import label_errors, probabilities
from toile.report import SheetPicture
from toile.runs import Run, same_data
from toile.studies import StudyResult
from toile.workbench.inside.mistakes_table import ListedImages, MistakesView, percentage


def view_suspects(
    result: StudyResult,
    runs: Sequence[Run],
    count: int,
    data: DataSource | None,
    progress: Progress,
) -> MistakesView:
    """Suspected labels by confident learning, the most suspected first; `count` of them shown.

    If several levels predict an image, their probabilities are averaged. Values, for all training
    images: `probabilities` (n, k) and `labels`; for suspects: `indices`, `suspected`, `margins`;
    and `thresholds` (k,) and `joint` (k, k). Raises ToileError if a fold is missing.
    """
    orders = {run.data.order for run in runs}
    if len(orders) > 1:
        raise ToileError(
            f"levels of {result.folder} learn from different images, or from the same images read "
            "differently; name one level with --level"
        )
    if not runs:
        raise ToileError(f"{result.folder} has no finished reading; toile study continues it")
    train = same_data(runs[0], progress, data).train
    chances, times = _out_of_fold(train, runs)
    if not times.all():
        raise ToileError(
            f"{int((times == 0).sum()):,} of {len(times):,} training images have no prediction "
            f"yet: each of the {result.spec.folds} folds has to be held out once; "
            f"toile study {result.folder} continues it"
        )
    names = runs[0].data.class_names
    labels = train.labels
    errors = label_errors(chances, labels)
    rows = errors.indices
    answered = chances[rows].argmax(1)
    sure = chances[rows].max(1)
    columns = {
        "true": [names[label] for label in labels[rows]],
        "answered": [names[label] for label in answered],
        "probability": sure.tolist(),
        "suspected": [names[label] for label in errors.suspected],
        "margin": errors.margins.tolist(),
    }
    images = ListedImages(train, rows, columns)
    chosen = any(run.recipe.training.is_selecting for run in runs)
    record = {
        "study": str(result.folder), "images": len(labels), "readings": len(runs),
        "folds": result.spec.folds, "suspects": len(rows), "expected": errors.expected,
        "wrongly_answered": int((chances.argmax(1) != labels).sum()), "chosen_on_half": chosen,
        "thresholds": dict(zip(names, errors.thresholds.tolist(), strict=True)),
        "joint": errors.joint.tolist(), "mistakes": images.records(count),
    }  # fmt: skip
    values = {
        "probabilities": chances, "labels": labels, "indices": rows, "suspected": errors.suspected,
        "margins": errors.margins, "thresholds": errors.thresholds, "joint": errors.joint,
    }  # fmt: skip
    title = f"Labels of {runs[0].data.name} that may be wrong"
    return images.view(record, values, _says(record), title, partial(_picture, train))


def _out_of_fold(
    train: Images, runs: Sequence[Run]
) -> tuple[Float64[np.ndarray, "n k"], np.ndarray]:
    """The mean probabilities of each image over the readings that predict it, and their number."""
    total = np.zeros((len(train), len(runs[0].data.class_names)))
    times = np.zeros(len(train), np.int64)
    for run in runs:
        held_out = run.validation
        total[held_out.indices] += probabilities(held_out.logits)
        times[held_out.indices] += 1
    return total / np.maximum(times, 1)[:, None], times


def _picture(train: Images, suspect: dict[str, Any]) -> SheetPicture:
    return SheetPicture(
        train.pixels[suspect["index"]],
        (
            f"{suspect['index']}: {suspect['true']}",
            f"or {suspect['suspected']}",
            f"by {100 * suspect['margin']:.1f} points",
        ),
    )


def _says(record: dict[str, Any]) -> list[str]:
    images = record["images"]
    says = [
        (
            f"{images:,} training images, each predicted by a network that was not trained on it "
            f"({record['folds']} folds); {record['wrongly_answered']:,} predictions differ from "
            "the label"
        ),
        (
            f"{record['suspects']:,} labels are suspected by confident learning, which expects "
            f"{record['expected']:,.0f} wrong ones ({percentage(record['expected'] / images)}); "
            "look before you believe it: hard images are among them"
        ),
    ]
    if record["chosen_on_half"]:
        says.append("early stopping chose each epoch on half of the fold that is predicted")
    says += [
        (
            f"{suspect['index']}: {suspect['true']}, suspected {suspect['suspected']}, more "
            f"probable by {100 * suspect['margin']:.1f} points"
        )
        for suspect in record["mistakes"]
    ]
    return says
