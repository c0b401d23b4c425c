"""What a file that is no picture of a known format is, from its first bytes."""

import io

KINDS = (
    (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "a TIFF picture"),
    (4, (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1"), "a HEIC photograph"),
    (4, (b"ftypavif", b"ftypavis"), "an AVIF picture"),
    (0, (b"%PDF",), "a PDF document"),
    (0, (b"8BPS",), "a Photoshop file"),
    (0, (b"PK\3\4",), "a zip archive"),
)
NUM_BYTES = 512


def say_kind(stream: io.BufferedReader | io.BytesIO) -> str:
    """What a file is, as the end of a sentence; the stream is left at its start."""
    stream.seek(0)
    start = stream.read(NUM_BYTES)
    stream.seek(0)
    if not start:
        return "is empty"
    for offset, magics, kind in KINDS:
        if start[offset:].startswith(magics):
            return f"is {kind}, which is not read"
    if b"<svg" in start:
        return "is an SVG drawing, which is not read"
    if start.lstrip()[:1] == b"<":
        return "is a web page, which servers send for a missing picture"
    return "is no PNG, JPEG, WebP, BMP or GIF"
