"""The census: counts of units that never, rarely or always fire, or are saturated."""

import itertools
import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor, nn

from toile.inspection.correlation import ChannelCorrelation, Pair
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.firing import Firing, firing_of
from toile.inspection.inputs import Pictures, checked_batches
from toile.inspection.layers import layer_names
from toile.network import single_view

RARELY = 0.001
"""A unit that fires on fewer than this fraction of the images fires rarely."""


@dataclass(frozen=True, eq=False)
class LayerCensus:
    """How often each unit of the activation `name` fired, over `images` pictures.

    Arrays are (c, h, w), or (units,) after flatten. `greatest` is the greatest input of each unit.
    `never` counts units that fire on no image, `always` those that fire on every image, `rarely`
    those that fire on some, but on fewer than 1 in 1,000. A unit of which an input is NaN, as in a
    network that has diverged, is in none of these counts, nor dead: `not_numbers` counts it.
    """

    name: str
    kind: str
    images: int
    fired: Int64[np.ndarray, "*unit"]
    flat: Int64[np.ndarray, "*unit"]
    """Images on which the unit was saturated."""
    greatest: Float32[np.ndarray, "*unit"]
    redundant: tuple[Pair, ...]
    """Channels a and b whose outputs correlate by r > .99."""

    @property
    def channels(self) -> int:
        """The number of channels; after flatten each unit is one."""
        return len(self.fired)

    @property
    def units(self) -> int:
        """The number of the layer's outputs for an image."""
        return self.fired.size

    @property
    def never(self) -> int:
        """Units that fire on no image."""
        return int(((self.fired == 0) & self._countable).sum())

    @property
    def not_numbers(self) -> int:
        """Units of which the input is NaN on some image."""
        return int((~self._countable).sum())

    @property
    def _countable(self) -> Bool[np.ndarray, "*unit"]:
        # The greatest of numbers among which one is NaN is NaN.
        return ~np.isnan(self.greatest)

    @property
    def rarely(self) -> int:
        """Units that fire on at least one image, but on fewer than 1 in 1,000."""
        rarely = (self.fired > 0) & (self.fired < RARELY * self.images)
        return int((rarely & self._countable).sum())

    @property
    def always(self) -> int:
        """Units that fire on every image."""
        return int((self.fired == self.images).sum())

    @property
    def saturated(self) -> int:
        """Units that are saturated on all images, or on all but fewer than 1 in 1,000."""
        lively = self.images - self.flat
        return int((lively < max(RARELY * self.images, 1)).sum())

    @property
    def dead(self) -> Bool[np.ndarray, "*unit"]:
        """Units that learn from no image: ReLUs that never fire, others that are always saturated.

        A leaky ReLU has a slope everywhere, so its units are never dead.
        """
        silent = self.fired == 0 if self.kind == "relu" else self.flat == self.images
        return np.asarray(silent & self._countable)

    @property
    def dead_channels(self) -> tuple[int, ...]:
        """Channels whose units are all dead."""
        dead = self.dead.reshape(self.channels, -1).all(axis=1)
        return tuple(int(channel) for channel in np.flatnonzero(dead))

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON has them, with `not_numbers` only if there are any."""
        return {
            "name": self.name,
            "kind": self.kind,
            "channels": self.channels,
            "units": self.units,
            "never": self.never,
            "rarely": self.rarely,
            "always": self.always,
            "saturated": self.saturated,
            "dead_channels": list(self.dead_channels),
            "redundant": [list(pair) for pair in self.redundant],
        } | ({"not_numbers": self.not_numbers} if self.not_numbers else {})


@dataclass(frozen=True, eq=False)
class Census:
    """The layers of a network in the order of its plan, counted over `images` pictures."""

    images: int
    layers: tuple[LayerCensus, ...]

    @property
    def units(self) -> int:
        """The number of all activation units."""
        return sum(layer.units for layer in self.layers)

    @property
    def dead(self) -> int:
        """The number of dead units."""
        return sum(int(layer.dead.sum()) for layer in self.layers)

    @property
    def dead_fraction(self) -> float | None:
        """The fraction of units that are dead; 0 is best, None without activations."""
        return self.dead / self.units if self.units else None

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays over units: `relu1/fired`, `relu1/saturated` (images), `relu1/greatest_input`."""
        return {
            f"{layer.name}/{name}": array
            for layer in self.layers
            for name, array in (
                ("fired", layer.fired),
                ("saturated", layer.flat),
                ("greatest_input", layer.greatest),
            )
        }

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON has them."""
        return {
            "images": self.images,
            "layers": [layer.to_json() for layer in self.layers],
            "dead_share": self.dead_fraction,
        }


@dataclass(eq=False)
class _Counts:
    """The running counts of one activation."""

    firing: Firing
    correlates: bool
    shape: tuple[int, ...] = ()
    fired: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    flat: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    greatest: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    outputs: ChannelCorrelation = field(default_factory=ChannelCorrelation)
    truths: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))
    """Room for a comparison of a batch, so that no batch asks the system for memory."""

    def add_inputs(self, inputs: Tensor) -> None:
        rows = _positions_first(inputs).cpu().numpy()
        if not self.shape:
            self.shape = tuple(inputs.shape[1:])
            self.fired = np.zeros(rows.shape[1], np.int64)
            self.flat = np.zeros_like(self.fired)
            self.greatest = np.full(rows.shape[1], -np.inf, rows.dtype)
        self.fired += self._count(np.greater, rows, 0.0)
        if math.isfinite(self.firing.low):
            self.flat += self._count(np.less, rows, self.firing.low)
        if math.isfinite(self.firing.high):
            self.flat += self._count(np.greater, rows, self.firing.high)
        np.maximum(self.greatest, np.maximum.reduce(rows, 0), out=self.greatest)

    def _count(
        self, compare: np.ufunc, rows: Float[np.ndarray, "n units"], bound: float
    ) -> Int64[np.ndarray, " units"]:
        """The number of rows of each column for which `compare` with `bound` is true."""
        if len(self.truths) < len(rows):
            self.truths = np.empty(rows.shape, bool)
        truths = compare(rows, bound, out=self.truths[: len(rows)]).view(np.uint8)
        # Bytes are added up fastest, and count to 255.
        parts = range(0, len(rows), 255)
        sums = (np.add.reduce(truths[at : at + 255], 0, np.uint8) for at in parts)
        return np.asarray(sum(part.astype(np.int64) for part in sums))

    def add_outputs(self, outputs: Tensor) -> None:
        if self.correlates:
            self.outputs.add(_positions_first(outputs).reshape(-1, outputs.shape[1]))

    def result(self, name: str, images: int) -> LayerCensus:
        fired, flat, greatest = (
            np.moveaxis(array.reshape(*self.shape[1:], self.shape[0]), -1, 0).copy()
            for array in (self.fired, self.flat, self.greatest)
        )
        pairs = self.outputs.pairs()
        return LayerCensus(name, self.firing.kind, images, fired, flat, greatest, pairs)


def _positions_first(values: Float[Tensor, "n c *position"]) -> Float[Tensor, "n units"]:
    """The values in rows, position by position: no copy in channels_last memory."""
    return values.detach().movedim(1, -1).flatten(1)


def run_census(
    network: nn.Module,
    batches: Iterable[Pictures],
    *,
    correlations: bool = True,
    progress: Callable[[int], None] = lambda done: None,
) -> Census:
    """Count the firing of every activation unit of `network` over all pictures of `batches`.

    Activations that no recipe has, such as torch's PReLU and ReLU6, are passed over.
    Each batch is float32 (b, c, h, w), scaled for the network. Counts are exact; it needs the
    memory of one batch, a few numbers for each unit and one for each pair of channels. If the
    network begins with views, only the unchanged pictures are used. `progress` is called with the
    number of pictures done.
    """
    looked = single_view(network)
    firings = [(name, firing_of(looked.get_submodule(name))) for name in layer_names(looked)]
    counts = {name: _Counts(kind, correlates=correlations) for name, kind in firings if kind}
    images = 0
    remaining = iter(batches)
    begin = list(checked_batches(looked, itertools.islice(remaining, 1)))
    with ExitStack() as undo:
        undo.enter_context(evaluating(looked))
        for name, count in counts.items():
            layer = looked.get_submodule(name)

            # Before the layer, since an in-place layer overwrites its inputs.
            def before(module: nn.Module, inputs: Any, count: _Counts = count) -> None:
                count.add_inputs(inputs[0])

            def behind(
                module: nn.Module, inputs: Any, outputs: Tensor, count: _Counts = count
            ) -> None:
                count.add_outputs(outputs)

            undo.callback(layer.register_forward_pre_hook(before).remove)
            undo.callback(layer.register_forward_hook(behind).remove)
        for batch in itertools.chain(begin, remaining):
            with torch.no_grad():
                looked(batch)
            images += len(batch)
            progress(images)
    layers = (count.result(name, images) for name, count in counts.items() if count.shape)
    return Census(images, tuple(layers))
