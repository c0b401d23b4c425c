"""The training images on the device, and the batch of each step.

The whole set stays in memory as uint8 and a batch is one indexing operation: no loader, no
workers, and the batch of step 1234 is known without computing the ones before it. A set larger than
memory stays in its file, of which a batch is read in the same way.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from toile.augmentation import Draws, draw_epoch, vary, windows
from toile.data import MappedPixels
from toile.network import Pixels
from toile.recipe import Augmentation, steps_per_epoch
from toile.streams import stream_seed

Batch = tuple[Float[Tensor, "b c h w"], Int[Tensor, " b"]]


@dataclass(frozen=True, eq=False)
class Batches:
    """The images of a training part, and how they are shuffled and varied under one seed.

    `background` is the pictures' border grey per channel, in [0, 1].
    """

    images: UInt8[Tensor, "n c h w"] | UInt8[MappedPixels, "n c h w"]
    labels: Int[Tensor, " n"]
    pixels: Pixels
    augmentation: Augmentation
    background: tuple[float, ...]
    batch_size: int
    seed: int

    @property
    def per_epoch(self) -> int:
        """Steps of an epoch; the last batch may be smaller, or larger by one."""
        return steps_per_epoch(len(self.images), self.batch_size)

    def bounds(self, index: int) -> tuple[int, int]:
        """Where the batch of step `index` begins and ends in an epoch's order."""
        first = index * self.batch_size
        last = index + 1 == self.per_epoch
        return first, len(self.images) if last else first + self.batch_size

    def epoch(self, number: int) -> "EpochBatches":
        """The batches of epoch `number`, from 0."""
        n, device = len(self.images), self.labels.device
        generator = torch.Generator().manual_seed(stream_seed(self.seed, "order", number))
        order = torch.randperm(n, generator=generator).to(device)
        height, width = self.images.shape[2:]
        draws = draw_epoch(self.augmentation, n, (height, width), self.seed, number)
        return EpochBatches(self, number, order, draws.to(device))

    def gather(self, indices: Int[Tensor, " b"]) -> UInt8[Tensor, "b c h w"]:
        """The images at `indices`, as they are."""
        if isinstance(self.images, MappedPixels):
            return torch.from_numpy(self.images[indices.numpy()])
        # index_select copies whole pictures: 128 take 12 us, and 90 by indexing with brackets.
        return self.images.index_select(0, indices)

    def crops(self, indices: Int[Tensor, " b"], draws: Draws) -> UInt8[Tensor, "b c h w"]:
        """The images at `indices`, shifted and mirrored as `draws`, which are theirs, say."""
        reach = self.augmentation.shift
        if isinstance(self.images, MappedPixels):
            padded = self._pad(self.gather(indices))
            return windows(padded, torch.arange(len(indices)), draws, reach)
        return windows(self.padded, indices, draws, reach)

    def prepare(self) -> None:
        """Compute at once what a batch takes that would make the first of them wait."""
        if (self.moves or self.varies) and not isinstance(self.images, MappedPixels):
            _ = self.padded

    @cached_property
    def padded(self) -> UInt8[Tensor, "n c h2 w2"]:
        """All images with an edge of background wide enough to shift in."""
        assert isinstance(self.images, Tensor)
        return self._pad(self.images)

    def _pad(self, images: UInt8[Tensor, "n c h w"]) -> UInt8[Tensor, "n c h2 w2"]:
        reach = self.augmentation.shift
        n, channels, height, width = images.shape
        grey = torch.tensor(self.background).mul(255).round().to(torch.uint8)
        edged = torch.empty(n, channels, height + 2 * reach, width + 2 * reach, dtype=torch.uint8)
        edged = edged.to(images.device)
        edged[:] = grey.view(1, -1, 1, 1).to(images.device)
        edged[:, :, reach : reach + height, reach : reach + width] = images
        return edged

    @property
    def moves(self) -> bool:
        """Whether pictures are shifted or mirrored."""
        return bool(self.augmentation.shift or self.augmentation.flip)

    @property
    def varies(self) -> bool:
        """Whether pictures are varied in other ways than by shifting and mirroring."""
        without_moves = self.augmentation.model_copy(update={"shift": 0, "flip": None})
        return without_moves != Augmentation()


@dataclass(frozen=True, eq=False)
class EpochBatches:
    """One epoch of `batches`: the order of the pictures, and how each of them is varied."""

    batches: Batches
    number: int
    order: Int[Tensor, " n"]
    draws: Draws

    def size(self, index: int) -> int:
        """How many images step `index` has."""
        first, end = self.batches.bounds(index)
        return end - first

    def __getitem__(self, index: int) -> Batch:
        """The images, as the network takes them, and the labels of step `index`, from 0."""
        return self.part(index, 0, 1)

    def indices(self, index: int, number: int, count: int) -> Int[Tensor, " b"]:
        """Which images part `number`, from 0, of `count` parts of the batch of step `index` has."""
        step = slice(*self.batches.bounds(index))
        return self.order[step].tensor_split(count)[number]

    def part(self, index: int, number: int, count: int) -> Batch:
        """Part `number`, from 0, of `count` nearly equal parts of the batch of step `index`."""
        batches = self.batches
        indices = self.indices(index, number, count)
        labels = batches.labels.index_select(0, indices)
        if isinstance(batches.images, MappedPixels) and index + 1 < batches.per_epoch:
            # While this batch is computed, the disk is asked for the next.
            batches.images.prefetch(self.indices(index + 1, number, count).numpy())
        if not (batches.moves or batches.varies):
            return batches.pixels.scaled(batches.gather(indices)), labels
        draws = self.draws.of(indices)
        crops = batches.crops(indices, draws)
        if not batches.varies:
            return batches.pixels.scaled(crops), labels
        varied = self._varied(crops.float().mul_(1 / 255), draws, index, number)
        return batches.pixels.standard(varied), labels

    def _varied(
        self, images: Float[Tensor, "b c h w"], draws: Draws, index: int, part: int
    ) -> Float[Tensor, "b c h w"]:
        batches = self.batches
        noise = torch.Generator(images.device)
        when = (self.number, index, part) if part else (self.number, index)
        noise.manual_seed(stream_seed(batches.seed, "augment/noise", *when))
        background = torch.tensor(batches.background, device=images.device).view(1, -1, 1, 1)
        return vary(images, draws, batches.augmentation, background, noise)
