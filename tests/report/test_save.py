import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toile.errors import ToileError
from toile.report import confusion_figure, save_figure
from toile.report.save import drawing

MATRIX = np.array([[3, 1], [0, 2]])


def test_the_suffix_decides_between_png_and_svg(tmp_path: Path) -> None:
    figure = confusion_figure(MATRIX, ["cat", "dog"])

    save_figure(figure, tmp_path / "a.png")
    save_figure(figure, tmp_path / "a.svg")

    with Image.open(tmp_path / "a.png") as png:
        assert png.format == "PNG"
    svg = (tmp_path / "a.svg").read_text()
    assert svg.startswith("<?xml")
    assert "<text" not in svg  # letters are outlines, so no font is needed


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.PNG.txt"])
def test_other_suffixes_are_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToileError, match=r"a figure is saved as \.png or \.svg"):
        save_figure(confusion_figure(MATRIX, ["cat", "dog"]), tmp_path / name)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_figure_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    for name in ("one", "two"):
        save_figure(confusion_figure(MATRIX, ["cat", "dog"]), tmp_path / f"{name}.{suffix}")

    one, two = sorted(tmp_path.iterdir())
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_drawn_once_it_has_the_bytes_of_matplotlibs_own_saving(tmp_path: Path, suffix: str) -> None:
    figure, written = confusion_figure(MATRIX, ["cat", "dog"]), io.BytesIO()
    nameless = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}[suffix]
    with drawing(outlines=True):
        figure.savefig(written, format=suffix, metadata=nameless)
    save_figure(confusion_figure(MATRIX, ["cat", "dog"]), tmp_path / f"a.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == written.getvalue()


def test_names_our_font_lacks_are_no_warning(tmp_path: Path) -> None:
    save_figure(confusion_figure(MATRIX, ["日本", "$x^{$"]), tmp_path / "a.png")
