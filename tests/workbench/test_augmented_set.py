"""An augmented set: variants to learn from, and its parent's own pictures to score on."""

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import toile
from tests.command_line import call
from tests.conftest import NETWORK
from toile.cli.compare import _compare_levels, _have_same_images
from toile.data import AugmentedSet, Dataset, are_in, array_hashes, load_data, split_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.recipe import Data, recipe_of
from toile.runs import RunsFolder

SHIFTED = {"augmentation.shift": 1}
CHECKED = ["x_train", "x_val", "y_val", "val_hashes", "train_sources"]


@pytest.fixture(scope="module")
def garments(few_garments) -> Dataset:
    """600 training pictures, of which 120 are held out, and 100 for testing."""
    return load_data(few_garments)


@pytest.fixture(scope="module")
def written(garments, tmp_path_factory) -> tuple[Path, AugmentedSet]:
    """900 variants of the 480 pictures that are learnt, and what the file says of them."""
    file = tmp_path_factory.mktemp("augmented") / "more.npz"
    settings = {**SHIFTED, "augmentation.noise": 0.1}
    return file, toile.augment_data(garments, file, 900, settings=settings)


@pytest.fixture(scope="module")
def file(written) -> Path:
    return written[0]


@pytest.fixture(scope="module")
def augmented(file) -> Dataset:
    return load_data(file)


@pytest.fixture(scope="module")
def parts(garments):
    """The parent's pictures that are learnt, and those held out."""
    return split_data(garments.train, Data())


def resave(file: Path, path: Path, **changes) -> Path:
    """The arrays of `file` as somebody else might save them, without those that are None."""
    with np.load(file) as arrays:
        named = {**arrays, **changes}
    np.savez(path, **{name: array for name, array in named.items() if array is not None})
    return path


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


def test_folds_of_it_are_refused(augmented):
    with pytest.raises(ToileError, match=r"data.folds is 3, and this is an augmented set"):
        split_data(augmented.train, Data(folds=3))


def test_older_rules_which_would_divide_it_are_refused(file):
    with pytest.raises(ToileError, match=r"version 3 of the rules, and data.rule is 2"):
        load_data(file, rule=2)


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


@pytest.mark.parametrize("name", CHECKED)
def test_a_set_that_was_changed_or_cut_is_refused(file, tmp_path, name):
    with np.load(file) as arrays:
        changed = arrays[name].copy()
    changed[0] += 1
    with pytest.raises(ToileError, match=rf"garments.npz whose {name} is changed since it was"):
        load_data(resave(file, tmp_path / "changed.npz", **{name: changed}))
    with pytest.raises(
        ToileError, match=rf"whose {name} is missing|has no (labels|images) beside|holds parent"
    ):
        load_data(resave(file, tmp_path / "cut.npz", **{name: None}))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda arrays: train_on(arrays, "train_images"), r"to which train_images was added"),
        (lambda arrays: {"parent": None}, r"is an augmented set without parent"),
        (
            lambda arrays: {"x_train": arrays["x_train"].reshape(-1, 14, 56)},
            r"images are \(1, 28, 28\)|its pictures are \(1, 14, 56\)",
        ),
        (
            lambda arrays: rewritten(arrays, '["0","1"', '["1","0"'),
            "parent is damaged",
        ),
        (lambda arrays: rewritten(arrays, ":900", ":901"), "parent is damaged .it is changed"),
        (lambda arrays: rewritten(arrays, '"garments.npz"', '"mine.npz"'), "parent is damaged"),
    ],
)
def test_a_set_whose_checksums_fit_is_refused_where_anything_else_changed(
    file, tmp_path, change, rule
):
    with np.load(file) as arrays:
        changes = change(arrays)
    with pytest.raises(ToileError, match=rule):
        load_data(resave(file, tmp_path / "changed.npz", **changes))


def train_on(arrays, name):
    """Other pictures, under a name of training pictures that is not the set's own."""
    return {name: arrays["x_test"], name.replace("images", "labels"): arrays["y_test"]}


def rewritten(arrays, old, new):
    record = str(arrays["parent"])
    assert old in record
    return {"parent": np.array(record.replace(old, new))}


def test_a_newer_or_damaged_record_is_refused_and_a_foreign_parent_is_none(file, tmp_path):
    with np.load(file) as arrays:
        record = str(arrays["parent"])
    newer = record.replace('"version":1', '"version":2')
    with pytest.raises(ToileError, match=r"of version 2, of a newer Toile; this one reads"):
        load_data(resave(file, tmp_path / "newer.npz", parent=np.array(newer)))
    with pytest.raises(ToileError, match=r"parent is damaged"):
        load_data(resave(file, tmp_path / "damaged.npz", parent=np.array(record[:-9])))
    pixels = np.arange(60 * 36, dtype=np.uint8).reshape(60, 6, 6)
    arrays = {"x": pixels, "y": np.arange(60) % 3}
    np.savez(tmp_path / "foreign.npz", **arrays, parent=np.array(["a", "b"]))
    assert load_data(tmp_path / "foreign.npz").skipped[0].file == "parent"


@pytest.mark.parametrize(
    ("count", "settings", "rule"),
    [
        (9, {}, r"augmentation is off \(no recipe is named\), so that every variant would be a co"),
        (9, {"network.conv1.filters": 2}, "neither varies pictures nor divides them"),
        (9, SHIFTED, "count is 9, too few for a picture of each of 10 classes"),
        (0, SHIFTED, "count is 0; a set that can be read again has 1 to 9999880 variants"),
        (20_000_000, SHIFTED, "count is 20000000; a set"),
        (9, {**SHIFTED, "data.validation": 0}, "data.validation is 0, and what would be held out"),
    ],
)
def test_what_makes_no_set_is_refused(garments, tmp_path, count, settings, rule):
    with pytest.raises(ToileError, match=rule):
        toile.augment_data(garments, tmp_path / "none.npz", count, settings=settings)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_replaced_only_when_asked(garments, few_garments, tmp_path):
    file = tmp_path / "set.npz"
    file.write_bytes(b"mine")
    told: list[str] = []
    with pytest.raises(ToileError, match=r"set.npz is there already; name another, or replace it"):
        toile.augment_data(
            garments, file, 480, settings=SHIFTED,
            progress=lambda done, total, unit: told.append(unit),
        )  # fmt: skip
    assert file.read_bytes() == b"mine"
    # Before any of the work.
    assert told == []
    toile.augment_data(garments, file, 480, settings=SHIFTED, force=True)
    assert zipfile.is_zipfile(file)
    with pytest.raises(ToileError, match=r"garments.npz: is the data itself, which is not written"):
        toile.augment_data(garments, few_garments, 480, settings=SHIFTED, force=True)
    with pytest.raises(ToileError, match=r"an augmented set is an \.npz"):
        toile.augment_data(garments, tmp_path / "set.zip", 480, settings=SHIFTED)


def test_a_set_of_a_set_and_one_without_a_test_part_are_refused(file, garments, tmp_path):
    with pytest.raises(ToileError, match=r"more.npz is an augmented set itself; vary the data"):
        toile.augment_data(file, tmp_path / "again.npz", 480, settings=SHIFTED)
    np.savez(tmp_path / "all.npz", x=garments.train.pixels[:60, 0], y=garments.train.labels[:60])
    settings = {**SHIFTED, "data.test": 0}
    with pytest.raises(ToileError, match=r"all.npz has no test part, as data.test is 0"):
        toile.augment_data(tmp_path / "all.npz", tmp_path / "x.npz", 48, settings=settings)


def test_one_that_is_stopped_leaves_nothing(garments, tmp_path):
    def stop(done, total, unit):
        if unit == "variants":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toile.augment_data(garments, tmp_path / "set.npz", 900, settings=SHIFTED, progress=stop)
    assert not list(tmp_path.iterdir())


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


def test_a_set_without_a_class_that_is_held_out_is_not_written(tmp_path):
    # Each class but the last differs; of that all pictures are alike.
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (60, 6, 6), dtype=np.uint8), np.arange(60) % 3
    pixels[labels == 2] = pixels[2]
    np.savez(tmp_path / "alike.npz", x=pixels[:48], y=labels[:48], x_test=pixels, y_test=labels)
    settings = {**SHIFTED, "data.validation": 12}
    with pytest.raises(ToileError, match=r"no picture of class 2 is left to vary: 12 training pic"):
        toile.augment_data(tmp_path / "alike.npz", tmp_path / "set.npz", 32, settings=settings)
    assert not (tmp_path / "set.npz").exists()


def test_older_rules_make_no_set(garments, tmp_path):
    with pytest.raises(ToileError, match=r"data.rule is 1; the validation part of an augmented"):
        toile.augment_data(
            garments, tmp_path / "old.npz", 480, settings={**SHIFTED, "data.rule": 1}
        )


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


def test_nothing_is_written_into_the_folder_of_the_data(few_garments, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    data = folder / "data.npz"
    data.write_bytes(few_garments.read_bytes())
    for name in ("data.npz", "more.npz"):
        with pytest.raises(ToileError, match=r"lies in .*mine, the folder of the data"):
            toile.augment_data(folder, folder / name, 480, settings=SHIFTED, force=True)
    assert data.read_bytes() == few_garments.read_bytes()
    with np.load(data) as arrays:
        for name in arrays:
            np.save(tmp_path / f"{name}.npy", arrays[name])
    with pytest.raises(ToileError, match="lies in"):
        toile.augment_data(
            tmp_path / "x_train.npy", tmp_path / "x.npz", 480, settings=SHIFTED, force=True
        )


def test_a_file_that_comes_meanwhile_is_not_replaced(garments, tmp_path):
    def come(done, total, unit):
        if unit == "variants":
            (tmp_path / "set.npz").write_bytes(b"mine")

    with pytest.raises(ToileError, match="is there already"):
        toile.augment_data(garments, tmp_path / "set.npz", 480, settings=SHIFTED, progress=come)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"mine"]


@pytest.mark.parametrize("has_links", [True, False])
def test_one_that_comes_in_the_last_moment_is_not_replaced_either(
    garments, tmp_path, monkeypatch, has_links
):
    file = tmp_path / "set.npz"
    link, replace_file = os.link, os.replace

    def link_late(source, target):
        if Path(target) == file:
            file.write_bytes(b"mine")
            if not has_links:
                raise PermissionError(1, os.strerror(1))
        link(source, target)

    def replace_late(source, target):
        if Path(target) == file:
            file.write_bytes(b"mine")
        replace_file(source, target)

    monkeypatch.setattr(os, "link", link_late)
    monkeypatch.setattr(os, "replace", replace_late)
    with pytest.raises(ToileError, match="is there already"):
        toile.augment_data(garments, file, 480, settings=SHIFTED)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"mine"]


def test_where_a_disk_has_no_links_a_set_is_written_too(garments, tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(os, "link", refuse)
    toile.augment_data(garments, tmp_path / "set.npz", 480, settings=SHIFTED)
    assert [file.name for file in tmp_path.iterdir()] == ["set.npz"]
    assert zipfile.is_zipfile(tmp_path / "set.npz")


def test_the_data_is_called_by_its_folder_and_no_path_is_in_the_file(
    few_garments, tmp_path, monkeypatch
):
    train, beside = tmp_path / "train", tmp_path / "test"
    train.mkdir()
    beside.mkdir()
    (train / "data.npz").write_bytes(few_garments.read_bytes())
    monkeypatch.chdir(train)
    made = toile.augment_data(".", tmp_path / "set.npz", 480, settings=SHIFTED)
    assert (made.name, made.settings["data"]["name"]) == ("train", "train")
    toile.augment_data(train, tmp_path / "more.npz", 480, settings=SHIFTED)
    assert any(note.startswith("not read: test") for note in load_data(train).notes)
    with np.load(tmp_path / "more.npz") as arrays:
        assert str(tmp_path) not in str(arrays["parent"])
