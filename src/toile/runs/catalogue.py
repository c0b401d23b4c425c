"""What is kept where runs are: found by name and sorted by time, with no file of it opened."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError, did_you_mean
from toile.runs.listing import is_path
from toile.runs.names import counted_back, meant_by, steps_back
from toile.runs.workspace import COLLECTIONS, runs_folder

MARKS = {"run": "state.json", **COLLECTIONS}
"""What lies in each kind's folder once it has begun, and is written whenever it comes further."""


@dataclass(frozen=True)
class Kept:
    """A folder of one of the kinds; `when` it last came further, in seconds since 1970."""

    kind: str
    folder: Path
    when: float

    @property
    def name(self) -> str:
        """The folder's name, by which it is called."""
        return Path(os.path.abspath(self.folder)).name


def list_kept(*kinds: str) -> list[Kept]:
    """What is kept where runs are, of these kinds, the newest first."""
    folder = runs_folder()
    if not folder.is_dir():
        return []
    # A dot: a bundle that is being unpacked.
    places = (Path(one.path) for one in os.scandir(folder) if not one.name.startswith("."))
    found = [kept for place in places for kept in kept_in(place, kinds)]
    return sorted(found, key=lambda one: (one.when, one.name), reverse=True)


def find_kept(name: str | Path, *kinds: str) -> Kept | None:
    """The one called `name`: its folder, its name, the beginning of it, or `last`.

    A run also by the end of its id or by its recipe; `last~1` is the one before `last`.
    None where there is none; ToileError where there are several, or where none is the last.
    """
    for place in (Path(name), runs_folder() / name):
        for kept in kept_in(place, kinds):
            return kept
    found = {one.name: one for one in list_kept(*kinds)}
    if steps_back(str(name)) is not None:
        if not found:
            if kinds == ("run",):
                raise ToileError(
                    f"no run in {runs_folder()} yet; train one with  toile train quick"
                )
            among = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if kinds[1:] else kinds[0]
            raise ToileError(f"{runs_folder()} has no {among} yet, so none is the last")
        return found[counted_back(str(name), list(found), str(runs_folder()))]
    fitting = meant_by(str(name), list(found))
    if len(fitting) > 1:
        raise ToileError(
            f"{name} fits {len(fitting)} names in {runs_folder()}: {', '.join(fitting[:5])}; write "
            "more of it"
        )
    return found[fitting[0]] if fitting else None


def find_named(name: str | Path, *kinds: str) -> Kept:
    """The run, study, search or sheet called `name`; `last` is the newest of `kinds`, or of all.

    Its name among those kept, its folder, or a part of its name that fits no other. Raises
    ToileError naming the nearest where there is none.
    """
    text = str(name)
    places = [Path(name)] if is_path(name) else [runs_folder() / name, Path(name)]
    for place in places if text else ():
        for exact in kept_in(place, MARKS):
            return exact
    is_last = steps_back(text) is not None
    kept = find_kept(name, *(kinds if kinds and is_last else MARKS))
    if kept is None:
        raise none_called(text)
    return kept


def none_called(name: str) -> ToileError:
    """That nothing kept is called `name`, with the nearest that is."""
    near = did_you_mean(name, [one.name for one in list_kept(*MARKS)])
    return ToileError(
        f"no run, study, search or sheet in {runs_folder()} is called {name}{near}; "
        "`toile runs` and `toile studies` list them"
    )


def kept_in(place: Path, kinds: Iterable[str]) -> Iterator[Kept]:
    """What lies in the folder `place`, of these kinds."""
    for kind in kinds:
        # By os.path and text, as a listing asks this three times of a thousand runs.
        mark = f"{place}/{MARKS[kind]}"
        if os.path.isfile(mark):
            yield Kept(kind, place, os.path.getmtime(mark))
