"""Asking runs what is in pictures: files, folders, bytes or arrays, thousands if need be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from toile.data import DataFacts, Picture, read_picture
from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.network import Network, network_logits, pixels_of
from toile.prediction import Likely, Prediction, Prepared, Step, Vote, answer, prepare, vote
from toile.runs import Run, open_run
from toile.workbench.live import Progress, no_progress
from toile.workbench.trained import load_network

AT_ONCE = 250
"""So many pictures are in memory at a time."""

Asking = str | Path | bytes | np.ndarray


@dataclass(frozen=True, eq=False)
class Answered:
    """What was answered to one picture; `top` is the likeliest classes, likeliest first.

    `runs` has each run's own answer. Of several `top` is their `vote`, and `warnings` are all of
    theirs. A file of a folder that is no picture has an `error` and no `top`.
    """

    file: str
    top: tuple[Likely, ...] = ()
    warnings: tuple[str, ...] = ()
    runs: tuple[tuple[str, Prediction], ...] = ()
    vote: Vote | None = None
    steps: tuple[Step, ...] = ()
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON has it; `runs` and `vote` where several were asked."""
        record: dict[str, Any] = {
            "file": self.file,
            "top": [one.to_json() for one in self.top],
            "warnings": list(self.warnings),
        }
        if self.error:
            record["error"] = self.error
        if self.vote is not None:
            record["runs"] = [
                {
                    "run": run,
                    "top": [likely.to_json() for likely in one.top],
                    "warnings": list(one.warnings),
                }
                for run, one in self.runs
            ]
            record["vote"] = {"agree": self.vote.agree, "sentence": self.vote.sentence}
        return record


@dataclass(frozen=True, eq=False)
class _Asked:
    """A run that is asked."""

    name: str
    facts: DataFacts
    network: Network

    def probabilities(self, images: UInt8[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n k"]:
        pixels = pixels_of(self.facts.scaling, self.facts.mean, self.facts.sd)
        return probabilities(network_logits(self.network, images, pixels))


@dataclass(frozen=True)
class _Source:
    """Where a picture comes from; `may_fail` where it is one of a folder's files."""

    name: str
    read: Callable[[], Picture]
    may_fail: bool = False


def predict(
    run: str | Path | Run,
    pictures: Asking | Sequence[Asking],
    *,
    also: Sequence[str | Path | Run] = (),
    weights: str = "last",
    num_top: int = 3,
    num_steps: int = 0,
    progress: Progress = no_progress,
) -> list[Answered]:
    """What `run` holds likely in each of `pictures`, and the runs of `also` with their vote.

    A picture is a path, the bytes of a file, or a uint8 array (h, w), (h, w, 3) or (c, h, w); a
    folder is all the files below it, in order. The first `num_steps` answers keep the steps of
    their preparation for `run`. Raises ToileError where a picture named by itself cannot be read.
    """
    asked = _askable([run, *also], weights)
    if isinstance(pictures, str | Path | bytes | np.ndarray):
        pictures = [pictures]
    sources = list(_sources(pictures))
    answers: list[Answered] = []
    for start in range(0, len(sources), AT_ONCE):
        progress(start, len(sources), "pictures")
        some = sources[start : start + AT_ONCE]
        answers += _answer(asked, some, num_top, max(0, num_steps - start))
    progress(len(sources), len(sources), "pictures")
    return answers


def _askable(runs: Sequence[str | Path | Run], weights: str) -> list[_Asked]:
    """The runs with their networks. Raises ToileError unless all know the same classes."""
    opened = [one if isinstance(one, Run) else open_run(one) for one in runs]
    names = [one.name for one in opened]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ToileError(f"{min(twice)} is asked twice; its vote counts once")
    classes = opened[0].facts.class_names
    for other in opened[1:]:
        theirs = other.facts.class_names
        if theirs != classes:
            raise ToileError(
                f"{opened[0].id} knows {len(classes)} classes, {_excerpt(classes, theirs)}; "
                f"{other.id} knows {len(theirs)}, {_excerpt(theirs, classes)}; runs asked "
                "together have the same classes in the same order"
            )
    return [_Asked(one.name, one.facts, load_network(one, weights)) for one in opened]


def _excerpt(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    """The first of our classes that is not at the same place among theirs."""
    place = next(
        (place for place, name in enumerate(ours) if theirs[place : place + 1] != (name,)), 0
    )
    return f"class {place} being {ours[place]!r}"


def _sources(pictures: Sequence[Asking]) -> Iterator[_Source]:
    for number, one in enumerate(pictures, start=1):
        if isinstance(one, bytes):
            name = f"picture {number}"
            yield _Source(name, partial(read_picture, one, name))
        elif isinstance(one, np.ndarray):
            name = f"picture {number}"
            yield _Source(name, partial(_picture_of, one, name))
        elif Path(one).is_dir():
            yield from _below(Path(one))
        else:
            yield _Source(str(one), partial(_read_file, Path(one)))


def _below(folder: Path) -> list[_Source]:
    """All files of a folder and of the folders in it, hidden ones left out; sorted."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not files:
        raise ToileError(f"{folder}: holds no files; name a folder of pictures")
    return [_Source(str(path), partial(_read_file, path), may_fail=True) for path in files]


def _read_file(path: Path) -> Picture:
    try:
        with path.open("rb") as file:
            return read_picture(file, str(path))
    except FileNotFoundError:
        raise ToileError(f"{path}: is no file or folder") from None
    except OSError as error:
        raise ToileError(f"{path}: cannot be read: {error.strerror}") from None


def _picture_of(array: np.ndarray, name: str) -> Picture:
    """An array as a picture; three channels come first or last, one may be left out."""
    if array.dtype == np.uint8 and array.size:
        if array.ndim == 2:
            return Picture(array[None])
        if array.ndim == 3 and array.shape[0] in (1, 3):
            return Picture(array)
        if array.ndim == 3 and array.shape[2] in (1, 3):
            return Picture(array.transpose(2, 0, 1))
    raise ToileError(
        f"{name}: is an array of {array.dtype} {array.shape}; it is of uint8 (h, w), (h, w, 3) or "
        "(c, h, w)"
    )


def _answer(
    asked: Sequence[_Asked], sources: Sequence[_Source], num_top: int, num_steps: int
) -> list[Answered]:
    """The answers to a few hundred pictures, in their order."""
    looked = [_look(source, asked, place < num_steps) for place, source in enumerate(sources)]
    readable = [ways for ways in looked if not isinstance(ways, str)]
    said = [
        one.probabilities(np.stack([ways[place].pixels for ways in readable]))
        for place, one in enumerate(asked)
        if readable
    ]
    rows = zip(*said, strict=True)
    return [
        Answered(source.name, error=ways)
        if isinstance(ways, str)
        else _answered(source.name, asked, ways, next(rows), num_top)
        for source, ways in zip(sources, looked, strict=True)
    ]


def _look(source: _Source, asked: Sequence[_Asked], keep_steps: bool) -> list[Prepared] | str:
    """A picture as each run is to see it, or why it cannot be read."""
    try:
        picture = source.read()
    except ToileError as error:
        if source.may_fail:
            return str(error).removeprefix(f"{source.name}: ")
        raise
    ways: list[Prepared] = []
    for place, one in enumerate(asked):
        # Runs of one dataset see a picture alike, and preparing takes longer than answering.
        twin = next((at for at in range(place) if asked[at].facts == one.facts), None)
        ways.append(prepare(picture, one.facts) if twin is None else ways[twin])
    # The steps of hundreds of photographs would fill the memory.
    return ways if keep_steps else [replace(one, steps=()) for one in ways]


def _answered(
    file: str,
    asked: Sequence[_Asked],
    ways: Sequence[Prepared],
    said: Sequence[Float[np.ndarray, " k"]],
    num_top: int,
) -> Answered:
    names = [one.name for one in asked]
    classes = asked[0].facts.class_names
    own = [answer(row, classes, num_top, way.warnings) for row, way in zip(said, ways, strict=True)]
    voted = None
    if len(asked) > 1:
        voted = vote(dict(zip(names, said, strict=True)), classes, num_top)
    return Answered(
        file,
        top=own[0].top if voted is None else voted.top,
        # Each once, in the order they came.
        warnings=tuple(dict.fromkeys(warning for one in own for warning in one.warnings)),
        runs=tuple(zip(names, own, strict=True)),
        vote=voted,
        steps=ways[0].steps,
    )
