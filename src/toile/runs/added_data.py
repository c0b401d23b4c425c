"""Datasets of a user's own that a workspace remembers: where each lies, and how it is read."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from toile.data import Dataset, Progress, load_data, no_progress
from toile.data import list_sources as list_known
from toile.errors import ToileError, did_you_mean
from toile.file_lock import file_lock
from toile.files import write_json
from toile.recipe import Data, data_of, first_fault
from toile.runs.pictures import Pictures, read_pictures, write_pictures

FOLDER, FILE = ".data", "datasets.json"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MOST = 500


@dataclass(frozen=True)
class AddedData:
    """A dataset called `name` here, at `path`; `settings` are those of a recipe's `data` beside it.

    `shape` is (c, h, w) as it is read so, `num_images` of training and test. Where `is_copy` the
    files lie in the workspace and go when it is forgotten.
    """

    name: str
    path: str
    settings: dict[str, Any]
    shape: tuple[int, int, int]
    num_classes: int
    num_images: tuple[int, int]
    fingerprint: str
    is_copy: bool = False
    added: float = 0.0

    def is_read_by(self, data: Data) -> bool:
        """Whether `data` reads these pictures, in the size and colour they are known in."""
        return data.name == self.path and all(
            getattr(data, name) == value
            for name, value in data_of({"name": self.path, **self.settings}).model_dump().items()
            if name in ("size_px", "colour")
        )


@dataclass(frozen=True)
class _Datasets:
    datasets: tuple[AddedData, ...]
    version: int = 1


_READER = TypeAdapter(_Datasets)


class DataList:
    """The datasets that the workspace `folder` remembers, the last added first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def entries(self) -> tuple[AddedData, ...]:
        """All of them. Raises ToileError where the list is damaged."""
        path = self.folder / FILE
        try:
            entries = _READER.validate_json(path.read_bytes()).datasets
            return tuple(map(self._located, entries))
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            raise ToileError(
                f"{path} is damaged: {first_fault(error)}; remove it and add the sets again, no "
                "pictures are touched by that"
            ) from None

    def entry(self, name: str) -> AddedData:
        """The one called so. Raises ToileError where there is none."""
        entries = self.entries()
        match = next((entry for entry in entries if entry.name == name), None)
        if match is None:
            near = did_you_mean(name, [entry.name for entry in entries])
            raise ToileError(f"no dataset was added here as {name!r:.60}{near}")
        return match

    def add(
        self,
        path: str | Path,
        name: str | None = None,
        settings: dict[str, Any] | None = None,
        progress: Progress = no_progress,
    ) -> AddedData:
        """Read what lies at `path` and remember it, called `name` or as the path's last part.

        Raises ToileError where it cannot be read, another is called so, or one of the two would
        show what the other has sealed.
        """
        is_named = name is not None
        name = self.free_name(Path(path).name) if name is None else self.checked_name(name)
        settings = settings or {}
        dataset = load_data(path, progress=progress, **settings)
        entry = AddedData(
            name=name,
            path=str(dataset.path),
            settings=settings,
            shape=dataset.shape,
            num_classes=len(dataset.class_names),
            num_images=(len(dataset.train), len(dataset.test)),
            fingerprint=dataset.fingerprint,
            is_copy=self.folder.resolve() in dataset.path.parents,
            added=time.time(),
        )
        pictures = Pictures(dataset.train.hash_set, dataset.test.hashes)
        with self._changing() as entries:
            for earlier in entries:
                self._refuse_unsealing(dataset, settings, earlier, progress)
            # Another dataset may have got this name while this one was read.
            if any(added.name == entry.name for added in entries):
                free = self.checked_name(entry.name) if is_named else self.free_name(entry.name)
                entry = replace(entry, name=free)
            entries.insert(0, entry)
            self._pictures_folder(entry).mkdir(parents=True, exist_ok=True)
            write_pictures(self._pictures_folder(entry), pictures)
        return entry

    def forget(self, name: str) -> AddedData:
        """Forget it; its files are deleted where they lie in the workspace, and never elsewhere."""
        with self._changing() as entries:
            entry = self.entry(name)
            entries.remove(entry)
            shutil.rmtree(self._pictures_folder(entry), ignore_errors=True)
        if (folder := self._copy_folder(entry)) not in {None, *map(self._copy_folder, entries)}:
            shutil.rmtree(self.folder / str(folder), ignore_errors=True)
        return entry

    def dataset(self, name: str, progress: Progress = no_progress) -> Dataset:
        """The pictures of the one called so."""
        entry = self.entry(name)
        return load_data(entry.path, progress=progress, **entry.settings)

    def checked_name(self, name: str) -> str:
        """`name`, where it is a valid name and free. Raises ToileError with the rule."""
        if not NAME.fullmatch(name):
            raise ToileError(
                f"{name!r:.60} cannot be a dataset's name; it is of up to 40 small letters, digits "
                "and dashes"
            )
        if name in self._names():
            raise ToileError(f"a dataset is called {name} already; choose another name")
        return name

    def free_name(self, text: str) -> str:
        """A name like `text` that no dataset has yet."""
        stem = re.sub(r"(\.(zip|npz|csv|tsv|gz|npy))+$", "", text.lower())
        stem = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:32].strip("-") or "pictures"
        used = self._names()
        numbered = (f"{stem}-{number}" for number in range(2, MOST + 3))
        return stem if stem not in used else next(name for name in numbered if name not in used)

    def _names(self) -> set[str]:
        known = {source.name for source in list_known()}
        return known | {entry.name for entry in self.entries()}

    def _pictures_folder(self, entry: AddedData) -> Path:
        """Where the hashes of what it shows and seals are kept, also when its files are gone."""
        return self.folder / "pictures" / entry.name

    def _pictures(self, entry: AddedData, progress: Progress) -> Pictures | None:
        """What it shows and seals; None of one from before that was kept whose files are gone."""
        stored = read_pictures(self._pictures_folder(entry))
        if stored is not None:
            return stored
        try:
            present = load_data(entry.path, progress=progress, fetch=False, **entry.settings)
        except ToileError:
            return None
        return Pictures(present.train.hash_set, present.test.hashes)

    def _refuse_unsealing(
        self, dataset: Dataset, settings: dict[str, Any], entry: AddedData, progress: Progress
    ) -> None:
        """Raise ToileError where training pictures of one are in the sealed test part of the other.

        Those that one holds in both of its parts itself are no secret of its own.
        """
        pictures = self._pictures(entry, progress)
        if pictures is None:
            return
        step = (
            f"forget {entry.name} first, which deletes a copy of it that lies in the workspace: "
            f"Forget on the page Data, or toile data forget {entry.name}"
        )
        if settings != entry.settings:
            step = f"read it by the settings of {entry.name} ({_reading_words(entry)}), or {step}"
        sealed = np.setdiff1d(pictures.sealed, pictures.trained)
        if num := int(dataset.train.are_known(sealed).sum()):
            are = "are" if dataset.train.sources is None else "are, or are variants of pictures,"
            raise ToileError(
                f"{dataset.path}: {num:,} of its training pictures {are} in the test part of "
                f"{entry.name}, which stays sealed until it is scored; {step}"
            )
        trained = np.setdiff1d(pictures.trained, dataset.train.hash_set)
        if num := dataset.test.count_known(trained):
            raise ToileError(
                f"{dataset.path}: {num:,} pictures of its test part, which is to be sealed, are "
                f"training pictures of {entry.name}, where anybody sees them; {step}"
            )

    def _located(self, entry: AddedData) -> AddedData:
        """As it is written a copy's path begins in the workspace, which may be moved."""
        return replace(entry, path=str(self.folder.resolve() / entry.path))

    def _copy_folder(self, entry: AddedData) -> str | None:
        """The folder in the workspace that a copy's files lie in; None of other files."""
        path, root = Path(entry.path), self.folder.resolve()
        return path.relative_to(root).parts[0] if entry.is_copy and root in path.parents else None

    @contextmanager
    def _changing(self) -> Iterator[list[AddedData]]:
        """The entries, to be changed by one process at a time; written when the block ends well."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with file_lock(self.folder):
            entries = list(self.entries())
            yield entries
            if len(entries) > MOST:
                raise ToileError(
                    f"{MOST} datasets are remembered here, which is the most; forget some"
                )
            root = self.folder.resolve()
            written = tuple(
                replace(entry, path=str(Path(entry.path).relative_to(root)))
                if self._copy_folder(entry)
                else entry
                for entry in entries
            )
            write_json(self.folder / FILE, asdict(_Datasets(written)))


def _reading_words(entry: AddedData) -> str:
    words = [f"data.{name}={value}" for name, value in entry.settings.items()]
    return ", ".join(words) or "none beside its path"
