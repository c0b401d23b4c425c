"""Sheets whose exercises are about things that lie elsewhere: a photograph, two runs."""

import numpy as np
import pytest
from PIL import ExifTags, Image

import toile
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.report.sheet_report.content import sheet_page
from toile.runs import Run
from toile.sheets import open_sheet
from toile.sheets.sheet import sheet_of

SMALL = {
    "data.name": "fashion-sample",
    "data.validation": 600,
    "training.epochs": 1,
    "training.batch_size": 1000,
    "network.conv1.filters": 2,
}


def sheet(*exercises: dict):
    fields = [{"title": f"Number {n}"} | one for n, one in enumerate(exercises, 1)]
    return sheet_of({"title": "A sheet", "set": SMALL, "exercises": fields})


def photograph(file, shade: int) -> str:
    """A dark bar on lit paper, lying on its side as the camera noted."""
    light = np.linspace(190, 240, 300)[:, None] + np.zeros((1, 400))
    light[60:240, 150:250] = shade
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(light.astype(np.uint8)).save(file, exif=exif)
    return str(file)


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """The sheet's folder after it was taken with a photograph, and its one exercise's record."""
    place = tmp_path_factory.mktemp("sheet")
    photo = photograph(place / "bar.JPG", 40)
    result = toile.run_sheet(
        sheet({"export": {"photo": photo}}), out=place / "it", on="inline"
    ).finish()
    return place, result.outcomes[0].record


def test_a_photograph_is_turned_upright_and_answered_from_the_file(taken):
    place, record = taken
    assert (record["picture"], record["label"]) == ("photo.jpg", None)
    assert sum(one["probability"] for one in record["top"]) <= 1
    block = sheet_page(open_sheet(place / "it"), {}).blocks[0]
    assert "Opened again, it predicts " in block.sentence
    assert " for photo.jpg, " in block.sentence
    assert "No photograph was named" not in " ".join(block.words)
    from toile.workbench.sheet_exercise import prepared_picture

    run = Run(next((place / "it" / "1-number-1" / "training" / "readings").iterdir()))
    steps = prepared_picture(place / "it" / "1-number-1" / "photo.jpg", run).steps
    assert steps[1].name == "Upright"


def test_another_photograph_is_asked_about_and_the_same_one_is_not_again(taken):
    place, first = taken
    folder = place / "it" / "1-number-1"
    before = (folder / "model.h5").stat().st_mtime_ns
    same = toile.run_sheet(
        sheet({"export": {"photo": str(place / "bar.JPG")}}), out=place / "it"
    ).finish()
    assert same.outcomes[0].record == first
    assert (folder / "model.h5").stat().st_mtime_ns == before
    other = photograph(place / "other.jpg", 120)
    again = toile.run_sheet(
        sheet({"export": {"photo": other}}), out=place / "it", on="inline"
    ).finish()
    assert again.outcomes[0].record["top"] != first["top"]
    none = toile.run_sheet(sheet({"export": {}}), out=place / "it", on="inline").finish()
    assert none.outcomes[0].record["picture"] == "validation-image.png"


@pytest.mark.parametrize("change", [lambda pixels: pixels, lambda pixels: 255 - pixels])
def test_a_sealed_picture_is_not_asked_about_wherever_it_lies(taken, tmp_path, change):
    place, _ = taken
    sealed = open_sealed(toile.load_data("fashion-sample").test).pixels[0, 0]
    Image.fromarray(change(sealed)).save(tmp_path / "holiday.png")
    asked = sheet({"export": {"photo": str(tmp_path / "holiday.png")}})
    with pytest.raises(ToileError, match=r"holiday.png: is of the sealed test part"):
        toile.run_sheet(asked, out=place / "it", on="inline").finish()


def test_its_folder_is_enough_when_the_photograph_has_gone(tmp_path, taken):
    place, _ = taken
    photo = photograph(tmp_path / "gone.jpg", 40)
    toile.run_sheet(sheet({"export": {"photo": photo}}), out=place / "it", on="inline").finish()
    (tmp_path / "gone.jpg").unlink()
    assert open_sheet(place / "it").outcomes[0].record["picture"] == "photo.jpg"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "exercise 1: photo .* is no file; name one next to the sheet"),
        (b"no picture", "exercise 1: .*is no PNG, JPEG, WebP, BMP or GIF"),
    ],
)
def test_a_photograph_that_cannot_be_read_is_refused_before_anything_runs(
    tmp_path, content, message
):
    if content is not None:
        (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(ToileError, match=message):
        toile.run_sheet(
            sheet({"export": {"photo": str(tmp_path / "photo.jpg")}}), out=tmp_path / "it"
        )
    assert not (tmp_path / "it").exists()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs that differ in filters, and one validated on other images."""
    place = tmp_path_factory.mktemp("runs")
    changes = ({}, {"network.conv1.filters": 3}, {"data.split": 5})
    return [
        toile.train(
            "s1-lab",
            settings=SMALL | change,
            out=place / name,
        )
        for name, change in zip("abc", changes, strict=True)
    ]


def compare(first: Run, second: Run) -> dict:
    return {"compare": {"first": {"run": str(first.folder)}, "second": {"run": str(second.folder)}}}


def test_two_runs_are_compared_by_their_answers_and_in_what_they_differ(runs, tmp_path):
    first, second, _ = runs
    result = toile.run_sheet(
        sheet(compare(first, second)), out=tmp_path / "it", on="inline"
    ).finish()
    block = sheet_page(result, {}).blocks[0]
    facts = dict(block.facts)
    for run in (first, second):
        share = run.score.value
        assert facts[run.name] == f"{100 * share:.2f} %"
    assert facts["network.conv1.filters"] == "2, and 3"
    assert "McNemar's exact test" in block.sentence


def test_runs_that_cannot_be_compared_are_refused_before_anything_runs(runs, tmp_path):
    first, _, other = runs
    for pair, message in (
        ((first, other), "exercise 1: .* were validated on different images"),
        ((first, first), "exercise 1: it compares .* with itself; name another run"),
        ((first, Run(tmp_path / "none")), "exercise 1: no run in .* is called"),
    ):
        with pytest.raises(ToileError, match=message):
            toile.run_sheet(sheet(compare(*pair)), out=tmp_path / "it")
    assert not (tmp_path / "it").exists()


def test_a_sheet_is_in_one_hand_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("toile.studies.live.SECONDS_TO_LET_GO", 0)
    live = toile.run_sheet(sheet({"question": "And?"}), out=tmp_path / "it")
    with live.held(), pytest.raises(ToileError, match="in use by another process"):
        live.finish()
    assert len(live.finish().outcomes) == 1
