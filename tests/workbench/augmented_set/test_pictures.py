"""Which pictures an augmented set has: variants to learn from, and its parent's own to score on."""

from dataclasses import replace

import numpy as np

import toile
from tests.conftest import NETWORK
from tests.workbench.augmented_set.conftest import SHIFTED
from toile.data import are_in, array_hashes, load_data, split_data
from toile.data.sealed import open_sealed
from toile.recipe import Data, recipe_of


def test_what_scores_is_what_scores_the_parent(augmented, garments, parts):
    split = split_data(augmented.train, Data(split=7))
    assert len(split.train) == 900
    assert np.array_equal(split.selection, parts.selection)
    assert np.array_equal(split.validation.pixels, parts.validation.pixels)
    assert np.array_equal(split.validation.labels, parts.validation.labels)
    test, parent_test = open_sealed(augmented.test), open_sealed(garments.test)
    assert np.array_equal(test.pixels, parent_test.pixels)
    assert np.array_equal(test.labels, parent_test.labels)
    assert augmented.class_names == garments.class_names
    assert augmented.skipped == ()


def test_the_file_says_of_what_it_was_made(written, augmented, garments):
    file, record = written
    assert (record.name, record.fingerprint) == ("garments.npz", garments.fingerprint)
    assert (record.seed, record.num_variants, record.num_sources) == (0, 900, 480)
    assert (record.num_validation, record.num_test) == (120, 100)
    assert f"fingerprint {garments.fingerprint[:12]}" in augmented.notes[0]
    with np.load(file) as arrays:
        assert str(arrays["parent"]) == record.model_dump_json()


def test_variants_come_in_the_order_of_the_pictures_they_are_of(augmented, parts):
    hashes = parts.train.hashes[:, 1]
    sources = augmented.train.sources[:900]
    assert np.array_equal(sources[:480], hashes)
    assert np.array_equal(augmented.train.labels[:480], parts.train.labels)
    # Of the other 420 none twice.
    assert len(np.unique(sources[480:])) == 420


def test_no_variant_is_of_a_picture_that_is_held_out_or_sealed(augmented, garments, parts):
    sources = augmented.train.sources[:900]
    assert are_in(sources, parts.train.hash_set).all()
    assert not are_in(sources, parts.validation.hash_set).any()
    assert not are_in(sources, garments.test.hashes).any()


def test_a_variant_is_moved_noise_of_the_picture_it_names(garments, tmp_path):
    file = tmp_path / "moved.npz"
    toile.augment_data(garments, file, 480, settings=SHIFTED)
    with np.load(file) as arrays:
        pixels, sources, labels = (arrays[name] for name in ("x_train", "train_sources", "y_train"))
    split = split_data(garments.train, Data())
    pictures, hashes = split.train.pixels[:, 0], array_hashes(split.train.pixels)[:, 0]
    differing = 0
    for variant, source, label in zip(pixels, sources, labels, strict=True):
        index = int(np.flatnonzero(hashes == source)[0])
        padded = np.pad(pictures[index], 1)
        views = [padded[y : y + 28, x : x + 28] for y in range(3) for x in range(3)]
        # What comes in from outside is the border's grey; the inside is the picture's own.
        inside = [np.array_equal(view[1:-1, 1:-1], variant[1:-1, 1:-1]) for view in views]
        assert any(inside)
        assert label == split.train.labels[index]
        differing += not inside[4]
    assert differing > 240


def test_each_picture_has_as_many_variants_as_any_other_or_one_more(augmented, parts):
    _, counts = np.unique(augmented.train.sources[:900], return_counts=True)
    assert set(counts) == {1, 2}
    assert len(counts) == 480
    labels = augmented.train.labels[:900]
    expected = np.bincount(parts.train.labels) * 900 / 480
    assert np.abs(np.bincount(labels) - expected).max() < 1


def test_the_same_seed_is_the_same_file_and_another_is_not(garments, tmp_path):
    files = [tmp_path / f"{name}.npz" for name in "abc"]
    for file, seed in zip(files, (0, 0, 1), strict=True):
        toile.augment_data(garments, file, 500, settings=SHIFTED, seed=seed)
    contents = [file.read_bytes() for file in files]
    assert contents[0] == contents[1]
    first, other = (dict(np.load(files[index])) for index in (0, 2))
    # Both how pictures are varied and of which there is one variant more.
    assert np.array_equal(first["train_sources"][:480], other["train_sources"][:480])
    assert not np.array_equal(first["x_train"][:480], other["x_train"][:480])
    assert not np.array_equal(first["train_sources"][480:], other["train_sources"][480:])


def test_a_variant_of_a_validation_picture_would_not_be_learnt(augmented):
    # As if the file had been made otherwise: the first variant is of the last picture held out.
    sources = augmented.train.sources.copy()
    sources[0] = augmented.train.hashes[-1, 1]
    leaking = replace(augmented.train, sources=sources)
    split = split_data(leaking, Data())
    assert (len(split.train), split.num_copies) == (899, 1)


def test_it_is_read_from_the_cache_as_from_the_file(file):
    first, second = load_data(file), load_data(file)
    assert np.array_equal(first.train.sources, second.train.sources)
    assert np.array_equal(first.train.hashes, second.train.hashes)
    assert first.notes == second.notes
    assert "900 variants of 480 training pictures of garments.npz" in second.notes[0]
    assert "by shift 1, noise 0.1, seed 0" in second.notes[0]


def test_pictures_made_smaller_are_known_by_what_they_were(few_garments, garments, tmp_path):
    file = tmp_path / "small.npz"
    settings = {**SHIFTED, "data.size_px": 14}
    toile.augment_data(few_garments, file, 480, settings=settings)
    small = load_data(file)
    assert small.shape == (1, 14, 14)
    validation = split_data(small.train, Data()).validation
    assert are_in(validation.hashes[:, 1], garments.train.hash_set).all()
    assert garments.test.count_known(small.test.hashes) == 100


def test_dark_pictures_stay_as_they_are_and_a_name_turns_none(tmp_path):
    pixels = np.arange(60 * 36, dtype=np.uint8).reshape(60, 6, 6) % 13
    labels = np.arange(60) % 3
    np.savez(tmp_path / "dark.npz", x=pixels, y=labels)
    file = tmp_path / "emnist-dark.npz"
    settings = {**SHIFTED, "data.white": 255, "data.validation": 12}
    toile.augment_data(tmp_path / "dark.npz", file, 36, settings=settings)
    dark = load_data(file)
    parent = load_data(tmp_path / "dark.npz", white=255)
    assert dark.train.pixels.max() == 12
    assert np.array_equal(open_sealed(dark.test).pixels, open_sealed(parent.test).pixels)


def test_colours_lie_last_in_the_file_and_are_read_back(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 5, 7, 3), dtype=np.uint8)
    np.savez(tmp_path / "colours.npz", x=pixels, y=np.arange(40) % 2)
    file = tmp_path / "more.npz"
    toile.augment_data(
        tmp_path / "colours.npz", file, 50, settings={**SHIFTED, "data.validation": 0.2}
    )
    with np.load(file) as arrays:
        assert arrays["x_train"].shape == (50, 5, 7, 3)
        assert '"name":"colours.npz"' in str(arrays["parent"])
    colours, parent = load_data(file), load_data(tmp_path / "colours.npz")
    assert colours.test_fingerprint == parent.test_fingerprint


def test_a_recipe_says_what_varies_and_what_is_held_out(garments, few_garments, tmp_path):
    recipe = recipe_of(
        {
            "data": {"name": str(few_garments), "validation": 50, "split": 3},
            "augmentation": {"shift": 2},
            "network": NETWORK,
            "seed": 5,
        }
    )
    augmented = toile.augment_data(garments, tmp_path / "set.npz", 550, recipe=recipe)
    assert (augmented.num_sources, augmented.num_validation, augmented.seed) == (550, 50, 5)
    held_out = split_data(garments.train, recipe.data).validation
    split = split_data(load_data(tmp_path / "set.npz").train, Data())
    assert np.array_equal(split.validation.pixels, held_out.pixels)


def test_what_the_recipe_of_its_parent_says_of_the_files_is_not_asked(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 13, (60, 6, 8), dtype=np.uint8)
    np.savez(tmp_path / "turned.npz", x=pixels, y=np.arange(60) % 3)
    reading = {"orientation": "transposed", "white": 16}
    settings = {
        **SHIFTED,
        "data.validation": 12,
        **{f"data.{name}": value for name, value in reading.items()},
    }
    toile.augment_data(tmp_path / "turned.npz", tmp_path / "set.npz", 36, settings=settings)
    parent = load_data(tmp_path / "turned.npz", **reading)
    varied = load_data(tmp_path / "set.npz", **reading)
    assert varied.test_fingerprint == parent.test_fingerprint
    assert not varied.was_transposed
    for name in reading:
        assert any(note.startswith(f"data.{name} is not asked") for note in varied.notes)
