import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from toile.errors import ToileError
from toile.runs.corrupt_file import CorruptFile
from toile.runs.tensors import load_arrays, save_arrays

ARRAYS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array(7, dtype=np.int64)}
FACTS = {"step": 3, "third": 1 / 3}


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "some.safetensors"
    save_arrays(path, ARRAYS, FACTS)
    return path


def test_what_is_saved_is_loaded_with_types_shapes_and_exact_numbers(stored):
    loaded = load_arrays(stored)
    assert loaded.facts == FACTS
    for name, array in ARRAYS.items():
        assert loaded.arrays[name].dtype == array.dtype
        assert loaded.arrays[name].shape == array.shape
        assert np.array_equal(loaded.arrays[name], array)


def test_the_same_content_gives_the_same_bytes(stored, tmp_path):
    again = tmp_path / "again.safetensors"
    save_arrays(again, dict(reversed(ARRAYS.items())), dict(reversed(FACTS.items())))
    assert again.read_bytes() == stored.read_bytes()


def test_every_flipped_bit_is_noticed(stored):
    content = stored.read_bytes()
    for place in range(len(content)):
        for bit in (0, 5, 7):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            stored.write_bytes(flipped)
            # One in the version itself makes it a newer Toile's, or none.
            with pytest.raises(ToileError, match=r"damaged|newer Toile|its version is"):
                load_arrays(stored)


def test_every_truncation_is_noticed(stored):
    content = stored.read_bytes()
    for length in range(len(content)):
        stored.write_bytes(content[:length])
        with pytest.raises(CorruptFile):
            load_arrays(stored)


def test_a_safetensors_file_of_others_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": np.zeros(2)}, path)
    with pytest.raises(CorruptFile, match="not of Toile's making"):
        load_arrays(path)


def test_a_newer_format_is_refused_with_both_versions(stored):
    content = stored.read_bytes()
    stored.write_bytes(content.replace(b'\\"version\\": 1', b'\\"version\\": 9'))
    with pytest.raises(ToileError, match="newer Toile: its form has version 9, and this"):
        load_arrays(stored)


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(ToileError, match="is not there"):
        load_arrays(tmp_path / "none.safetensors")


def test_a_pickle_is_never_opened(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"\x80\x04\x95" + json.dumps({}).encode())
    with pytest.raises(CorruptFile):
        load_arrays(path)
