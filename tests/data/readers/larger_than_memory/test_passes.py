"""How often the pixels of a set larger than memory are read."""

import json
from collections import Counter

import numpy as np
import pytest

import toile
from toile.data import MappedPixels, array_hashes, decoded, load_data
from toile.data.sealed import open_sealed
from toile.recipe import recipe_of

NUM = 60
SHAPE = (6, 8, 3)


@pytest.fixture
def colours(tmp_path, monkeypatch):
    """Of sixty pictures in colour every second is grey, by which it has a hash of its own kind."""
    pixels = np.random.default_rng(0).integers(0, 256, (NUM, *SHAPE), dtype=np.uint8)
    pixels[::2] = pixels[::2, :, :, :1]
    labels = np.arange(NUM) % 2
    file = tmp_path / "colours.npz"
    np.savez(file, x_train=pixels[:50], y_train=labels[:50], x_test=pixels[50:], y_test=labels[50:])
    monkeypatch.setenv("TOILE_MEMORY", "4000")
    return file


@pytest.fixture
def passes(monkeypatch):
    """How often all pixels were read, by what read them: the rows of a part, or a file's bytes."""
    counts: Counter[str] = Counter()
    get, each, checksum = MappedPixels.__getitem__, MappedPixels.__iter__, decoded._checksum
    num_bytes = NUM * np.prod(SHAPE)

    def get_counted(pixels, key):
        result = get(pixels, key)
        counts["rows"] += result.nbytes / num_bytes
        return result

    def each_counted(pixels):
        counts["rows"] += pixels.nbytes / num_bytes
        return each(pixels)

    def checksum_counted(file):
        counts["files"] += file.name.endswith("-pixels.npy") * file.stat().st_size / num_bytes
        return checksum(file)

    monkeypatch.setattr(MappedPixels, "__getitem__", get_counted)
    monkeypatch.setattr(MappedPixels, "__iter__", each_counted)
    monkeypatch.setattr(decoded, "_checksum", checksum_counted)
    return counts


def test_arrays_are_hashed_in_one_pass_and_written_in_another(colours, passes):
    load_data(colours)
    # And once over some, to find the least and the greatest value.
    assert 2 <= passes["rows"] < 3.1
    assert passes["files"] == 0


def test_the_hashes_of_pixels_come_from_the_cache_and_are_those_of_the_pixels(colours, passes):
    load_data(colours)
    passes.clear()
    data = load_data(colours)
    parts = [data.train, open_sealed(data.test), data.train.gather(np.arange(9, 40))]
    sets = [part.hash_set for part in parts]
    assert passes["rows"] == 0
    for part, known in zip(parts, sets, strict=True):
        assert np.array_equal(known, np.unique(array_hashes(part.pixels)))


@pytest.mark.parametrize("settings", [{"size_px": 5}, {"colour": "grey"}, {"white": 300}])
def test_so_they_are_of_pixels_that_were_changed(colours, settings):
    for _ in range(2):
        part = load_data(colours, **settings).train
        assert part.read_pixel_hashes is not None
        assert np.array_equal(part.pixel_hashes, array_hashes(part.pixels)[:, 0])


def test_an_entry_of_before_has_none_and_is_read_all_the_same(colours, own_cache):
    first = load_data(colours)
    (entry,) = (own_cache / "decoded").iterdir()
    about = json.loads((entry / "about.json").read_text())
    for part in ("train", "test"):
        del about["checksums"][f"{part}-pixel-hashes"]
        (entry / f"{part}-pixel-hashes.npy").unlink()
    (entry / "about.json").write_text(json.dumps(about))
    older = load_data(colours)
    assert older.train.read_pixel_hashes is None
    assert np.array_equal(older.train.hash_set, first.train.hash_set)


def test_before_the_first_step_pixels_are_read_for_checksums_scale_and_margins(
    colours, passes, tmp_path
):
    load_data(colours)
    passes.clear()
    network = ["flatten", {"dense": "classes"}]
    data = {"name": str(colours), "validation": 10}
    toile.begin(recipe_of({"data": data, "network": network}), out=tmp_path / "run")
    # 40 of 60 pictures are learnt from: they are read for the scale and for the margins, and so few
    # for appearance and components too; the 10 of validation once. One tells how large it is.
    expected = (4 * 40 + 10) / NUM
    assert expected <= passes["rows"] < expected + 5 / NUM
    assert passes["files"] == pytest.approx(1, abs=0.05)
