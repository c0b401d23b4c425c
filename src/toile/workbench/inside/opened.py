"""A run opened for inspection: its network, and images for it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from toile.data import Dataset, Progress, no_progress
from toile.errors import ToileError, not_one_of
from toile.network import Network
from toile.prediction import PictureInput, prepare, sources_of
from toile.runs import Run, RunClassifier, Validation, same_data
from toile.streams import numpy_stream

BATCH = 250


@dataclass(frozen=True, eq=False)
class ShownPicture:
    """A picture to inspect: its name and pixels, and its label and index if it has them."""

    name: str
    pixels: UInt8[np.ndarray, "c h w"]
    label: int | None = None
    index: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON has them."""
        return {"image": self.name, "index": self.index, "label": self.label}


@dataclass(frozen=True, eq=False)
class InspectedRun:
    """`run` with its network and the images of its training part, without sealed images.

    `data` is the present path of its data, whose reading calls `progress`; `weights` (last or
    best) are those of its network.
    """

    run: Run
    classifier: RunClassifier
    data: str | Path | None = None
    progress: Progress = no_progress
    weights: str = "last"

    @property
    def network(self) -> Network:
        """The torch network."""
        return self.classifier.module

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the logits."""
        return self.classifier.class_names

    def class_index(self, name: str) -> int:
        """The index of the class `name`. Raises ToileError, which lists the classes."""
        if name not in self.class_names:
            raise not_one_of("class", name, self.class_names)
        return self.class_names.index(name)

    @cached_property
    def dataset(self) -> Dataset:
        """Its data. Raises ToileError if it is missing or has changed."""
        return same_data(self.run, self.progress, self.data)

    @cached_property
    def validation(self) -> Validation:
        """Its logits on the validation images; a run stores only those of its last weights."""
        stored = self.run.validation
        if self.weights == "last":
            return stored
        pixels = self.dataset.train.gather(stored.indices).pixels
        return replace(stored, logits=self.classifier.model.logits(pixels))

    @cached_property
    def training_indices(self) -> Int[np.ndarray, " n"]:
        """The indices in the training part of the images that are not held out for validation."""
        return np.setdiff1d(np.arange(len(self.dataset.train)), self.run.validation_indices)

    @cached_property
    def trained_indices(self) -> Int[np.ndarray, " n"]:
        """The same without copies of validation images, on which it was not trained."""
        indices, train = self.training_indices, self.dataset.train
        if self.run.recipe.data.rule == 1:
            return indices
        held_out = np.unique(train.hashes[self.run.validation_indices])
        return indices[~train.are_known(held_out)[indices]]

    def inputs(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Any:
        """`pixels` as inputs of the network."""
        return self.classifier.model.inputs(pixels)

    def batches(self, indices: Int[np.ndarray, " n"]) -> Iterator[Any]:
        """The training-part images at `indices` as inputs of the network, in batches."""
        for at in range(0, len(indices), BATCH):
            self.progress(at, len(indices), "looking at pictures")
            yield self.inputs(self.dataset.train.pixels[indices[at : at + BATCH]])

    def sample(self, count: int, seed: int = 0) -> Int[np.ndarray, " n"]:
        """Indices of `count` training images drawn by `seed`, or of all if there are fewer."""
        indices = self.training_indices
        if len(indices) <= count:
            return indices
        return np.sort(numpy_stream(seed, "inspect/sample").choice(indices, count, replace=False))

    @cached_property
    def empty(self) -> Any:
        """The median colour of the training images' borders, as an input of the network."""
        colour = np.array(self.classifier.facts.known_appearance.background)
        pixels = np.broadcast_to(colour.round()[:, None, None], self.classifier.facts.shape)
        return self.inputs(pixels.astype(np.uint8)[None])[0, :, 0, 0]

    def picture(
        self,
        index: int | None = None,
        class_name: str | None = None,
        file: PictureInput = None,
        seed: int = 0,
    ) -> ShownPicture:
        """An image of the training part by `index`, or a validation image drawn by `seed`.

        Without validation images it is a training image. It is of class `class_name` if that is
        set. Or it is any picture, `file`, prepared as the training images were.

        Raises ToileError if there is no such picture, and for one of the sealed test part.
        """
        if sum(choice is not None for choice in (index, class_name, file)) > 1:
            raise ToileError("name one picture: by its index, its class, or its file")
        if file is not None:
            return self._prepared(file)
        train = self.dataset.train
        if index is None:
            index = self._random_index(class_name, seed)
        if not 0 <= index < len(train):
            raise ToileError(
                f"index is {index}; the training part has {len(train)} images, from 0 to "
                f"{len(train) - 1}"
            )
        held_out = "validation" if index in self.run.validation_indices else "training"
        name = f"{held_out} image {index}"
        label = int(train.labels[index])
        return ShownPicture(name, train.pixels[index], label, int(index))

    def _random_index(self, class_name: str | None, seed: int) -> int:
        indices, part = self.run.validation_indices, "validation"
        if not len(indices):
            indices, part = self.training_indices, "training"
        if class_name is not None:
            indices = indices[self.dataset.train.labels[indices] == self.class_index(class_name)]
            if not len(indices):
                raise ToileError(f"no {part} image is {class_name}; name another class")
        return int(numpy_stream(seed, "inspect/picture").choice(indices))

    def _prepared(self, file: PictureInput) -> ShownPicture:
        facts, seal = self.classifier.facts, self.classifier.seal
        sources = list(sources_of(file, facts))
        if len(sources) != 1:
            raise ToileError(f"{len(sources)} pictures were named; name one")
        (source,) = sources
        seal.refuse_paths([source.path] if source.path is not None else [])
        read = source.read()
        seal.refuse_hashes(source.name, source.hashes(read.scaled_like(facts.greys)))
        pixels = prepare(read, facts, show_steps=False).pixels
        seal.refuse_prepared(source.name, pixels)
        return ShownPicture(source.name, pixels)


def inspected(
    run: Run,
    weights: str = "last",
    data: str | Path | None = None,
    progress: Progress = no_progress,
) -> InspectedRun:
    """`run` with its `last` or `best` weights, opened for inspection.

    Raises ToileError if it has no such weights.
    """
    return InspectedRun(run, run.classifier(weights), data, progress, weights)
