import pytest

from toile.errors import ToileError
from toile.recipe import data_of
from toile.runs import DataList


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
