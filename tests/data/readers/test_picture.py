"""Single pictures of every mode: what their pixels become, worked by hand."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from toile.data.readers.picture import decode_picture, quiet_pillow, read_picture
from toile.data.readers.picture_limits import TooLargePicture, UnreadablePicture
from toile.errors import ToileError
from toile.recipe import Data

RAMP = np.arange(0, 256, 16, dtype=np.uint8).reshape(4, 4)


def decode(image: Image.Image, kind: str = "PNG", data: Data | None = None, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return decode_bytes(stream.getvalue(), data)


def decode_bytes(content: bytes, data: Data | None = None):
    with quiet_pillow():
        return decode_picture(io.BytesIO(content), "toy.png", data or Data())


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF"])
def test_a_grey_picture_keeps_every_bit(kind):
    assert np.array_equal(decode(Image.fromarray(RAMP), kind).pixels, RAMP[None])


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})]
)
def test_a_coloured_picture_keeps_every_bit_channels_first(kind, options):
    colours = np.stack([RAMP, RAMP[::-1], 255 - RAMP], axis=-1)
    pixels = decode(Image.fromarray(colours), kind, **options).pixels
    assert np.array_equal(pixels, colours.transpose(2, 0, 1))


def test_a_jpeg_of_one_grey_is_that_grey():
    assert (decode(Image.new("L", (8, 8), 77), "JPEG").pixels == 77).all()


def test_black_and_white_become_0_and_255():
    image = Image.new("1", (4, 4))
    image.putpixel((2, 1), 1)
    pixels = decode(image).pixels
    assert pixels[0, 1, 2] == 255
    assert pixels.sum() == 255


def test_sixteen_bits_lose_their_lower_eight():
    deep = np.array([[0, 255, 256, 257], [511, 512, 0x8080, 0xFFFF]] * 2, np.uint16)
    expected = [[0, 0, 1, 1], [1, 2, 0x80, 255]] * 2
    assert decode(Image.fromarray(deep)).pixels[0].tolist() == expected


def test_what_is_transparent_lies_over_white():
    image = Image.new("RGBA", (4, 4), (200, 0, 0, 0))
    image.putpixel((0, 0), (200, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 51))  # a fifth of black over white: 255 * .8
    pixels = decode(image).pixels
    assert pixels[:, 0, 0].tolist() == [200, 0, 0]
    assert pixels[:, 0, 1].tolist() == [204, 204, 204]
    assert pixels[:, 3, 3].tolist() == [255, 255, 255]


def test_grey_with_alpha_stays_grey_and_exact_where_opaque():
    opaque = Image.merge("LA", (Image.fromarray(RAMP), Image.new("L", (4, 4), 255)))
    assert np.array_equal(decode(opaque).pixels, RAMP[None])


def test_a_palette_of_greys_is_grey_and_one_of_colours_is_not():
    greys = Image.fromarray(RAMP).convert("P")
    assert np.array_equal(decode(greys).pixels, RAMP[None])
    colours = Image.new("P", (4, 4), 1)
    colours.putpalette([0, 0, 0, 10, 20, 30])
    assert decode(colours).pixels[:, 0, 0].tolist() == [10, 20, 30]


def test_cmyk_becomes_rgb():
    pixels = decode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100).pixels
    assert np.allclose(pixels[:, 0, 0], [255, 0, 0], atol=3)


def test_the_orientation_a_camera_wrote_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # the top row of the scene is the right column of the file
    assert np.array_equal(decode(Image.fromarray(RAMP), exif=exif).pixels[0], np.rot90(RAMP, -1))


def test_of_an_animation_the_first_frame_is_taken_and_the_frames_are_counted():
    frames = [Image.new("L", (4, 4), grey) for grey in (10, 200, 90)]
    picture = decode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert picture.num_frames == 3
    assert (picture.pixels == 10).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"just words", "is no PNG, JPEG, WebP, BMP or GIF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no PNG, JPEG, WebP, BMP or"),
        (b"8BPS\0\1" + bytes(60), "is a Photoshop file, which is not read"),
        (b"SIMPLE  =                    T" + b" " * 3000, "is no PNG, JPEG, WebP, BMP or GIF"),
        (b"II*\0\x08\0\0\0" + bytes(60), "is a TIFF picture, which is not read"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a HEIC photograph, which is not read"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "is an AVIF picture, which is not read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing, which is not read"),
        (b"<!DOCTYPE html><html>", "is a web page, which servers send for a missing"),
    ],
    ids=["empty", "text", "EPS", "PSD", "FITS", "TIFF", "HEIC", "AVIF", "SVG", "page"],
)
def test_other_formats_are_unreadable_whatever_their_name(content, said):
    with pytest.raises(UnreadablePicture, match=said):
        decode_bytes(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_a_picture_cut_anywhere_is_unreadable_or_whole_and_never_a_crash(kind):
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, kind)
    whole = stream.getvalue()
    with pytest.raises(UnreadablePicture):
        decode_bytes(whole[: len(whole) // 2])
    for length in range(0, len(whole), 7):
        try:
            decode_bytes(whole[:length])
        except UnreadablePicture:
            continue


def test_flipped_bytes_are_unreadable_or_other_pixels_and_never_a_crash():
    stream = io.BytesIO()
    Image.fromarray(RAMP).save(stream, "PNG")
    for place in range(len(stream.getvalue())):
        content = bytearray(stream.getvalue())
        content[place] ^= 0xFF
        try:
            decode_bytes(bytes(content))
        except (UnreadablePicture, ToileError):
            continue


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG that claims this size and has no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    return start + struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 9) + b"IDAT"


def test_more_than_25_million_pixels_are_refused_before_decoding():
    with pytest.raises(TooLargePicture, match=r"is 5001 x 5000 px; at most 25 million pixels"):
        decode_bytes(png_header(5001, 5000), Data(size_px=28))
    with pytest.raises(ToileError, match=r"a.png: is 5001 x 5000 px; .* make it smaller first"):
        read_picture(png_header(5001, 5000), "a.png")


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_a_size_that_alarms_pillow_itself_is_refused_too(side):
    with pytest.raises(TooLargePicture, match="has more than 25 million pixels, which are not"):
        decode_bytes(png_header(side, side))


def test_a_large_jpeg_is_reduced_while_it_is_decoded():
    stream = io.BytesIO()
    Image.new("L", (6000, 5000), 200).save(stream, "JPEG")
    assert read_picture(stream.getvalue(), "a.jpg").pixels.shape == (1, 2500, 3000)
    resized = decode_bytes(stream.getvalue(), Data(size_px=8))
    assert (resized.pixels == 200).all()
    assert resized.pixel_hash == read_picture(stream.getvalue(), "a.jpg").pixel_hash


def test_no_jpeg_is_reduced_further_than_its_memory_allows():
    stream = io.BytesIO()
    Image.new("L", (9000, 8000)).save(stream, "JPEG")
    with pytest.raises(TooLargePicture, match="is 9000 x 8000 px; at most 25 million pixels"):
        decode_bytes(stream.getvalue(), Data(size_px=8))


def test_a_side_above_256_asks_for_a_size_to_resize_to():
    with pytest.raises(
        ToileError, match=r"is 257 x 4 px; a side has at most 256; set data.size_px"
    ):
        decode(Image.new("L", (257, 4)))
    assert decode(Image.new("L", (257, 4), 9), data=Data(size_px=8)).pixels.tolist() == [
        [[9] * 8] * 8
    ]


def test_a_set_colour_holds_for_either_kind():
    red = Image.new("RGB", (4, 4), (255, 0, 0))
    assert decode(red, data=Data(colour="grey")).pixels[:, 0, 0].tolist() == [76]  # .299 * 255
    grey = Image.new("L", (4, 4), 9)
    assert decode(grey, data=Data(colour="rgb")).pixels[:, 0, 0].tolist() == [9, 9, 9]


def test_a_picture_by_itself_is_of_any_size_and_says_how_it_lies():
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.new("L", (700, 300), 9).save(stream, "PNG", exif=exif)
    picture = read_picture(stream.getvalue(), "shoe.png")
    assert (picture.pixels.shape, picture.orientation) == ((1, 700, 300), 6)
    stream.seek(0)
    assert read_picture(stream, "shoe.png").orientation == 6


@pytest.mark.parametrize("noted", [0, 9, 700])
def test_an_orientation_that_is_none_is_upright(noted):
    exif = Image.Exif()
    exif[0x0112] = noted
    assert decode(Image.fromarray(RAMP), exif=exif).orientation == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "shoe.png: is empty; a picture is a PNG, JPEG, WebP, BMP or GIF"),
        (b"just words", "shoe.png: is no PNG, JPEG, WebP, BMP or GIF; save it again"),
    ],
)
def test_a_picture_by_itself_that_is_none_is_refused_by_name(content, said):
    with pytest.raises(ToileError, match=said):
        read_picture(content, "shoe.png")


def test_a_truncated_picture_by_itself_is_damaged():
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "JPEG")
    with pytest.raises(ToileError, match=r"shoe.jpg: is damaged"):
        read_picture(stream.getvalue()[:1500], "shoe.jpg")
