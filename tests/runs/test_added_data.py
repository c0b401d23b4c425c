import shutil
from pathlib import Path

import numpy as np
import pytest

import toile
from toile.data import load_data
from toile.errors import ToileError
from toile.recipe import data_of
from toile.runs import DataList, added_data


def test_what_was_added_is_found_by_its_name_and_its_pictures_by_its_settings(
    tmp_path, few_garments
):
    datasets = DataList(tmp_path)
    entry = datasets.add(few_garments, settings={"size_px": 14})
    assert entry.name == "garments"
    assert entry.shape == (1, 14, 14)
    assert DataList(tmp_path).entry("garments") == entry
    assert datasets.dataset("garments").fingerprint == entry.fingerprint
    path = str(few_garments)
    assert entry.is_read_by(data_of({"name": path, "size_px": 14}))
    assert not entry.is_read_by(data_of({"name": path}))
    assert datasets.free_name("garments.npz") == "garments-2"
    datasets.forget("garments")
    assert datasets.entries() == ()
    assert few_garments.exists()


def test_a_name_that_is_known_or_none_is_refused(tmp_path, few_garments):
    datasets = DataList(tmp_path)
    for name, words in (("mnist", "is called mnist already"), ("A/b", "small letters")):
        with pytest.raises(ToileError, match=words):
            datasets.add(few_garments, name)
    assert datasets.free_name("../Größe!.zip") == "gr-e"
    assert datasets.free_name("...") == "pictures"


def test_what_cannot_be_read_is_not_remembered(tmp_path):
    (tmp_path / "empty.npz").write_bytes(b"")
    with pytest.raises(ToileError, match=r"empty\.npz"):
        DataList(tmp_path).add(tmp_path / "empty.npz")
    assert DataList(tmp_path).entries() == ()


def test_a_damaged_list_says_so(tmp_path):
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "datasets.json").write_text('{"datasets": 3}')
    with pytest.raises(ToileError, match="is damaged"):
        DataList(tmp_path).entries()


@pytest.fixture
def copied(tmp_path, few_garments):
    """A set whose files were copied into the workspace, as the app does it."""
    folder = tmp_path / "runs" / ".data" / "upload-1"
    folder.mkdir(parents=True)
    return Path(shutil.copy(few_garments, folder))


def test_files_in_the_workspace_stay_while_another_set_is_of_them(tmp_path, copied):
    datasets = DataList(tmp_path / "runs")
    assert datasets.add(copied, "one").is_copy
    datasets.add(copied, "two", {"size_px": 14})
    datasets.forget("two")
    assert len(datasets.dataset("one").train) == 600
    datasets.forget("one")
    assert not copied.parent.exists()


def test_a_workspace_that_was_moved_finds_its_copies_and_forgets_them(tmp_path, copied):
    DataList(tmp_path / "runs").add(copied, "one")
    (tmp_path / "runs").rename(tmp_path / "moved")
    moved = DataList(tmp_path / "moved")
    assert moved.entry("one").path == str(tmp_path / "moved" / ".data" / "upload-1" / copied.name)
    assert len(moved.dataset("one").train) == 600
    moved.forget("one")
    assert moved.entries() == ()
    assert not (tmp_path / "moved" / ".data" / "upload-1").exists()


@pytest.mark.parametrize("name", [None, "garments"])
def test_two_that_are_added_at_once_are_both_remembered_under_names_of_their_own(
    tmp_path, few_garments, monkeypatch, name
):
    datasets, load = DataList(tmp_path), added_data.load_data

    def slow(*asked, **settings):
        monkeypatch.setattr(added_data, "load_data", load)
        datasets.add(few_garments)
        return load(*asked, **settings)

    monkeypatch.setattr(added_data, "load_data", slow)
    if name is None:
        assert datasets.add(few_garments).name == "garments-2"
        assert [entry.name for entry in datasets.entries()] == ["garments-2", "garments"]
    else:
        with pytest.raises(ToileError, match="is called garments already"):
            datasets.add(few_garments, name)
        assert len(datasets.entries()) == 1


@pytest.fixture
def undivided(tmp_path):
    """Two hundred pictures with no test part of their own, so that one is sealed out of them."""
    train = load_data("fashion-sample").train.gather(np.arange(200))
    np.savez(tmp_path / "all.npz", x_train=train.pixels[:, 0], y_train=train.labels)
    return tmp_path / "all.npz"


@pytest.mark.parametrize("settings", [{"test": 0}, {"test": 0, "size_px": 14}])
def test_what_one_set_has_sealed_no_other_may_show(tmp_path, undivided, settings):
    datasets = DataList(tmp_path / "runs")
    sealed = datasets.add(undivided, "mine")
    _, num_test = sealed.num_images
    with pytest.raises(ToileError, match=rf"{num_test} of its training pictures are in the test "):
        datasets.add(undivided, "again", settings)
    assert datasets.entries() == (sealed,)
    # Read alike, the same pictures are sealed.
    datasets.add(undivided, "smaller", {"size_px": 14})
    datasets.forget("mine")
    datasets.forget("smaller")
    datasets.add(undivided, "again", settings)


def test_variants_of_what_one_set_has_sealed_no_other_may_show(tmp_path, undivided):
    datasets = DataList(tmp_path / "runs")
    num_test = datasets.add(undivided, "mine").num_images[1]
    # The same pictures divided otherwise, so that what is sealed here is varied there.
    with np.load(undivided) as arrays:
        x, y = arrays["x_train"], arrays["y_train"]
    rest = load_data("fashion-sample").train.gather(np.arange(200, 260))
    test = {"x_test": rest.pixels[:, 0], "y_test": rest.labels}
    np.savez(tmp_path / "other.npz", x_train=x, y_train=y, **test)
    settings = {"augmentation.shift": 1, "data.validation": 20}
    toile.augment_data(tmp_path / "other.npz", tmp_path / "set.npz", 180, settings=settings)
    said = r"of its training pictures are, or are variants of pictures, in the test part of mine"
    with pytest.raises(ToileError, match=said) as refused:
        datasets.add(tmp_path / "set.npz", "varied")
    assert f": {num_test} of its training" in str(refused.value)


def test_what_is_shown_already_is_sealed_by_no_other(tmp_path, undivided):
    datasets = DataList(tmp_path / "runs")
    datasets.add(undivided, "all", {"test": 0})
    with pytest.raises(ToileError, match=r"training pictures of all, .*\(data.test=0\)"):
        datasets.add(undivided, "mine")
    # What it showed is remembered, also where its files have gone, until it is forgotten.
    copy = Path(shutil.copy(undivided, tmp_path / "copy.npz"))
    undivided.unlink()
    with pytest.raises(ToileError, match="training pictures of all"):
        datasets.add(copy, "mine")
    datasets.forget("all")
    assert datasets.add(copy, "mine").num_images[1] > 0


def test_a_seal_holds_where_the_file_was_moved(tmp_path, undivided):
    datasets = DataList(tmp_path / "runs")
    datasets.add(undivided, "mine")
    moved = undivided.rename(tmp_path / "moved.npz")
    with pytest.raises(ToileError, match="which stays sealed until it is scored"):
        datasets.add(moved, "again", {"test": 0})


def test_copies_across_its_own_parts_do_not_keep_a_set_out(tmp_path):
    sample = load_data("fashion-sample").train.gather(np.arange(60))
    pixels, labels = sample.pixels[:, 0], sample.labels
    path = tmp_path / "parts.npz"
    np.savez(path, x_train=pixels[:50], y_train=labels[:50], x_test=pixels[49:], y_test=labels[49:])
    datasets = DataList(tmp_path / "runs")
    datasets.add(path, "first")
    assert datasets.add(path, "smaller", {"size_px": 14}).num_images == (50, 11)
