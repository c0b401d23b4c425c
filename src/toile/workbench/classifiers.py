"""Trained networks of runs and files, and their predictions: `toile.predict`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from toile.data import HashSet, Progress, known_shape, load_here, no_progress
from toile.errors import ToileError
from toile.export import ExportMetadata, KerasClassifier, OnnxClassifier, OpenedExport
from toile.prediction import (
    NO_CORRECTIONS,
    Abstention,
    Answered,
    Classifier,
    PictureCorrections,
    PictureInput,
    Seal,
    abstention_from_json,
    ask_together,
)
from toile.recipe import read_recipe_text
from toile.runs import Run, RunsFolder, load_arrays, open_run, pictures_of

NetworkSource = str | Path | Run | Classifier
"""A run or its name, the path of an exported file, or an open classifier."""

_OPEN: Mapping[str, Callable[[Path], OpenedExport]] = {
    ".onnx": OnnxClassifier,
    ".h5": KerasClassifier.open,
}


def open_classifier(source: NetworkSource, weights: str | None = None) -> Classifier:
    """The network of a run, or of an exported .onnx or .h5 file, loaded for many predictions.

    `weights` are `last` (default) or `best` for a run; a file has its own. An ONNX file is run by
    ONNX Runtime, a Keras file slowly by numpy, both without torch. A Keras file has no rules for
    abstaining, so it predicts unusual pictures too. Do not open Keras files of strangers: the HDF5
    library crashes on some damaged files. Raises ToileError for all that a user can mend.

        >>> net = toile.open_classifier(run)
        >>> net.predict(images).shape
        (1200,)
    """
    if isinstance(source, Classifier):
        return source
    if isinstance(source, Run) or not is_exported(source):
        run = source if isinstance(source, Run) else open_run(source)
        return run.classifier(weights or "last")
    path = Path(source)
    opened = _OPEN[path.suffix](path)
    about = opened.about
    if weights not in (None, about.weights):
        raise ToileError(
            f"--weights is {weights}, but {path} holds the {about.weights} ones; leave it out"
        )
    abstention = (
        Abstention()
        if about.abstention is None
        else abstention_from_json(about.abstention, about.data.shape, str(path))
    )
    sealed = _sealed_from(about)
    return Classifier(
        str(path), about.data, opened, Seal() if sealed is None else Seal(sealed), abstention
    )


def is_exported(source: str | Path) -> bool:
    """Whether `source` is the path of an exported file, by its suffix."""
    return Path(source).suffix in _OPEN


def predict(
    run: NetworkSource,
    pictures: PictureInput,
    *,
    also: Sequence[NetworkSource] = (),
    weights: str | None = None,
    num_top: int = 3,
    num_steps: int = 0,
    always: bool = False,
    corrections: PictureCorrections = NO_CORRECTIONS,
    progress: Progress = no_progress,
) -> list[Answered]:
    """Predict the classes of `pictures` with `run`, or by the vote of `run` and those of `also`.

    `run` may also be an exported file or an open classifier. A picture is a path, the bytes of a
    file, a Pillow image, or an array, tensor or list of numbers (h, w), (h, w, 3) or (c, h, w). A
    folder stands for all files below it, in order, and a batch (n, h, w), (n, c, h, w),
    (n, h, w, c) or (n, pixels) for its pictures. Numbers are from 0 to 255, or in the range of the
    run's data. `corrections` rotate, crop or invert all pictures. The first `num_steps` readable
    pictures keep the steps of their preparation for `run`.

    A picture that is blank or far from the training images gets no prediction, unless `always` is
    true: then it has warnings instead. A picture of a run's sealed test part gets none, from any
    path. Raises ToileError if a single named picture is sealed or cannot be read, and if a picture
    is in a run's test folder.

        >>> for answered in toile.predict(run, ["photo.png"], always=True):
        ...     print(answered.file, len(answered.top))
        photo.png 3
    """
    sources = [find_source(source) for source in (run, *also)]
    _refuse_twice(sources)
    classifiers = [open_classifier(source, weights) for source in sources]
    return ask_together(
        classifiers,
        pictures,
        num_top=num_top,
        num_steps=num_steps,
        always=always,
        corrections=corrections,
        progress=progress,
    )


def find_source(source: NetworkSource) -> NetworkSource:
    """The run of that name; other sources stay as they are. Raises ToileError without a run."""
    if isinstance(source, Run | Classifier) or is_exported(source):
        return source
    return open_run(source)


def _refuse_twice(sources: Sequence[NetworkSource]) -> None:
    # A run has several paths: through links, relative, absolute.
    folders: list[object] = [
        source
        if isinstance(source, Classifier)
        else (source.folder if isinstance(source, Run) else Path(source)).resolve()
        for source in sources
    ]
    for index, source in enumerate(sources):
        if folders[index] in folders[:index]:
            name = source if isinstance(source, str | Path) else source.name
            raise ToileError(f"{name} is named twice; each votes once, so leave one out")


def _sealed_from(about: ExportMetadata) -> HashSet | None:
    """The sealed pictures of the run of an export, if the run or its data is on this machine."""
    for run in _runs_of(about.run):
        try:
            weights = load_arrays(run.folder / f"{about.weights}.safetensors")
            if weights.sha256 == about.weights_sha256:
                return pictures_of(run).sealed
        except ToileError:
            continue  # It is damaged, or another run of that name.
    return _sealed_of_known(about)


def _sealed_of_known(about: ExportMetadata) -> HashSet | None:
    """The sealed pictures of a known dataset here; a stranger's file must open no other paths."""
    try:
        data = read_recipe_text(about.recipe, "the recipe inside").data
    except ToileError:
        return None  # Of a newer Toile.
    dataset = load_here(data) if known_shape(data.name) else None
    if dataset is None or dataset.test_fingerprint != about.data.test_fingerprint:
        return None
    return dataset.test.hashes


def _runs_of(name: str) -> tuple[Run, ...]:
    """Every run that an export may come from: the run of this id, and runs so called in studies."""
    try:
        return (open_run(name), *RunsFolder().runs_called(name))
    except ToileError:
        return RunsFolder().runs_called(name)
