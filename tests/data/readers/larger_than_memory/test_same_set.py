"""Sets larger than memory are the same from files, by every reader."""

import numpy as np
import pytest
from PIL import Image

from tests.data.readers.larger_than_memory.conftest import assert_same, load_small
from toile.data import Dataset, MappedPixels, describe, load_data
from toile.data.readers.chunk_journal import CHUNK_PICTURES
from toile.errors import ToileError


@pytest.mark.usefixtures("little_memory")
def test_every_format_gives_the_same_set(any_format, toy, tmp_path, monkeypatch):
    # CSV files are read as a whole, for which half of memory has to suffice.
    monkeypatch.setenv("TOILE_MEMORY", str(2 * (toy.train_x.nbytes + toy.test_x.nbytes)))
    path = any_format(tmp_path / "toy", toy)
    small = load_small(path, monkeypatch)
    assert_same(load_data(path), small)
    # And from the cache.
    assert_same(load_data(path), small)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "settings", [{"size_px": 4, "colour": "rgb"}, {"orientation": "transposed"}, {"test": 0.0}]
)
def test_so_it_does_resized_turned_and_without_a_test_part(many, monkeypatch, settings):
    small = load_small(many, monkeypatch, **settings)
    assert_same(load_data(many, **settings), small)
    told: list[int] = []
    again = load_data(many, progress=lambda done, total, unit: told.append(done), **settings)
    assert_same(again, small)
    assert told == []


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("settings", [{"size_px": 4}, {"orientation": "transposed"}])
def test_arrays_are_resized_and_turned_into_files(write, monkeypatch, settings):
    path = write("npz")
    small = load_small(path, monkeypatch, **settings)
    assert_same(load_data(path, **settings), small)


@pytest.mark.usefixtures("little_memory")
def test_arrays_given_in_python_are_mapped(toy, monkeypatch):
    large = Dataset.from_arrays(toy.train_x, toy.train_y)
    monkeypatch.delenv("TOILE_MEMORY")
    small = Dataset.from_arrays(toy.train_x, toy.train_y)
    assert large.name == small.name
    assert np.array_equal(large.train.pixels[:], small.train.pixels)


@pytest.mark.usefixtures("little_memory")
def test_values_of_another_range_are_decoded_a_second_time(tmp_path, monkeypatch):
    for number in range(CHUNK_PICTURES + 9):
        file = tmp_path / "set" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 17, (6, 6), dtype=np.uint8)
        Image.fromarray(pixels).save(file)
    small = load_small(tmp_path / "set", monkeypatch)
    assert small.greys.white == 16
    assert_same(load_data(tmp_path / "set"), small)


@pytest.mark.parametrize("num_bytes", [648, 647])
def test_a_set_is_large_by_the_pixels_of_all_parts_also_from_the_cache(
    write, toy, monkeypatch, num_bytes
):
    assert toy.train_x.nbytes + toy.test_x.nbytes == 648
    monkeypatch.setenv("TOILE_MEMORY", str(4 * num_bytes))
    is_large = num_bytes < 648
    path = write("npz")
    for _ in range(2):
        assert isinstance(load_data(path).train.pixels, MappedPixels) == is_large
        arrays = Dataset.from_arrays(toy.train_x, toy.train_y, toy.test_x, toy.test_y)
        assert isinstance(arrays.train.pixels, MappedPixels) == is_large


def test_a_form_that_is_read_as_a_whole_is_refused_where_memory_has_no_room(write, monkeypatch):
    path = write("csv")
    # Of all files together: 432 bytes of one, 216 of the other.
    monkeypatch.setenv("TOILE_MEMORY", "1200")
    with pytest.raises(ToileError, match=r"has 648 bytes of pixels or more, .* save it as \.npz"):
        load_data(path)


@pytest.mark.usefixtures("little_memory")
def test_it_is_described_as_from_memory(many, monkeypatch):
    large, small = load_data(many), load_small(many, monkeypatch)
    assert describe(large).to_json() == describe(small).to_json()
