"""The pixels of one picture file: PNG, JPEG, WebP, BMP or GIF, recognised by content.

Only the first frame is read. The orientation that cameras write is applied. Channels of 16 bits are
rescaled to 8. Transparent pictures are laid over white, since most are drawn for a white page.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer, UInt8
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from toile.data.greys import Extremes, Greys, find_greys, to_bytes
from toile.data.hashes import pixel_hash
from toile.data.readers.picture_kinds import say_kind
from toile.data.readers.picture_limits import (
    MAX_FILE_BYTES,
    MAX_PIXELS,
    Stream,
    TooLargePicture,
    UnreadablePicture,
    check_scans,
    check_side,
    check_size,
    reduce_large,
)
from toile.errors import ToileError
from toile.recipe import Data

# An explicit list: Pillow also opens EPS, for which it starts Ghostscript.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
BAND_PIXELS = 1 << 20
ORIENTATION = ExifTags.Base.Orientation
GREY_MODES = ("1", "L", "LA", "La")
DEEP_WHITE = 65535

DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    struct.error,
    zlib.error,
    OverflowError,
)
"""Known errors of Pillow for files that are damaged or no pictures."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, with facts about its file.

    `pixels` are upright; `orientation` is EXIF's value from 1 to 8 in the file, where 1 is upright.
    `pixel_hash` is of all pixels of the file, before resizing and recolouring. `deep` has the
    original greys of a picture of 16 bits, `read_highest` the highest value in the file.
    """

    pixels: UInt8[np.ndarray, "c h w"]
    num_frames: int = 1
    orientation: int = 1
    pixel_hash: int = 0
    deep: Integer[np.ndarray, "1 h w"] | None = None
    read_highest: int | None = None

    @property
    def highest(self) -> int:
        """The highest value in the file, or in `pixels` if they did not come from a file."""
        return int(self.pixels.max()) if self.read_highest is None else self.read_highest

    def scaled_like(self, greys: Greys | None) -> UInt8[np.ndarray, "c h w"]:
        """The pixels rescaled to 0 to 255 by `greys`, if they are within that range.

        A picture with higher values, such as a photograph, stays as it is.
        """
        if greys is None:
            # Older runs cut 16-bit training pictures to their upper eight bits.
            return self.pixels if self.deep is None else _upper_bits(self.deep)
        if self.deep is not None:
            is_alike = self.highest <= greys.deeper_white
            return to_bytes(self.deep, _whitest(greys.deeper_white)) if is_alike else self.pixels
        return to_bytes(self.pixels, greys) if self.highest <= greys.white < 255 else self.pixels


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Ignore Pillow's warnings about odd files; its warning about huge ones becomes an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_picture(content: bytes | Stream, where: str) -> Picture:
    """A single picture of up to 25 million pixels. Raises ToileError if it cannot be read.

    `where` is its name in the error.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    if not stream.read(1):
        raise ToileError(f"{where}: is empty; a picture is a PNG, JPEG, WebP, BMP or GIF")
    stream.seek(0)
    try:
        with quiet_pillow():
            return decode_picture(stream, where, None)
    except UnreadablePicture as reason:
        raise ToileError(f"{where}: {reason}; {reason.remedy}") from None


def picture_of(image: Image.Image, where: str) -> Picture:
    """The present frame of an image that Pillow has in memory or has opened.

    Raises ToileError if it is damaged, too large, or of a mode whose white is not known.
    """
    if image.mode in ("F", "I"):
        raise ToileError(
            f"{where}: is an image of mode {image.mode}, whose white is not known; convert it to "
            "mode L, with values from 0 to 255, first"
        )
    try:
        check_size(image.size)
        with quiet_pillow():
            upright = ImageOps.exif_transpose(image)
            return _lone_picture(_pixels(_eight_bits(upright)), _deep(upright))
    except TooLargePicture as reason:
        raise ToileError(f"{where}: {reason}; {reason.remedy}") from None
    except DAMAGED as damage:
        raise ToileError(f"{where}: is damaged ({damage}); open it again") from None


def deep_picture(deep: Integer[np.ndarray, "1 h w"]) -> Picture:
    """A single picture of greys with more than 8 bits."""
    return _lone_picture(_upper_bits(deep), deep)


def _lone_picture(
    pixels: UInt8[np.ndarray, "c h w"], deep: Integer[np.ndarray, "1 h w"] | None
) -> Picture:
    """A single picture; its own highest value decides which value is white."""
    highest = int((pixels if deep is None else deep).max())
    return Picture(
        _rescaled(pixels, deep, highest, None, is_alone=True), deep=deep, read_highest=highest
    )


def decode_picture(
    stream: Stream, where: str, data: Data | None, greys: Greys | None = None
) -> Picture:
    """The picture as grey (1 channel) or rgb (3), resized and recoloured as `data` says.

    Without `data` it keeps its size, except that a JPEG with too many pixels is decoded at half its
    sides. `greys` are those of its set. Without them white is, for 16 bits, estimated from this
    picture if `data` is None, and otherwise 65535.
    Raises UnreadablePicture for a file to leave out, and ToileError if all have to be resized.
    """
    if (num_bytes := stream.seek(0, io.SEEK_END)) > MAX_FILE_BYTES:
        raise UnreadablePicture(f"has {num_bytes} bytes; a picture has at most {MAX_FILE_BYTES}")
    stream.seek(0)
    try:
        with Image.open(stream, formats=FORMATS) as picture:
            # Opening reads only the header; pixels are decoded at their first use below.
            # Phones write several pictures into one MPO file, which begins as a JPEG.
            if picture.format in ("JPEG", "MPO"):
                reduce_large(picture)
                check_scans(stream)
            check_size(picture.size)
            check_side(picture.size, where, data)
            num_frames = getattr(picture, "n_frames", 1)
            # Counting frames leaves the file at the last frame.
            picture.seek(0)
            noted = picture.getexif().get(ORIENTATION)
            # The tag may hold any value; Pillow rotates for 2 to 8 and ignores others.
            orientation = next((value for value in range(2, 9) if value == noted), 1)
            # Before resizing, which would use nearest neighbours in palette mode.
            # In place, since each copy of 25 million pixels has 100 MB.
            ImageOps.exif_transpose(picture, in_place=True)
            deep = _deep(picture)
            plain = _eight_bits(picture)
    except UnidentifiedImageError:
        raise UnreadablePicture(say_kind(stream)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLargePicture(
            f"has more than {MAX_PIXELS // 10**6} million pixels, which are not decoded"
        ) from None
    except DAMAGED as damage:
        raise UnreadablePicture(f"is damaged ({damage})") from None
    pixels = _pixels(plain)
    highest = int((pixels if deep is None else deep).max())
    rescaled = _rescaled(pixels, deep, highest, greys, is_alone=data is None)
    if rescaled is not pixels:
        pixels = rescaled
        plain = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    digest = pixel_hash(pixels)
    if data is not None:
        pixels = _pixels(fit(plain, data))
    return Picture(pixels, num_frames, orientation, digest, deep, highest)


def _rescaled(
    pixels: UInt8[np.ndarray, "c h w"],
    deep: Integer[np.ndarray, "1 h w"] | None,
    highest: int,
    greys: Greys | None,
    is_alone: bool,
) -> UInt8[np.ndarray, "c h w"]:
    """`pixels` with black and white of `greys` at 0 and 255; the same object if unchanged."""
    if deep is not None:
        white = greys.deeper_white if greys else _white_of(highest) if is_alone else DEEP_WHITE
        return pixels if white == DEEP_WHITE else to_bytes(deep, _whitest(white))
    return pixels if greys is None or greys.is_bytes else to_bytes(pixels, greys)


def _white_of(highest: int) -> float:
    return find_greys(Extremes(0.0, float(highest)), None, "").white


def _whitest(white: float) -> Greys:
    return Greys(lowest=0, highest=white, white=white)


def fit(picture: Image.Image, data: Data) -> Image.Image:
    """The picture recoloured and resized to `data.colour` and `data.size_px`, sides stretched."""
    if data.colour:
        picture = picture.convert({"grey": "L", "rgb": "RGB"}[data.colour])
    if data.size_px:
        picture = picture.resize((data.size_px, data.size_px), Image.Resampling.BILINEAR)
    return picture


def _deep(picture: Image.Image) -> Integer[np.ndarray, "1 h w"] | None:
    """The original greys of a picture of 16 bits; None for others."""
    if not picture.mode.startswith("I"):
        return None
    return np.asarray(picture).clip(0, DEEP_WHITE).astype(np.uint16)[None]


def _upper_bits(deep: Integer[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    return (deep >> 8).astype(np.uint8)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """The picture in mode L or RGB."""
    if picture.mode.startswith("I"):
        # Pillow's conversion to L clips at 255 instead of scaling.
        return Image.fromarray(_upper_bits(np.asarray(picture)))
    mode = "L" if picture.mode in GREY_MODES or _has_grey_palette(picture) else "RGB"
    if picture.has_transparency_data:
        return _over_white(picture, mode)
    if picture.mode == "P":
        picture = picture.convert("RGB")
    return picture if picture.mode == mode else picture.convert(mode)


def _over_white(picture: Image.Image, mode: str) -> Image.Image:
    """The picture laid over white, in bands of rows, because it needs four copies of each."""
    plain = Image.new(mode, picture.size)
    rows = max(1, BAND_PIXELS // picture.width)
    for top in range(0, picture.height, rows):
        box = (0, top, picture.width, min(picture.height, top + rows))
        band = picture.crop(box).convert("RGBA")
        background = Image.new("RGBA", band.size, "white")
        plain.paste(Image.alpha_composite(background, band).convert("RGB").convert(mode), (0, top))
    return plain


def _has_grey_palette(picture: Image.Image) -> bool:
    """Whether a palette holds only greys, as in PNG files shrunk by tools."""
    palette = picture.getpalette("RGB") if picture.mode in ("P", "PA") else None
    if palette is None:
        return False
    red, green, blue = np.reshape(palette, (-1, 3)).T
    return bool((red == green).all() and (green == blue).all())


def _pixels(picture: Image.Image) -> UInt8[np.ndarray, "c h w"]:
    pixels = np.array(picture)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
