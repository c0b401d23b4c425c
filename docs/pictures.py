"""The pictures of README.md, made anew by today's code: `make pictures`.

photo.jpg is drawn here, a T-shirt on a table; it comes from no camera and no data set.
steps.png is what `toile predict` makes of it, by a network of the preset `quick` trained on
Fashion-MNIST; report.png is that network's page as a browser shows it, which takes chromium, and
app.png the app's page Build with a preset. inside-top.png, inside-evidence.png and
inside-pruning.png are what `toile inspect` finds in it. What a picture shows in words is kept in
it, so that a test can tell one that is older than the code.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import ExifTags, Image, ImageDraw, ImageFilter, PngImagePlugin
from scipy import ndimage

import toile
from toile.prediction import Answered
from toile.report import StepsOf, save_figure, steps_figure
from toile.runs import Run
from toile.workbench import inspected, view_attribution, view_pruning_curve, view_top
from toile.workbench.page import write_report

HERE = Path(__file__).parent
SIDE = 900
FINE = 2
"""So many times as fine is the outline drawn before it is made smaller."""
LIES_ON_ITS_SIDE = 6
"""What a camera notes in a picture that is to be turned by a quarter."""
KEY = "Shows"
NUM_CARDS = 6

# Corners and how an edge bends: points on curves of degree two, in fractions of the side.
OUTLINE = [
    ((0.400, 0.190), (0.430, 0.250), (0.500, 0.252)),
    ((0.500, 0.252), (0.570, 0.250), (0.600, 0.190)),
    ((0.600, 0.190), (0.690, 0.200), (0.740, 0.225)),
    ((0.740, 0.225), (0.820, 0.285), (0.865, 0.360)),
    ((0.865, 0.360), (0.825, 0.405), (0.765, 0.425)),
    ((0.765, 0.425), (0.745, 0.385), (0.725, 0.365)),
    ((0.725, 0.365), (0.715, 0.600), (0.725, 0.835)),
    ((0.725, 0.835), (0.500, 0.858), (0.275, 0.835)),
    ((0.275, 0.835), (0.285, 0.600), (0.275, 0.365)),
    ((0.275, 0.365), (0.255, 0.385), (0.235, 0.425)),
    ((0.235, 0.425), (0.175, 0.405), (0.135, 0.360)),
    ((0.135, 0.360), (0.180, 0.285), (0.260, 0.225)),
    ((0.260, 0.225), (0.310, 0.200), (0.400, 0.190)),
]
NECK = OUTLINE[:2]
HEMS = [OUTLINE[4], OUTLINE[7], OUTLINE[10]]
CLOTH = np.array([46, 74, 92], np.float64)
TABLE = np.array([222, 214, 202], np.float64)


def draw_photo() -> Image.Image:
    """A dark T-shirt on a light table, lit from the upper left; the same at each call."""
    rng = np.random.default_rng(7)
    shirt = _filled(OUTLINE)
    light = _table_light(rng)
    shadow = ndimage.gaussian_filter(np.roll(shirt, (18, 14), (0, 1)), 16)
    table = TABLE * (light * (1 - 0.5 * shadow))[..., None]
    cloth = CLOTH * (_folds(rng, shirt) * _seams() * _weave(rng))[..., None]
    picture = shirt[..., None] * cloth + (1 - shirt)[..., None] * table
    picture = ndimage.gaussian_filter(picture, (0.7, 0.7, 0)) + rng.normal(0, 2.5, picture.shape)
    return Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8))


def save_photo(path: Path) -> None:
    """The photograph as a camera held upright saves it: on its side, with a note."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = LIES_ON_ITS_SIDE
    draw_photo().transpose(Image.Transpose.ROTATE_90).save(path, quality=88, exif=exif)


def words_of_page(page: str) -> list[str]:
    """The words of a run's page that report.png shows, every number in them as #."""
    labels = re.findall(r'<div class="label">(.*?)</div>', page)[:NUM_CARDS]
    figures = re.findall(r'<svg class="broad".*?</svg>', page, re.DOTALL)[:2]
    words = [*labels, *re.findall(r"<text[^>]*>([^<]*[a-z][^<]*)</text>", "".join(figures))]
    return [re.sub(r"[\d.,]+", "#", unescape(one)) for one in words]


def words_of_steps(answered: Answered) -> list[str]:
    """The names of the steps that steps.png shows, and the likeliest class."""
    return [*(one.name for one in answered.steps), answered.top[0].class_name]


def main() -> None:
    """Make what was asked for."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--out", type=Path, default=HERE, help="The folder; docs/ unless said.")
    asked.add_argument("--run", type=Path, help="A run of quick; trained here unless named.")
    asked.add_argument("--data", default="fashion-mnist", help="What quick is trained on.")
    given = asked.parse_args()
    save_photo(given.out / "photo.jpg")
    _save_app(given.out / "app.png")
    with tempfile.TemporaryDirectory() as folder:
        run = given.run or _train(given.data, Path(folder) / "run")
        _save_steps(run, given.out)
        save_inside(Run(run), given.out)
        _save_report(run, given.out / "report.png")


def words_of_figure(figure: Figure) -> list[str]:
    """All that a figure says but for its numbers."""
    texts = [one.get_text() for one in figure.findobj(Text)]
    return [re.sub(r"-?[\d.,]+", "#", text) for text in texts if re.search("[a-z]{3}", text)]


def save_inside(run: Run, out: Path) -> None:
    """What drives three channels, what an answer is owed to, and how far the network can be cut."""
    opened = inspected(run)
    views = {
        "top": view_top(opened, "relu3", [0, 5, 9]),
        "evidence": view_attribution(opened, opened.picture(class_name="Sneaker"), "gradcam"),
        "pruning": view_pruning_curve([run]),
    }
    for name, view in views.items():
        figure, picture = view.draw(False), out / f"inside-{name}.png"
        save_figure(figure, picture)
        Image.open(picture).convert("RGB").quantize(128).save(picture)
        _note(picture, words_of_figure(figure))


def _train(data: str, folder: Path) -> Path:
    return toile.train("quick", data=data, out=folder).folder


def _save_steps(run: Path, out: Path) -> None:
    (answered,) = toile.predict(Run(run), out / "photo.jpg", num_steps=1)
    shown = StepsOf("docs/photo.jpg", answered.steps, answered.top, answered.warnings)
    save_figure(steps_figure([shown]), out / "steps.png")
    _note(out / "steps.png", words_of_steps(answered))


def _save_report(run: Path, picture: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("report.png takes chromium, which is not installed; the others are made")
    page = write_report(Run(run), with_pictures=False)
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    with tempfile.TemporaryDirectory() as profile:
        words += [f"--user-data-dir={profile}", "--window-size=1280,700"]
        subprocess.run(  # noqa: S603
            [*words, f"--screenshot={picture}", page.resolve().as_uri()],
            check=True, capture_output=True,
        )  # fmt: skip
    Image.open(picture).convert("RGB").quantize(64).save(picture)
    _note(picture, words_of_page(page.read_text()))


def _save_app(picture: Path) -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        words = [sys.executable, "-m", "toile", "app", folder, "--no-browser", "--port=0"]
        server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603
        server.stdout.readline()
        address = server.stdout.readline().strip()
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 860})
        page.goto(address)
        page.get_by_role("link", name="Build").click()
        page.evaluate("location.hash = '#/build?from=preset:s1-lab'")
        page.get_by_text("Time and memory on this machine").wait_for()
        page.wait_for_timeout(1_000)
        page.screenshot(path=picture)
        browser.close()
        server.terminate()
        server.wait()
        server.stdout.close()
    Image.open(picture).convert("RGB").quantize(128).save(picture, optimize=True)


def _note(picture: Path, words: list[str]) -> None:
    """Keep in a PNG what it shows in words."""
    kept = PngImagePlugin.PngInfo()
    kept.add_text(KEY, json.dumps(words))
    with Image.open(picture) as opened:
        opened.load()
    opened.save(picture, pnginfo=kept, optimize=True)


def _filled(curves: list) -> np.ndarray:
    """1 inside the curves and 0 outside, its edge smooth."""
    size = FINE * SIDE
    image = Image.new("L", (size, size))
    ImageDraw.Draw(image).polygon([(x * size, y * size) for x, y in _points(curves)], fill=255)
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.8))
    return np.asarray(small, np.float64) / 255


def _points(curves: list) -> list[tuple[float, float]]:
    steps = np.linspace(0, 1, 40)[:, None]
    return [
        (float(x), float(y))
        for first, bend, last in np.array(curves)
        for x, y in (1 - steps) ** 2 * first + 2 * steps * (1 - steps) * bend + steps**2 * last
    ]


def _line(curves: list, width: float) -> np.ndarray:
    """1 along the curves and 0 elsewhere."""
    size = FINE * SIDE
    image = Image.new("L", (size, size))
    for curve in curves:
        points = [(x * size, y * size) for x, y in _points([curve])]
        ImageDraw.Draw(image).line(points, fill=255, width=round(width * FINE), joint="curve")
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.float64) / 255


def _table_light(rng: np.random.Generator) -> np.ndarray:
    """Brighter towards the upper left, with the grain of wood."""
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    grain = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), (1.2, 70))
    return 1.06 - 0.09 * x - 0.07 * y + 0.012 * grain / grain.std()


def _folds(rng: np.random.Generator, shirt: np.ndarray) -> np.ndarray:
    """How light the cloth is: round at its edges, with folds that mostly hang down."""
    inside = ndimage.distance_transform_edt(shirt > 0.5)
    height = 9 * np.sqrt(np.minimum(inside, 26))
    for across, down, deep in ((34, 120, 26), (16, 60, 9)):
        wave = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), (down, across))
        height = height + deep * wave / wave.std()
    slope_y, slope_x = np.gradient(ndimage.gaussian_filter(height, 2))
    return np.clip(1 + 0.11 * slope_x + 0.075 * slope_y, 0.75, 1.4)


def _seams() -> np.ndarray:
    """Darker along collar and hems, where the cloth is sewn, and a light disc on the chest."""
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    printed = ndimage.gaussian_filter(np.float64((x - 0.5) ** 2 + (y - 0.43) ** 2 < 0.09**2), 1)
    collar = _line(NECK, 30) * 0.16 + _line(NECK, 4) * 0.2
    hems = _line([tuple((x, y - 0.022) for x, y in hem) for hem in HEMS], 2.5) * 0.25
    return 1 - collar - hems + 1.6 * printed


def _weave(rng: np.random.Generator) -> np.ndarray:
    """A fine weave that is nowhere quite the same."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    threads = 0.03 * np.sin(1.9 * x + 0.2 * y) * np.sin(1.7 * y)
    return 1 + threads + 0.03 * ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 0.8)


if __name__ == "__main__":
    main()
