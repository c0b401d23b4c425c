"""Runs of an augmented set know the pictures its variants are of, and compare with its parent's."""

import json
from pathlib import Path

import numpy as np
import pytest

import toile
from tests.command_line import call
from tests.conftest import NETWORK
from tests.workbench.augmented_set.conftest import SHIFTED
from toile.cli.compare import _compare_levels, _have_same_images
from toile.data import are_in, load_data, split_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.recipe import Data, recipe_of
from toile.runs import RunsFolder


def test_a_run_knows_the_pictures_that_its_variants_are_of(file, few_garments, tmp_path):
    def recipe(name, **data):
        values = {"name": str(name), **data}
        return recipe_of(
            {"data": values, "network": NETWORK, "training": {"epochs": 1, "threads": 1}}
        )

    run = toile.train(recipe(file), out=tmp_path / "variants")
    again = toile.begin(recipe(few_garments), start=run.folder, out=tmp_path / "same")
    assert again.fit.recipe.training.start.seen_validation == 0
    # By another split most of what is held out was learnt, as variants.
    learnt, held_out = (
        split_data(load_data(few_garments).train, Data(split=split)) for split in (0, 1)
    )
    seen = int(are_in(held_out.validation.hashes[:, 1], learnt.train.hash_set).sum())
    assert seen > 60
    with pytest.raises(ToileError, match=rf"trained on {seen} of the 120 validation images and 0"):
        toile.begin(recipe(few_garments, split=1), start=run.folder, out=tmp_path / "other")
    # The other way round: what the set scores on was learnt by a run of its parent.
    other = toile.train(recipe(few_garments, split=1), out=tmp_path / "parent")
    with pytest.raises(ToileError, match=r"of the 120 validation images"):
        toile.begin(recipe(file), start=other.folder, out=tmp_path / "set")


@pytest.fixture(scope="module")
def pair(file, few_garments, tmp_path_factory) -> tuple[toile.Run, toile.Run]:
    """A run of the data and one of its augmented set."""
    out = tmp_path_factory.mktemp("pair")
    training = {"epochs": 1, "threads": 1, "precision": "float32"}
    document = {"network": NETWORK, "training": training}
    parent, child = (
        toile.train(recipe_of({**document, "data": {"name": str(name)}}), out=out / str(number))
        for number, name in enumerate((few_garments, file))
    )
    return parent, child


def test_a_run_of_it_is_compared_with_one_of_its_parent_on_the_same_pictures(pair):
    parent, child = pair
    compared = toile.compare({"parent": [parent], "child": [child]})
    assert compared.other_images == ""
    right = [run.validation.logits.argmax(1) == run.validation.labels for run in pair]
    counted = toile.compare_predictions(parent, child)
    assert counted.only_first == int((right[0] & ~right[1]).sum())
    assert counted.only_second == int((right[1] & ~right[0]).sum())


def test_the_command_does_not_say_that_both_score_different_images(pair, tmp_path, capsys):
    parent, child = (run.folder for run in pair)
    said = call("compare", parent, child, f"--out={tmp_path / 'figure.png'}").output
    assert "McNemar's exact test" in said
    assert "different images" not in said
    _compare_levels([RunsFolder().named(str(run.folder)) for run in pair], True)
    assert json.loads(capsys.readouterr().out)["same_data"]


def test_so_is_a_study_of_both_and_other_pictures_are_said(pair, few_garments, file, tmp_path):
    names = {"parent": str(few_garments), "child": str(file)}
    levels = {name: {"data.name": path} for name, path in names.items()}
    recipe = pair[0].recipe
    live = toile.study(recipe, levels=levels, readings=1, out=tmp_path / "study")
    for cell in live.missing():
        toile.begin(cell.recipe, out=live.folder / "readings" / cell.key)
    assert live.result.other_images == ""
    with np.load(few_garments) as arrays:
        held = {name: array[60 * (name[-5:] == "train") :] for name, array in arrays.items()}
    np.savez(tmp_path / "fewer.npz", **held)
    other = toile.train(recipe.replace({"data.name": str(tmp_path / "fewer.npz")}))
    said = toile.compare({"parent": [pair[0]], "other": [other]}).other_images
    assert said.startswith(
        "levels parent and other are scored on different images (120 of garments.npz, "
        f"{pair[0].data.fingerprint[:8]} and 120 of fewer.npz, {other.data.fingerprint[:8]})"
    )
    with pytest.raises(ToileError, match="validated on different images"):
        toile.compare_predictions(pair[0], other)
    assert not _have_same_images([pair[0], other])


@pytest.fixture(scope="module")
def leaking(garments, tmp_path_factory) -> Path:
    """Of 480 training pictures 24 are sealed as well."""
    file = tmp_path_factory.mktemp("leaking") / "leaking.npz"
    learnt = split_data(garments.train, Data()).train
    test = open_sealed(garments.test)
    np.savez(
        file,
        x_train=garments.train.pixels[:, 0],
        y_train=garments.train.labels,
        x_test=np.concatenate([test.pixels, learnt.pixels[:24]])[:, 0],
        y_test=np.concatenate([test.labels, learnt.labels[:24]]),
    )
    return file


def test_variants_of_sealed_pictures_are_said_as_the_pictures_are(leaking, tmp_path):
    def begin(data):
        recipe = recipe_of({"data": {"name": str(data)}, "network": NETWORK})
        return toile.begin(recipe, out=tmp_path / data.stem)

    file = tmp_path / "varied.npz"
    toile.augment_data(leaking, file, 960, settings=SHIFTED)
    assert any(
        note.startswith("24 training images are in the test") for note in begin(leaking).notes
    )
    said = "48 training images are, or are variants of pictures, in the test part as well"
    assert any(note.startswith(said) for note in begin(file).notes)
    parent, described = (toile.describe(load_data(data)) for data in (leaking, file))
    assert len(parent.overlaps) == len(described.overlaps) == 24
    assert sum(len(overlap.train) for overlap in described.overlaps) == 48
