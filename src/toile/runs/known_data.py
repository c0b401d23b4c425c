"""A run's own data, read again."""

import shlex

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
    if reason := why_data_unknown(run):
        raise ToileError(reason)
    if _is_path_elsewhere(run) and (entry := _added_copy(run)):
        return settings.model_copy(update={"name": entry.path})
    if not is_here(settings.name):
        if settings.name.startswith(ARRAYS):
            raise ToileError(
                f"{run.id} was trained on {settings.name}, arrays of which no copy is in the cache "
                "now; give the same again, as in toile.resume(run, "
                "data=toile.Dataset.from_arrays(x, y))"
            )
        raise ToileError(
            f"{run.id} was trained on {settings.name}, which is not here; say where its data lies "
            "now, as in --data PATH"
        )
    return settings


def why_data_unknown(run: Run) -> str:
    """Why it is not known where the data of `run` lies, and what to do; empty where it is.

    The path in the recipe of a bundled run is of another machine: nothing here is opened by it.
    """
    name = run.recipe.data.name
    if not _is_path_elsewhere(run) or _added_copy(run):
        return ""
    # Read otherwise they are other pictures, or divided otherwise. Values are of a stranger.
    settings = run.recipe.data.model_dump(include=READING, exclude_defaults=True)
    read = "".join(
        f" --set {shlex.quote(f'data.{name}={value}')}" for name, value in settings.items()
    )
    return (
        f"{run.id} came in the bundle {run.bundle}, and its data, {name}, lies where it was "
        f"trained; add the same data here, by toile data add PATH{read} or so on the app's page "
        "Data, and it is known, or say where it lies, as in --data PATH"
    )


def _is_path_elsewhere(run: Run) -> bool:
    """Whether the recipe of `run` names files of another machine.

    Of a path a bundle has the last part alone, which may be the name of a known dataset.
    """
    settings = run.recipe.data
    is_cached = settings.name.startswith(ARRAYS)
    return bool(run.bundle) and not is_cached and not is_known_data(settings, run.data)


def _added_copy(run: Run) -> AddedData | None:
    """A dataset that the workspace of `run` remembers, of the same images, where one lies here."""
    folder = run.folder.absolute().parent
    workspace = folder.parent if folder.name.startswith(UNPACKING) else folder
    try:
        entries = DataList(workspace).entries()
    except ToileError:
        return None  # The page Data says that its list is damaged.
    fingerprint = run.data.original_fingerprint
    same = (entry for entry in entries if entry.fingerprint == fingerprint)
    return next((entry for entry in same if is_here(entry.path)), None)


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
            "order; bring the same data back, or say where it lies"
        )
