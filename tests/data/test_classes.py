"""Which classes a source has: those that occur, and in no part but the training one alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from toile.data import Images, describe, load_data, split_data
from toile.data.classes import classes_of, nearest_class
from toile.data.divide import divide
from toile.data.images import join
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.recipe import Data, recipe_of

RNG = np.random.default_rng(5)


def images(labels, num_held_out: int = 0) -> Images:
    """Each a picture of its own."""
    pixels = RNG.integers(0, 256, (len(labels), 1, 6, 6), dtype=np.uint8)
    return Images(pixels, np.asarray(labels, np.int64), num_held_out=num_held_out)


def write_npz(path, train, test):
    arrays = {"train_x": train.pixels, "train_y": train.labels}
    np.savez(path, **arrays, test_x=test.pixels, test_y=test.labels)
    return path


def test_numbers_that_do_not_occur_are_no_classes(tmp_path):
    path = write_npz(tmp_path / "a.npz", images([3, 8, 8, 3]), images([8, 3]))
    data = load_data(path)
    assert data.class_names == ("3", "8")
    assert data.train.labels.tolist() == [0, 1, 1, 0]
    assert open_sealed(data.test).labels.tolist() == [1, 0]


def test_by_the_rules_of_older_runs_they_were(tmp_path):
    path = write_npz(tmp_path / "a.npz", images([3, 8, 8, 3]), images([8, 3]))
    data = load_data(path, rule=2)
    assert data.class_names == tuple("012345678")
    assert data.train.labels.tolist() == [3, 8, 8, 3]


def test_a_gap_before_a_test_part_is_taken_closes_too(tmp_path):
    arrays = {"train_x": images([1, 26] * 20).pixels, "train_y": [1, 26] * 20}
    np.savez(tmp_path / "a.npz", **arrays)
    data = load_data(tmp_path / "a.npz")
    assert data.class_names == ("1", "26")
    assert np.bincount(open_sealed(data.test).labels).tolist() == [4, 4]


def test_a_known_release_keeps_its_names_and_fingerprint():
    data = load_data("fashion-sample")
    assert data.fingerprint == load_data("fashion-sample", rule=2).fingerprint
    assert len(data.class_names) == 10


def test_a_class_of_the_test_part_alone_is_refused_with_the_nearest_name():
    names = ("Cat", "Dog", "cat")
    rule = r"the test part has the class cat, of which there is no train.*; did you mean Cat\?"
    with pytest.raises(ToileError, match=rule):
        classes_of(images([0, 1]), images([2, 1]), names, 3, "here")
    assert classes_of(images([0, 1]), images([2, 1]), names, 2, "here").names == names


def test_a_class_of_the_validation_part_alone_is_refused():
    with pytest.raises(ToileError, match="here: the validation part has the class 7, of which"):
        classes_of(images([0, 1, 7], 1), None, None, 3, "here")


def test_a_class_that_no_test_image_has_is_learnt_all_the_same():
    assert classes_of(images([0, 1, 2]), images([0, 2]), None, 3, "").names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("tomato not ripen", "tomato not ripe"), ("T-Shirt top", "t_shirt_top"), ("7", ""), ("x", "")],
)
def test_the_nearest_class(name, nearest):
    said = nearest_class(name, ("apple", "tomato not ripe", "t_shirt_top", "71"))
    assert said == (f"; did you mean {nearest}?" if nearest else "")


def test_images_that_the_source_holds_out_are_the_validation_images():
    learnt, held_out = images([0, 1] * 10), images([1, 0] * 3)
    train = join(learnt, held_out)
    split = split_data(train, Data())
    assert split.validation_indices.tolist() == list(range(20, 26))
    assert np.array_equal(split.validation.pixels, held_out.pixels)
    assert np.array_equal(split.train.pixels, learnt.pixels)
    assert split.note == (
        "validation: the 6 images that the data itself holds out; data.validation is not asked"
    )
    assert np.bincount(split.validation.labels[split.selection]).sum() == 3


def test_no_copy_of_a_held_out_image_is_trained_on_or_sealed():
    learnt = images([0, 1] * 10)
    train = join(learnt, learnt.gather(np.arange(4)))
    split = split_data(train, Data())
    assert (len(split.train), len(split.validation), split.num_copies) == (16, 4, 4)
    for share in (0.2, 0.7):
        kept, test = divide(train, share, 3, "here")
        assert kept.num_held_out == 4
        assert len(kept) + len(test) == 24
        assert not np.isin(test.hashes, train.hashes[-4:]).any()


def test_folds_are_cut_from_held_out_images_too():
    train = join(images([0, 1] * 8), images([0, 1] * 2))
    splits = [split_data(train, Data(folds=4, fold=fold)) for fold in range(4)]
    taken = np.concatenate([split.validation_indices for split in splits])
    assert sorted(taken) == list(range(20))
    assert "holds out as well" in splits[0].note


def test_one_held_out_image_cannot_both_choose_and_score():
    with pytest.raises(ToileError, match="validation part has 1 image; validation takes at leas"):
        split_data(replace(images([0, 1] * 4), num_held_out=1), Data())


def test_the_cache_remembers_what_is_held_out_and_what_was_said(tmp_path, monkeypatch):
    path = write_npz(tmp_path / "a.npz", images([0, 1] * 4), images([0, 1]))
    loaded = load_data(path, orientation="transposed")
    again = load_data(path, orientation="transposed")
    note = "rows and columns of every picture were swapped, as data.orientation asks"
    assert loaded.notes == again.notes == (note,)
    assert again.was_transposed
    assert json.loads(json.dumps(describe(again).to_json()))["notes"] == [note]
    kept = load_data(path)
    assert np.array_equal(again.train.pixels, kept.train.pixels.swapaxes(2, 3))
    assert kept.notes == ()


def test_pictures_that_are_not_square_are_turned_as_well(tmp_path):
    part = Images(RNG.integers(0, 256, (4, 3, 6, 9), dtype=np.uint8), np.arange(4) % 2)
    data = load_data(write_npz(tmp_path / "a.npz", part, part), orientation="transposed")
    assert np.array_equal(data.train.pixels, part.pixels.swapaxes(2, 3))


def test_a_recipe_of_before_these_settings_has_the_hash_it_had():
    recipe = recipe_of({"data": {"rule": 2}, "network": ["flatten", {"dense": "classes"}]})
    assert recipe.hash == "743b7420c312fe9826df57cc8d0c0775b162ff72c9c65fb71fd76df7b2fef273"
