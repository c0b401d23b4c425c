"""Runs from before `data.rule` and the record of pictures: they keep their images and bits."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import toile
from toile.data import load_data
from toile.recipe import recipe_of
from toile.runs import Run, load_arrays

NETWORK = [{"conv": {"filters": 2, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Sixty pictures of two classes, without a test part."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    for number in range(60):
        file = folder / ("dark", "light")[number % 2] / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 128, (16, 16), dtype=np.uint8) + 127 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(file)
    return folder


def recipe(pictures: Path, epochs: int, **data):
    return recipe_of(
        {
            "name": "small",
            "data": {"name": str(pictures), "validation": 10, "size_px": 8, **data},
            "network": NETWORK,
            "training": {"batch_size": 8, "epochs": epochs, "threads": 1, "precision": "float32"},
        }
    )


def age(run: Run) -> Run:
    """Take out of the folder what an older Toile did not write."""
    text = (run.folder / "recipe.yaml").read_text()
    assert "rule: 1," in text
    (run.folder / "recipe.yaml").write_text(text.replace("rule: 1,", ""))
    data = json.loads((run.folder / "data.json").read_text())
    for name in ("rule", "copies"):
        del data[name]
    (run.folder / "data.json").write_text(json.dumps(data))
    (run.folder / "pictures.safetensors").unlink(missing_ok=True)
    return run


@pytest.fixture
def old(pictures, tmp_path) -> Run:
    return age(toile.train(recipe(pictures, 1, rule=1), out=tmp_path / "old"))


def test_an_older_run_goes_on_to_the_bits_it_would_have_had(old, pictures, tmp_path):
    assert (old.recipe.data.rule, old.facts.rule) == (1, 1)
    toile.resume(old, epochs=2)
    whole = toile.train(recipe(pictures, 2, rule=1), out=tmp_path / "whole")
    last = [load_arrays(run.folder / "last.safetensors").sha256 for run in (old, whole)]
    assert last[0] == last[1]


def test_an_older_run_is_scored_on_the_test_part_it_had(old):
    looked = toile.evaluate(old, open_test=True, why="to see that it still can be")
    assert looked.judgement.accuracy.n == old.facts.test


def test_an_older_recipe_trained_again_has_its_bits(old, tmp_path):
    again = toile.train(old.folder / "recipe.yaml", out=tmp_path / "again")
    assert again.recipe.data.rule == 1
    assert again.facts.test_fingerprint == old.facts.test_fingerprint
    last = [load_arrays(run.folder / "last.safetensors").sha256 for run in (old, again)]
    assert last[0] == last[1]


def test_a_new_run_seals_the_same_pictures_in_every_size(pictures, tmp_path):
    small = toile.train(recipe(pictures, 1), out=tmp_path / "small")
    assert (small.recipe.data.rule, small.facts.rule) == (2, 2)
    marks = [
        load_data(small.recipe.data.model_copy(update={"size_px": size})).test.marks
        for size in (8, 12)
    ]
    assert np.array_equal(*marks)
