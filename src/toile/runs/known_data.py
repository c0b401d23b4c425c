"""A run's own data, read again."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from toile.data import (
    ARRAYS,
    CORRECTIONS_FILE,
    AnyPixels,
    Dataset,
    DataSource,
    Progress,
    data_values,
    is_here,
    is_known_data,
    load_data,
    no_progress,
    select_pixels,
)
from toile.errors import ToileError
from toile.recipe import Data
from toile.runs.added_data import AddedData, DataList
from toile.runs.layout import UNPACKING
from toile.runs.run import Run

READING = {"test", "rule", "white", "size_px", "colour", "orientation", "label_column"}
"""The settings of a recipe's data that its fingerprint depends on."""


def reading_options(data: Data) -> str:
    """The options of a command that reads the images as `data` says, each with a space before it.

    Read otherwise they are other pictures, or divided otherwise. Values may be of a stranger.
    """
    settings = data.model_dump(include=READING, exclude_defaults=True)
    return "".join(
        f" --set {shlex.quote(f'data.{name}={value}')}" for name, value in settings.items()
    )


def load_run_data(
    run: Run, progress: Progress = no_progress, data: DataSource | None = None
) -> Dataset:
    """What lies where `run` was trained from, or where `data` says that this lies now.

    Raises ToileError where there is nothing, or nothing that can be read.
    """
    return load_data(data_settings(run, data), progress=progress)


def data_settings(run: Run, data: DataSource | None = None) -> Data:
    """How the data of `run` is read, from where it was or from where it lies now.

    Raises ToileError where nothing is there.
    """
    settings = run.recipe.data
    copy = run.folder / CORRECTIONS_FILE
    if settings.corrections is not None and copy.exists():
        # That it learnt by; the file it was may have more rows by now.
        settings = settings.model_copy(update={"corrections": str(copy)})
    if data is not None:
        return settings.model_copy(update={"name": data_values(data)["data.name"]})
    if elsewhere := data_elsewhere(run):
        if entry := elsewhere.copy_in(_workspace_of(run)):
            return settings.model_copy(update={"name": entry.path})
        raise ToileError(elsewhere.reason)
    if not is_here(settings.name):
        if settings.name.startswith(ARRAYS):
            raise ToileError(
                f"{run.id} was trained on {settings.name}, arrays of which no copy is in the cache "
                "now; give the same again, as in toile.resume(run, "
                "data=toile.Dataset.from_arrays(x, y))"
            )
        raise ToileError(
            f"{run.id} was trained on {settings.name}, which is not here; say where its data lies "
            "now, as in --data PATH (in Python data=...)"
        )
    return settings


@dataclass(frozen=True)
class DataElsewhere:
    """The data of the run `run` of a bundle, which lies on the machine it was trained on.

    `settings` are the recipe's; nothing here may be opened by their name, which is of that machine.
    """

    run: str
    bundle: str
    settings: Data
    fingerprint: str

    def copy_in(self, workspace: Path) -> AddedData | None:
        """A dataset of the same images that `workspace` remembers and that lies on this machine."""
        try:
            entries = DataList(workspace).entries()
        except ToileError:
            return None  # The page Data says that its list is damaged.
        same = (entry for entry in entries if entry.fingerprint == self.fingerprint)
        return next((entry for entry in same if is_here(entry.path)), None)

    @property
    def reason(self) -> str:
        """Why it is not known where the data lies here, and what to do."""
        return (
            f"{self.run} came in the bundle {self.bundle}, and its data, {self.settings.name}, "
            "lies where it was trained; add the same data here, by toile data add "
            f"PATH{reading_options(self.settings)} or so on the app's page Data, and it is known, "
            "or say where it lies, as in --data PATH"
        )


def data_elsewhere(run: Run) -> DataElsewhere | None:
    """The data of a bundled run whose recipe names files of another machine; None of others.

    Of a path a bundle has the last part alone, which may be the name of a known dataset.
    """
    settings = run.recipe.data
    is_here_by_name = settings.name.startswith(ARRAYS) or is_known_data(settings, run.data)
    if not run.bundle or is_here_by_name:
        return None
    return DataElsewhere(run.id, run.bundle, settings, run.data.original_fingerprint)


def why_data_unknown(run: Run) -> str:
    """Why it is not known where the data of `run` lies, and what to do; empty where it is.

    The path in the recipe of a bundled run is of another machine: nothing here is opened by it.
    """
    elsewhere = data_elsewhere(run)
    if elsewhere is None or elsewhere.copy_in(_workspace_of(run)):
        return ""
    return elsewhere.reason


def _workspace_of(run: Run) -> Path:
    """The workspace that `run` lies in, or will lie in once its bundle is unpacked."""
    folder = run.folder.absolute().parent
    return folder.parent if folder.name.startswith(UNPACKING) else folder


def same_data(
    run: Run, progress: Progress = no_progress, data: DataSource | None = None
) -> Dataset:
    """The same, held to be the images that `run` was trained on.

    Raises ToileError where they are no longer the same, or stand in another order.
    """
    dataset = load_run_data(run, progress, data)
    refuse_other_images(run, dataset)
    return dataset


def validation_pixels(run: Run, dataset: Dataset) -> AnyPixels:
    """The images of `dataset` that `run.validation` answers, in its order.

    Raises ToileError where `dataset` is not what `run` was trained on.
    """
    refuse_other_images(run, dataset)
    return select_pixels(dataset.train.pixels, run.validation.indices)


def refuse_other_images(run: Run, dataset: Dataset) -> None:
    """Raise ToileError unless `dataset` holds the images of `run`, in the order they had."""
    if dataset.order != run.data.order:
        raise ToileError(
            f"{run.id} was trained on other images than {dataset.path} now has, or in another "
            "order; bring the same data back, or say where it lies, as in --data PATH (in Python "
            "data=...)"
        )
