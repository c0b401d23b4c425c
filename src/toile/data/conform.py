"""Images of any reader made to fit the settings: colour, size, sides within the limits."""

from dataclasses import replace

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from toile.data.images import Images
from toile.data.pixel_file import new_pixels
from toile.data.readers.parts import MAX_SIDE_PX, MIN_SIDE_PX
from toile.data.readers.picture import fit
from toile.errors import ToileError
from toile.recipe import Data


def requested_shape(shape: tuple[int, int, int], data: Data) -> tuple[int, int, int]:
    """The shape that pictures of `shape` (c, h, w) get by the colour and size `data` asks for."""
    channels, height, width = shape
    colours = {None: channels, "grey": 1, "rgb": 3}
    return colours[data.colour], data.size_px or height, data.size_px or width


def conform(images: Images, data: Data, where: str) -> Images:
    """`images` in the colour and size `data` asks for; the same object where nothing is asked.

    Pictures from files come resized already; arrays of other formats are resized here.
    """
    shape = requested_shape(images.shape, data)
    if images.shape != shape:
        pixels = new_pixels((len(images), *shape))
        # By Pillow and one by one, so that arrays and picture files come out the same.
        for index, image in enumerate(images.pixels):
            pixels[index] = _fit_one(image, data)
        images = replace(images, pixels=pixels, read_hashes=images.hashes, read_pixel_hashes=None)
    _, height, width = images.shape
    if min(height, width) < MIN_SIDE_PX or max(height, width) > MAX_SIDE_PX:
        raise ToileError(
            f"{where}: images are {width} x {height} px; a side has {MIN_SIDE_PX} to "
            f"{MAX_SIDE_PX}; set data.size_px to resize them"
        )
    return images


def _fit_one(image: UInt8[np.ndarray, "c h w"], data: Data) -> UInt8[np.ndarray, "c2 h2 w2"]:
    channels_last = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    fitted = np.asarray(fit(Image.fromarray(np.ascontiguousarray(channels_last)), data))
    return fitted[None] if fitted.ndim == 2 else fitted.transpose(2, 0, 1)
