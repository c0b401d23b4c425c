"""Several views of every picture, and the mean of the network's logits over them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.recipe import layers


class ViewStack(nn.Module):
    """The views of `layer` of pictures of `height` x `width`."""

    def __init__(self, layer: layers.Views, height: int, width: int) -> None:
        super().__init__()
        origins = layer.view_indices(height, width)
        self.count = len(origins)
        # They follow from the recipe, so they are not saved with the weights.
        for axis, indices in zip(("rows", "columns"), zip(*origins, strict=True), strict=True):
            self.register_buffer(axis, torch.tensor(indices), persistent=False)

    rows: Tensor
    columns: Tensor

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "looks c h w"]:
        """All pictures as they are, then all of the second view, and so on."""
        views = [
            images.index_select(2, rows).index_select(3, columns)
            for rows, columns in zip(self.rows, self.columns, strict=True)
        ]
        return torch.cat(views).contiguous(memory_format=torch.channels_last)


class MeanOfViews(nn.Module):
    """The mean of each picture's logits over its `count` views, in the order of `ViewStack`."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, logits: Float[Tensor, "looks k"]) -> Float[Tensor, "n k"]:
        """The mean."""
        return logits.unflatten(0, (self.count, -1)).mean(0)
