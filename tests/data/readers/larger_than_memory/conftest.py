"""Pictures in files for which memory is called too small, and the same set from memory."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toile.data import Dataset, MappedPixels, load_data
from toile.data.readers.chunk_journal import CHUNK_PICTURES
from toile.data.sealed import open_sealed

NUM = 2 * CHUNK_PICTURES + 40
LITTLE = "400"
"""Bytes of memory, for which a few pictures are many."""


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setenv("TOILE_MEMORY", LITTLE)


def assert_same(large: Dataset, small: Dataset) -> None:
    assert isinstance(large.train.pixels, MappedPixels)
    assert not isinstance(small.train.pixels, MappedPixels)
    pairs = [(large.train, small.train), (open_sealed(large.test), open_sealed(small.test))]
    for first, second in pairs:
        assert np.array_equal(first.pixels[:], second.pixels[:])
        assert np.array_equal(first.labels, second.labels)
        assert np.array_equal(first.hashes, second.hashes)
        assert (first.names, first.num_held_out) == (second.names, second.num_held_out)
    for name in ("class_names", "identity", "skipped", "notes", "greys", "nulls", "nans"):
        assert getattr(large, name) == getattr(small, name)


def load_small(path, monkeypatch, **settings) -> Dataset:
    """The same from memory, out of a cache of its own."""
    with monkeypatch.context() as context:
        context.delenv("TOILE_MEMORY")
        context.setenv("TOILE_CACHE", os.environ["TOILE_CACHE"] + "-small")
        return load_data(path, **settings)


@pytest.fixture(scope="session")
def many(tmp_path_factory) -> Path:
    """Enough pictures for three chunks, of which two are none, in the folders of two classes."""
    folder = tmp_path_factory.mktemp("data") / "many"
    rng = np.random.default_rng(0)
    for number in range(NUM):
        file = folder / ("even", "odd")[number % 2] / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(file)
    (folder / "even/0004.png").write_bytes(b"no picture")
    (folder / "odd/0555.txt").write_text("nor is this")
    return folder
