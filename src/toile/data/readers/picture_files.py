"""Many picture files in one array: of one size and colour, with a list of unreadable files."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple, NoReturn

import numpy as np
from jaxtyping import UInt8

from toile.data.dataset import Skipped
from toile.data.greys import Extremes, Greys, find_greys
from toile.data.hashes import file_hash
from toile.data.images import Images
from toile.data.memory import is_large
from toile.data.readers.parts import MAX_SIDE_PX, Progress, check_layout
from toile.data.readers.picture import DEEP_WHITE, Picture, decode_picture
from toile.data.readers.picture_limits import MAX_FILE_BYTES, Stream, UnreadablePicture
from toile.errors import ToileError
from toile.recipe import Data

PictureSet = tuple[list[tuple[int, "PictureFile"]], int]
"""Pictures of a part with their labels, and how many of the last are held out."""
MAX_PICTURE_BYTES = 3 * MAX_SIDE_PX**2


class Span(NamedTuple):
    """Bytes of a file on the disk, all of them without `num_bytes`."""

    file: str
    offset: int = 0
    num_bytes: int | None = None

    def open(self) -> Stream:
        """What lies there. Raises UnreadablePicture where it is more than a picture has."""
        if self.num_bytes is None:
            return open(self.file, "rb")
        if self.num_bytes > MAX_FILE_BYTES:
            raise UnreadablePicture(
                f"has {self.num_bytes} bytes; a picture has at most {MAX_FILE_BYTES}"
            )
        with open(self.file, "rb") as stream:
            stream.seek(self.offset)
            return io.BytesIO(stream.read(self.num_bytes))


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file that may be a picture, with its path below the source.

    `span` is where another process finds it, None where only `open` does.
    """

    path: PurePosixPath
    open: Callable[[], Stream]
    span: Span | None = None

    @classmethod
    def at(cls, path: PurePosixPath, span: Span) -> "PictureFile":
        """The picture that lies at `span`."""
        return cls(path, span.open, span)


@dataclass
class PictureFiles:
    """A source's pictures, decoded part by part; the first sets size and colour for all.

    `key` names what they become in the decoded cache.
    """

    where: str
    data: Data
    progress: Progress
    num_files: int
    skipped: list[Skipped]
    key: Callable[[], str]
    num_done: int = 0
    first: tuple[str, tuple[int, ...]] | None = None
    greys: Greys | None = None
    """Which values are black and white; None until that is known, and by older data rules."""
    shallow: Extremes = field(default_factory=Extremes)
    deep: Extremes = field(default_factory=Extremes)
    """The values that occur in pictures of 8 and of 16 bits a channel."""

    def decode_all(self, sets: list[PictureSet]) -> list[Images]:
        """The readable pictures of all parts, with black and white mapped to 0 and 255.

        Which values are black and white is known only after all were decoded; if they are not the
        usual ones, all are decoded again. Pixels larger than memory are written to files.
        """
        decode = partial(self._decode_into_memory, sets)
        if self._are_large(sets):
            # Here, since it decodes by this module.
            from toile.data.readers.picture_store import decode_into_files

            decode = partial(decode_into_files, self, sets)
        skipped = list(self.skipped)
        images = decode()
        if self.data.rule < 3:
            return images
        self.greys = greys = self._find_greys()
        usual = (255, DEEP_WHITE) if self.shallow.any else (DEEP_WHITE,)
        if {greys.white, greys.deep_white or greys.white} <= set(usual):
            return images
        self.skipped[:] = skipped
        self.num_files *= 2
        return decode()

    def _decode_into_memory(self, sets: list[PictureSet]) -> list[Images]:
        return [self._decode(*part) for part in sets]

    def _are_large(self, sets: list[PictureSet]) -> bool:
        """Whether the pixels are more than memory should hold, by the first readable picture."""
        num = sum(len(labelled) for labelled, _ in sets)
        if not is_large(num * MAX_PICTURE_BYTES):
            return False
        first = PictureFiles(self.where, self.data, self.progress, 0, [], self.key)
        for _, file in sets[0][0]:
            if decoded := first.decode_one(file):
                picture, _ = decoded
                if not is_large(num * picture.pixels.nbytes):
                    return False
                self.first = first.first
                return True
        return False

    def _find_greys(self) -> Greys:
        """Black and white of 8-bit and 16-bit pictures, or of the one kind there is."""
        white = self.data.white
        if not self.shallow.any:
            return find_greys(self.deep, white, self.where)
        of_bytes = None if white is not None and white > 255 else white
        greys = find_greys(self.shallow, of_bytes, self.where)
        if self.deep.any:
            deep = find_greys(self.deep, white, self.where)
            doubt = greys.doubt or deep.doubt
            greys = greys.model_copy(update={"deep_white": deep.white, "doubt": doubt})
        return greys

    def _decode(self, labelled: list[tuple[int, PictureFile]], num_held_out: int = 0) -> Images:
        """The readable pictures of one part, in order; of the files, the last are held out."""
        pixels: UInt8[np.ndarray, "n c h w"] | None = None
        labels: list[int] = []
        hashes: list[tuple[int, int]] = []
        names: list[str] = []
        num_learnt = 0
        for index, (label, file) in enumerate(labelled):
            self.num_done += 1
            self.progress(self.num_done, self.num_files, "pictures")
            decoded = self.decode_one(file)
            if decoded is None:
                continue
            picture, digest = decoded
            if pixels is None:
                shape = picture.pixels.shape
                check_layout(len(labelled), shape, self.where)
                pixels = np.empty((len(labelled), *shape), np.uint8)
            pixels[len(labels)] = picture.pixels
            labels.append(label)
            hashes.append((digest, picture.pixel_hash))
            names.append(str(file.path))
            num_learnt += index < len(labelled) - num_held_out
        if pixels is None:
            self.refuse_unreadable()
        return Images(
            pixels[: len(labels)],
            np.array(labels, np.int64),
            np.array(hashes, np.uint64),
            tuple(names),
            len(labels) - num_learnt,
        )

    def refuse_unreadable(self) -> NoReturn:
        """Refuse a part of which no picture can be read."""
        raise ToileError(
            f"{self.where}: holds no readable picture at all"
            + "".join(f"; {file.file} {file.reason}" for file in self.skipped[:3])
            + "; PNG, JPEG, WebP, BMP and GIF are read: save them as one of these"
        )

    def decode_one(self, file: PictureFile) -> tuple[Picture, int] | None:
        """The picture and the hash of its file; None if it cannot be read."""
        try:
            with file.open() as stream:
                digest = file_hash(stream)
                where = f"{self.where}: {file.path}"
                picture = decode_picture(stream, where, self.data, self.greys)
        except (UnreadablePicture, OSError) as reason:
            self.skipped.append(Skipped(str(file.path), str(reason)))
            return None
        if picture.num_frames > 1:
            note = f"has {picture.num_frames} frames; only the first is read"
            self.skipped.append(Skipped(str(file.path), note))
        extremes = self.shallow if picture.deep is None else self.deep
        extremes.update(np.array([0, picture.highest]))
        self._check_like_the_first(str(file.path), picture.pixels.shape)
        return picture, digest

    def _check_like_the_first(self, file: str, shape: tuple[int, ...]) -> None:
        if self.first is None:
            self.first = file, shape
        first_file, first_shape = self.first
        if shape[1:] != first_shape[1:]:
            raise ToileError(
                f"{self.where}: {file} is {shape[2]} x {shape[1]} px, {first_file} is "
                f"{first_shape[2]} x {first_shape[1]}; all must have one size; resize every "
                "picture with data.size_px, as in --set data.size_px=28"
            )
        if shape != first_shape:
            words = {1: "grey", 3: "rgb"}
            raise ToileError(
                f"{self.where}: {file} is {words[shape[0]]}, {first_file} is "
                f"{words[first_shape[0]]}; read all alike with data.colour, as in "
                "--set data.colour=grey"
            )
