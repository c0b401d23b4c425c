"""Folders of pictures: which folder is what, and files that do not belong."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toile.data import Skipped, load_data, split_data
from toile.data.fingerprint import identify
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.recipe import Data


def picture(file: Path, grey: int = 0, size: tuple[int, int] = (6, 6), mode: str = "L") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(grey).integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(file)
    return file


@pytest.fixture
def folder(write) -> Path:
    return write("folder", folders=("ant", "bee", "cat"))


def test_class_names_are_alphabetical(folder):
    assert load_data(folder).class_names == ("ant", "bee", "cat")


def test_numbers_are_sorted_as_numbers(write):
    dataset = load_data(write("folder", folders=("2", "10", "9")))
    assert dataset.class_names == ("2", "9", "10")
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("names", [("Training", "Testing"), ("TRAIN", "TEST")])
def test_other_words_for_the_parts(folder, names):
    (folder / "train").rename(folder / names[0])
    (folder / "test").rename(folder / names[1])
    assert len(load_data(folder).test) == 6


def test_a_validation_folder_holds_the_validation_images(folder):
    for index in range(4):
        picture(folder / "val" / ("ant", "bee")[index % 2] / f"{index}.png", 100 + index)
    data = load_data(folder)
    assert data.train.num_held_out == 4
    assert data.train.names[-1] == "val/bee/3.png"
    split = split_data(data.train, Data(name=str(folder)))
    assert split.validation.names == data.train.names[12:]
    assert len(split.train) == 12


def test_of_two_folders_for_one_part_none_is_chosen(folder):
    picture(folder / "training_2" / "ant" / "1.png")
    with pytest.raises(ToileError, match=r"train/ and training_2/ are all named like a train part"):
        load_data(folder)


def test_by_the_older_rules_there_are_train_and_test_alone(folder):
    kept = load_data(folder, rule=2)
    assert kept.identity == load_data(folder).identity
    picture(folder / "val" / "ant" / "1.png")
    with pytest.raises(ToileError, match=r"has test/, train/, val/; by data.rule 1 and 2 .*=3"):
        load_data(folder, rule=2)


def test_a_folder_beside_train_and_test_is_not_guessed_at(folder):
    picture(folder / "extra" / "ant" / "1.png")
    with pytest.raises(
        ToileError, match="has extra/, test/ and train/; class folders are in train/"
    ):
        load_data(folder)


def test_a_class_is_not_called_as_a_part_is(tmp_path):
    for index in range(40):
        picture(tmp_path / ("train", "boat")[index % 2] / f"{index}.png", index)
    with pytest.raises(ToileError, match="train/ holds 20 pictures and no class folders; put them"):
        load_data(tmp_path)
    assert load_data(tmp_path, rule=2).class_names == ("boat", "train")


def test_a_part_and_a_class_in_one_name_are_told_apart_by_the_user(tmp_path):
    for index in range(40):
        picture(
            tmp_path / ("trainA", "trainB", "testA", "testB")[index % 4] / f"{index}.png", index
        )
    with pytest.raises(ToileError, match="testA/ and trainA/ have a part and a class in one name"):
        load_data(tmp_path)


def test_within_a_part_it_may_be(tmp_path):
    for index in range(40):
        folder = tmp_path / ("train", "test")[index // 20] / ("train", "boat")[index % 2]
        picture(folder / f"{index}.png", index)
    assert load_data(tmp_path).class_names == ("boat", "train")


def test_without_a_test_part_the_same_pixels_fall_on_the_same_side(tmp_path):
    for index in range(60):
        picture(tmp_path / ("ant", "bee")[index // 30] / f"{index}.png", index // 2 * 2)
    train = load_data(tmp_path, test=0.3).train
    pairs = train.pixels.reshape(len(train), -1)
    assert 20 < len(train) < 60
    assert (np.unique(pairs, axis=0, return_counts=True)[1] == 2).all()


def test_files_that_are_no_pictures_are_listed_and_the_rest_loads(folder):
    (folder / "train" / "ant" / "notes.txt").write_text("not a picture")
    (folder / "train" / "bee" / "renamed.png").write_text("words in a picture's name")
    (folder / "README").write_text("about")
    (folder / "train" / "ant" / ".DS_Store").write_bytes(b"hidden")
    dataset = load_data(folder)
    assert len(dataset.train) == 12
    assert dataset.skipped == (
        Skipped("README", "lies outside the class folders"),
        Skipped("train/ant/notes.txt", "is no PNG, JPEG, WebP, BMP or GIF"),
        Skipped("train/bee/renamed.png", "is no PNG, JPEG, WebP, BMP or GIF"),
    )


def test_a_table_beside_the_class_folders_is_listed_and_not_read_as_images(folder):
    (folder / "labels.csv").write_text("file,label\n1.png,ant\n")
    assert load_data(folder).skipped == (Skipped("labels.csv", "lies outside the class folders"),)


def test_a_picture_by_any_other_name_is_read(folder):
    (folder / "train" / "ant" / "00000.png").rename(folder / "train" / "ant" / "00000.dat")
    assert len(load_data(folder).train) == 12


def test_a_damaged_picture_is_listed_with_its_fault(folder):
    file = folder / "train" / "ant" / "00000.png"
    file.write_bytes(file.read_bytes()[:60])
    dataset = load_data(folder)
    assert dataset.train.labels.tolist() == [0] * 3 + [1] * 4 + [2] * 4
    assert [skipped.file for skipped in dataset.skipped] == ["train/ant/00000.png"]
    assert dataset.skipped[0].reason.startswith("is damaged (")


def test_an_animation_is_read_and_listed(folder):
    frames = [Image.new("L", (6, 6), grey) for grey in (10, 200)]
    file = folder / "train" / "ant" / "moving.gif"
    frames[0].save(file, save_all=True, append_images=frames[1:])
    dataset = load_data(folder)
    assert len(dataset.train) == 13
    assert dataset.skipped[0].reason == "has 2 frames; only the first is read"


def test_sizes_that_differ_name_two_files_and_the_remedy(folder):
    picture(folder / "train" / "bee" / "wide.png", size=(8, 6))
    rule = r"train/bee/wide.png is 8 x 6 px, train/ant/00000.png is 6 x 6; .* --set data.size_px=28"
    with pytest.raises(ToileError, match=rule):
        load_data(folder)
    assert load_data(folder, size_px=12).shape == (1, 12, 12)


def test_grey_beside_rgb_names_two_files_and_the_remedy(folder):
    picture(folder / "train" / "bee" / "bright.png", mode="RGB")
    rule = (
        "train/bee/bright.png is rgb, train/ant/00000.png is grey; read all alike with data.colour"
    )
    with pytest.raises(ToileError, match=rule):
        load_data(folder)
    assert load_data(folder, colour="grey").shape == (1, 6, 6)
    assert load_data(folder, colour="rgb").shape == (3, 6, 6)


def test_one_class_only(tmp_path):
    for index in range(30):
        picture(tmp_path / "ant" / f"{index}.png", index)
    with pytest.raises(
        ToileError, match="training images are of one class; a classifier needs two"
    ):
        load_data(tmp_path)


def test_a_folder_of_far_too_many_files_is_refused_by_their_number(folder, monkeypatch):
    monkeypatch.setattr("toile.data.readers.folder.MAX_FILES", 10)
    with pytest.raises(ToileError, match="holds more than 10 files; name the folder of the pict"):
        load_data(folder)


def test_an_empty_folder(tmp_path):
    with pytest.raises(
        ToileError,
        match=r"holds no IDX files, no CIFAR .bin .* no .npz, no Parquet files and no class f",
    ):
        load_data(tmp_path)


def test_a_folder_of_documents_says_why_each_was_left_out(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(ToileError, match=r"no readable picture .*; letters/a.txt is no PNG"):
        load_data(tmp_path)


def test_pictures_of_one_pixel_are_too_small(tmp_path):
    for index in range(30):
        Image.new("L", (1, 1), index * 8).save(picture(tmp_path / f"{index % 2}" / f"{index}.png"))
    with pytest.raises(ToileError, match="images are 1 x 1 px; a side has 4 to 256"):
        load_data(tmp_path)


def test_a_part_that_would_take_no_image_asks_for_more(tmp_path):
    for index in range(4):
        picture(tmp_path / f"{index % 2}" / f"{index}.png", index)
    with pytest.raises(ToileError, match=r"data.test = 0.0001 of 4 images took none"):
        load_data(tmp_path, test=0.0001, rule=1)


def test_a_class_that_would_be_all_test_is_named(tmp_path):
    for index in range(4):
        picture(tmp_path / f"{index % 2}" / f"{index}.png", index)
    with pytest.raises(ToileError, match=r"data.test = 0.9999 took every image of class 0"):
        load_data(tmp_path, test=0.9999, rule=1)


def test_a_png_folder_of_garments_has_the_fingerprint_of_the_arrays(tmp_path):
    """Though its folders are spelt in their own way, and its files come in another order."""
    sample = load_data("fashion-sample")
    train = sample.train.gather(np.arange(0, 6000, 6))
    test = open_sealed(sample.test).gather(np.arange(0, 1000, 5))
    for name, part in (("train", train), ("test", test)):
        for index, (pixels, label) in enumerate(zip(part.pixels, part.labels, strict=True)):
            spelt = sample.class_names[label].upper().replace("/", "_").replace(" ", "-")
            file = tmp_path / "set" / name / spelt / f"{index}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[0]).save(file, compress_level=1)
    dataset, expected = load_data(tmp_path / "set"), identify(train, test)
    assert dataset.fingerprint == expected.fingerprint
    assert dataset.test_fingerprint == expected.test_fingerprint
    assert dataset.order != expected.order
    assert dataset.class_names == sample.class_names


def test_a_class_folder_whose_name_is_no_utf_8_is_refused_by_it(write):
    folder = write("folder", folders=("ant", "b\udcff", "cat"))
    with pytest.raises(ToileError, match=r"class folder 'b\\udcff' is not UTF-8; rename it"):
        load_data(folder)
