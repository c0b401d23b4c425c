"""A layer over the epochs: as a figure, as a GIF, and as a page with a slider."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from markupsafe import escape
from matplotlib.figure import Figure
from PIL import Image

from toile.report.inside.channel_maps import channel_maps_figure
from toile.report.inside.shades import draw_scale, shading
from toile.report.save import drawing
from toile.report.theme import INK, LINE, MUTED, NARROW_INCHES, new_figure, plain

WIDTH = 9.0
MOST_CHANNELS = 12
FRAME_MS = 600


def film_figure(
    maps: Float[np.ndarray, "epochs channels h w"],
    epochs: Sequence[int],
    channels: Sequence[int],
    title: str,
    narrow: bool = False,
) -> Figure:
    """A row of maps for each epoch, all on one scale, of at most 12 `channels` (`narrow`: 6)."""
    shown = list(channels)[: MOST_CHANNELS // 2 if narrow else MOST_CHANNELS]
    height, width = maps.shape[2:]
    page_width = NARROW_INCHES if narrow else WIDTH
    side = min((page_width - 1.1) / len(shown) / 1.08, 0.9)
    pitch = side * height / width + 0.06
    total = 1.15 + len(epochs) * pitch
    figure = new_figure(page_width, total)
    figure.set_layout_engine("none")
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, page_width), ylim=(total, 0))
    page.set_axis_off()
    page.text(0.15, 0.2, plain(title, 44 if narrow else 110), color=INK, size=9.5, weight="bold")
    shades = shading(maps[:, shown])
    scale = figure.add_axes((0.85 / page_width, 1 - 0.62 / total, 2.2 / page_width, 0.09 / total))
    draw_scale(scale, shades, "one scale for all")
    for column, channel in enumerate(shown):
        x = 0.85 + column * side * 1.08
        page.text(x, 1.0, str(channel), color=MUTED, size=6.5)
        for row, epoch in enumerate(epochs):
            y = 1.05 + row * pitch
            if column == 0:
                page.text(0.15, y + pitch / 2, f"epoch {epoch}", color=MUTED, size=7, va="center")
            bounds = (x, x + side, y + side * height / width, y)
            page.imshow(shades.to_rgba(maps[row, channel]), extent=bounds, aspect="auto")
            page.plot(
                [x, x + side, x + side, x, x], [y, y, bounds[2], bounds[2], y], color=LINE,
                linewidth=0.5,
            )  # fmt: skip
    return figure


def film_frames(
    maps: Float[np.ndarray, "epochs channels h w"],
    epochs: Sequence[int],
    title: str,
    picture: UInt8[np.ndarray, "c h2 w2"] | None = None,
) -> list[bytes]:
    """A PNG of all channels for each epoch, all on one scale."""
    frames = []
    for epoch_maps, epoch in zip(maps, epochs, strict=True):
        figure = channel_maps_figure(
            epoch_maps, f"{title}, epoch {epoch}", picture=picture, spanning=maps
        )
        written = io.BytesIO()
        with drawing(outlines=True):
            figure.savefig(written, format="png", metadata={"Software": None}, dpi=100)
        frames.append(written.getvalue())
    return frames


def film_gif(frames: Sequence[bytes]) -> bytes:
    """The frames as an endless GIF."""
    pictures = [
        Image.open(io.BytesIO(frame)).convert("P", palette=Image.Palette.ADAPTIVE)
        for frame in frames
    ]
    written = io.BytesIO()
    pictures[0].save(
        written, "GIF", save_all=True, append_images=pictures[1:], duration=FRAME_MS, loop=0
    )
    return written.getvalue()


def film_page(frames: Sequence[bytes], epochs: Sequence[int], title: str) -> str:
    """The frames in one HTML page with a slider, which needs no other file."""
    coded = [base64.b64encode(frame).decode() for frame in frames]
    images = "\n".join(
        f'<img alt="epoch {epoch}" hidden src="data:image/png;base64,{data}">'
        for data, epoch in zip(coded, epochs, strict=True)
    )
    return PAGE.format(title=escape(title), images=images, last=len(frames) - 1)


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 24px auto; max-width: 960px; padding: 0 16px; }}
body {{ font: 14px/1.5 system-ui, sans-serif; }}
img {{ width: 100%; border-radius: 8px; background: #fff; }}
label {{ display: flex; gap: 12px; align-items: center; margin: 12px 0; }}
input {{ flex: 1; }}
</style>
<h1 style="font-size: 18px">{title}</h1>
<label>epoch <input type="range" min="0" max="{last}" value="0"><output></output></label>
{images}
<script>
const images = document.querySelectorAll("img");
const slider = document.querySelector("input");
function show() {{
  images.forEach((image, at) => {{ image.hidden = at !== +slider.value; }});
  document.querySelector("output").value = images[slider.value].alt;
}}
slider.addEventListener("input", show);
show();
</script>
</html>
"""
