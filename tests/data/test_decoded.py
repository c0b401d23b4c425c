"""The decoded cache: found again, never stale, never believed when damaged, never needed."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from toile.data import load_data
from toile.data.sealed import open_sealed


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "decoded").iterdir())


def test_the_second_loading_is_memory_mapped_and_the_same(write, own_cache):
    path = write("idx")
    first, second = load_data(path), load_data(path)
    assert isinstance(second.train.pixels.base, np.memmap)
    assert np.array_equal(first.train.pixels, second.train.pixels)
    assert np.array_equal(open_sealed(first.test).labels, open_sealed(second.test).labels)
    assert first.identity == second.identity
    assert len(entries(own_cache)) == 1


def test_what_was_listed_is_listed_again(write):
    path = write("folder")
    (path / "README").write_text("about")
    assert load_data(path).skipped == load_data(path).skipped != ()


def test_a_changed_file_is_read_again(write, toy):
    path = write("idx")
    before = load_data(path)
    file = path / "train-labels-idx1-ubyte"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    assert load_data(path).train.labels[-1] == 0 != before.train.labels[-1]


@pytest.mark.parametrize("settings", [{"size_px": 12}, {"colour": "rgb"}])
def test_other_settings_are_another_entry(write, own_cache, settings):
    path = write("idx")
    assert load_data(path).shape != load_data(path, **settings).shape
    assert len(entries(own_cache)) == 2


def test_settings_that_do_not_touch_the_reading_share_one(write, own_cache):
    path = write("idx")
    load_data(path, validation=3)
    load_data(path, split=5)
    assert len(entries(own_cache)) == 1


@pytest.mark.parametrize("name", ["train-pixels.npy", "test-labels.npy", "about.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "gone"])
def test_a_damaged_entry_is_not_believed_and_is_written_again(write, toy, own_cache, name, damage):
    path = write("idx")
    load_data(path)
    file = entries(own_cache)[0] / name
    content = file.read_bytes()
    file.unlink()
    if damage != "gone":
        flipped = bytes([content[0] ^ 1]) + content[1:-1] + bytes([content[-1] ^ 1])
        file.write_bytes({"flipped": flipped, "cut": content[:-9], "empty": b""}[damage])
    assert np.array_equal(load_data(path).train.pixels[:, 0], toy.train_x)
    assert file.read_bytes() == content


def test_an_entry_of_another_make_is_not_believed(write, toy, own_cache):
    path = write("idx")
    load_data(path)
    (entries(own_cache)[0] / "about.json").write_text(json.dumps({"checksums": {}}))
    assert np.array_equal(load_data(path).train.pixels[:, 0], toy.train_x)


def test_a_cache_that_cannot_be_written_is_done_without(write, own_cache, toy):
    own_cache.write_text("a file where the folder should be")
    assert np.array_equal(load_data(write("idx")).train.pixels[:, 0], toy.train_x)


def test_nothing_unfinished_is_left_behind(write, own_cache):
    load_data(write("idx"))
    assert not [name for name in os.listdir(own_cache / "decoded") if "unfinished" in name]


def test_what_a_kill_left_of_an_entry_is_cleared_once_nobody_can_be_writing_it(write, own_cache):
    old, new = (own_cache / "decoded" / f"unfinished-{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "train-pixels.npy").write_bytes(b"half")
    os.utime(old, (0, 0))
    load_data(write("idx"))
    assert not old.exists()
    assert new.exists()
