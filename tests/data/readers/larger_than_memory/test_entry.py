"""The cache's entry of a set larger than memory: whole, written once, never half believed."""

from importlib import import_module
from shutil import rmtree

import pytest

from tests.data.readers.larger_than_memory.conftest import assert_same, load_small
from toile.data import load_data
from toile.data.locations import entry_folder
from toile.errors import ToileError


@pytest.mark.usefixtures("little_memory")
def test_pixels_divided_into_parts_are_on_the_disk_once(many, own_cache):
    load_data(many)
    (entry,) = (own_cache / "decoded").iterdir()
    files = {file.name for file in entry.iterdir()}
    assert "pixels-0.npy" in files
    assert not {"train-pixels.npy", "test-pixels.npy", "pass-1.jsonl", ".lock"} & files


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", ["pixels-0.npy", "train-rows.npy", "test-rows.npy", "about.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_entry_is_not_believed_and_is_written_again(
    many, own_cache, monkeypatch, name, damage
):
    small = load_small(many, monkeypatch)
    load_data(many)
    (entry,) = (own_cache / "decoded").iterdir()
    content = (entry / name).read_bytes()
    (entry / name).unlink()
    if damage != "gone":
        flipped = content[:-1] + bytes([content[-1] ^ 1])
        (entry / name).write_bytes({"flipped": flipped, "cut": content[:-9]}[damage])
    assert_same(load_data(many), small)
    assert (entry / name).read_bytes() == content


@pytest.mark.usefixtures("little_memory")
def test_who_waited_for_another_process_takes_what_it_decoded(many, own_cache, monkeypatch):
    from toile.data.readers import picture_store

    small = load_small(many, monkeypatch)
    lock, is_first = picture_store.file_lock, []

    def meanwhile(folder):
        if not is_first:
            is_first.append(True)
            assert_same(load_data(many), small)
        return lock(folder)

    monkeypatch.setattr(picture_store, "file_lock", meanwhile)
    told: list[int] = []
    assert_same(load_data(many, progress=lambda done, total, unit: told.append(done)), small)
    assert told == []
    assert len(list((own_cache / "decoded").iterdir())) == 1


@pytest.mark.usefixtures("little_memory")
def test_an_entry_that_another_process_wrote_meanwhile_stays(many, own_cache, monkeypatch):
    # Its name in the room is that of a function.
    load = import_module("toile.data.load")
    write, entries = load.write_decoded, []

    def meanwhile(key, decoded):
        if not entries:
            entries.append(entry_folder(key))
            load_data(many)
            entries.append({file.name: file.stat() for file in entries[0].iterdir()})
        return write(key, decoded)

    monkeypatch.setattr(load, "write_decoded", meanwhile)
    assert_same(load_data(many), load_small(many, monkeypatch))
    entry, before = entries
    assert "pixels-0.npy" in before
    assert {file.name: file.stat().st_ino for file in entry.iterdir()} == {
        name: stat.st_ino for name, stat in before.items()
    }
    assert list((own_cache / "decoded").iterdir()) == [entry]


@pytest.mark.usefixtures("little_memory")
def test_what_lies_where_the_entry_should_and_cannot_be_removed_is_refused(many, own_cache):
    load_data(many)
    (entry,) = (own_cache / "decoded").iterdir()
    rmtree(entry)
    entry.write_text("no folder")
    with pytest.raises(ToileError, match=f"{entry.name}: is no intact entry .* remove it, or set"):
        load_data(many)
    assert entry.read_text() == "no folder"


@pytest.mark.usefixtures("little_memory")
def test_an_entry_of_little_memory_is_held_where_there_is_more(many, monkeypatch):
    large = load_data(many)
    monkeypatch.delenv("TOILE_MEMORY")
    assert_same(large, load_data(many))
