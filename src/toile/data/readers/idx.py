"""IDX, the format of MNIST: a big-endian header, then numbers; four files, gzipped or not.

The first bytes decide what a file is, not its suffix: browsers unpack .gz files, and other tools
drop the suffix of packed ones.
"""

import gzip
import io
import math
import re
import struct
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Int64, UInt8

from toile.data.images import Images
from toile.data.pixel_file import new_pixels
from toile.data.readers.idx_names import mapping_file, read_mapping
from toile.data.readers.parts import Parts, Progress, check_labels, check_layout, refuse_column_name
from toile.data.readers.zip_file import FREE_BYTES, MAX_RATIO
from toile.errors import ToileError
from toile.recipe import Data

FILE_NAME = re.compile(
    # A prefix as in EMNIST's emnist-letters-train-images-idx3-ubyte; a dot before idx, as some
    # tools name unpacked files.
    r"(?P<prefix>.*?)(?P<part>train|t10k|test)-(?P<kind>images|labels)"
    r"[-.]idx[123]-(?:ubyte|int)(?:\.gz)?"
)
# Third byte 08: unsigned bytes; fourth: the number of sizes that follow.
MAGIC = {"images": 0x00000803, "labels": 0x00000801}
# QMNIST's labels: a row of 32-bit integers for each image, of which the first is the class.
MAGIC_ROWS = 0x00000C02
MAX_COLUMNS = 64
CHUNK_BYTES = 1 << 20
GZIP = b"\x1f\x8b"


def find_idx(path: Path) -> list[Path]:
    """The IDX files of a folder, sorted; none if it holds none."""
    if path.is_file():
        if not FILE_NAME.fullmatch(path.name):
            return []
        raise ToileError(
            f"{path}: is one IDX file; a set is a folder with images and labels: name the folder "
            f"{path.parent}"
        )
    inside = (_in_folder_of_its_name(file) for file in path.iterdir())
    files = sorted((file for file in inside if file), key=lambda file: file.name)
    mapping = mapping_file(files[0], _prefix(files[0])) if files else None
    return [*files, *([mapping] if mapping else [])]


def _prefix(file: Path) -> str:
    match = FILE_NAME.fullmatch(file.name)
    return match["prefix"] if match else ""


def _in_folder_of_its_name(file: Path) -> Path | None:
    """The IDX file at `file`, or in a folder of that name, as Kaggle packs MNIST."""
    if not FILE_NAME.fullmatch(file.name):
        return None
    inside = file / file.name
    return file if file.is_file() else inside if inside.is_file() else None


def read_idx(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_idx`. The format has no class names; EMNIST's mapping has."""
    refuse_column_name(data, str(path))
    mapping = next((file for file in files if not FILE_NAME.fullmatch(file.name)), None)
    files = [file for file in files if file != mapping]
    roles = _roles(path, files)
    if ("train", "images") not in roles:
        raise ToileError(f"{path}: has no train-images-idx3-ubyte; a set needs its training images")
    train = _read_part(path, roles, "train", progress)
    has_test = any(part == "test" for part, _ in roles)
    test = _read_part(path, roles, "test", progress) if has_test else None
    inside = tuple(file.name for file in files)
    if mapping is None or data.rule < 3:
        return Parts(train, test, names_inside=inside)
    parts = [train] if test is None else [train, test]
    most = max(int(part.labels.max()) for part in parts)
    names = read_mapping(mapping, most + 1)
    note = f"the names of the classes are the letters of {mapping.name}"
    return Parts(train, test, names, names_inside=inside, notes=(note,) if names else ())


def _roles(path: Path, files: list[Path]) -> dict[tuple[str, str], Path]:
    """The file of each part and kind. Of a plain file and its .gz the plain file is read."""
    roles: dict[tuple[str, str], Path] = {}
    prefixes = set()
    for file in files:
        match = FILE_NAME.fullmatch(file.name)
        assert match
        prefixes.add(match["prefix"])
        # In sorted order a plain file comes before its .gz.
        roles.setdefault(("train" if match["part"] == "train" else "test", match["kind"]), file)
    if len(prefixes) > 1:
        raise ToileError(
            f"{path}: holds more than one IDX set (names start with "
            f"{', '.join(repr(prefix) for prefix in sorted(prefixes))}); give each its own folder"
        )
    return roles


def _read_part(
    path: Path, roles: dict[tuple[str, str], Path], part: str, progress: Progress
) -> Images:
    for kind in MAGIC:
        if (part, kind) not in roles:
            raise ToileError(f"{path}: the {part} part has no {kind} file; it needs both")
    pixels = read_images(roles[part, "images"], progress)
    labels = read_labels(roles[part, "labels"])
    check_labels(labels, len(pixels), str(roles[part, "labels"]))
    return Images(pixels, labels)


def read_images(file: Path, progress: Progress) -> UInt8[np.ndarray, "n 1 h w"]:
    """The pixels of one image file, decompressed directly into their array."""
    (num_images, height, width), values = _read(file, "images", progress)
    return values.reshape(num_images, 1, height, width)


def read_labels(file: Path) -> Int64[np.ndarray, " n"]:
    """The labels of one label file."""
    sizes, values = _read(file, "labels", lambda done, total, unit: None)
    if len(sizes) == 2:
        values = values.view(">i4").reshape(sizes)[:, 0]
    return values.astype(np.int64)


def _read(
    file: Path, kind: str, progress: Progress
) -> tuple[tuple[int, ...], UInt8[np.ndarray, " bytes"]]:
    """The header's sizes and exactly the bytes that it declares."""
    try:
        packed = _is_packed(file)
        with gzip.open(file) if packed else file.open("rb") as stream:
            sizes, num_bytes = _read_sizes(stream, file, kind)
            declared = sizes if num_bytes == 1 else (*sizes, num_bytes)
            values = _read_values(stream, file, declared, packed, progress)
    except (EOFError, zlib.error, gzip.BadGzipFile) as damage:
        raise ToileError(f"{file}: is damaged or cut short ({damage}); fetch it again") from None
    return sizes, values


def _is_packed(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(2) == GZIP


def _read_sizes(stream: io.BufferedIOBase, file: Path, kind: str) -> tuple[tuple[int, ...], int]:
    """The sizes in the header, and the bytes of each number."""
    start = stream.read(4)
    magic = int.from_bytes(start)
    has_rows = kind == "labels" and magic == MAGIC_ROWS
    if len(start) == 4 and magic != MAGIC[kind] and not has_rows:
        _refuse_start(start + stream.read(60), file, kind)
    num_bytes = 12 if has_rows else {"images": 16, "labels": 8}[kind]
    header = start + stream.read(num_bytes - 4)
    if len(header) < num_bytes:
        raise ToileError(f"{file}: ends after {len(header)} bytes; its header takes {num_bytes}")
    sizes = struct.unpack(f">{num_bytes // 4 - 1}I", header[4:])
    if has_rows:
        if not 1 <= sizes[1] <= MAX_COLUMNS:
            raise ToileError(
                f"{file}: the header claims {sizes[1]} numbers for each label; 1 to {MAX_COLUMNS} "
                "are read, of which the first is the class"
            )
        check_layout(sizes[0], (1, 1, 1), str(file))
        return sizes, 4
    num_images, height, width = (*sizes, 1, 1)[:3]
    check_layout(num_images, (1, height, width), str(file))
    return sizes, 1


def _refuse_start(start: bytes, file: Path, kind: str) -> NoReturn:
    """Raise ToileError that says what a file with these first bytes is."""
    if start.lstrip()[:1] == b"<":
        words = start[:16].decode(errors="replace").strip()
        raise ToileError(
            f"{file}: is a web page or other text (it starts with {words!r}), which servers send "
            "for a missing file; fetch the file again"
        )
    counterpart = "labels" if kind == "images" else "images"
    magic = int.from_bytes(start[:4])
    hint = f"; is this the {counterpart} file?" if magic == MAGIC[counterpart] else ""
    raise ToileError(
        f"{file}: bytes 0-3 are 0x{magic:08x}; a file of {kind} starts with "
        f"0x{MAGIC[kind]:08x}{hint}"
    )


def _read_values(
    stream: io.BufferedIOBase,
    file: Path,
    sizes: tuple[int, ...],
    packed: bool,
    progress: Progress,
) -> UInt8[np.ndarray, " bytes"]:
    declared = math.prod(sizes)
    num_bytes = file.stat().st_size
    if packed:
        # Deflate can expand data 1032 times, but only blank pictures come near that.
        most = max(FREE_BYTES, MAX_RATIO * num_bytes)
        rule = f"{num_bytes} packed bytes may unpack to {most}; unpack it"
    else:
        most = num_bytes - stream.tell()
        rule = f"a file of {num_bytes} bytes holds at most {most}; fetch it again"
    if declared > most:
        raise ToileError(
            f"{file}: the header claims {' x '.join(map(str, sizes))} = {declared} bytes; {rule}"
        )
    values = new_pixels((declared,))
    view, done = values.data, 0
    while done < declared and (got := stream.readinto(view[done : done + CHUNK_BYTES])):
        done += got
        progress(done, declared, f"bytes of {file.name}")
    if done < declared:
        raise ToileError(
            f"{file}: ends after {done} of the {declared} bytes its header claims; fetch it again"
        )
    # Reading one byte more also makes gzip check its checksum.
    if stream.read(1):
        raise ToileError(
            f"{file}: has bytes after the {declared} its header claims; is it another file's data?"
        )
    return values
