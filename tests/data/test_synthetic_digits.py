"""Digits drawn here: the same to the bit, every digit told, and no picture in both parts."""

import hashlib

import numpy as np
import pytest

import toile
from toile.data import load_data
from toile.data.catalogue import IDX_FILES, KNOWN
from toile.data.sealed import open_sealed
from toile.data.synthetic_digits import SEED, synthetic_digits

KNOWN_SET = KNOWN["synthetic-digits"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cache into which the set was made once, what came of that, and the progress told."""
    folder, told = tmp_path_factory.mktemp("synthetic"), []
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOILE_CACHE", str(folder))
        dataset = load_data("synthetic-digits", progress=lambda *step: told.append(step))
    return folder, dataset, told


@pytest.fixture
def cache(made, monkeypatch):
    monkeypatch.setenv("TOILE_CACHE", str(made[0]))
    return made[0]


def test_it_is_made_where_it_is_not_and_is_the_one_that_is_known(made):
    cache, dataset, told = made
    assert dataset.fingerprint == KNOWN_SET.fingerprint
    assert dataset.release == KNOWN_SET.release
    assert (len(dataset.train), len(dataset.test)) == (20_000, 4_000)
    for name, sha256 in zip(IDX_FILES, KNOWN_SET.sha256, strict=True):
        content = (cache / "fetched" / "synthetic-digits" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
    assert (24_000, 24_000, "pictures") in told


def test_no_picture_of_the_test_part_is_learnt(cache):
    dataset = load_data("synthetic-digits")
    test = open_sealed(dataset.test)
    assert not np.isin(test.hashes, dataset.train.hashes).any()
    assert np.bincount(test.labels).tolist() == [400] * 10


def test_beginnings_are_the_same_however_many_are_drawn_and_seeds_are_not():
    few, many = synthetic_digits(500, SEED), synthetic_digits(1000, SEED)
    assert np.array_equal(few[0], many[0][:500])
    assert not np.array_equal(few[0], synthetic_digits(500, SEED + 1)[0])
    assert not np.array_equal(few[0], synthetic_digits(500, SEED, 1)[0])


def test_digits_are_white_on_black_and_lie_within_the_picture():
    pixels, labels = synthetic_digits(1000, SEED)
    assert pixels.dtype == np.uint8
    edge = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=1)
    assert edge.mean() < 40
    assert pixels.max(axis=(1, 2)).min() > 120
    assert np.array_equal(np.unique(labels), np.arange(10))


@pytest.mark.slow
def test_a_small_network_learns_them(cache, tmp_path):
    settings = {"training.threads": 1, "network.conv1.filters": 4}
    run = toile.train(
        "s1-lab", data="synthetic-digits", epochs=1, settings=settings, out=tmp_path / "run"
    )
    assert run.score.value > 0.8
