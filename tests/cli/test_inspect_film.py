"""`toile inspect film`: a layer over the epochs of a run that keeps them."""

import numpy as np
import pytest
from PIL import Image

from tests.command_line import call_in


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    place = tmp_path_factory.mktemp("kept")
    done = call_in(
        place, "train", "s1-lab", f"--out={place / 'runs' / 'run'}", "--data=fashion-sample",
        "--set=network.conv1.filters=3", "--set=training.keep=epochs", "--epochs=2",
        "--set=training.batch_size=256", "--set=training.threads=1",
    )  # fmt: skip
    assert done.code == 0, done.errors
    # 3 filters of 10, then 16 x 507 and 10 x 16 weights with their biases: 8,328 of four bytes.
    assert "keeps the weights of each epoch: 0.1 MB in all" in done.errors
    return place


def test_a_film_is_a_strip_a_gif_and_a_page_and_ends_with_the_last_weights(kept):
    words = ("inspect", "film", "last", "relu1", "--index=5")
    answer = call_in(
        kept, *words, "--out=a.png", "--gif=a.gif", "--html=a.html", "--values=a.npz", "--json"
    )
    assert answer.code == 0, answer.errors
    assert answer.json["epochs"] == [1, 2]
    assert answer.json["change"][0] > 0
    with Image.open(kept / "a.gif") as moving:
        assert moving.n_frames == 2
    assert (kept / "a.html").read_text().count("<img") == 2
    now = call_in(kept, "inspect", "activations", "last", "relu1", "--index=5", "--values=b.npz")
    assert now.code == 0
    with np.load(kept / "a.npz") as film, np.load(kept / "b.npz") as last:
        assert film["maps"].shape == (2, 3, 26, 26)
        assert np.array_equal(film["maps"][1], last["maps"])
    kernels = call_in(kept, "inspect", "film", "last", "conv1", "--kernels", "--json").json
    assert kernels["of"] == "kernels"
    assert kernels["shape"] == [3, 3]


def test_a_run_that_keeps_none_and_files_of_another_ending_are_refused(toile, among_runs):
    answer = toile("inspect", "film", "last", "relu1")
    assert answer.code == 2
    assert "train it with --set training.keep=epochs" in " ".join(answer.errors.split())
    answer = toile("inspect", "film", "last", "relu1", "--gif=a.png")
    assert "--gif a.png ends in '.png'; its name has to end in .gif" in " ".join(
        answer.errors.split()
    )
