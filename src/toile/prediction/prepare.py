"""A picture of any kind made alike to the images a network was trained on, step by step."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from toile.data import BORDER_TOLERANCE, DataFacts, Framing, Picture
from toile.prediction.background import has_background, normalise_background
from toile.prediction.colour import recoloured
from toile.prediction.corrections import NO_CORRECTIONS, PictureCorrections
from toile.prediction.framing import framed
from toile.prediction.out_of_distribution import unusual_features
from toile.prediction.polarity import match_polarity
from toile.prediction.resample import averaged
from toile.prediction.step import Notes, PreparationStep

WORKING_PX = 512
"""Larger pictures are averaged down to this first, or to four times the training images."""

INVERTED = "Dark became light and light dark, as was asked for."

# What turns an upright picture back into how the file has it, by EXIF's orientation.
LYING = {
    2: lambda pixels: pixels[:, :, ::-1],
    3: lambda pixels: pixels[:, ::-1, ::-1],
    4: lambda pixels: pixels[:, ::-1],
    5: lambda pixels: pixels.swapaxes(1, 2),
    6: lambda pixels: np.rot90(pixels, 1, (1, 2)),
    7: lambda pixels: pixels[:, ::-1, ::-1].swapaxes(1, 2),
    8: lambda pixels: np.rot90(pixels, -1, (1, 2)),
}


@dataclass(frozen=True, eq=False)
class PreparedPicture:
    """What the network is to see, how it came about, and what is odd about it.

    `out_of_distribution` says in what it is unlike the training images: reasons to give no answer.
    """

    pixels: UInt8[np.ndarray, "c h w"]
    steps: tuple[PreparationStep, ...]
    warnings: tuple[str, ...]
    out_of_distribution: tuple[str, ...]


def prepare(
    picture: Picture,
    facts: DataFacts,
    show_steps: bool = True,
    corrections: PictureCorrections = NO_CORRECTIONS,
) -> PreparedPicture:
    """`picture` as the training images of `facts` are.

    What is so already is not touched. A picture and its inverse come out the same wherever the
    training images have a plain background; where they have none, colour and size alone change.
    `corrections` come before what is decided here. Without `show_steps` no steps are kept, which
    saves a quarter of an untouched picture's time.
    """
    notes = Notes(show_steps)
    _read(picture, notes)
    picture = corrections.of(picture, notes)
    original = picture.scaled_like(facts.greys)
    if facts.greys is not None and original is not picture.pixels:
        sentence = f"Its values are those of the training files, {facts.greys.words}."
        notes.step("Greys", sentence, original)
    appearance = facts.known_appearance
    if facts.appearance is None:
        notes.warnings.append("the run was made by an older Toile; how unusual it is, is unknown")
    if appearance.framing is None:
        if corrections.invert:
            original = 255 - original
            notes.step("Inverted by you", INVERTED, original)
        pixels = _photograph(original, facts.shape, notes)
    else:
        background = np.array(appearance.background)
        framing, invert = appearance.framing, corrections.invert
        pixels = _drawing(original, facts.shape, background, framing, notes, invert=invert)
    if show_steps:
        _note_inputs(pixels, facts, notes)
    out_of_distribution, warnings = unusual_features(pixels, appearance)
    notes.warnings.extend(warnings)
    return PreparedPicture(
        pixels, tuple(notes.steps), tuple(notes.warnings), tuple(out_of_distribution)
    )


def _read(picture: Picture, notes: Notes) -> None:
    """The steps of the file: as it lies in it, and upright."""
    stored = LYING.get(picture.orientation, np.asarray)(picture.pixels)
    channels, height, width = stored.shape
    kind = "grey" if channels == 1 else "colour"
    notes.step("As read", f"{width} x {height} px, {kind}.", stored)
    if picture.orientation != 1:
        sentence = f"Turned upright: the camera noted orientation {picture.orientation}."
        notes.step("Upright", sentence, picture.pixels)
    if picture.num_frames > 1:
        notes.warnings.append(f"it has {picture.num_frames} frames; the first is taken")


def _photograph(
    pixels: UInt8[np.ndarray, "c h w"], shape: tuple[int, int, int], notes: Notes
) -> UInt8[np.ndarray, "c2 h2 w2"]:
    """Colour and size alone, as reading the training images changed theirs."""
    if pixels.shape == shape:
        return pixels
    channels, height, width = shape
    canvas = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    image = Image.fromarray(np.ascontiguousarray(canvas))
    image = image.convert("L" if channels == 1 else "RGB").resize(
        (width, height), Image.Resampling.BILINEAR
    )
    pixels = np.array(image).reshape(height, width, channels).transpose(2, 0, 1)
    notes.step(
        "Resized",
        f"Stretched to {width} x {height} px in {'grey' if channels == 1 else 'colour'}; the "
        "training images have no plain background to crop or invert by.",
        pixels,
    )
    return pixels


def _drawing(
    pixels: UInt8[np.ndarray, "c h w"],
    shape: tuple[int, int, int],
    background_grey: np.ndarray,
    framing: Framing,
    notes: Notes,
    *,
    invert: bool,
) -> UInt8[np.ndarray, "c2 h2 w2"]:
    """A drawing, with the background of the training images and framed as they are.

    With `invert` what its border tells of dark and light is turned round.
    """
    channels, height, width = shape
    levels, full = recoloured(pixels, channels, notes)
    # As thick as a pixel of the training images would be in this picture.
    thickness = max(1, min(levels.shape[1] // height, levels.shape[2] // width))
    levels = match_polarity(levels, full, background_grey, thickness, notes)
    if invert:
        levels = full - levels
        notes.step("Inverted by you", INVERTED, levels, full)
    greys = levels.astype(np.float32) * np.float32(255 / full)
    spread = 0.0
    if greys.shape != shape or not has_background(greys, background_grey):
        # Small enough to be looked through quickly, its noise averaged away.
        factor = -(-max(greys.shape[1:]) // max(WORKING_PX, 4 * height, 4 * width))
        greys, spread = normalise_background(averaged(greys, factor), background_grey, notes)
    # Four SD of noise are passed by 6 pixels of 100,000, and those are specks.
    threshold = max(float(BORDER_TOLERANCE), 4 * spread)
    return framed(greys, threshold, background_grey, framing, (width, height), notes)


def _note_inputs(pixels: UInt8[np.ndarray, "c h w"], facts: DataFacts, notes: Notes) -> None:
    """The last step: the numbers that go in."""
    values = pixels / 255
    if facts.scaling == "standard":
        mean, sd = (np.array(per_channel)[:, None, None] for per_channel in (facts.mean, facts.sd))
        values = (values - mean) / sd
    _, height, width = pixels.shape
    notes.step(
        "As the network sees it",
        f"{width} x {height} px, scaled as in training: values of mean {values.mean():.2f} and SD "
        f"{values.std():.2f}.",
        pixels,
    )
