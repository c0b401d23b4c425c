"""Images with their labels, as every room holds them: uint8, channels first."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int, Int64, Shaped, UInt64

from toile.data.hashes import HashSet, PictureHashes, are_in, array_hashes, is_known
from toile.data.mapped_pixels import AnyPixels, MappedPixels, select_pixels

if TYPE_CHECKING:
    from toile.torch_images import TorchImages

CHUNK_BYTES = 1 << 22


# eq=False: a generated == would ask arrays for one truth value, and raise.
@dataclass(frozen=True, eq=False)
class Images:
    """Pixels 0 to 255 (0 is black) and the class index of each image.

    Of data larger than memory `pixels` are `MappedPixels`, which are indexed like an array.
    """

    pixels: AnyPixels
    labels: Int64[np.ndarray, " n"]
    read_hashes: PictureHashes | None = None
    """Hashes from where the images were read; None where `pixels` are all there ever was."""
    names: tuple[str, ...] | None = None
    """The file of each, by its path below the source; None where they are rows of arrays."""
    num_held_out: int = 0
    """How many of the last images the source itself holds out, as its validation part."""
    sources: UInt64[np.ndarray, " n"] | None = None
    """Of each picture the hash of the one it is a variant of, in an augmented set; else None."""
    selection: Bool[np.ndarray, " m"] | None = None
    """Which of those held out may choose an epoch, in an augmented set; else the split draws it."""
    corrected: Int64[np.ndarray, " n"] | None = None
    """What a correction file makes of `labels`, to learn from; `labels` divide and score."""
    read_pixel_hashes: UInt64[np.ndarray, " n"] | None = None
    """`pixel_hashes` where they have been computed before; None where `pixels` are to be read."""

    def __repr__(self) -> str:
        channels, height, width = self.shape
        colour = "grey" if channels == 1 else "RGB"
        return f"Images({len(self)} images, {width} x {height} px, {colour})"

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    @cached_property
    def hashes(self) -> PictureHashes:
        """The hashes each image is known by: of its file and of its pixels."""
        if self.read_hashes is not None:
            return self.read_hashes
        return np.stack([self.pixel_hashes, self.pixel_hashes], axis=1)

    @cached_property
    def pixel_hashes(self) -> UInt64[np.ndarray, " n"]:
        """The hash of each image of `pixels`, in the size and colour it has here."""
        if self.read_pixel_hashes is not None:
            return self.read_pixel_hashes
        return array_hashes(self.pixels)[:, 0]

    @cached_property
    def hash_set(self) -> HashSet:
        """The hashes any of them is known by, also in an array of the size and colour it has here.

        Its hashes, and those of `pixels`, which were resized where `data` asks for another size. Of
        variants those of the pictures that they were computed from too: who learnt the ones knows
        the others.
        """
        known = np.append(self.hashes, self.pixel_hashes)
        return np.unique(known if self.sources is None else np.append(known, self.sources))

    def are_known(self, among: HashSet) -> Bool[np.ndarray, " n"]:
        """Which of them have a hash in `among`, or are variants of a picture that has one."""
        known = is_known(self.hashes, among)
        return known if self.sources is None else known | are_in(self.sources, among)

    def split_held_out(self) -> "tuple[Images, Images]":
        """Those to learn from, and those that the source holds out; not copied."""
        end = len(self) - self.num_held_out
        return self._slice(slice(None, end)), self._slice(slice(end, None))

    def _slice(self, piece: slice) -> "Images":
        pixels = self.pixels
        return Images(
            pixels.select(piece) if isinstance(pixels, MappedPixels) else pixels[piece],
            self.labels[piece],
            None if self.read_hashes is None else self.read_hashes[piece],
            None if self.names is None else self.names[piece],
            sources=None if self.sources is None else self.sources[piece],
            corrected=None if self.corrected is None else self.corrected[piece],
            read_pixel_hashes=(
                None if self.read_pixel_hashes is None else self.read_pixel_hashes[piece]
            ),
        )

    def to_torch(self) -> "TorchImages":
        """These images as a torch Dataset, with the labels that are learnt from."""
        # Here, as most of what reads data needs no torch.
        from toile.torch_images import TorchImages

        return TorchImages(self.pixels, self.to_learn().labels)

    def to_learn(self) -> "Images":
        """The same images under the labels that are learnt from."""
        if self.corrected is None:
            return self
        return replace(self, labels=self.corrected, corrected=None)

    def gather(self, indices: Int[np.ndarray, " m"]) -> "Images":
        """The images at `indices`, in that order, copied into memory.

        Where they are many, of data larger than memory, they stay where they are.
        """
        hashes = None if self.read_hashes is None else self.read_hashes[indices]
        names = None if self.names is None else tuple(self.names[index] for index in indices)
        sources = None if self.sources is None else self.sources[indices]
        corrected = None if self.corrected is None else self.corrected[indices]
        pixel_hashes = None if self.read_pixel_hashes is None else self.read_pixel_hashes[indices]
        return Images(
            select_pixels(self.pixels, indices),
            self.labels[indices],
            hashes,
            names,
            sources=sources,
            corrected=corrected,
            read_pixel_hashes=pixel_hashes,
        )


def join(train: Images, held_out: Images) -> Images:
    """Training images of arrays, and after them those that the source holds out for validation."""
    parts = train, held_out
    pixels = np.concatenate([part.pixels[:] for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    return Images(pixels, labels, num_held_out=len(held_out))


def chunk_slices(
    array: Shaped[np.ndarray, "n *rest"] | AnyPixels, chunk_bytes: int | None = None
) -> list[slice]:
    """Slices over the first axis in pieces of about `chunk_bytes`, 4 MB, at least one row each.

    Sums and casts go through these, for no float copy of 60,000 images should ever exist.
    """
    step = max(1, (chunk_bytes or CHUNK_BYTES) // max(1, array[:1].nbytes))
    return [slice(start, start + step) for start in range(0, len(array), step)]
