"""Convolution and pooling with Keras's `same`: the odd pixel goes to the bottom and the right.

torch refuses padding="same" with a stride, and pads evenly; so the edge is added beforehand.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Edge = tuple[int, int, int, int]  # left, right, top, bottom: as F.pad takes it


class Conv2d(nn.Conv2d):
    """A convolution of a picture padded by `edge`; even edges are left to the kernel itself."""

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: int,
        stride: int,
        edge: Edge,
        groups: int,
        bias: bool,
    ) -> None:
        left, right, top, bottom = edge
        # F.pad writes a copy of the pictures, which an even edge saves.
        even = left == right and top == bottom
        super().__init__(
            channels,
            filters,
            kernel,
            stride=stride,
            padding=(top, left) if even else 0,
            groups=groups,
            bias=bias,
        )
        self.edge = None if even else edge
        self.full_edge = edge

    def padded(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        """The pictures with the edge of zeros that the filters see."""
        return F.pad(images, self.full_edge) if any(self.full_edge) else images

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n filters out_h out_w"]:
        """The picture of each filter."""
        return super().forward(images if self.edge is None else F.pad(images, self.edge))


class MaxPool2d(nn.Module):
    """The greatest of each window; what lies outside the picture is never it."""

    def __init__(self, size: int, stride: int, edge: Edge) -> None:
        super().__init__()
        self.size, self.stride, self.edge = size, stride, edge

    @property
    def halves(self) -> bool:
        """Whether it takes the greatest of four that lie together, and of nothing twice."""
        return (self.size, self.stride, any(self.edge)) == (2, 2, False)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c out_h out_w"]:
        """The pooled pictures."""
        if any(self.edge):
            # Zeros would win wherever all of a window is negative.
            images = F.pad(images, self.edge, value=float("-inf"))
        return F.max_pool2d(images, self.size, self.stride)


class AvgPool2d(nn.Module):
    """The mean of each window, over the part of it that lies inside the picture."""

    def __init__(self, size: int, stride: int, edge: Edge) -> None:
        super().__init__()
        self.size, self.stride, self.edge = size, stride, edge

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c out_h out_w"]:
        """The pooled pictures."""
        if not any(self.edge):
            return F.avg_pool2d(images, self.size, self.stride)
        # One channel of one picture: how much of a window lies inside is the same for all of them.
        inside = torch.ones_like(images[:1, :1])
        sums = F.avg_pool2d(F.pad(images, self.edge), self.size, self.stride)
        return sums / F.avg_pool2d(F.pad(inside, self.edge), self.size, self.stride)


class GlobalPool2d(nn.Module):
    """One number per channel: the mean or the greatest over the picture."""

    def __init__(self, of: str) -> None:
        super().__init__()
        self.of = of

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c"]:
        """The number of each channel."""
        # amax takes both axes at once, and shares the gradient among equals.
        return images.mean((2, 3)) if self.of == "average" else images.amax((2, 3))
