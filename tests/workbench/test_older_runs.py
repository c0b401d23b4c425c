"""Runs from before `data.rule` and the record of pictures: they keep their images and bits."""

import json

import numpy as np
import pytest

import toile
from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.recipe import with_settings
from toile.runs import Run, RunsFolder, load_arrays, pictures_of, runs_folder


def age(run: Run) -> Run:
    """Take out of the folder what an older Toile did not write."""
    text = (run.folder / "recipe.yaml").read_text().removeprefix("version: 3\n")
    assert "rule: 1," in text
    (run.folder / "recipe.yaml").write_text(text.replace("rule: 1,", ""))
    data = json.loads((run.folder / "data.json").read_text())
    for name in ("version", "rule", "copies", "greys", "notes"):
        del data[name]
    (run.folder / "data.json").write_text(json.dumps(data))
    (run.folder / "pictures.safetensors").unlink()
    return run


@pytest.fixture
def old(small, tmp_path) -> Run:
    return age(toile.train(small(rule=1), out=tmp_path / "old"))


def test_an_older_run_goes_on_to_the_bits_it_would_have_had(old, small, tmp_path):
    assert (old.recipe.data.rule, old.data.rule) == (1, 1)
    toile.resume(old, epochs=2)
    whole = toile.train(small(2, rule=1), out=tmp_path / "whole")
    last = [load_arrays(run.folder / "last.safetensors").sha256 for run in (old, whole)]
    assert last[0] == last[1]


def test_an_older_run_is_scored_on_the_test_part_it_had(old):
    looked = toile.evaluate(old, open_test=True, why="to see that it still can be")
    assert looked.judgement.accuracy.n == old.data.test


def test_an_older_recipe_trained_again_has_its_bits(old, tmp_path):
    again = toile.train(old.folder / "recipe.yaml", out=tmp_path / "again")
    assert again.recipe.data.rule == 1
    assert again.data.test_fingerprint == old.data.test_fingerprint
    last = [load_arrays(run.folder / "last.safetensors").sha256 for run in (old, again)]
    assert last[0] == last[1]


def test_a_new_run_seals_the_same_pictures_in_every_size(small, tmp_path):
    small = toile.train(small(), out=tmp_path / "small")
    assert (small.recipe.data.rule, small.data.rule) == (3, 3)
    marks = [
        open_sealed(load_data(small.recipe.data.model_copy(update={"size_px": size})).test).hashes
        for size in (8, 12)
    ]
    assert np.array_equal(*marks)


def test_what_an_older_run_was_trained_on_follows_from_its_recipe(small, tmp_path):
    new = toile.train(small(rule=1), out=tmp_path / "new")
    kept = pictures_of(new)
    derived = pictures_of(age(new))
    assert np.array_equal(kept.trained, derived.trained)
    assert np.array_equal(kept.sealed, derived.sealed)
    assert derived.unknown == ()


def test_what_its_first_weights_were_trained_on_is_known_also_from_the_bin(small, tmp_path):
    parent = toile.train(small(rule=1), out=runs_folder() / "parent")
    folds = {"training.start.run": str(parent.folder), "training.start.allow_seen": True}
    recipe = with_settings(small(rule=1, split=1), folds)
    child = age(toile.train(recipe, out=tmp_path / "child"))
    before = pictures_of(child)
    workspace = RunsFolder()
    workspace.remove(workspace.named("parent"))
    assert np.array_equal(pictures_of(child).trained, before.trained)
    assert pictures_of(child).unknown == ()
    workspace.empty_bin()
    assert pictures_of(child).unknown == ("parent",)
