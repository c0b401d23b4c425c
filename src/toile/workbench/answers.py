"""Asking runs what is in pictures, thousands if need be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from toile.data import DataFacts, MarkSet, Progress, no_progress
from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.network import Network, network_logits, pixels_of
from toile.prediction import (
    Abstention,
    ClassProbability,
    Prediction,
    PreparationStep,
    PreparedPicture,
    Vote,
    answer,
    prepare,
    vote,
)
from toile.runs import Run, abstention_of, doubts_about, load_network, open_run, pictures_of
from toile.workbench.pictures import (
    Asking,
    PictureSource,
    refuse_sealed,
    refuse_test_part,
    sources_of,
)

AT_ONCE = 250
"""So many pictures are in memory at a time."""


@dataclass(frozen=True, eq=False)
class Answered:
    """What was answered to one picture; `top` is the likeliest classes, likeliest first.

    `runs` has each run's own answer. Of several `top` is their `vote`, and `warnings` are all of
    theirs. A file of a folder that is no picture has an `error` and no `top`. A picture that is
    blank, or too far from the training images, has no `top` either, and `abstained` says why; of
    several runs where more than half of them give no answer.
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
        """The answer as JSON has it; `runs` and `vote` where several were asked."""
        record: dict[str, Any] = {
            "file": self.file,
            "top": [one.to_json() for one in self.top],
            "warnings": list(self.warnings),
            "abstained": list(self.abstained),
        }
        if self.error:
            record["error"] = self.error
        if self.vote is not None:
            record["runs"] = [
                {
                    "run": run,
                    "top": [likely.to_json() for likely in one.top],
                    "warnings": list(one.warnings),
                    "abstained": list(one.abstained),
                }
                for run, one in self.runs
            ]
            record["vote"] = {"agree": self.vote.agree, "sentence": self.vote.sentence}
        return record


@dataclass(frozen=True, eq=False)
class _Asked:
    """A run that is asked; `sealed` are the marks of its test part, `doubts` where unknown."""

    run: Run
    sealed: MarkSet
    doubts: tuple[str, ...]
    facts: DataFacts
    network: Network
    abstention: Abstention

    @property
    def name(self) -> str:
        return self.run.name

    def logits(self, images: UInt8[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n k"]:
        pixels = pixels_of(self.facts.scaling, self.facts.mean, self.facts.sd)
        return network_logits(self.network, images, pixels)

    def answer(
        self, logits: Float[np.ndarray, " k"], way: PreparedPicture, num_top: int, always: bool
    ) -> Prediction:
        doubts = (*way.strange, *self.abstention.reasons(logits, way.pixels))
        (row,) = probabilities(logits[None])
        return answer(row, self.facts.class_names, num_top, way.warnings, doubts, always)


def predict(
    run: str | Path | Run,
    pictures: Asking | Sequence[Asking],
    *,
    also: Sequence[str | Path | Run] = (),
    weights: str = "last",
    num_top: int = 3,
    num_steps: int = 0,
    always: bool = False,
    progress: Progress = no_progress,
) -> list[Answered]:
    """What `run` holds likely in each of `pictures`, and the runs of `also` with their vote.

    A picture is a path, the bytes of a file, an image of Pillow's, or an array, tensor or list of
    numbers (h, w), (h, w, 3) or (c, h, w); a folder is all the files below it, in order, and a
    batch (n, h, w), (n, c, h, w), (n, h, w, c) or (n, pixels) all in it. Numbers go from 0 to 255,
    or as in the run's data. The first `num_steps` that can be read keep the
    steps of their preparation for `run`. A picture that is blank or far from the training images
    gets no answer, unless `always`: then what is odd about it is among its warnings. A picture of
    the sealed test part of one of the runs gets none, wherever it lies. Raises ToileError
    where a picture named by itself is one or cannot be read, and where one lies in a run's test
    folder.
    """
    opened = [one if isinstance(one, Run) else open_run(one) for one in (run, *also)]
    sources = list(sources_of(pictures, opened[0].facts))
    for one in opened:
        refuse_test_part(one, sources)
    asked = _askable(opened, weights)
    answers: list[Answered] = []
    for start in range(0, len(sources), AT_ONCE):
        progress(start, len(sources), "pictures")
        some = sources[start : start + AT_ONCE]
        kept = sum(bool(one.steps) for one in answers)
        answers += _answer(asked, some, num_top, num_steps - kept, always)
    progress(len(sources), len(sources), "pictures")
    return answers


def _askable(opened: Sequence[Run], weights: str) -> list[_Asked]:
    """The runs with their networks. Raises ToileError unless all know the same classes."""
    # One run has many paths: through links, from here, from the root.
    folders = [one.folder.resolve() for one in opened]
    for place, one in enumerate(opened):
        if folders[place] in folders[:place]:
            raise ToileError(f"{one.name} is asked twice; its vote counts once")
    classes = opened[0].facts.class_names
    for other in opened[1:]:
        theirs = other.facts.class_names
        if theirs != classes:
            raise ToileError(
                f"{opened[0].id} knows {len(classes)} classes, {_excerpt(classes, theirs)}; "
                f"{other.id} knows {len(theirs)}, {_excerpt(theirs, classes)}; runs asked "
                "together have the same classes in the same order"
            )
    known = [pictures_of(one) for one in opened]
    return [
        _Asked(
            one,
            own.sealed,
            doubts_about(one, own),
            one.facts,
            load_network(one, weights),
            abstention_of(one, weights),
        )
        for one, own in zip(opened, known, strict=True)
    ]


def _excerpt(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    """The first of our classes that is not at the same place among theirs."""
    place = next(
        (place for place, name in enumerate(ours) if theirs[place : place + 1] != (name,)), 0
    )
    return f"class {place} being {ours[place]!r}"


def _answer(
    asked: Sequence[_Asked],
    sources: Sequence[PictureSource],
    num_top: int,
    num_steps: int,
    always: bool,
) -> list[Answered]:
    """The answers to a few hundred pictures, in their order."""
    looked: list[list[PreparedPicture] | str] = []
    for source in sources:
        looked.append(_look(source, asked, num_steps > 0))
        num_steps -= isinstance(looked[-1], list)
    readable = [ways for ways in looked if not isinstance(ways, str)]
    said = [
        one.logits(np.stack([ways[place].pixels for ways in readable]))
        for place, one in enumerate(asked)
        if readable
    ]
    rows = zip(*said, strict=True)
    return [
        Answered(source.name, error=ways)
        if isinstance(ways, str)
        else _answered(source.name, asked, ways, next(rows), num_top, always)
        for source, ways in zip(sources, looked, strict=True)
    ]


def _look(
    source: PictureSource, asked: Sequence[_Asked], show_steps: bool
) -> list[PreparedPicture] | str:
    """A picture as each run is to see it, or why it has no answer."""
    try:
        picture = source.read()
        for one in asked:
            marks = source.marks(picture.seen_by(one.facts.greys))
            refuse_sealed(one.run, source.name, marks, one.sealed)
    except ToileError as error:
        if source.may_fail:
            return str(error).removeprefix(f"{source.name}: ")
        raise
    ways: list[PreparedPicture] = []
    for place, one in enumerate(asked):
        # Runs of one dataset see a picture alike, and preparing takes longer than answering.
        twin = next((at for at in range(place) if asked[at].facts == one.facts), None)
        # Steps are the first run's; those of hundreds of photographs would fill the memory.
        ways.append(
            prepare(picture, one.facts, show_steps=show_steps and place == 0)
            if twin is None
            else ways[twin]
        )
    return ways


def _answered(
    file: str,
    asked: Sequence[_Asked],
    ways: Sequence[PreparedPicture],
    said: Sequence[Float[np.ndarray, " k"]],
    num_top: int,
    always: bool,
) -> Answered:
    names = [one.name for one in asked]
    classes = asked[0].facts.class_names
    own = [
        one.answer(row, way, num_top, always)
        for one, row, way in zip(asked, said, ways, strict=True)
    ]
    reasons = dict.fromkeys(reason for one in own for reason in one.abstained)
    abstains = sum(bool(one.abstained) for one in own) * 2 > len(own)
    voted = None
    if len(asked) > 1 and not abstains:
        by_run = zip(names, probabilities(np.stack(said)), strict=True)
        voted = vote(dict(by_run), classes, num_top)
    top = own[0].top if voted is None else voted.top
    return Answered(
        file,
        top=() if abstains else top,
        abstained=tuple(reasons) if abstains else (),
        # Each once, in the order they came.
        warnings=tuple(
            dict.fromkeys(
                [doubt for one in asked for doubt in one.doubts]
                + [warning for one in own for warning in one.warnings]
            )
        ),
        runs=tuple(zip(names, own, strict=True)),
        vote=voted,
        steps=ways[0].steps,
    )
