"""Many picture files in one array: of one size and colour, with a list of unreadable files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from jaxtyping import UInt8

from toile.data.dataset import Skipped
from toile.data.greys import Extremes, Greys, find_greys
from toile.data.images import Images
from toile.data.picture_hashes import file_hash
from toile.data.readers.parts import Progress, check_layout
from toile.data.readers.picture import DEEP_WHITE, Picture, decode_picture
from toile.data.readers.picture_limits import Stream, UnreadablePicture
from toile.errors import ToileError
from toile.recipe import Data


@dataclass(frozen=True)
class PictureFile:
    """A file that may be a picture, with its path below the source."""

    path: PurePosixPath
    open: Callable[[], Stream]


@dataclass
class PictureFiles:
    """A source's pictures, decoded part by part; the first sets size and colour for all."""

    where: str
    data: Data
    progress: Progress
    num_files: int
    skipped: list[Skipped]
    num_done: int = 0
    first: tuple[str, tuple[int, ...]] | None = None
    greys: Greys | None = None
    """Which values are black and white; None until that is known, and by older data rules."""
    _shallow: Extremes = field(default_factory=Extremes)
    _deep: Extremes = field(default_factory=Extremes)

    def decode_all(self, sets: list[tuple[list[tuple[int, PictureFile]], int]]) -> list[Images]:
        """The readable pictures of all parts, with black and white mapped to 0 and 255.

        The number of each part is how many of its last pictures are held out. Which values are
        black and white is known only after all were decoded; if they are not the usual ones, all
        are decoded again.
        """
        skipped = list(self.skipped)
        images = [self._decode(*part) for part in sets]
        if self.data.rule < 3:
            return images
        self.greys = greys = self._find_greys()
        usual = (255, DEEP_WHITE) if self._shallow.any else (DEEP_WHITE,)
        if {greys.white, greys.deep_white or greys.white} <= set(usual):
            return images
        self.skipped[:] = skipped
        self.num_files *= 2
        return [self._decode(*part) for part in sets]

    def _find_greys(self) -> Greys:
        """Black and white of 8-bit and 16-bit pictures, or of the one kind there is."""
        white = self.data.white
        if not self._shallow.any:
            return find_greys(self._deep, white, self.where)
        of_bytes = None if white is not None and white > 255 else white
        greys = find_greys(self._shallow, of_bytes, self.where)
        if self._deep.any:
            deep = find_greys(self._deep, white, self.where)
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
            decoded = self._decode_one(file)
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
            raise ToileError(
                f"{self.where}: holds no readable picture at all"
                + "".join(f"; {file.file} {file.reason}" for file in self.skipped[:3])
                + "; PNG, JPEG, WebP, BMP and GIF are read: save them as one of these"
            )
        return Images(
            pixels[: len(labels)],
            np.array(labels, np.int64),
            np.array(hashes, np.uint64),
            tuple(names),
            len(labels) - num_learnt,
        )

    def _decode_one(self, file: PictureFile) -> tuple[Picture, int] | None:
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
        extremes = self._shallow if picture.deep is None else self._deep
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
