"""The layers of a whole network, with the mean over views where it has several."""

from collections.abc import Iterable

from jaxtyping import Shaped
from torch import Tensor, nn

from toile.network.views import MeanOfViews, ViewStack


class Sequence(nn.Sequential):
    """Layers one after another, each as the recipe says.

    While training there is one view of a picture; outside of it the logits are means over all.
    """

    def forward(self, images: Shaped[Tensor, "n c h w"]) -> Shaped[Tensor, "n *outputs"]:
        """The output of the last layer."""
        layers = (
            [layer for layer in self if not isinstance(layer, ViewStack)] if self.training else self
        )
        for layer in as_scored(layers):
            images = layer(images)
        return images


def as_scored(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """The layers, and behind them the mean over views where there are several."""
    layers = list(layers)
    means = [MeanOfViews(layer.count) for layer in layers[:1] if isinstance(layer, ViewStack)]
    return [*layers, *means]
