"""Draws the glyphs of `synthetic-digits` from the DejaVu fonts that matplotlib brings.

A row for each of twelve styles, a cell of 48 x 48 px for each digit, 40 px high in its middle.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

STYLES = tuple(
    f"DejaVu{family}{style}"
    for family, slanted in (("Sans", "Oblique"), ("SansMono", "Oblique"), ("Serif", "Italic"))
    for style in ("", "-Bold", f"-{slanted}", f"-Bold{slanted}")
)
CELL_PX, HEIGHT_PX, FINE = 48, 40, 8
GLYPHS = Path(__file__).parents[1] / "src" / "toile" / "data" / "glyphs" / "digits.png"


def glyph(font: ImageFont.FreeTypeFont, digit: int) -> Image.Image:
    """The digit, `HEIGHT_PX` high, in the middle of a cell."""
    large = Image.new("L", (2 * font.size, 2 * font.size))
    ImageDraw.Draw(large).text((font.size // 2, font.size // 4), str(digit), 255, font)
    cut = large.crop(large.getbbox())
    width = round(cut.width * HEIGHT_PX / cut.height)
    small = cut.resize((width, HEIGHT_PX), Image.Resampling.BOX)
    cell = Image.new("L", (CELL_PX, CELL_PX))
    cell.paste(small, ((CELL_PX - width) // 2, (CELL_PX - HEIGHT_PX) // 2))
    return cell


if __name__ == "__main__":
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    rows = []
    for style in STYLES:
        font = ImageFont.truetype(folder / f"{style}.ttf", FINE * HEIGHT_PX)
        rows.append(np.hstack([np.asarray(glyph(font, digit)) for digit in range(10)]))
    Image.fromarray(np.vstack(rows)).save(GLYPHS, optimize=True)
