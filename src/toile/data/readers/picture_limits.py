"""How large a picture file may be, and what is done with one that is larger."""

import io

from PIL import Image

from toile.data.readers.parts import MAX_SIDE_PX
from toile.errors import ToileError
from toile.recipe import Data

Stream = io.BufferedReader | io.BytesIO
# 100 MB once in RGBA; Pillow itself warns from 89 million pixels and refuses at twice that.
MAX_PIXELS = 25_000_000
# Of a JPEG that is reduced while it is decoded; a progressive one takes six bytes for each.
MAX_REDUCED_PIXELS = 64_000_000
# Pillow keeps a pointer for each row: of 1 x 25,000,000 px they took 600 MB.
MAX_DECODED_SIDE_PX = 32_768
# A bitmap of that many pixels and its header; other formats are smaller.
MAX_FILE_BYTES = 3 * MAX_PIXELS + (1 << 20)
# An encoder writes about ten. 140 KB of a thousand empty ones over 25 million pixels took 14 s.
MAX_SCANS = 100
START_OF_SCAN = b"\xff\xda"


class UnreadablePicture(Exception):
    """The file is no picture of the known formats, or a damaged one; the rest may load.

    `remedy` is what to do where it is the only one.
    """

    remedy = "save it anew as PNG or JPEG"


class TooLargePicture(UnreadablePicture):
    """It has more pixels than are decoded."""

    remedy = "make it smaller first"


def reduce_large(picture: Image.Image) -> None:
    """Have a large JPEG decoded at half its sides, which takes a quarter of the memory."""
    width, height = picture.size
    if MAX_PIXELS < width * height <= MAX_REDUCED_PIXELS:
        picture.draft(None, (width // 2, height // 2))


def check_size(size: tuple[int, int]) -> None:
    """Raise TooLargePicture for what would not be decoded."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise TooLargePicture(
            f"is {width} x {height} px; at most {MAX_PIXELS // 10**6} million pixels are decoded"
        )
    if max(size) > MAX_DECODED_SIDE_PX:
        raise TooLargePicture(f"is {width} x {height} px; a side has at most {MAX_DECODED_SIDE_PX}")


def check_side(size: tuple[int, int], where: str, data: Data | None) -> None:
    """Raise ToileError where a picture of a set has to be resized, and nobody asked for it."""
    width, height = size
    if data is not None and max(size) > MAX_SIDE_PX and not data.size_px:
        raise ToileError(
            f"{where}: is {width} x {height} px; a side has at most {MAX_SIDE_PX}; set "
            "data.size_px, such as data.size_px=64, to resize every picture"
        )


def check_scans(stream: Stream) -> None:
    """Refuse a JPEG that goes over its pixels again and again; the stream stays where it was."""
    position = stream.tell()
    stream.seek(0)
    # Within what is coded a zero follows each FF, so that only a marker, or what a camera wrote
    # beside the picture, looks like this.
    num_scans = stream.read().count(START_OF_SCAN)
    stream.seek(position)
    if num_scans > MAX_SCANS:
        raise UnreadablePicture(f"is a JPEG of {num_scans} scans; at most {MAX_SCANS} are decoded")
