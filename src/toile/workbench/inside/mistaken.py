"""The most confident wrong predictions of a run, with the training images nearest to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from toile.data import Images
from toile.errors import ToileError
from toile.evaluation import confident_errors, probabilities
from toile.inspection import nearest_images
from toile.recipe import Recipe
from toile.report import NearPicture, SheetPicture
from toile.runs import scored_images, seen_words
from toile.workbench.inside.mistakes_table import (
    SHOWN,
    ListedImages,
    MistakesView,
    percentage,
)
from toile.workbench.inside.opened import InspectedRun


@dataclass(frozen=True, eq=False)
class _Nearest:
    """The nearest training images of each shown mistake: indices, classes and distances.

    `equally_near` counts the training images at the least distance where they are more than those
    listed, so that none of them is nearest; elsewhere it is 0.
    """

    before: str | None
    indices: Int[np.ndarray, "m count"]
    labels: Int[np.ndarray, "m count"]
    distances: Float[np.ndarray, "m count"]
    equally_near: Int[np.ndarray, " m"]

    def records(self, row: int, names: Sequence[str]) -> list[dict[str, Any]]:
        """The neighbours of one mistake, the nearest first, with the names of their classes."""
        columns = self.indices[row], self.labels[row], self.distances[row]
        return [
            {"index": int(index), "class": names[label], "distance": float(distance)}
            for index, label, distance in zip(*columns, strict=True)
        ]


def view_mistakes(
    opened: InspectedRun, count: int = SHOWN, neighbours: int = 5, metric: str = "cosine"
) -> MistakesView:
    """The wrongly predicted validation images, the most confident first; `count` of them shown.

    Each shown mistake has the `neighbours` training images nearest to it, by the `metric` (cosine
    or euclidean) of the last hidden layer; with 0 there are none. Mistakes of both halves are
    shown; if one half chose the epoch, those of the scoring half are counted too.

    Values, for all mistakes: `indices` into the training part, `labels`, `predicted`,
    `probabilities`; for shown ones: `neighbours` (m, count), `neighbour_labels`, `distances`.
    """
    held_out = opened.validation
    chances = probabilities(held_out.logits)
    errors = confident_errors(chances, held_out.labels)
    indices, labels = held_out.indices[errors], held_out.labels[errors]
    predicted = chances[errors].argmax(1)
    sure = chances[errors].max(1)
    scoring = scored_images(opened.run.recipe, held_out)
    if opened.weights == "best":
        scoring = held_out.selection == 0
    train, names = opened.dataset.train, opened.class_names
    columns = {
        "true": [names[label] for label in labels],
        "answered": [names[label] for label in predicted],
        "probability": sure.tolist(),
    }
    images = ListedImages(train, indices, columns)
    near = _nearest(opened, indices[:count], neighbours, metric)
    shown = [
        mistake
        | {
            "scores": bool(scoring[errors[row]]),
            "neighbours": near.records(row, names),
            "equally_near": int(near.equally_near[row]),
        }
        for row, mistake in enumerate(images.records(count))
    ]
    scored = {"images": int(scoring.sum()), "errors": int(scoring[errors].sum())}
    record = {
        "run": opened.run.id, "weights": opened.weights, "images": len(chances),
        "errors": len(errors), "scored": scored, "before": near.before,
        "metric": metric if near.before else None, "mistakes": shown,
    }  # fmt: skip
    values = {
        "indices": indices, "labels": labels, "predicted": predicted, "probabilities": sure,
        "neighbours": near.indices, "neighbour_labels": near.labels, "distances": near.distances,
    }  # fmt: skip
    title = f"The surest mistakes of {opened.run.recipe.name}"
    says = _says(record, which_half(opened.run.recipe, opened.weights))
    says += filter(None, [seen_words(opened.run.recipe)])
    return images.view(record, values, says, title, partial(_picture, train))


def which_half(recipe: Recipe, weights: str = "last") -> str:
    """What the half of validation chose that does not score."""
    start, training = recipe.training.start, recipe.training
    if weights == "best" or training.early_stopping is not None or start is None:
        return "the epoch was chosen on the other half"
    if start.file is not None:
        return "how its pictures are read was chosen on the other half"
    # What was cut, or the epoch of a run before it: a recipe does not say which.
    return "the weights it begins with were chosen on the other half"


def _nearest(
    opened: InspectedRun, indices: Int[np.ndarray, " m"], count: int, metric: str
) -> _Nearest:
    if not count or not len(indices):
        distances = np.zeros((len(indices), 0))
        nothing = distances.astype(np.int64)
        return _Nearest(None, nothing, nothing, distances, np.zeros(len(indices), np.int64))
    train, trained = opened.dataset.train, opened.trained_indices
    try:
        nearest = nearest_images(
            opened.network,
            opened.inputs(train.pixels[indices]),
            opened.batches(trained),
            count,
            metric,
        )
    except ToileError as error:
        raise ToileError(f"{error}. --neighbours 0 shows the mistakes without them") from error
    near = trained[nearest.indices]
    ties = np.where(nearest.num_nearest > near.shape[1], nearest.num_nearest, 0)
    return _Nearest(nearest.before, near, train.to_learn().labels[near], nearest.distances, ties)


def _picture(train: Images, mistake: dict[str, Any]) -> SheetPicture:
    pixels = train.pixels
    return SheetPicture(
        pixels[mistake["index"]],
        (
            f"{mistake['index']}: {mistake['true']}",
            f"{percentage(mistake['probability'])} {mistake['answered']}",
        ),
        [
            NearPicture(
                pixels[near["index"]], near["class"], near["distance"], _agrees(mistake, near)
            )
            for near in mistake["neighbours"]
            if not mistake["equally_near"]
        ],
    )


def _agrees(mistake: dict[str, Any], neighbour: dict[str, Any]) -> str:
    return next((key for key in ("true", "answered") if neighbour["class"] == mistake[key]), "")


def _says(record: dict[str, Any], which_half: str) -> list[str]:
    mistakes: Sequence[dict[str, Any]] = record["mistakes"]
    scored = record["scored"]
    says = [f"{record['errors']:,} of {record['images']:,} validation images are predicted wrong"]
    if scored["images"] < record["images"]:
        says.append(
            f"{scored['errors']:,} of them among the {scored['images']:,} that score; {which_half}"
        )
    compared = [mistake for mistake in mistakes if mistake["neighbours"]]
    first = [
        _agrees(mistake, mistake["neighbours"][0])
        for mistake in compared
        if not mistake["equally_near"]
    ]
    if first:
        of = "the most confident" if len(first) == 1 else f"the {len(first)} most confident"
        if len(first) < len(compared):
            of = f"{len(first)} of the {len(compared)} most confident"
        says.append(
            f"for {of}, the nearest training image has the predicted class in "
            f"{first.count('answered')}, and the true class in {first.count('true')}"
        )
    for mistake in mistakes:
        line = (
            f"{mistake['index']}: {mistake['true']} predicted as {mistake['answered']}, "
            f"{percentage(mistake['probability'])}"
        )
        classes = [neighbour["class"] for neighbour in mistake["neighbours"]]
        if mistake["equally_near"]:
            line += f"; {mistake['equally_near']:,} training images are equally near to it"
        elif classes:
            counted = sorted(set(classes), key=lambda name: (-classes.count(name), name))
            near = ", ".join(f"{classes.count(name)} {name}" for name in counted)
            line += f"; nearest {near}"
        says.append(line)
    return says
