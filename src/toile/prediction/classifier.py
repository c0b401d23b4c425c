"""A trained network, loaded once, for many predictions."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int, Int64, UInt8

from toile.data import DataFacts, HashSet, PictureHashes, array_hashes, is_known
from toile.errors import ToileError, did_you_mean
from toile.evaluation import probabilities
from toile.prediction.abstention import Abstention
from toile.prediction.answer import Prediction, answer
from toile.prediction.corrections import NO_CORRECTIONS, PictureCorrections
from toile.prediction.pictures import ImageArray, PictureInput, pixels_in, sources_of
from toile.prediction.prepare import PreparedPicture, prepare
from toile.prediction.seal import Seal


@runtime_checkable
class LogitsModel(Protocol):
    """Anything that computes a network: torch, ONNX Runtime or numpy."""

    def logits(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n k"]:
        """The logits of one or more pictures of the training images' shape."""
        ...


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained network, of a run or an exported file, ready to predict.

    Arrays are images like the training images: of their size and with their values (0 to 255, or
    those of their files), in the form (n, h, w), (n, c, h, w), (n, h, w, c) or (n, pixels). `ask`
    prepares any picture. Every method refuses images of the sealed test part of its data.

        >>> net = run.classifier("best")
        >>> net.predict_proba(images).shape, len(net.class_names)
        ((1200, 10), 10)
        >>> net.score(images, labels) == float((net.predict(images) == labels).mean())
        True
        >>> len(net.ask("photo.png", num_top=2, always=True).top)
        2
    """

    name: str
    facts: DataFacts = field(repr=False)
    model: LogitsModel = field(repr=False)
    seal: Seal = field(default_factory=Seal, repr=False)
    abstention: Abstention = field(default_factory=Abstention, repr=False)
    trained: HashSet | None = field(default=None, repr=False)
    """Hashes of the training images, if they are known."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of logits and probabilities."""
        return self.facts.class_names

    def logits(self, images: ImageArray) -> Float32[np.ndarray, "n k"]:
        """The logits (n, k): the outputs of the last layer, before the softmax."""
        return self.model.logits(self.unsealed(images))

    def predict_proba(self, images: ImageArray) -> Float[np.ndarray, "n k"]:
        """The probability of each class for each image, in [0, 1]; rows sum to 1."""
        return probabilities(self.logits(images))

    def predict(self, images: ImageArray) -> Int64[np.ndarray, " n"]:
        """The most probable class of each image, as an index in `class_names`.

        Every image gets a class: `predict` never abstains, as `ask` does.
        """
        return np.asarray(self.logits(images).argmax(1), np.int64)

    def score(self, images: ImageArray, labels: Sequence[Any] | np.ndarray) -> float:
        """The accuracy on `images`, in [0, 1]; `labels` are indices in `class_names`, or names.

        A number that could be either is refused: labels 1, 2 and 3 make classes called "1", "2"
        and "3", whose indices are 0, 1 and 2. Warns if some of the images are training images, on
        which the accuracy is too high. `toile.evaluate` has the scores of the run, with intervals.
        """
        pixels = pixels_in(images, self.facts)
        hashes = array_hashes(pixels)
        self._refuse_sealed(hashes)
        true = self._class_indices(labels, len(pixels))
        if self.trained is not None:
            known = int(is_known(hashes, self.trained).sum())
            if known:
                warnings.warn(
                    f"{known:,} of the {len(pixels):,} images are training images of {self.name}; "
                    "the accuracy on new images will be lower",
                    stacklevel=2,
                )
        return float((self.model.logits(pixels).argmax(1) == true).mean())

    def ask(
        self,
        picture: PictureInput,
        *,
        num_top: int = 3,
        always: bool = False,
        show_steps: bool = False,
        corrections: PictureCorrections = NO_CORRECTIONS,
        name: str = "",
    ) -> Prediction:
        """The `num_top` most probable classes of any picture, prepared like the training images.

        `picture` is a path, the bytes of a file, a Pillow image or an array. A picture that is
        blank or far from the training images gets no class, and `abstained` says why; with `always`
        it gets one, and the reasons are warnings. `show_steps` stores each step of the preparation;
        `corrections` turn, cut or invert the picture. Errors use `name` for the picture. Raises
        ToileError if it cannot be read, is more than one picture, or is sealed.
        """
        sources = list(sources_of(picture, self.facts, name))
        if len(sources) != 1:
            raise ToileError(
                f"there are {len(sources)} pictures, and ask needs one; use toile.predict "
                "for several"
            )
        (source,) = sources
        self.seal.refuse_paths([source.path] if source.path is not None else [])
        read = source.read()
        self.seal.refuse_hashes(source.name, source.hashes(read.scaled_like(self.facts.greys)))
        prepared = prepare(read, self.facts, show_steps, corrections)
        self.seal.refuse_prepared(source.name, prepared.pixels)
        (logits,) = self.model.logits(prepared.pixels[None])
        prediction = self.answer(logits, prepared, num_top, always)
        return replace(
            prediction, warnings=(*self.seal.doubts, *prediction.warnings), steps=prepared.steps
        )

    def answer(
        self,
        logits: Float[np.ndarray, " k"],
        prepared: PreparedPicture,
        num_top: int,
        always: bool,
    ) -> Prediction:
        """The prediction from the `logits` of a prepared picture."""
        doubts = (*prepared.out_of_distribution, *self.abstention.reasons(logits, prepared.pixels))
        (row,) = probabilities(logits[None])
        return answer(row, self.class_names, num_top, prepared.warnings, doubts, always)

    def unsealed(self, images: ImageArray) -> UInt8[np.ndarray, "n c h w"]:
        """The images as bytes. Raises ToileError if they do not fit, or one is sealed."""
        pixels = pixels_in(images, self.facts)
        self._refuse_sealed(array_hashes(pixels))
        return pixels

    def _refuse_sealed(self, hashes: PictureHashes) -> None:
        sealed = int(is_known(hashes, self.seal.hashes).sum())
        if sealed:
            raise ToileError(
                f"{sealed:,} of the {len(hashes):,} images are {self.seal.description}"
            )

    def _class_indices(self, labels: Sequence[Any] | np.ndarray, n: int) -> Int[np.ndarray, " n"]:
        """`labels` as indices in `class_names`."""
        array = np.asarray(labels)
        if array.shape != (n,):
            raise ToileError(f"labels have the shape {array.shape}; {n} images need ({n},)")
        if array.dtype == object:
            # A column of a table, whose values are all of one kind.
            array = np.asarray(array.tolist())
        is_whole = array.dtype.kind == "f" and (array == array.round()).all()
        if is_whole or (array.dtype == bool and len(self.class_names) == 2):
            array = array.astype(np.int64)
        if array.dtype.kind in "iu":
            self._refuse_numbers(array)
            return array
        index_of = {name: index for index, name in enumerate(self.class_names)}
        for label in array.tolist():
            if label not in index_of:
                near = did_you_mean(str(label), self.class_names)
                raise ToileError(f"a label is {label!r}, which is no class of {self.name}{near}")
        return np.array([index_of[label] for label in array.tolist()], np.int64)

    def _refuse_numbers(self, labels: Int[np.ndarray, " n"]) -> None:
        """Raise ToileError for numbers that are no indices, or might be names of classes."""
        names = self.class_names
        for label in np.unique(labels).tolist():
            # Labels 1, 2 and 3 make classes of these names, whose indices are 0, 1 and 2.
            if str(label) in names and names.index(str(label)) != label:
                raise ToileError(
                    f"a label is {label}, which could be an index or a name: class "
                    f"{names.index(str(label))} of {self.name} is called {label}. For names pass "
                    "labels.astype(str), for indices np.array(net.class_names)[labels]"
                )
        wrong = labels[(labels < 0) | (labels >= len(names))]
        if len(wrong):
            raise ToileError(
                f"a label is {wrong[0]}; labels of {len(names)} classes go from 0 to "
                f"{len(names) - 1}"
            )
