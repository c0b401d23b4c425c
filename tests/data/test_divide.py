"""The test part of a source that has none: the same pictures in every size and colour, and fair."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import toile
from toile.data import Images, load_data, split_data
from toile.data.divide import divide
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.recipe import Data, read_recipe_text, recipe_of

RNG = np.random.default_rng(3)


def write_pictures(folder: Path, per_class: int = 20, side_px: int = 24) -> Path:
    """Coloured PNG files of two classes."""
    rng = np.random.default_rng(0)
    for name in ("ant", "bee"):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = rng.integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:03}.png")
    return folder


def numbered(labels, pictures=None) -> Images:
    """Images that are alike where their number in `pictures` is."""
    pictures = np.arange(len(labels)) if pictures is None else np.asarray(pictures)
    pixels = pictures.astype(np.uint32).view(np.uint8).reshape(-1, 1, 2, 2)
    return Images(pixels, np.asarray(labels, np.int64))


def pictures_of(images: Images) -> list[int]:
    return images.pixels.reshape(-1, 4).copy().view(np.uint32)[:, 0].tolist()


@pytest.mark.parametrize("form", ["folder", "npz"])
def test_every_size_and_colour_seals_the_same_pictures(tmp_path, form):
    path = write_pictures(tmp_path / "set")
    if form == "npz":
        pixels, labels = RNG.integers(0, 256, (40, 24, 24, 3), dtype=np.uint8), [0, 1] * 20
        path = tmp_path / "set.npz"
        np.savez(path, train_x=pixels, train_y=labels)
    settings = [{}, {"size_px": 8}, {"size_px": 12}, {"colour": "grey"}, {"size_px": 9}]
    loaded = [load_data(path, **some) for some in settings]
    assert len({one.fingerprint for one in loaded}) == len(settings)
    for one in loaded[1:]:
        sealed, expected = (open_sealed(each.test).hashes for each in (one, loaded[0]))
        assert np.array_equal(sealed, expected)
        assert np.array_equal(one.train.hashes, loaded[0].train.hashes)
        # And so the split holds the same ones out.
        split, first = (split_data(each.train, Data(validation=0.2)) for each in (one, loaded[0]))
        assert np.array_equal(split.validation.hashes, first.validation.hashes)


def test_the_first_rule_seals_what_it_did(tmp_path):
    """Which is another part for another size: runs that were made by it keep it."""
    path = write_pictures(tmp_path / "set")
    parts = [open_sealed(load_data(path, rule=1, size_px=size).test).hashes for size in (8, 12)]
    assert not np.array_equal(*parts)


def test_each_class_gives_its_share_and_one_at_least_where_it_has_two():
    labels = [0] * 20 + [1] * 7 + [2] * 2 + [3]
    train, test = divide(numbered(labels), 0.2, 2, "here")
    assert np.bincount(test.labels, minlength=4).tolist() == [4, 1, 1, 0]
    assert np.bincount(train.labels).tolist() == [16, 6, 1, 1]


def test_a_class_of_two_keeps_one_for_training_whatever_the_share():
    train, test = divide(numbered([0, 0, 1, 1]), 0.9999, 2, "here")
    assert sorted(train.labels) == sorted(test.labels) == [0, 1]


def test_copies_go_together_and_count_once():
    # Ten pictures, of which the first stands there eleven times.
    pictures = [*range(10), *([0] * 10)]
    train, test = divide(numbered([0] * 20, pictures), 0.3, 2, "here")
    assert len(set(pictures_of(test))) == 3
    assert not set(pictures_of(test)) & set(pictures_of(train))


def test_a_copy_in_another_format_goes_with_its_picture(tmp_path):
    path = write_pictures(tmp_path / "set")
    for file in sorted(path.rglob("*.png")):
        Image.open(file).save(file.with_suffix(".bmp"))
    data = load_data(path)
    assert len(data.test) == 16
    assert not set(data.test.hashes) & set(data.train.hashes.ravel())


def test_a_picture_of_two_classes_is_not_for_testing():
    train, test = divide(numbered([0, 0, 1, 1], [5, 6, 5, 7]), 0.4, 2, "here")
    assert 5 in pictures_of(train)
    assert sorted(pictures_of(test)) == [6, 7]


def test_the_lowest_hashes_are_sealed():
    images = numbered([0] * 10)
    _, test = divide(images, 0.3, 2, "here")
    assert sorted(test.hashes[:, 0]) == sorted(images.hashes[:, 0])[:3]


def test_pictures_that_are_all_the_same_are_refused():
    with pytest.raises(ToileError, match=r"has no test part, and data.test = 0.2 of 4 images took"):
        divide(numbered([0, 0, 1, 1], [1, 1, 2, 2]), 0.2, 2, "here")


def test_no_copy_of_a_validation_image_is_trained_on():
    pictures = [number // 2 for number in range(80)]
    train = numbered([0, 1] * 40, sorted(pictures))
    split = split_data(train, Data(validation=20))
    assert len(split.validation) == 20
    assert split.num_copies == 80 - 20 - len(split.train) > 0
    assert not set(pictures_of(split.validation)) & set(pictures_of(split.train))
    kept = split_data(train, Data(validation=20, rule=1))
    assert (len(kept.train), kept.num_copies) == (60, 0)


def test_a_set_without_copies_is_split_as_ever():
    train = numbered([0, 1, 2] * 30)
    splits = [split_data(train, Data(validation=20, rule=rule)) for rule in (1, 2)]
    assert np.array_equal(splits[0].train.pixels, splits[1].train.pixels)


def test_only_copies_of_what_is_held_out_leave_nothing_to_train_on():
    with pytest.raises(ToileError, match="all 10 training images are copies of the 2 held out"):
        split_data(numbered([0] * 10, [1] * 10), Data(validation=2))


def test_a_recipe_written_in_full_before_there_were_rules_means_the_first():
    data = Data(name="set", test=0.3).model_dump()
    whole = {"data": data, "network": [{"dense": "classes"}]}
    assert read_recipe_text(json.dumps(whole), "it").data.rule == 3
    del data["rule"]
    assert read_recipe_text(json.dumps(whole), "it").data.rule == 1
    recipe = recipe_of({"data": {"name": "set"}, "network": [{"dense": "classes"}]})
    assert recipe.data.rule == 3


def test_with_a_fraction_of_zero_nothing_is_sealed():
    x = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)
    dataset = toile.Dataset.from_arrays(x, [0, 1] * 6, test=0)
    assert (len(dataset.train), len(dataset.test)) == (12, 0)
    assert "no test part: data.test is 0, so no image is sealed" in dataset.notes
    described = toile.describe(dataset)
    assert described.test.class_counts.tolist() == [0, 0]
