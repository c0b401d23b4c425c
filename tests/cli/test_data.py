import numpy as np
from PIL import Image

from toile.cli.data import _shown
from toile.cli.data_words import _correlation
from toile.data import Dataset


def test_known_datasets_are_listed_with_where_they_lie(toile):
    sources = {one["name"]: one for one in toile("data", "--json").json["sources"]}
    assert set(sources) == {"fashion-mnist", "mnist", "synthetic-digits", "fashion-sample"}
    assert sources["fashion-sample"]["path"].endswith("sample")
    assert "fashion-sample" in toile("data").output


def test_a_dataset_is_described_class_by_class(toile):
    answer = toile("data", "show", "fashion-sample")
    assert answer.code == 0
    assert "6 Shirt" in answer.output
    assert "exact duplicates: none in train, none in test" in answer.output
    assert "correlation of class means, test minus train" in answer.output
    shown = toile("data", "show", "fashion-sample", "--json").json
    assert shown["fingerprint"] in answer.output
    assert shown["train"]["class_counts"] == [600] * 10
    assert shown["overlaps"] == []


def test_the_first_nine_pictures_are_exercise_one(toile, tmp_path):
    answer = toile(
        "data", "show", "fashion-sample", "--grid=9", "--out=grid.png", "--figures=figures", "-v"
    )
    assert "wrote grid.png" in answer.output
    for path in ("grid.png", "figures/class-means.png", "figures/histograms.png"):
        assert (tmp_path / path).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figures" / "correlation.png").exists()
    assert "drawing: " in answer.errors


def test_a_grid_of_images_that_lie_class_after_class_has_every_class():
    labels = np.repeat([0, 1, 2], [5, 3, 2])
    pixels = np.random.default_rng(0).integers(0, 256, (10, 4, 4), dtype=np.uint8)
    tests = (pixels[:1], labels[:1])
    grouped = Dataset.from_arrays(pixels, labels, *tests)
    assert grouped.train.labels[_shown(grouped, 4, None)].tolist() == [0, 1, 2, 0]
    assert sorted(_shown(grouped, 400, None)) == list(range(10))
    mixed = Dataset.from_arrays(pixels, labels[[0, 5, 8, 1, 6, 9, 2, 3, 4, 7]], *tests)
    assert _shown(mixed, 4, None).tolist() == [0, 1, 2, 3]


def test_no_picture_is_written_over_another(toile, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", "runs")
    (tmp_path / "figures").mkdir()
    for taken in ("grid.png", "figures/histograms.png"):
        (tmp_path / taken).touch()
        option = "--out=grid.png" if taken == "grid.png" else "--figures=figures"
        answer = toile("data", "show", "fashion-sample", "--grid=9", option)
        assert answer.code == 2
        assert f"{taken} is there already and is not overwritten" in answer.errors
        assert (tmp_path / taken).read_bytes() == b""
    for name in ("grid.png", "grid-2.png"):
        answer = toile("data", "show", "fashion-sample", "--grid=2")
        assert answer.output.endswith(f"wrote runs/{name}\n")


def test_own_data_is_described_by_its_path(toile, tmp_path):
    pixels = np.arange(6 * 16, dtype=np.uint8).reshape(6, 4, 4)
    labels = np.array([0, 1, 0, 1, 0, 1])
    np.savez(
        tmp_path / "own.npz", x_train=pixels, y_train=labels, x_test=pixels[:2], y_test=labels[:2]
    )
    answer = toile("data", "show", "own.npz")
    assert answer.code == 0
    assert "4 x 4 px, 1 channel, 2 classes; release: unknown" in answer.output
    assert "images of train that are in test too: 2" in answer.output


def test_data_that_cannot_be_read_is_refused_by_name(toile, tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    answer = toile("data", "show", "broken.npz")
    assert answer.code == 2
    assert "broken.npz" in answer.errors
    assert "Traceback" not in answer.errors


def test_a_bad_option_is_refused_like_a_setting(toile):
    answer = toile("data", "show", "fashion-sample", "--set=data.colour=sepia")
    assert answer.code == 2
    assert "data.colour is 'sepia'; it is one of grey, rgb" in answer.errors


def test_correlations_have_no_zero_below_zero():

    assert [*map(_correlation, (-0.001, 0.0, -0.25, 1.0, -1.0))] == [
        ".00",
        ".00",
        "-.25",
        "1.00",
        "-1.00",
    ]


def test_labels_are_corrected_in_a_file_that_is_added_to_and_never_written_over(toile, tmp_path):
    first = toile("data", "relabel", "fashion-sample", "--label=5=Shirt", "--out=a.csv", "--json")
    assert first.json["added"] == 1
    assert first.json["corrections"][0]["old"] == "Pullover"
    again = ("data", "relabel", "fashion-sample", "--label=9=Bag", "--why=looked", "--out=a.csv")
    refused = toile(*again)
    assert refused.code == 2
    assert "a.csv is there already; add to it with --extend" in refused.errors
    answer = toile(*again, "--extend")
    assert "wrote a.csv: 2 of 6,000 labels, 1 of them new" in answer.output
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == "index,old,new,why,picture"
    assert [line.rpartition(",")[0] for line in lines[1:]] == [
        "5,Pullover,Shirt,", "9,Sandal,Bag,looked",
    ]  # fmt: skip


def test_what_cannot_be_corrected_says_the_next_step(toile):
    relabel = ("data", "relabel", "fashion-sample", "--out=a.csv")
    for words, said in (
        ((), "--suspects FILE.csv, the table of toile inspect mistakes STUDY"),
        (("--label=6000=Bag",), "from 0 to 5999; labels of sealed test images are not corrected"),
        (("--label=5=Shirts",), "did you mean Shirt?"),
        (("--label=5=Pullover",), "is labelled Pullover already"),
        (("--label=5",), "it is an index and a class, such as 3946=Shirt"),
        (("--label=5=Shirt", "--label=5=Coat"), "index 5 two classes, Shirt and Coat"),
        (("--suspects=b.csv", "--why=so"), "--why is the reason of a --label"),
    ):
        answer = toile(*relabel, *words)
        assert answer.code == 2
        assert said in " ".join(answer.errors.split())


def test_a_dataset_is_added_listed_and_forgotten(toile, few_garments):
    answer = toile("data", "add", few_garments, "--name=mine", "--set=data.size_px=14")
    assert answer.output.startswith("mine: 600 training and 100 test pictures of 10 classes, 14 x")
    assert "mine" in toile("data").output
    (entry,) = toile("data", "--json").json["added"]
    assert (entry["name"], entry["settings"]) == ("mine", {"size_px": 14})
    again = toile("data", "add", few_garments, "--name=mine")
    assert again.code == 2
    assert "a dataset is called mine already" in again.errors
    assert toile("data", "forget", "mine").output == "forgot mine\n"
    assert toile("data", "--json").json["added"] == []


def test_pictures_that_an_added_set_has_sealed_are_not_added_unsealed(toile, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "all.npz", x_train=pixels, y_train=np.arange(60) % 2)
    assert toile("data", "add", "all.npz").code == 0
    refused = toile("data", "add", "all.npz", "--set=data.test=0")
    assert refused.code == 2
    assert "of its training pictures are in the test part of all" in refused.errors
    assert "toile data forget all" in refused.errors


def test_a_picture_is_drawn_as_training_may_see_it(toile, tmp_path):
    words = ("--set=augmentation.rotate=30", "--set=data.size_px=14", "--out=varied.png")
    assert toile("data", "vary", "fashion-sample", "3", *words).output == "wrote varied.png\n"
    assert (tmp_path / "varied.png").read_bytes().startswith(b"\x89PNG")
    answer = toile("data", "vary", "fashion-sample", "3", "--set=training.epochs=3")
    assert answer.code == 2
    assert "training.epochs is no setting of augmentation" in answer.errors
    alike = toile("data", "vary", "fashion-sample", "3")
    assert alike.code == 2
    assert "no augmentation is named, so all nine pictures would be the same" in alike.errors


def test_the_outline_of_a_class_is_drawn_and_nothing_is_fetched_for_it(
    toile, tmp_path, monkeypatch
):
    answer = toile("data", "outline", "fashion-sample", "Trouser", "--out=outline.png")
    assert answer.output == "wrote outline.png\n"
    with Image.open(tmp_path / "outline.png") as picture:
        assert picture.size == (336, 336)
        assert np.unique(picture).tolist() == [0, 255]
    wrong = toile("data", "outline", "fashion-sample", "Trowser")
    assert (wrong.code, "did you mean Trouser" in wrong.errors) == (2, True)
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path))
    monkeypatch.setenv("TOILE_DATA", str(tmp_path))
    absent = toile("data", "outline", "mnist", "0")
    assert (absent.code, absent.output) == (2, "")
    assert "toile data get mnist" in absent.errors
