"""`toile predict` in a process of its own."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.command_line import ends_and_torch
from toile.cli.predict import csv_text
from toile.data import load_data
from toile.prediction import Answered, ClassProbability, PictureCorrections
from toile.runs import Run


@pytest.fixture
def pictures(tmp_path, trained) -> list[str]:
    """Three validation images as files, dark on white."""
    run = Run(trained)
    images = load_data("fashion-sample").train.pixels[run.validation.indices[:3], 0]
    (tmp_path / "p").mkdir()
    names = [f"p/{number}.png" for number in range(3)]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(255 - image).resize((280, 280)).save(tmp_path / name)
    return names


def test_pictures_are_answered_in_words_and_as_json(toile, among_runs, pictures):
    (first, second) = toile("predict", "last", *pictures[:2], "--always", "--json").json
    assert first["file"] == "p/0.png"
    assert set(first) == {"file", "top", "warnings", "abstained"}
    assert [set(one) for one in first["top"]] == [{"class", "probability"}] * 3
    said = toile("predict", "last", "p/0.png", "--top", "1", "--always")
    best = first["top"][0]
    assert f"p/0.png  {best['class']}  {100 * best['probability']:.2f} %" in said.output
    assert second["file"] == "p/1.png"


def test_the_steps_are_drawn_and_a_folder_goes_into_a_table(toile, among_runs, pictures, tmp_path):
    (tmp_path / "p" / "=cmd.png").write_text("no picture")
    answer = toile("predict", "last", "p", "--steps", "steps.png", "--csv", "out.csv", "--always")
    assert answer.code == 0
    assert "wrote steps.png" in answer.output
    assert (tmp_path / "steps.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert [row["file"] for row in rows] == [*pictures, "p/=cmd.png"]
    told = toile("predict", "last", "p", "--json", "--always").json
    for row, one in zip(rows[:3], told[:3], strict=True):
        assert row["class"] == one["top"][0]["class"]
        assert float(row["probability_2"]) == pytest.approx(one["top"][1]["probability"], abs=1e-6)
    assert rows[3]["class"] == ""
    assert rows[3]["error"].startswith("is no PNG")


def test_a_preparation_is_corrected_as_the_library_and_the_app_correct_it(
    toile, among_runs, pictures, tmp_path
):
    words = ("--rotate", "90", "--crop", "0.25,0,0,0.5", "--invert", "--always", "--json")
    (answer,) = toile("predict", "last", "p/0.png", *words).json
    corrections = PictureCorrections(1, (0.25, 0.0, 0.0, 0.5), True)
    own = (
        Run(among_runs)
        .classifier()
        .ask(tmp_path / "p" / "0.png", always=True, corrections=corrections)
    )
    assert [one["class"] for one in answer["top"]] == [one.class_name for one in own.top]
    assert [one["probability"] for one in answer["top"]] == pytest.approx(
        [one.probability for one in own.top], abs=1e-6
    )
    (as_it_is,) = toile("predict", "last", "p/0.png", "--always", "--json").json
    assert as_it_is["top"] != answer["top"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rotate=45"], "--rotate is 45; pictures are turned by 90, 180 or 270 degrees"),
        (["--crop=0.5"], "--crop is '0.5'; it is four fractions"),
        (["--crop=0.5,0,0.5,0"], "some of the picture has to be left"),
        (["--crop=nan,0,0,0"], "--crop is 'nan,0,0,0'; it is four fractions"),
        (["--crop=-0.1,0,0,0"], "--crop is '-0.1,0,0,0'; it is four fractions"),
    ],
)
def test_what_is_no_correction_is_refused_with_the_rule(toile, among_runs, pictures, words, said):
    answer = toile("predict", "last", "p/0.png", *words)
    assert (answer.code, answer.output) == (2, "")
    assert said in answer.errors


def test_a_picture_that_is_too_small_for_a_correction_keeps_no_other_from_its_answer(
    toile, among_runs, pictures, tmp_path
):
    Image.new("L", (1, 1), 9).save(tmp_path / "p" / "z.png")
    answers = toile("predict", "last", "p", "--crop=0.6,0,0.3,0", "--always", "--json").json
    assert "the fractions cut off are" in answers[-1]["error"]
    assert all(one["top"] for one in answers[:-1])


def test_two_runs_vote(toile, among_runs, pictures):
    shutil.copytree(among_runs, among_runs.parent / "20990101-000000-twin-ffff")
    try:
        ask = ("predict", among_runs, "p/0.png", "--with", "ffff", "--always")
        (one,) = toile(*ask, "--json").json
        said = toile(*ask, "--csv", "v.csv").output
    finally:
        shutil.rmtree(among_runs.parent / "20990101-000000-twin-ffff")
    assert one["vote"]["agree"] == 2
    assert one["vote"]["sentence"] == f"all 2 say {one['top'][0]['class']}"
    assert [record["top"][0] for record in one["runs"]] == [one["top"][0]] * 2
    assert one["vote"]["sentence"] in said


def test_a_blank_picture_gets_no_answer_unless_asked_for(toile, among_runs, tmp_path):
    Image.new("L", (200, 200), 210).save(tmp_path / "blank.png")
    (one,) = toile("predict", "last", "blank.png", "--json").json
    assert one["top"] == []
    assert one["abstained"][0] == "nothing is drawn in it"
    said = toile("predict", "last", "blank.png", "--csv", "out.csv", "--steps", "steps.png")
    assert said.code == 0
    assert "no answer: nothing is drawn in it" in said.output
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert row["abstained"].startswith("nothing is drawn in it")
    assert "class" not in row
    (one,) = toile("predict", "last", "blank.png", "--always", "--json").json
    assert len(one["top"]) == 3
    assert one["abstained"] == []
    assert "nothing is drawn in it" in one["warnings"]


def test_evaluate_says_how_many_genuine_pictures_get_no_answer(toile, among_runs):
    cost = toile("evaluate", "last", "--json").json["abstention"]
    assert cost["n"] > 0
    assert 0 <= cost["right"] <= cost["refused"] < 0.1 * cost["n"]
    said = f"toile predict: {cost['refused']} of {cost['n']} genuine validation pictures"
    assert said in toile("evaluate", "last").output
    assert "get no answer" in Path(among_runs / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("predict", "nosuch", "p/0.png"), "no run in"),
        (("predict", "last", "p/9.png"), "p/9.png: is no file or folder"),
        (("predict", "last", "p/0.png", "--weights", "worst"), "weights is worst"),
        (("predict", "last", "p/0.png", "--csv", "q/out.csv"), "q is no folder; name a folder"),
        (("predict", "last", "p/0.png", "--csv", "p"), "p: is a folder; name a file in it"),
        (("predict", "last", "p/0.png", "--steps", "a.pdf"), "--steps a.pdf ends in '.pdf'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(toile, among_runs, pictures, words, said):
    answer = toile(*words)
    assert answer.code == 2
    assert said in answer.errors
    assert answer.output == ""
    assert "Traceback" not in answer.errors


def test_what_is_mistyped_does_not_wait_for_torch(among_runs, pictures, tmp_path):
    words = (
        ["nosuch", "p"],
        ["last", "p", "--with", "nosuch"],
        ["last", "p", "--steps", "a.pdf"],
        ["last", "nowhere.png"],
    )
    mistyped = [["predict", *each] for each in words]
    ends = ends_and_torch(mistyped, tmp_path)
    assert list(zip(mistyped, ends, strict=True)) == [(each, (2, False)) for each in mistyped]


def test_steps_are_drawn_of_what_is_a_picture_and_answers_come_without_them(
    toile, among_runs, pictures, tmp_path
):
    for number in range(5):
        (tmp_path / "p" / f".{number}").write_text("hidden")
        (tmp_path / "p" / f"0{number}.txt").write_text("words")
    drawn = toile("predict", "last", "p", "--steps", "steps.png")
    assert drawn.code == 0
    assert (tmp_path / "steps.png").exists()
    for option in ("--steps=steps.png", "--csv=steps.png"):
        again = toile("predict", "last", "p", option)
        assert again.code == 2
        assert again.output == ""
        assert "steps.png is there already and is not overwritten" in again.errors
    assert toile("predict", "last", "p", "--steps=steps.png", "--force").code == 0
    for name in pictures:
        (tmp_path / name).unlink()
    none = toile("predict", "last", "p", "--steps", "none.png")
    assert none.code == 2
    assert none.output.count("is no PNG") == 5
    assert "--steps none.png was not drawn, because none of the files is a picture" in none.errors
    as_json = toile("predict", "last", "p", "--steps", "none.png", "--json")
    assert as_json.code == 2
    assert len(json.loads(as_json.output)) == 5


def test_a_name_that_would_steer_the_terminal_does_not(toile, among_runs, pictures, tmp_path):
    odd = "\x1b[2J\x1b[31m\nred\u202e.png"
    (tmp_path / pictures[0]).rename(tmp_path / "p" / odd)
    (tmp_path / "p" / "none\x1b.png").write_text("words")
    answer = toile("predict", "last", "p", "--csv", "\x1bout.csv")
    assert answer.code == 0
    assert r"\x1b[2J\x1b[31m\nred\u202e.png" in answer.output
    assert all(line.isprintable() for line in answer.output.splitlines())


def test_no_cell_is_a_formula_and_none_breaks_its_line():
    odd = '@SUM(A1)\n,"'
    answers = [
        Answered(
            "=1+1.png",
            top=(ClassProbability(odd, 0.5), ClassProbability("-x", 0.25)),
            warnings=("a", "b"),
        ),
        Answered("b.png", error="is empty"),
    ]
    blank = Answered(
        " \t\u00a0=1+1.png", top=(ClassProbability("a - b", 0.5), ClassProbability("", 0.25))
    )
    (one,) = csv.DictReader(csv_text([blank]).splitlines(keepends=True))
    assert one["file"] == f"'{blank.file}"
    assert (one["class"], one["class_2"]) == ("a - b", "")
    first, second = csv.DictReader(csv_text(answers).splitlines(keepends=True))
    assert (first["file"], first["class"], first["class_2"]) == ("'=1+1.png", f"'{odd}", "'-x")
    assert first["probability"] == "0.500000"
    assert first["warnings"] == "a; b"
    assert (second["class"], second["error"]) == ("", "is empty")
