"""A small recipe, and a run of it in the making."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from toile.data import Split, pixel_statistics
from toile.recipe import plan_network, recipe_of, with_settings
from toile.runs import Run, bundle_run, create_run
from toile.runs.recorder import Recorder
from toile.training import begin, resolve

DOCUMENT = {
    "name": "bars",
    "data": {"name": "bars", "validation": 18},
    "network": [
        {"conv": {"filters": 4}},
        "relu",
        "flatten",
        {"dropout": 0.2},
        {"dense": "classes"},
    ],
    "training": {
        "optimizer": {"adam": 0.01},
        "batch_size": 10,
        "epochs": 3,
        "threads": 1,
        "precision": "float32",
        "device": "cpu",
    },
}
DATA = {
    "version": 1,
    "name": "bars",
    "path": "bars",
    "release": "unknown",
    "class_names": ["top", "middle", "bottom"],
    "shape": [1, 8, 8],
    "mean": [0.25],
    "sd": [0.2],
    "border_grey": [60.0],
    "margins": {"top": 0.0, "right": 0.0, "bottom": 0.0, "left": 0.0},
    "scaling": "unit",
    "fingerprint": "f" * 64,
    "test_fingerprint": "e" * 64,
    "order": "0" * 64,
    "train": 48,
    "validation": 18,
    "test": 6,
}


@dataclass(frozen=True)
class Trained:
    """A run that has finished."""

    run: Run


def recorder_of(
    split: Split, folder: Path, restored: bool = False, anew: bool = False, **settings: object
) -> Recorder:
    """A recorder of a new run, or of the run in an existing folder, restored."""
    values = {address.replace("__", "."): value for address, value in settings.items()}
    recipe = with_settings(recipe_of(DOCUMENT), values)
    plan = plan_network(recipe.network, split.train.shape, 3)
    recipe = resolve(recipe, plan)
    fit = begin(recipe, plan, split, pixel_statistics(split.train))
    run = Run(folder) if restored or anew else create_run(recipe, plan, DATA, folder)
    recorder = Recorder(run, fit, plan, split.validation_indices)
    if restored:
        recorder.restore()
    return recorder


@pytest.fixture
def make_recorder(split: Split) -> Callable[..., Recorder]:
    """A recorder of a new run, or of the run in an existing folder, restored."""
    return partial(recorder_of, split)


@pytest.fixture(scope="session")
def finished(split: Split, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a finished run and its bundle, of which each test gets copies."""
    place = tmp_path_factory.mktemp("finished")
    for _ in recorder_of(split, place / "whole").record():
        pass
    (place / "whole" / "report.html").write_text("<script>theirs</script>")
    bundle = bundle_run(Run(place / "whole"), place / "whole.zip")
    (place / "whole" / "report.html").unlink()
    return place / "whole", bundle


@pytest.fixture
def trained(finished: tuple[Path, Path], tmp_path: Path) -> Trained:
    return Trained(Run(Path(shutil.copytree(finished[0], tmp_path / "whole"))))


@pytest.fixture
def bundle(trained: Trained, finished: tuple[Path, Path], tmp_path: Path) -> Path:
    (trained.run.folder / "report.html").write_text("<script>theirs</script>")
    return Path(shutil.copy(finished[1], tmp_path / "whole.zip"))
