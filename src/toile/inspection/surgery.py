"""Cuts channels out of a network: smaller tensors, not masks, with constants folded into biases.

It works on a plan and its weights by name, so that a recipe which names the cut channels gives the
same network again. It uses the plan and not torch-pruning's graph: the plan has every layer,
residual sum and flatten, and torch-pruning does not fold constants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch.nn import functional as F

from toile.errors import ToileError
from toile.inspection.channel_spaces import (
    ChannelSpaces,
    Cuts,
    Space,
    is_depthwise,
    refuse_uncuttable,
)
from toile.recipe import LayerPlan, Plan, layers, padded_side


class CannotCut(ToileError):
    """A channel that cannot be cut because of its values."""

    def __init__(self, space: Space, channel: int, why: str) -> None:
        self.space, self.channel = space, channel
        super().__init__(f"channel {channel} of {space.writers[0]} cannot be cut: {why}")


Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class CutNetwork:
    """The remaining `layers` of a recipe, and their `weights`.

    `removed` has the cut channels of every layer that wrote them.
    """

    layers: tuple[layers.Layer, ...]
    weights: dict[str, np.ndarray]
    removed: dict[str, list[int]]


def cut_channels(
    plan: Plan, weights: Weights, cuts: Cuts, silent: Cuts | None = None, exact: bool = False
) -> CutNetwork:
    """`plan` and `weights` without the channels `cuts`, through norms, flatten and residual sums.

    `silent` has, for each activation, the channels that are 0 there for every picture. If a silent
    channel becomes another constant in later layers, as by the shift of a batch norm, that constant
    is added to the biases of the layers that read it, so that outputs do not change. All other cut
    channels count as 0 where they are read; with `exact` they are refused. Raises ToileError for
    channels that cannot be cut, and CannotCut if that is because of their values.
    """
    spaces = ChannelSpaces(plan)
    refuse_uncuttable(spaces, cuts)
    cut: dict[int, set[int]] = {}
    for layer, channels in cuts.items():
        cut.setdefault(spaces.root(spaces.number(layer)), set()).update(channels)
    for layer in cuts:
        together = sorted(cut[spaces.root(spaces.number(layer))])
        refuse_uncuttable(spaces, {layer: together})
    surgeon = _Surgeon(spaces, weights, cut, silent or {}, exact)
    # The picture's colours: their values are unknown, and none is cut.
    start = _Signal(np.full((plan.input[0], 1), np.nan), np.ones(plan.input[0], bool))
    remaining_layers, _ = surgeon.walk(plan.layers, start)
    removed = {
        writer: sorted(channels)
        for number, channels in cut.items()
        if channels
        for writer in spaces.space(number).writers
    }
    return CutNetwork(remaining_layers, surgeon.weights, removed)


@dataclass(frozen=True, eq=False)
class _Signal:
    """The channels between two layers: `mask` is true for kept ones, `values` has constants.

    `values` is (c, positions), with NaN where a value is not the same for every image.
    """

    values: Float[np.ndarray, "c positions"]
    mask: Bool[np.ndarray, " c"]

    @property
    def flat_mask(self) -> Bool[np.ndarray, " units"]:
        """`mask` for each position of each channel."""
        return np.repeat(self.mask, self.values.shape[1])

    def valued(self, values: Float[np.ndarray, "c positions"]) -> "_Signal":
        return _Signal(values, self.mask)


@dataclass(eq=False)
class _Surgeon:
    spaces: ChannelSpaces
    original: Weights
    cut: Mapping[int, set[int]]
    silent: Cuts
    exact: bool

    def __post_init__(self) -> None:
        self.weights: dict[str, np.ndarray] = {}

    def walk(
        self, plans: Sequence[LayerPlan], signal: _Signal
    ) -> tuple[tuple[layers.Layer, ...], _Signal]:
        """Cut one layer after another; returns the layers and what they pass on."""
        left = []
        for plan in plans:
            layer, signal = self._cut(plan, signal)
            left.append(layer)
        return tuple(left), signal

    def _cut(self, plan: LayerPlan, signal: _Signal) -> tuple[layers.Layer, _Signal]:
        layer = plan.layer
        match layer:
            case layers.Conv() if is_depthwise(plan):
                return self._cut_depthwise(plan, layer, signal)
            case layers.Conv() | layers.Dense():
                return self._cut_reader(plan, layer, signal)
            case layers.BatchNorm():
                return layer, self._cut_norm(plan, layer, signal)
            case layers.Residual():
                branch, branch_signal = self.walk(plan.branch, signal)
                around, shortcut_signal = self.walk(plan.shortcut, signal)
                update = {"layers": branch, "shortcut": around}
                alike = branch_signal.values.shape == shortcut_signal.values.shape
                total = (
                    branch_signal.values + shortcut_signal.values
                    if alike
                    else np.full_like(branch_signal.values, np.nan)
                )
                return layer.model_copy(update=update), branch_signal.valued(total)
            case layers.Flatten():
                positions = int(np.prod(plan.input[1:]))
                return layer, signal.valued(np.repeat(signal.values, positions, axis=1))
            case layers.LayerNorm() | layers.GroupNorm():
                self._keep(plan.name)
                return layer, signal.valued(np.full_like(signal.values, np.nan))
            case layers.Scale():
                return layer, signal.valued(signal.values * layer.factor + layer.offset)
        if type(layer) in _ACTIVATIONS:
            values = signal.values.copy()
            values.reshape(-1)[list(self.silent.get(plan.name, ()))] = 0
            outputs = _ACTIVATIONS[type(layer)](layer, torch.from_numpy(values)).numpy()
            return layer, signal.valued(np.where(np.isnan(values), np.nan, outputs))
        return layer, signal

    def _keep(self, name: str) -> None:
        """Copy the tensors of a layer without change."""
        prefix = f"{name}."
        self.weights |= {
            key: array.copy() for key, array in self.original.items() if key.startswith(prefix)
        }

    def _output_mask(self, name: str, channels: int) -> Bool[np.ndarray, " c"]:
        """Which channels of the layer `name` are kept."""
        mask = np.ones(channels, bool)
        mask[list(self.cut.get(self.spaces.root(self.spaces.number(name)), ()))] = False
        return mask

    def _cut_reader(
        self, plan: LayerPlan, layer: layers.Conv | layers.Dense, signal: _Signal
    ) -> tuple[layers.Layer, _Signal]:
        name = plan.name
        weight = self.original[f"{name}.weight"].astype(np.float64)
        mask = self._output_mask(name, plan.output[0])
        constant = np.zeros(plan.output[0])
        if not signal.mask.all():
            values = self._values_cut(plan, signal)
            gone = weight[:, ~signal.flat_mask].reshape(len(weight), len(values), -1)
            constant = (gone.sum(2) * values).sum(1)
            weight = weight[:, signal.flat_mask]
        bias = self.original.get(f"{name}.bias")
        self.weights[f"{name}.weight"] = _float32(weight[mask])
        update: dict[str, object] = {}
        if bias is not None or constant[mask].any():
            base = 0.0 if bias is None else bias.astype(np.float64)
            self.weights[f"{name}.bias"] = _float32((base + constant)[mask])
            update["bias"] = True
        if not mask.all():
            update["filters" if isinstance(layer, layers.Conv) else "units"] = int(mask.sum())
        values = np.full((plan.output[0], 1), np.nan)
        return layer.model_copy(update=update), _Signal(values, mask)

    def _values_cut(self, plan: LayerPlan, signal: _Signal) -> Float[np.ndarray, " units"]:
        """The values of the cut inputs of the layer of `plan`, one for each unit."""
        values = signal.values[~signal.mask]
        unknown = np.isnan(values)
        channels = np.flatnonzero(~signal.mask)
        if unknown.any() and self.exact:
            raise CannotCut(
                self.spaces.read_by(plan.name),
                int(channels[unknown.any(axis=1)][0]),
                f"it is not the same for every image where {plan.name} reads it",
            )
        values = np.where(unknown, 0.0, values)
        if values.any() and _is_padded(plan):
            raise CannotCut(
                self.spaces.read_by(plan.name),
                int(channels[values.any(axis=1)][0]),
                f"it is always {values[values != 0][0]:.3g} where {plan.name} reads it, which pads "
                "with zeros: at the edge its effect is not constant, so no bias can replace it",
            )
        return np.asarray(values.ravel())

    def _cut_depthwise(
        self, plan: LayerPlan, layer: layers.Conv, signal: _Signal
    ) -> tuple[layers.Layer, _Signal]:
        name, mask = plan.name, signal.mask
        weight, bias = self.original[f"{name}.weight"], self.original.get(f"{name}.bias")
        self.weights[f"{name}.weight"] = weight[mask]
        values = signal.values * weight.sum((1, 2, 3), dtype=np.float64)[:, None]
        if _is_padded(plan):
            values = np.where(signal.values == 0, values, np.nan)
        if bias is not None:
            self.weights[f"{name}.bias"] = bias[mask]
            values = values + bias[:, None]
        num = int(mask.sum())
        update = {} if mask.all() else {"filters": num, "groups": num}
        return layer.model_copy(update=update), signal.valued(values)

    def _cut_norm(self, plan: LayerPlan, layer: layers.BatchNorm, signal: _Signal) -> _Signal:
        named = {
            key: self.original[f"{plan.name}.{key}"]
            for key in ("weight", "bias", "running_mean", "running_var")
        }
        shape = signal.values.shape
        weight, bias, mean, variance = (
            array.astype(np.float64).reshape(shape) for array in named.values()
        )
        for key, array in named.items():
            self.weights[f"{plan.name}.{key}"] = array[signal.flat_mask]
        tracked = f"{plan.name}.num_batches_tracked"
        self.weights[tracked] = self.original[tracked].copy()
        spread = np.sqrt(variance + layer.epsilon)
        return signal.valued((signal.values - mean) / spread * weight + bias)


_ACTIVATIONS = {
    layers.ReLU: lambda layer, x: F.relu(x),
    layers.LeakyReLU: lambda layer, x: F.leaky_relu(x, layer.slope),
    layers.ELU: lambda layer, x: F.elu(x, layer.alpha),
    layers.GELU: lambda layer, x: F.gelu(x, approximate=layer.approximation),
    layers.SiLU: lambda layer, x: F.silu(x),
    layers.Tanh: lambda layer, x: torch.tanh(x),
    layers.Sigmoid: lambda layer, x: torch.sigmoid(x),
}


def _is_padded(plan: LayerPlan) -> bool:
    """Whether a convolution pads with zeros."""
    layer = plan.layer
    if not isinstance(layer, layers.Conv):
        return False
    sides = (
        padded_side(side, layer.kernel, layer.stride, layer.padding) for side in plan.input[1:]
    )
    return any(before or after for _, before, after in sides)


def _float32(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)
