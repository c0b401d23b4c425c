"""A run opened to be looked into: its network, and the images it may be shown."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from toile.data import Dataset, Progress, is_known, no_progress
from toile.errors import ToileError, did_you_mean
from toile.network import Network
from toile.prediction import PictureInput, prepare, sources_of
from toile.runs import Run, RunClassifier, Validation, same_data
from toile.streams import numpy_stream

BATCH = 250


@dataclass(frozen=True, eq=False)
class ShownPicture:
    """A picture to look at: its name, its pixels, and its class and place where it has them."""

    name: str
    pixels: UInt8[np.ndarray, "c h w"]
    label: int | None = None
    index: int | None = None

    def to_json(self) -> dict[str, Any]:
        """What JSON says of it."""
        return {"image": self.name, "index": self.index, "label": self.label}


@dataclass(frozen=True, eq=False)
class InspectedRun:
    """`run` with its network, and the images of its training part; none of the sealed ones.

    `progress` is told how reading its data goes; `data` says where that lies now, and `weights`
    which ones its network has, last or best.
    """

    run: Run
    classifier: RunClassifier
    data: str | Path | None = None
    progress: Progress = no_progress
    weights: str = "last"

    @property
    def network(self) -> Network:
        """Its network."""
        return self.classifier.module

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the logits."""
        return self.classifier.class_names

    def class_index(self, name: str) -> int:
        """Which class `name` is. Raises ToileError with those there are."""
        if name not in self.class_names:
            near = did_you_mean(name, self.class_names)
            raise ToileError(f"class is {name}{near}; it is one of {', '.join(self.class_names)}")
        return self.class_names.index(name)

    @cached_property
    def dataset(self) -> Dataset:
        """Its data. Raises ToileError where that is gone or has changed since."""
        return same_data(self.run, self.progress, self.data)

    @cached_property
    def validation(self) -> Validation:
        """What its weights answer on the validation images; a run keeps that of the last ones."""
        stored = self.run.validation
        if self.weights == "last":
            return stored
        pixels = self.dataset.train.pixels[stored.indices]
        return replace(stored, logits=self.classifier.model.logits(pixels))

    @cached_property
    def training_indices(self) -> Int[np.ndarray, " n"]:
        """The indices in the training part of the images that are not held out for validation."""
        return np.setdiff1d(np.arange(len(self.dataset.train)), self.run.validation_indices)

    @cached_property
    def trained_indices(self) -> Int[np.ndarray, " n"]:
        """The same without the copies of validation images, which it was not trained on."""
        indices, train = self.training_indices, self.dataset.train
        if self.run.recipe.data.rule == 1:
            return indices
        held_out = np.unique(train.hashes[self.run.validation_indices])
        return indices[~is_known(train.hashes[indices], held_out)]

    def inputs(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Any:
        """`pixels` as the network takes them."""
        return self.classifier.model.inputs(pixels)

    def batches(self, indices: Int[np.ndarray, " n"]) -> Iterator[Any]:
        """The images at `indices` of the training part, as the network takes them."""
        for at in range(0, len(indices), BATCH):
            self.progress(at, len(indices), "looking at pictures")
            yield self.inputs(self.dataset.train.pixels[indices[at : at + BATCH]])

    def sample(self, count: int, seed: int = 0) -> Int[np.ndarray, " n"]:
        """Indices of `count` training images drawn by `seed`, or of all where there are fewer."""
        indices = self.training_indices
        if len(indices) <= count:
            return indices
        return np.sort(numpy_stream(seed, "inspect/sample").choice(indices, count, replace=False))

    @cached_property
    def empty(self) -> Any:
        """The median colour of the training images' border, as the network takes it."""
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
        """An image of the training part by its place, or a validation image drawn by `seed`.

        Where none are held out, one it was trained on. Of class `class_name` where that is said; or
        any picture, `file`, prepared as the training images were.

        Raises ToileError where there is none, and for one of the sealed test part.
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
            raise ToileError(f"{len(sources)} pictures were given; name one to look at")
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
    """`run` with its `last` or `best` weights, to be looked into.

    Raises ToileError where it has no such weights.
    """
    return InspectedRun(run, run.classifier(weights), data, progress, weights)
