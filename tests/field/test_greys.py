"""The range of greys of foreign data is found, said, and answered by."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import toile
from tests.command_line import call
from tests.field.drawing import glyph
from tests.field.greys import CASES
from tests.field.reading import Right, check
from toile.data import load_data
from toile.workbench.page import write_report

BINARY = Right("0,1,2,3", (128, 0, 32), "0 and 1 (binary)", note="0 and 1 .* read as black to")
FLOATS = Right("0,1,2,3", (128, 0, 32), "0 to 1 with fractions", note="0 to 1 with fractions")
DIGITS16 = Right(
    "0,1,2,3,4,5,6,7,8,9",
    (481, 0, 119),
    "0 to 16",
    (0, 191),
    note="the lightest value is 12, and 16 is read as white; .* set data.white",
    shape=(1, 8, 8),
)
RIGHT: dict[str, Right | str] = {
    "npz_unit_float": FLOATS,
    "npz_unit_overshoot": FLOATS,
    "npz_minus_one": Right(
        "0,1,2,3", (128, 0, 32), "-1 to 1 with fractions", note="-1 to 1 with fractions"
    ),
    "npz_float_255": Right("0,1,2,3", (128, 0, 32), "0 to 255 with fractions", (0, 253)),
    "npz_standardised": r"pixels go from -0.\d* \(image 0\) to [\d.]* \(image \d+\); they go "
    "from 0 to 255, .* before they were standardised",
    "npz_12bit": Right("0,1,2,3", (128, 0, 32), "0 to 4095 (12 bit)", (0, 254), note="12 bit"),
    "npz_16bit": Right("0,1,2,3", (128, 0, 32), "0 to 65535 (16 bit)", note="16 bit"),
    "npz_binary_uint8": BINARY,
    "npz_binary_int64": BINARY,
    "npz_binary_bool": BINARY,
    "npz_half_lit": Right(
        "0,1,2,3",
        (128, 0, 32),
        ends=(0, 63),
        note="the lightest value is 63, and 255 is read as white; .* set data.white",
    ),
    "npz_digits16": DIGITS16,
    "csv_digits16": DIGITS16,
    "dir_16bit_dark": Right("A,B,C", (30, 0, 6)),
    "dir_16bit_low": Right("A,B,C", (36, 0, 36)),
    "dir_12bit": Right("A,B,C", (36, 0, 36), "0 to 4095 (12 bit)", (0, 254), note="12 bit"),
    "dir_binary": Right("A,B,C", (30, 0, 6), "0 and 1 (binary)", note="binary"),
    "dir_black": "every picture is of one value throughout, 0 to 1, .* save 255 \\* numbers",
}


@pytest.mark.parametrize("name", CASES)
def test_the_range_of_greys_is_found(name: str, tmp_path: Path):
    check(CASES[name], RIGHT[name], tmp_path / name)


@pytest.mark.parametrize("like", ["npz_binary_uint8", "npz_binary_int64", "dir_binary"])
def test_whole_numbers_of_0_and_1_are_the_same_set_as_truth_values(like: str, tmp_path: Path):
    CASES[like](tmp_path / "one")
    pixels = load_data(tmp_path / "one").train.pixels
    assert np.unique(pixels).tolist() == [0, 255]
    if like.startswith("npz"):
        CASES["npz_binary_bool"](tmp_path / "other")
        same = load_data(tmp_path / "one").fingerprint
        assert same == load_data(tmp_path / "other").fingerprint


@pytest.mark.parametrize(
    ("name", "highest"), [("npz_binary_uint8", 1), ("npz_unit_float", 255), ("dir_12bit", 15)]
)
def test_by_the_rules_of_older_runs_values_are_taken_as_they_were(name, highest, tmp_path: Path):
    CASES[name](tmp_path)
    dataset = load_data(tmp_path, rule=2)
    assert (int(dataset.train.pixels.max()), dataset.greys, dataset.notes) == (highest, None, ())


def test_white_can_be_set_where_it_was_found_wrongly(tmp_path: Path):
    CASES["npz_half_lit"](tmp_path)
    dataset = load_data(tmp_path, white=63)
    assert (int(dataset.train.pixels.max()), dataset.notes) == (
        255,
        ("greys: the files have 0 to 63, read as black to white",),
    )
    refused = call("data", "show", tmp_path, "--set", "data.white=30")
    assert "and data.white is 30; set it to the value that is white" in refused.errors


def test_data_show_says_the_range_and_what_is_in_doubt(tmp_path: Path):
    CASES["npz_digits16"](tmp_path)
    said = call("data", "show", tmp_path).output
    assert "greys in the files: 0 to 16\n" in said
    assert "note: greys: the lightest value is 12, and 16 is read as white" in said
    assert call("data", "show", tmp_path, "--json").json["greys"]["white"] == 16


def test_a_run_of_0_to_16_says_so_and_answers_photographs_and_its_own_kind(tmp_path: Path):
    data = tmp_path / "data"
    CASES["npz_digits16"](data)
    run = toile.train("s1-lab", data=data, out=tmp_path / "run", epochs=30)
    assert run.score.value > 0.9
    page = write_report(run, None).read_text()
    assert re.search("Greys in the files.{,60}0 to 16<", page, re.DOTALL)
    photograph = Image.fromarray(glyph("7", size=300, ink=20, paper=240))
    with np.load(data / "digits.npz") as arrays:
        x, y = arrays["x_train"].astype(np.uint8), arrays["y_train"]
    learnt = load_data(data).train
    own = [place for place, label in enumerate(y) if place not in _sealed(x, learnt)][:20]
    answers = toile.predict(run, [photograph, x[own][:, None]])
    said = [answer.top[0].class_name for answer in answers]
    assert said[0] == "7"
    assert np.mean([one == str(label) for one, label in zip(said[1:], y[own], strict=True)]) > 0.8


def _sealed(x: np.ndarray, learnt) -> set[int]:
    """Places of pictures that are not among those learnt from."""
    known = {image.tobytes() for image in learnt.pixels}
    scaled = np.rint(x * (255 / 16)).astype(np.uint8)
    return {place for place, image in enumerate(scaled) if image.tobytes() not in known}
