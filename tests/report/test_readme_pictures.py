"""The pictures of README.md are made by today's code."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageOps

from toile.data import data_facts, load_data, pixel_statistics, read_picture, split_data
from toile.inspection import MEASURES
from toile.prediction import prepare
from toile.recipe import Data
from toile.report import PruningLine, pruning_figure, run_page, strongest_figure

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    """docs/pictures.py, which makes them."""
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def shown(picture: Path) -> list[str]:
    """The words that a picture was made with."""
    with Image.open(picture) as opened:
        return json.loads(opened.info["Shows"])


def test_the_photograph_is_the_one_that_is_drawn(pictures):
    with Image.open(DOCS / "photo.jpg") as opened:
        assert opened.size == (900, 900)
        kept = np.asarray(ImageOps.exif_transpose(opened), int)
    drawn = np.asarray(pictures.draw_photo(), int)
    # JPEG keeps not quite what it is given.
    assert np.abs(kept - drawn).mean() < 3


def test_the_page_in_the_readme_has_todays_words(pictures, make_run):
    assert shown(DOCS / "report.png") == pictures.words_of_page(run_page(*make_run(), None)), (
        "make it anew: make pictures"
    )


def test_the_steps_in_the_readme_are_todays(pictures):
    settings = Data(name="fashion-sample")
    dataset = load_data(settings)
    split = split_data(dataset.train, settings)
    facts = data_facts(dataset, split, pixel_statistics(split.train), settings)
    with (DOCS / "photo.jpg").open("rb") as opened:
        prepared = prepare(read_picture(opened, "photo.jpg"), facts)
    *steps, answer = shown(DOCS / "steps.png")
    assert steps == [one.name for one in prepared.steps], "make it anew: make pictures"
    assert answer == "T-shirt/top"


def test_the_readme_shows_them_and_says_that_the_photograph_is_drawn():
    text = (DOCS.parent / "README.md").read_text()
    assert "](docs/report.png)" in text
    assert "](docs/steps.png)" in text
    assert "`docs/photo.jpg` is drawn by `docs/pictures.py`" in text


@pytest.mark.slow
def test_all_of_them_are_made_anew(pictures, tmp_path):
    words = [sys.executable, str(DOCS / "pictures.py"), f"--out={tmp_path}"]
    done = subprocess.run(
        [*words, "--data=fashion-sample"], capture_output=True, text=True, check=False
    )
    if "takes chromium" in done.stderr:
        pytest.skip("no chromium is installed")
    assert done.returncode == 0, done.stderr
    assert shown(tmp_path / "report.png") == shown(DOCS / "report.png")
    assert shown(tmp_path / "steps.png")[:-1] == shown(DOCS / "steps.png")[:-1]
    assert (tmp_path / "photo.jpg").read_bytes() == (DOCS / "photo.jpg").read_bytes()


def test_the_pictures_from_inside_have_todays_form_and_words(pictures):
    picture = np.zeros((1, 28, 28), np.uint8)
    patches = np.tile([3, 17, 4, 18], (3, 9, 1))
    rows = [f"relu3 channel {channel}" for channel in (0, 5, 9)]
    lines = [PruningLine(name, ((0.9, 0.8, 1.0), (0.5, 0.4, 0.6))) for name in MEASURES.values()]
    figures = {
        "top": strongest_figure(
            rows, np.stack([[picture] * 9] * 3), patches, [["Sandal 9.01"] * 9] * 3
        ),
        "pruning": pruning_figure([0.0, 1.0], lines, "quick with channels cut", 0.003),
    }
    for name, figure in figures.items():
        words = set(shown(DOCS / f"inside-{name}.png"))
        assert words & set(pictures.words_of_figure(figure)) >= {
            text for text in pictures.words_of_figure(figure) if not text.startswith("Sandal")
        }, "make them anew: make pictures"
        with Image.open(DOCS / f"inside-{name}.png") as opened:
            width, height = figure.get_size_inches() * figure.dpi
            assert opened.size == (int(width), int(height))
    assert any("tells this network" in text for text in shown(DOCS / "inside-evidence.png"))
