"""What makes no augmented set is refused, and no file of a user's is lost."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import toile
from tests.workbench.augmented_set.conftest import SHIFTED
from toile.data import load_data
from toile.errors import ToileError


@pytest.mark.parametrize(
    ("count", "settings", "rule"),
    [
        (9, {}, r"augmentation is off \(no recipe is named\), so that every variant would be a co"),
        (9, {"network.conv1.filters": 2}, "neither varies pictures nor divides them"),
        (9, SHIFTED, "count is 9, too few for a picture of each of 10 classes"),
        (0, SHIFTED, "count is 0; a set that can be read again has 1 to 9999880 variants"),
        (20_000_000, SHIFTED, "count is 20000000; a set"),
        (9, {"augmentation.shift": 28}, "shift is 28, but the pictures are 28 x 28 px"),
        (9, {"augmentation.erase": 40}, "such as 3$"),
        (9, {**SHIFTED, "data.validation": 0}, "data.validation is 0, and what would be held out"),
    ],
)
def test_what_makes_no_set_is_refused(garments, tmp_path, count, settings, rule):
    with pytest.raises(ToileError, match=rule):
        toile.augment_data(garments, tmp_path / "none.npz", count, settings=settings)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_replaced_only_when_asked(garments, few_garments, tmp_path):
    file = tmp_path / "set.npz"
    file.write_bytes(b"mine")
    told: list[str] = []
    with pytest.raises(ToileError, match=r"set.npz is there already; name another, or replace it"):
        toile.augment_data(
            garments, file, 480, settings=SHIFTED,
            progress=lambda done, total, unit: told.append(unit),
        )  # fmt: skip
    assert file.read_bytes() == b"mine"
    # Before any of the work.
    assert told == []
    toile.augment_data(garments, file, 480, settings=SHIFTED, force=True)
    assert zipfile.is_zipfile(file)
    with pytest.raises(ToileError, match=r"garments.npz: is the data itself, which is not written"):
        toile.augment_data(garments, few_garments, 480, settings=SHIFTED, force=True)
    with pytest.raises(ToileError, match=r"an augmented set is an \.npz"):
        toile.augment_data(garments, tmp_path / "set.zip", 480, settings=SHIFTED)


def test_a_set_of_a_set_and_one_without_a_test_part_are_refused(file, garments, tmp_path):
    with pytest.raises(ToileError, match=r"more.npz is an augmented set itself; vary the data"):
        toile.augment_data(file, tmp_path / "again.npz", 480, settings=SHIFTED)
    np.savez(tmp_path / "all.npz", x=garments.train.pixels[:60, 0], y=garments.train.labels[:60])
    settings = {**SHIFTED, "data.test": 0}
    with pytest.raises(ToileError, match=r"all.npz has no test part, as data.test is 0"):
        toile.augment_data(tmp_path / "all.npz", tmp_path / "x.npz", 48, settings=settings)


def test_one_that_is_stopped_leaves_nothing(garments, tmp_path):
    def stop(done, total, unit):
        if unit == "variants":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toile.augment_data(garments, tmp_path / "set.npz", 900, settings=SHIFTED, progress=stop)
    assert not list(tmp_path.iterdir())


def test_a_set_without_a_class_that_is_held_out_is_not_written(tmp_path):
    # Each class but the last differs; of that all pictures are alike.
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (60, 6, 6), dtype=np.uint8), np.arange(60) % 3
    pixels[labels == 2] = pixels[2]
    np.savez(tmp_path / "alike.npz", x=pixels[:48], y=labels[:48], x_test=pixels, y_test=labels)
    settings = {**SHIFTED, "data.validation": 12}
    with pytest.raises(ToileError, match=r"no picture of class 2 is left to vary: 12 training pic"):
        toile.augment_data(tmp_path / "alike.npz", tmp_path / "set.npz", 32, settings=settings)
    assert not (tmp_path / "set.npz").exists()


def test_older_rules_make_no_set(garments, tmp_path):
    with pytest.raises(ToileError, match=r"data.rule is 1; the validation part of an augmented"):
        toile.augment_data(
            garments, tmp_path / "old.npz", 480, settings={**SHIFTED, "data.rule": 1}
        )


def test_nothing_is_written_into_the_folder_of_the_data(few_garments, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    data = folder / "data.npz"
    data.write_bytes(few_garments.read_bytes())
    for name in ("data.npz", "more.npz"):
        with pytest.raises(ToileError, match=r"lies in .*mine, the folder of the data"):
            toile.augment_data(folder, folder / name, 480, settings=SHIFTED, force=True)
    assert data.read_bytes() == few_garments.read_bytes()
    with np.load(data) as arrays:
        for name in arrays:
            np.save(tmp_path / f"{name}.npy", arrays[name])
    with pytest.raises(ToileError, match="lies in"):
        toile.augment_data(
            tmp_path / "x_train.npy", tmp_path / "x.npz", 480, settings=SHIFTED, force=True
        )


def test_a_file_that_comes_meanwhile_is_not_replaced(garments, tmp_path):
    def come(done, total, unit):
        if unit == "variants":
            (tmp_path / "set.npz").write_bytes(b"mine")

    with pytest.raises(ToileError, match="is there already"):
        toile.augment_data(garments, tmp_path / "set.npz", 480, settings=SHIFTED, progress=come)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"mine"]


@pytest.mark.parametrize("has_links", [True, False])
def test_one_that_comes_in_the_last_moment_is_not_replaced_either(
    garments, tmp_path, monkeypatch, has_links
):
    file = tmp_path / "set.npz"
    link, replace_file = os.link, os.replace

    def link_late(source, target):
        if Path(target) == file:
            file.write_bytes(b"mine")
            if not has_links:
                raise PermissionError(1, os.strerror(1))
        link(source, target)

    def replace_late(source, target):
        if Path(target) == file:
            file.write_bytes(b"mine")
        replace_file(source, target)

    monkeypatch.setattr(os, "link", link_late)
    monkeypatch.setattr(os, "replace", replace_late)
    with pytest.raises(ToileError, match="is there already"):
        toile.augment_data(garments, file, 480, settings=SHIFTED)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"mine"]


def test_where_a_disk_has_no_links_a_set_is_written_too(garments, tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(os, "link", refuse)
    toile.augment_data(garments, tmp_path / "set.npz", 480, settings=SHIFTED)
    assert [file.name for file in tmp_path.iterdir()] == ["set.npz"]
    assert zipfile.is_zipfile(tmp_path / "set.npz")


def test_the_data_is_called_by_its_folder_and_no_path_is_in_the_file(
    few_garments, tmp_path, monkeypatch
):
    train, beside = tmp_path / "train", tmp_path / "test"
    train.mkdir()
    beside.mkdir()
    (train / "data.npz").write_bytes(few_garments.read_bytes())
    monkeypatch.chdir(train)
    made = toile.augment_data(".", tmp_path / "set.npz", 480, settings=SHIFTED)
    assert (made.name, made.settings["data"]["name"]) == ("train", "train")
    toile.augment_data(train, tmp_path / "more.npz", 480, settings=SHIFTED)
    assert any(note.startswith("not read: test") for note in load_data(train).notes)
    with np.load(tmp_path / "more.npz") as arrays:
        assert str(tmp_path) not in str(arrays["parent"])
