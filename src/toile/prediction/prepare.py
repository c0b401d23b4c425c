"""Prepares a picture of any kind like the training images, step by step."""

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
"""Larger pictures are first averaged down to this, or to four times the training images."""

INVERTED = "Dark became light and light dark, as you chose."

# Turns an upright picture back to the stored one, by EXIF's orientation.
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
    """The network's input, the steps of its preparation, and warnings.

    `out_of_distribution` has reasons to abstain: differences from the training images.
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
    """`picture` prepared like the training images of `facts`.

    A picture that is like them stays unchanged. If the training images have a plain background, a
    picture and its inverse give the same result; if not, only colour and size change.
    `corrections` come first. Without `show_steps` no steps are stored, which saves a quarter of the
    time of an unchanged picture.
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
        notes.warnings.append("an older Toile made the run, so unusual pictures are not recognised")
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
    """The steps of reading: the stored picture, and the upright one."""
    stored = LYING.get(picture.orientation, np.asarray)(picture.pixels)
    channels, height, width = stored.shape
    kind = "grey" if channels == 1 else "colour"
    notes.step("As read", f"{width} x {height} px, {kind}.", stored)
    if picture.orientation != 1:
        sentence = f"Turned upright: the camera stored orientation {picture.orientation}."
        notes.step("Upright", sentence, picture.pixels)
    if picture.num_frames > 1:
        notes.warnings.append(f"it has {picture.num_frames} frames; only the first is used")


def _photograph(
    pixels: UInt8[np.ndarray, "c h w"], shape: tuple[int, int, int], notes: Notes
) -> UInt8[np.ndarray, "c2 h2 w2"]:
    """Change only colour and size, as for the training images."""
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
    """A drawing with the background and the framing of the training images.

    `invert` reverses the decision about dark and light.
    """
    channels, height, width = shape
    levels, full = recoloured(pixels, channels, notes)
    # The size of one pixel of the training images in this picture.
    thickness = max(1, min(levels.shape[1] // height, levels.shape[2] // width))
    levels = match_polarity(levels, full, background_grey, thickness, notes)
    if invert:
        levels = full - levels
        notes.step("Inverted by you", INVERTED, levels, full)
    greys = levels.astype(np.float32) * np.float32(255 / full)
    spread = 0.0
    if greys.shape != shape or not has_background(greys, background_grey):
        # Average to a smaller picture, for speed and against noise.
        factor = -(-max(greys.shape[1:]) // max(WORKING_PX, 4 * height, 4 * width))
        greys, spread = normalise_background(averaged(greys, factor), background_grey, notes)
    # Of 100,000 pixels of normal noise 6 exceed four SD, and these are removed as specks.
    threshold = max(float(BORDER_TOLERANCE), 4 * spread)
    return framed(greys, threshold, background_grey, framing, (width, height), notes)


def _note_inputs(pixels: UInt8[np.ndarray, "c h w"], facts: DataFacts, notes: Notes) -> None:
    """The last step: the network's input."""
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
