import errno
import os
import platform
import re

import numpy as np
import pytest
import torch

import toile
from toile.errors import ToileError
from toile.recipe import plan_network, recipe_of, with_settings
from toile.runs import Run, create_run, read_state, runs_folder
from toile.workbench import vary_picture

RECIPE = recipe_of(
    {
        "name": "bars",
        "network": ["flatten", {"dense": "classes"}],
        "training": {"threads": 2, "shards": 2, "precision": "float32", "device": "cpu"},
    }
)
PLAN = plan_network(RECIPE.network, (1, 8, 8), 3)
DATA = {"name": "bars", "class_names": ["a", "b", "c"], "shape": [1, 8, 8]}


def test_a_new_run_is_queued_under_a_name_of_date_recipe_and_chance():
    run = create_run(RECIPE, PLAN, DATA)
    assert run.folder.parent == runs_folder()
    assert re.fullmatch(r"\d{8}-\d{6}-bars-[0-9a-f]{4}", run.id)
    assert read_state(run.folder).status == "queued"


def test_its_recipe_reads_back_the_same():
    assert create_run(RECIPE, PLAN, DATA).recipe == RECIPE


def test_a_run_from_before_batches_were_divided_takes_them_whole():
    run = create_run(RECIPE, PLAN, DATA)
    recipe = run.folder / "recipe.yaml"
    text = recipe.read_text().removeprefix("version: 3\n")
    recipe.write_text(text.replace("  shards: 2\n", ""))
    assert run.recipe.training.shards == 1


def test_its_environment_names_what_bits_depend_on():
    environment = create_run(RECIPE, PLAN, DATA).environment
    assert environment.torch == torch.__version__
    assert environment.machine == platform.machine()
    assert all([environment.processor, environment.device, environment.precision])
    assert environment.threads >= 1


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ToileError, match="is not empty"):
        create_run(RECIPE, PLAN, DATA, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ToileError, match="Permission denied"):
        create_run(RECIPE, PLAN, DATA, tmp_path / "run")


def test_a_folder_under_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ToileError, match="Not a directory"):
        create_run(RECIPE, PLAN, DATA, tmp_path / "file" / "run")


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("is_there", [True, False])
def test_a_disk_that_fails_leaves_no_part_of_a_run(tmp_path, monkeypatch, count, is_there):
    folder, left, sync = tmp_path / "run", [count], os.fsync
    if is_there:
        folder.mkdir()

    def fail_at_last(handle):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail_at_last)
        with pytest.raises(ToileError, match="No space left"):
            create_run(RECIPE, PLAN, DATA, folder)
    assert folder.exists() == is_there
    assert create_run(RECIPE, PLAN, DATA, folder).recipe == RECIPE


def test_its_recipe_is_read_once_until_its_file_is_another(tmp_path):
    run = create_run(RECIPE, PLAN, DATA, tmp_path / "run")
    file = run.folder / "recipe.yaml"
    os.utime(file, (1, 1))
    assert Run(run.folder).recipe is run.recipe
    file.write_text(file.read_text().replace("bars", "bands", 1))
    assert run.recipe.name == "bands"


@pytest.mark.parametrize("setting", ["shift", "erase"])
def test_pictures_are_not_moved_or_wiped_out_of_sight(small, tmp_path, setting):
    recipe = with_settings(small(1), {f"augmentation.{setting}": 8})
    with pytest.raises(ToileError, match=f"augmentation.{setting} is 8, but .* 8 x 8 px"):
        toile.begin(recipe, out=tmp_path / "blank")
    assert not (tmp_path / "blank").exists()
    with pytest.raises(ToileError, match=f"augmentation.{setting} is 8"):
        vary_picture(toile.load_data(recipe.data), 0, {f"augmentation.{setting}": 8})


def test_one_picture_of_two_classes_is_spoken_of_as_one(small, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    pixels[1] = pixels[0]
    data = toile.Dataset.from_arrays(pixels, np.arange(40) % 2, pixels[2:4], [0, 1])
    live = toile.begin(small(1), data=data, out=tmp_path / "run")
    assert any(
        note.startswith("1 picture stands under more than one class;") for note in live.notes
    )
