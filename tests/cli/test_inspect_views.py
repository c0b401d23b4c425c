"""`toile inspect` on a run: numbers, arrays and figures, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.runs import Run

# Here an SVG is what users get: elsewhere the suite leaves figures out.
pytestmark = pytest.mark.usefixtures("with_figures")

VERBS = {
    "activations": (["relu1"], {"maps", "silent", "dead", "picture"}),
    "kernels": ([], {"weights"}),
    "pixel": (["conv1", "--at=0,0"], {"window", "kernel", "products"}),
    "attribute": (["--method=saliency"], {"maps", "heat", "picture", "fractions", "deletion",
                  "insertion", "random_deletion", "random_insertion"}),
    "top": (["relu1", "--count=3"], {"indices", "values", "patches"}),
    "maximise": (["relu2", "--channel=1"], {"picture", "inputs", "images"}),
    "embedding": ([], {"points", "features", "labels", "predicted", "indices"}),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_each_says_draws_and_keeps_what_it_found(toile, among_runs, tmp_path, verb):
    words, arrays = VERBS[verb]
    answer = toile("inspect", verb, "last", *words, "--json", "--out=a.png", "--values=a.npz")
    assert answer.code == 0, answer.errors
    assert answer.json["run"] == "run"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with np.load(tmp_path / "a.npz") as kept:
        assert set(kept) == arrays
    again = toile("inspect", verb, "last", *words, "--out=a.png")
    assert again.code == 2
    assert "a.png is there already" in again.errors
    told = toile("inspect", verb, "last", *words, "--out=b.svg")
    assert "wrote b.svg" in told.output
    assert "next:" not in told.output


def test_words_say_which_channels_of_how_many_and_what_the_picture_really_is(toile, among_runs):
    assert "; the first 8 of 16 channels\n" in toile("inspect", "top", "last", "relu2").output
    some = toile("inspect", "top", "last", "conv1", "--channels=1").output
    assert "training images\nchannel 1: " in some
    assert "of 3 x 3 on 1 channel\n" in toile("inspect", "kernels", "last").output
    words = ("inspect", "attribute", "last", "--method=saliency", "--no-check", "--class=Shirt")
    told = " ".join(toile(*words, "--of=Bag").output.split())
    assert told.startswith("saliency of Bag on validation image")
    assert ", Shirt: how strongly" in told
    driven = " ".join(toile("inspect", "maximise", "last", "relu2").output.split())
    assert driven.startswith("relu2 channel 0 has a mean of ")


def test_the_sum_of_a_number_is_what_the_network_gives(toile, among_runs):
    found = toile("inspect", "pixel", "last", "conv1", "--at", "3,4", "--index", "7", "--json").json
    assert found["index"] == 7
    assert found["place"] == [3, 4]
    assert found["sum"] == pytest.approx(found["network"], abs=1e-5)
    assert found["then"] == [["relu1", max(found["network"], 0.0)]]
    dense = toile("inspect", "pixel", "last", "dense1", "--index", "7", "--json").json
    assert dense["place"] is None
    assert dense["sum"] == pytest.approx(dense["network"], abs=1e-5)
    assert dense["then"][0][0] == "relu2"


def test_a_picture_is_named_by_index_class_file_or_drawn_by_seed(toile, among_runs, tmp_path):
    run = Run(among_runs)
    images = load_data("fashion-sample").train

    def shown(*words) -> dict:
        return toile("inspect", "activations", "last", "relu1", *words, "--json").json

    drawn = [shown("--seed", seed)["index"] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn) <= set(run.validation.indices.tolist())
    coat = shown("--class", "Coat")
    assert images.labels[coat["index"]] == coat["label"] == 4
    index = int(run.validation.indices[0])
    assert shown("--index", index)["image"] == f"validation image {index}"
    Image.fromarray(images.pixels[index, 0]).save(tmp_path / "own.png")
    own = shown("--file", "own.png")
    assert own["image"] == "own.png"
    assert own["largest"] == shown("--index", index)["largest"]


def test_sealed_pictures_and_those_that_are_not_there_are_refused(toile, among_runs, tmp_path):
    def refused(*words) -> str:
        answer = toile("inspect", "activations", "last", *words)
        assert answer.code == 2
        return " ".join(answer.errors.split())

    sealed = open_sealed(load_data("fashion-sample").test).pixels[0, 0]
    Image.fromarray(sealed).save(tmp_path / "test.png")
    assert "of the sealed test part" in refused("relu1", "--file", "test.png")
    assert "no layer relu9; it has conv1, relu1" in refused("relu9")
    assert "did you mean relu" in refused("relu9")
    assert "class is Cote; it is one of T-shirt/top" in refused("relu1", "--class", "Cote")
    assert "; did you mean Coat?" in refused("relu1", "--class", "Cote")
    assert "index is 99999; the training part has" in refused("relu1", "--index", "99999")
    assert "name one picture" in refused("relu1", "--index", "1", "--class", "Coat")
    assert "--values a.txt ends in '.txt'" in refused("relu1", "--values", "a.txt")
    assert "--at is 3; it is a row and a column" in " ".join(
        toile("inspect", "pixel", "last", "conv1", "--at", "3").errors.split()
    )


def test_a_method_that_is_not_defined_or_not_there_is_refused(toile, among_runs):
    answer = toile("inspect", "attribute", "last", "--method", "cam")
    assert answer.code == 2
    assert "no global pool" in " ".join(answer.errors.split())
    answer = toile("inspect", "attribute", "last", "--method", "grad-cam")
    assert "did you mean gradcam?" in " ".join(answer.errors.split())


def test_a_map_says_its_paper_and_its_verdict(toile, among_runs):
    found = toile("inspect", "attribute", "last", "--method", "gradcam", "--json").json
    assert "arXiv:1610.02391" in found["paper"]
    assert found["layer"] == "conv1"
    test = found["randomisation"]
    assert test["tells"] in (True, False, None)
    assert test["pairs"] == 40
    assert test["compared"] + test["random_constant"] + 5 * test["constant"] >= 40
    assert ("cannot be checked" in test["sentence"]) == (test["compared"] < 20)
    assert found["removal"]["random_maps"] == 19
    told = toile("inspect", "attribute", "last", "--method", "gradcam")
    said = " ".join(told.output.split())
    assert found["randomisation"]["sentence"] in said
    assert "random maps" in said
    channel = toile(
        "inspect", "attribute", "last", "--method", "guided", "--layer", "relu1", "--channel", "1",
        "--json",
    ).json  # fmt: skip
    assert channel["channel"] == 1
    assert "randomisation" not in channel


def test_the_seed_of_an_embedding_is_that_of_its_map(toile):
    assert "The seed of the map." in toile("inspect", "embedding", "--help").output
