"""A run of arrays given in Python, through every door that needs its images again."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import toile
from tests.command_line import call
from tests.conftest import bars
from toile.data.locations import arrays_folder
from toile.errors import ToileError
from toile.runs import Run

SETTINGS = {
    "training.batch_size": 16,
    "training.threads": 1,
    "data.validation": 18,
    "network.conv1.filters": 2,
}
NAMES = ["top", "middle", "bottom"]


def arrays() -> toile.Dataset:
    train, test = bars(66, seed=0), bars(18, seed=1)
    return toile.Dataset.from_arrays(
        train.pixels / 255, train.labels, test.pixels / 255, test.labels, class_names=NAMES
    )


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOILE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("arrays") / "run"
    return toile.train("s1-lab", data=arrays(), epochs=1, settings=SETTINGS, out=folder)


def test_the_run_remembers_them_by_name_and_content(run):
    assert run.recipe.data.name == run.data.name == arrays().name
    assert run.data.fingerprint == arrays().fingerprint
    assert list(run.data.class_names) == list(NAMES)
    assert run.data.greys.words == "0 to 1 with fractions"


def test_another_process_finds_them_in_the_cache(run, tmp_path):
    copy = Path(shutil.copytree(run.folder, tmp_path / "run"))
    code = f"import toile; print(toile.resume({str(copy)!r}, epochs=2).results.epochs)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_where_they_are_gone_they_are_asked_for_and_given_again(run, tmp_path, monkeypatch):
    copy = Path(shutil.copytree(run.folder, tmp_path / "run"))
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "empty"))
    with pytest.raises(ToileError, match="of which no copy is in the cache now; give the same"):
        toile.resume(copy, epochs=2)
    other = bars(66, seed=2)
    wrong = toile.Dataset.from_arrays(other.pixels, other.labels, other.pixels, other.labels)
    with pytest.raises(ToileError, match="was trained on data of fingerprint"):
        toile.resume(copy, epochs=2, data=wrong)
    assert toile.resume(copy, epochs=2, data=arrays()).recipe.training.epochs == 2
    assert arrays_folder(arrays().name).is_dir()


@pytest.mark.parametrize(
    "words",
    [
        ("show",),
        ("evaluate",),
        ("evaluate", "--open-test", "--why", "to see it"),
        ("export", "file.safetensors"),
        ("bundle", "file.zip"),
        ("report",),
    ],
)
def test_commands_take_it_as_any_other(words, run, tmp_path):
    words = [tmp_path / word if word.startswith("file.") else word for word in words]
    answer = call(words[0], run.folder, *words[1:])
    assert (answer.code, answer.errors) == (0, answer.errors)


def test_its_page_shows_mistakes_and_a_bundle_of_it_is_read_elsewhere(run, tmp_path, monkeypatch):
    assert run.recipe.data.name in toile.write_report(run).read_text()
    bundle = toile.bundle_run(run, tmp_path / "run.zip")
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "empty"))
    elsewhere, _ = toile.import_bundle(bundle, tmp_path / "elsewhere")
    assert elsewhere.recipe.data.name == run.recipe.data.name
    assert call("show", elsewhere.folder).code == 0
    with pytest.raises(ToileError, match="no copy is in the cache"):
        toile.evaluate(elsewhere, open_test=True, why="to see it")


def test_the_command_line_names_them(run):
    name = run.recipe.data.name
    assert "3 classes" in call("data", "show", name).output
    assert call("check", "quick", "--set", f"data.name={name}").code == 0
    answer = call("train", "quick", "--data", "arrays:0123456789ab")
    assert answer.code == 2
    assert "made of arrays in Python, of which no copy is in the cache" in answer.errors


def test_workers_of_a_study_find_them(run, tmp_path):
    live = toile.study(
        "s1-lab",
        vary={"network.conv1.filters": [2, 3]},
        readings=1,
        data=arrays(),
        epochs=1,
        settings=SETTINGS,
        out=tmp_path / "study",
    )
    list(live)
    assert live.result.count("finished") == 2


@pytest.mark.parametrize("data", [np.zeros((6, 8, 8)), (np.zeros((6, 8, 8)), [0, 1] * 3)])
def test_bare_arrays_are_no_data_of_a_training(data):
    with pytest.raises(ToileError, match=r"data is of the kind .*; it is a name, a path or a Data"):
        toile.begin("quick", data=data)
    with pytest.raises(ToileError, match="data is of the kind"):
        toile.load_data(data)


def test_a_dataset_of_files_is_trained_on_as_it_was_read(few_garments):
    dataset = toile.load_data(few_garments, size_px=8)
    live = toile.begin("s1-lab", data=dataset, settings={"data.validation": 100})
    assert live.dataset.shape == (1, 8, 8)
    assert live.fit.recipe.data.size_px == 8
    assert np.array_equal(live.dataset.train.labels, dataset.train.labels)
