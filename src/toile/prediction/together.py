"""Classifies many pictures with one or several networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from toile.data import Picture, Progress, no_progress
from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.prediction.answer import ClassProbability, Prediction, Vote, vote
from toile.prediction.classifier import Classifier
from toile.prediction.corrections import NO_CORRECTIONS, PictureCorrections
from toile.prediction.pictures import PictureInput, PictureSource, sources_of
from toile.prediction.prepare import PreparedPicture, prepare
from toile.prediction.step import PreparationStep

AT_ONCE = 250
"""The number of pictures in memory at a time."""


@dataclass(frozen=True, eq=False)
class Answered:
    """The result for one picture; `top` are the most probable classes, sorted.

    `runs` has the prediction of each run. With several runs `top` is their `vote`, and `warnings`
    are those of all. A file of a folder that is no picture has an `error` and an empty `top`. For a
    picture that is blank or far from the training images `top` is empty too, and `abstained` says
    why; several runs abstain together if more than half of them do.

        >>> (answered,) = toile.predict(run, images[0], always=True)
        >>> len(answered.top), answered.top[0].class_name in data.class_names
        (3, True)
    """

    file: str
    top: tuple[ClassProbability, ...] = ()
    warnings: tuple[str, ...] = ()
    abstained: tuple[str, ...] = ()
    runs: tuple[tuple[str, Prediction], ...] = ()
    vote: Vote | None = None
    steps: tuple[PreparationStep, ...] = ()
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """The result as JSON, with `runs` and `vote` if there are several runs."""
        record: dict[str, Any] = {
            "file": self.file,
            "top": [entry.to_json() for entry in self.top],
            "warnings": list(self.warnings),
            "abstained": list(self.abstained),
        }
        if self.error:
            record["error"] = self.error
        if self.vote is not None:
            record["runs"] = [
                {
                    "run": run,
                    "top": [entry.to_json() for entry in prediction.top],
                    "warnings": list(prediction.warnings),
                    "abstained": list(prediction.abstained),
                }
                for run, prediction in self.runs
            ]
            record["vote"] = {"agree": self.vote.agree, "sentence": self.vote.sentence}
        return record


def ask_together(
    classifiers: Sequence[Classifier],
    pictures: PictureInput,
    *,
    num_top: int = 3,
    num_steps: int = 0,
    always: bool = False,
    corrections: PictureCorrections = NO_CORRECTIONS,
    progress: Progress = no_progress,
) -> list[Answered]:
    """The prediction of each of `classifiers` for each of `pictures`, and their vote.

    The first `num_steps` readable pictures have the steps of their preparation for the first
    classifier; `corrections` apply to all pictures. Raises ToileError unless all classifiers have
    the same classes in the same order.
    """
    _refuse_other_classes(classifiers)
    sources = list(sources_of(pictures, classifiers[0].facts))
    for classifier in classifiers:
        classifier.seal.refuse_paths(source.path for source in sources if source.path is not None)
    predictions: list[Answered] = []
    for start in range(0, len(sources), AT_ONCE):
        progress(start, len(sources), "pictures")
        batch = sources[start : start + AT_ONCE]
        num_shown = sum(bool(prediction.steps) for prediction in predictions)
        prepared = _prepare_batch(batch, classifiers, num_steps - num_shown, corrections)
        predictions += _answer(classifiers, batch, prepared, num_top, always)
    progress(len(sources), len(sources), "pictures")
    return predictions


def _refuse_other_classes(classifiers: Sequence[Classifier]) -> None:
    first, classes = classifiers[0], classifiers[0].class_names
    for classifier in classifiers[1:]:
        theirs = classifier.class_names
        if theirs != classes:
            raise ToileError(
                f"{first.name} has {len(classes)} classes, {_excerpt(classes, theirs)}; "
                f"{classifier.name} has {len(theirs)}, {_excerpt(theirs, classes)}; name runs with "
                "the same classes in the same order"
            )


def _excerpt(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    """The first of our classes that has another index among theirs."""
    first_index = next(
        (index for index, name in enumerate(ours) if theirs[index : index + 1] != (name,)), 0
    )
    return f"class {first_index} being {ours[first_index]!r}"


def _answer(
    classifiers: Sequence[Classifier],
    sources: Sequence[PictureSource],
    prepared_or_error: Sequence[list[PreparedPicture] | str],
    num_top: int,
    always: bool,
) -> list[Answered]:
    """The results for a few hundred pictures, in their order."""
    readable = [prepared for prepared in prepared_or_error if not isinstance(prepared, str)]
    logits = [
        classifier.model.logits(np.stack([prepared[index].pixels for prepared in readable]))
        for index, classifier in enumerate(classifiers)
        if readable
    ]
    rows = zip(*logits, strict=True)
    return [
        Answered(source.name, error=prepared)
        if isinstance(prepared, str)
        else _answered(source.name, classifiers, prepared, next(rows), num_top, always)
        for source, prepared in zip(sources, prepared_or_error, strict=True)
    ]


def _prepare_batch(
    sources: Sequence[PictureSource],
    classifiers: Sequence[Classifier],
    num_steps: int,
    corrections: PictureCorrections,
) -> list[list[PreparedPicture] | str]:
    """Each picture prepared for each network; the first `num_steps` have their steps."""
    prepared_or_error: list[list[PreparedPicture] | str] = []
    for source in sources:
        prepared_or_error.append(_prepare_unsealed(source, classifiers, num_steps > 0, corrections))
        num_steps -= isinstance(prepared_or_error[-1], list)
    return prepared_or_error


def _prepare_unsealed(
    source: PictureSource,
    classifiers: Sequence[Classifier],
    show_steps: bool,
    corrections: PictureCorrections,
) -> list[PreparedPicture] | str:
    """A picture prepared for each network, or the reason why it cannot be read."""
    try:
        picture = source.read()
        for classifier in classifiers:
            hashes = source.hashes(picture.scaled_like(classifier.facts.greys))
            classifier.seal.refuse_hashes(source.name, hashes)
        prepared = _prepared(picture, classifiers, show_steps, corrections)
        for classifier, seen in zip(classifiers, prepared, strict=True):
            classifier.seal.refuse_prepared(source.name, seen.pixels)
    except ToileError as error:
        return _reason(error, source)
    return prepared


def _prepared(
    picture: Picture,
    classifiers: Sequence[Classifier],
    show_steps: bool,
    corrections: PictureCorrections,
) -> list[PreparedPicture]:
    prepared: list[PreparedPicture] = []
    for index, classifier in enumerate(classifiers):
        # Runs of one dataset need the same preparation, which takes longer than the prediction.
        earlier = next(
            (at for at in range(index) if classifiers[at].facts == classifier.facts), None
        )
        # Only steps of the first run are stored, since many photographs would fill the memory.
        prepared.append(
            prepare(picture, classifier.facts, show_steps and index == 0, corrections)
            if earlier is None
            else prepared[earlier]
        )
    return prepared


def _reason(error: ToileError, source: PictureSource) -> str:
    """Why a picture of a folder has no result. Raises `error` if the user named the picture."""
    if source.may_fail:
        return str(error).removeprefix(f"{source.name}: ")
    raise error


def _answered(
    file: str,
    classifiers: Sequence[Classifier],
    prepared: Sequence[PreparedPicture],
    logits: Sequence[Float[np.ndarray, " k"]],
    num_top: int,
    always: bool,
) -> Answered:
    names = [classifier.name for classifier in classifiers]
    classes = classifiers[0].class_names
    predictions = [
        classifier.answer(row, picture, num_top, always)
        for classifier, row, picture in zip(classifiers, logits, prepared, strict=True)
    ]
    reasons = dict.fromkeys(reason for prediction in predictions for reason in prediction.abstained)
    abstains = sum(bool(prediction.abstained) for prediction in predictions) * 2 > len(predictions)
    voted = None
    if len(classifiers) > 1 and not abstains:
        by_run = zip(names, probabilities(np.stack(logits)), strict=True)
        voted = vote(dict(by_run), classes, num_top)
    top = predictions[0].top if voted is None else voted.top
    return Answered(
        file,
        top=() if abstains else top,
        abstained=tuple(reasons) if abstains else (),
        # Each warning once, in order.
        warnings=tuple(
            dict.fromkeys(
                [doubt for classifier in classifiers for doubt in classifier.seal.doubts]
                + [warning for prediction in predictions for warning in prediction.warnings]
            )
        ),
        runs=tuple(zip(names, predictions, strict=True)),
        vote=voted,
        steps=prepared[0].steps,
    )
