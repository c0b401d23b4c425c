"""What all tests share: caches and runs of their own, and a small set that can be learnt."""

import gc
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from PIL import Image

import tests.environment
import tests.shapes  # noqa: F401 # before any room
from tests.figures import leave_out
from tests.halting import Halting
from tests.warm_processes import WarmPopen, warm_server
from toile.data import Images, Split, facts, load_data
from toile.recipe import Data, Recipe, recipe_of
from toile.runs import prepared

# Until all tests are collected: nothing of what is imported is ever garbage.
gc.disable()
# A shell ignores Ctrl-C for what it runs in the background, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
NUM_CLASSES = 3
SIDE_PX = 8
NETWORK = [{"conv": {"filters": 2, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}]

LONG = (
    "tests/faults/test_study_killed.py",
    "tests/test_house.py",
)
"""Files that hold a test of half a minute or more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is alone with it in the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """Leave what is there out of all later garbage collections, which else look through it."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def onnx_operators_listed_once() -> Iterator[None]:
    """Let torch list its operators and those of ONNX once: half of the time of each export."""
    import torch._export.utils
    import torch.onnx

    utils, export = torch._export.utils, torch.onnx.export

    @wraps(export)
    def with_one_registry(*arguments: Any, **named: Any) -> Any:
        from torch.onnx._internal.exporter._registration import ONNXRegistry

        if isinstance(vars(ONNXRegistry)["from_torchlib"], classmethod):
            ONNXRegistry.from_torchlib = staticmethod(cache(ONNXRegistry.from_torchlib))
        return export(*arguments, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(utils, "_materialize_cpp_cia_ops", cache(utils._materialize_cpp_cia_ops))
        patched.setattr(torch.onnx, "export", with_one_registry)
        yield


@pytest.fixture(scope="session", autouse=True)
def command_line_built_once() -> Iterator[None]:
    """Let Typer build the commands once, not for each that is called in this process."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def images_looked_at_once() -> Iterator[None]:
    """Let trainings on the same images share how those look: .3 s for 784 pixels."""
    with pytest.MonkeyPatch.context() as patched:
        for module, name in (
            (prepared, "novelty"),
            (prepared, "pixel_statistics"),
            (facts, "appearance"),
        ):
            patched.setattr(module, name, once_for_pixels(getattr(module, name)))
        yield


def once_for_pixels(function: Callable[[Images], Any]) -> Callable[[Images], Any]:
    """`function` with its results kept, but of images larger than memory, which nobody copies."""
    results: dict[bytes, Any] = {}

    @wraps(function)
    def look(images: Images) -> Any:
        if not isinstance(images.pixels, np.ndarray):
            return function(images)
        key = hashlib.sha256(repr(images.shape).encode() + images.pixels.tobytes()).digest()
        if key not in results:
            results[key] = function(images)
        return results[key]

    return look


@pytest.fixture(scope="session", autouse=True)
def without_figures() -> Iterator[pytest.MonkeyPatch]:
    """SVGs are empty and a run's page has none: of the second that such a page takes they are most.

    The tests of reports undo this.
    """
    with pytest.MonkeyPatch.context() as patched:
        leave_out(patched)
        yield patched


@pytest.fixture(scope="module")
def with_figures(without_figures: pytest.MonkeyPatch) -> Iterator[None]:
    """Where figures are drawn as for users."""
    without_figures.undo()
    yield
    leave_out(without_figures)


@pytest.fixture(scope="session", autouse=True)
def warm_processes() -> Iterator[None]:
    """Let processes of Toile begin with torch loaded: 1.2 s for each."""
    if sys.platform != "linux":
        yield
        return
    with warm_server() as server, pytest.MonkeyPatch.context() as patched:
        WarmPopen.server = server
        patched.setattr(subprocess, "Popen", WarmPopen)
        yield


@pytest.fixture
def cold_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what a process of Toile imports."""
    monkeypatch.setattr(subprocess, "Popen", WarmPopen.__base__)


@pytest.fixture(autouse=True)
def runs_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch) -> None:
    """Each test keeps its runs in a folder of its own."""
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path_factory.mktemp("runs")))


@pytest.fixture
def halting(tmp_path: Path) -> Iterator[Halting]:
    """For processes that are to stop at an exact place."""
    halting = Halting(tmp_path)
    yield halting
    halting.close()


def bars(n: int, seed: int) -> Images:
    """Pictures with a bright band at the top, in the middle or at the bottom: classes 0, 1, 2."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % NUM_CLASSES
    pixels = rng.integers(0, 120, (n, 1, SIDE_PX, SIDE_PX), dtype=np.uint8)
    for image, label in zip(pixels, labels, strict=True):
        image[0, 3 * label : 3 * label + 2] += 100
    return Images(pixels, labels.astype(np.int64))


@pytest.fixture(scope="session")
def split() -> Split:
    """48 + 18 pictures of three classes that a small network learns in a few epochs."""
    validation = bars(18, seed=1)
    return Split(bars(48, seed=0), validation, np.arange(18), np.arange(18) % 2 == 0)


@pytest.fixture(scope="session")
def few_garments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six hundred training and a hundred test pictures of the sample, in a file."""
    sample = load_data(Data(name="fashion-sample"))
    train, test = sample.train.gather(np.arange(600)), sample.train.gather(np.arange(600, 700))
    file = tmp_path_factory.mktemp("garments") / "garments.npz"
    arrays = {"x_train": train.pixels[:, 0], "y_train": train.labels}
    np.savez(file, **arrays, x_test=test.pixels[:, 0], y_test=test.labels)
    return file


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are its user's alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def as_anyone() -> Callable[[], AbstractContextManager[None]]:
    """While entered, this process may do what its user may, and root what nobody in particular."""

    @contextmanager
    def entered() -> Iterator[None]:
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)

    return entered


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pictures of two classes in a folder for each."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    for number in range(60):
        file = folder / ("dark", "light")[number % 2] / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 128, (16, 16)) + 127 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(file)
    return folder


@pytest.fixture(scope="session")
def small(pictures: Path) -> Callable[..., Recipe]:
    """A recipe of the pictures, with settings of its data."""

    def recipe(epochs: int = 1, **data: object) -> Recipe:
        training = {"batch_size": 8, "epochs": epochs, "threads": 1, "precision": "float32"}
        where = {"name": str(pictures), "validation": 10, "size_px": 8}
        return recipe_of(
            {"name": "small", "data": where | data, "network": NETWORK, "training": training}
        )

    return recipe
