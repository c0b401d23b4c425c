"""A run's own data, read again."""

from toile.data import (
    ARRAYS,
    CORRECTIONS_FILE,
    AnyPixels,
    Dataset,
    DataSource,
    Progress,
    data_values,
    is_here,
    load_data,
    no_progress,
    select_pixels,
)
from toile.errors import ToileError
from toile.recipe import Data
from toile.runs.run import Run


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
