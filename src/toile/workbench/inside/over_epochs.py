"""A layer over the epochs of a run that keeps the weights of each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toile.inspection import activations, channel_of, kernels
from toile.report import film_figure, film_frames
from toile.runs import epoch_network, saved_epochs
from toile.workbench.inside.inside_view import InsideView
from toile.workbench.inside.opened import InspectedRun, ShownPicture


@dataclass(frozen=True, eq=False)
class Film(InsideView):
    """A view with a frame for each of `epochs`."""

    epochs: tuple[int, ...]
    title: str
    picture: np.ndarray | None

    def frames(self) -> list[bytes]:
        """A PNG of all channels for each epoch, all on one scale."""
        return film_frames(self.values["maps"], self.epochs, self.title, self.picture)


def view_film(
    opened: InspectedRun,
    layer: str,
    picture: ShownPicture | None,
    channels: Sequence[int] = (),
) -> Film:
    """The maps of `layer` for `picture` after each epoch; without a picture, its kernels.

    Values: `maps` (epochs, channels, h, w) and `epochs`. Kernels are those of the first input
    channel. The figure shows `channels`, or the first twelve. Raises ToileError if the run keeps no
    weights of its epochs.
    """
    epochs = saved_epochs(opened.run)
    maps = np.stack([_at(opened, epoch, layer, picture) for epoch in epochs])
    num = maps.shape[1]
    selected = [channel_of(layer, channel, num) for channel in channels] or list(range(num))
    title = f"Kernels of {layer} on channel 0"
    if picture is not None:
        title = f"{layer} on {picture.name}"
    record = {
        "run": opened.run.id, **({} if picture is None else picture.to_json()), "layer": layer,
        "of": "kernels" if picture is None else "activations", "epochs": epochs,
        "channels": num, "shape": list(maps.shape[2:]),
        "change": [float(np.abs(difference).mean()) for difference in np.diff(maps, axis=0)],
    }  # fmt: skip
    says = (f"{title}: {num} channels after each of {len(epochs)} epochs",)
    return Film(
        record,
        {"maps": maps, "epochs": np.array(epochs)},
        says,
        lambda narrow: film_figure(maps, epochs, selected, title, narrow),
        tuple(epochs),
        title,
        None if picture is None else picture.pixels,
    )


def _at(opened: InspectedRun, epoch: int, layer: str, picture: ShownPicture | None) -> np.ndarray:
    network = epoch_network(opened.run, epoch)
    if picture is None:
        return kernels(network, layer).weights[:, 0]
    (maps,) = activations(network, opened.inputs(picture.pixels[None]), layer).maps
    return maps if maps.ndim == 3 else maps[:, None, None]
