"""Limits of the size of a picture file."""

import io

from PIL import Image

from toile.data.readers.parts import MAX_SIDE_PX
from toile.errors import ToileError
from toile.recipe import Data

Stream = io.BufferedReader | io.BytesIO
# 100 MB in RGBA. Pillow warns above 89 million pixels and refuses twice that.
MAX_PIXELS = 25_000_000
# For a JPEG reduced while it is decoded; a progressive JPEG needs six bytes for each pixel.
MAX_REDUCED_PIXELS = 64_000_000
# Pillow stores a pointer for each row: a picture of 1 x 25,000,000 px needed 600 MB.
MAX_DECODED_SIDE_PX = 32_768
# A bitmap of so many pixels with its header; other formats are smaller.
MAX_FILE_BYTES = 3 * MAX_PIXELS + (1 << 20)
# Encoders write about ten. A 140 KB file of a thousand empty scans of 25 million pixels took 14 s.
MAX_SCANS = 100
START_OF_SCAN = b"\xff\xda"


class UnreadablePicture(Exception):
    """The file is damaged or no picture of a known format; others may still load.

    `remedy` is the next step if it is the only file.
    """

    remedy = "save it again as PNG or JPEG"


class TooLargePicture(UnreadablePicture):
    """The picture has more pixels than are decoded."""

    remedy = "make it smaller first"


def reduce_large(picture: Image.Image) -> None:
    """Let a large JPEG be decoded at half its sides, which needs a quarter of the memory."""
    width, height = picture.size
    if MAX_PIXELS < width * height <= MAX_REDUCED_PIXELS:
        picture.draft(None, (width // 2, height // 2))


def check_size(size: tuple[int, int]) -> None:
    """Raise TooLargePicture for a picture that is not decoded."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise TooLargePicture(
            f"is {width} x {height} px; at most {MAX_PIXELS // 10**6} million pixels are decoded"
        )
    if max(size) > MAX_DECODED_SIDE_PX:
        raise TooLargePicture(f"is {width} x {height} px; a side has at most {MAX_DECODED_SIDE_PX}")


def check_side(size: tuple[int, int], where: str, data: Data | None) -> None:
    """Raise ToileError if a picture of a set is too large and `data.size_px` is not set."""
    width, height = size
    if data is not None and max(size) > MAX_SIDE_PX and not data.size_px:
        raise ToileError(
            f"{where}: is {width} x {height} px; a side has at most {MAX_SIDE_PX}; set "
            "data.size_px, such as data.size_px=64, to resize every picture"
        )


def check_scans(stream: Stream) -> None:
    """Refuse a JPEG with too many scans of its pixels; the stream keeps its position."""
    position = stream.tell()
    stream.seek(0)
    # In coded data a zero follows each FF, so only a marker, or a camera's metadata, matches.
    num_scans = stream.read().count(START_OF_SCAN)
    stream.seek(position)
    if num_scans > MAX_SCANS:
        raise UnreadablePicture(f"is a JPEG of {num_scans} scans; at most {MAX_SCANS} are decoded")
