"""A network being fitted, and everything about it that a checkpoint must hold."""

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import prod
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from toile.data import AnyPixels, MappedPixels, PixelStatistics, Split, chunk_slices
from toile.engine import AnyGradient, Batches, make_gradient
from toile.errors import ToileError
from toile.network import build_network, freeze, pixels_of, with_views
from toile.recipe import Plan, Recipe, layers
from toile.training.optimizer import make_optimizer
from toile.training.transfer import copy_layers

NUM_SUMS = 4  # loss and correct answers of the interval, then of the epoch


@dataclass
class Position:
    """How far a fit has come; plain numbers, as a checkpoint's JSON holds them.

    `step` counts steps done, `evaluated` epochs done and scored. Seconds are never promised to be
    the same.
    """

    step: int = 0
    evaluated: int = 0
    best_score: float = -1e9
    score_waited_on: float = -1e9
    waited: int = 0
    stopped_early: bool = False
    interval_seconds: float = 0.0
    epoch_seconds: float = 0.0
    total_seconds: float = 0.0


@dataclass(eq=False)
class Fit:
    """A network being fitted by a recipe. Where there is an `ema`, it is scored in its place.

    `ema` is the moving average of the weights. `selection` marks the validation images that choose
    the epoch.
    """

    recipe: Recipe
    plan: Plan
    network: nn.Sequential
    ema: nn.Sequential | None
    optimizer: torch.optim.Optimizer
    gradient: AnyGradient
    batches: Batches
    validation: UInt8[Tensor, "n c h w"] | UInt8[MappedPixels, "n c h w"]
    validation_labels: Int[Tensor, " n"]
    selection: Bool[Tensor, " n"]
    sums: Float[Tensor, " 4"]
    position: Position = field(default_factory=Position)
    logits: Float[Tensor, "n k"] | None = None

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.batches.labels.device

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.batches.per_epoch * self.recipe.training.epochs

    @property
    def scored(self) -> nn.Sequential:
        """The network whose score counts: the moving average of the weights, if there is one."""
        return self.ema or self.network

    @property
    def scorer(self) -> nn.Module:
        """The scored network, with the test-time augmentation (views) of the recipe."""
        return with_views(self.scored, self.plan)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor the rest of the run depends on, by name; not copies."""
        named = {f"network/{name}": value for name, value in self.network.state_dict().items()}
        if self.ema is not None:
            state = self.ema.state_dict()
            named |= {f"ema/{name}": value for name, value in state.items()}
        # state_dict numbers the weights in the order of the groups, which follows from the recipe.
        for index, state in self.optimizer.state_dict()["state"].items():
            named |= {f"optimizer/{index}/{key}": value for key, value in state.items()}
        return named | {"sums": self.sums}

    def arrays(self) -> dict[str, np.ndarray]:
        """`tensors()` as contiguous arrays, to be written: safetensors refuses channels_last."""
        return arrays_of(self.tensors())

    def scored_arrays(self) -> dict[str, np.ndarray]:
        """The weights whose score counts, by their names in the network, as contiguous arrays."""
        return arrays_of(self.scored.state_dict())

    def facts(self) -> dict[str, Any]:
        """The position, and the memory layouts without which a resume would have other bits."""
        layouts = {name: list(value.stride()) for name, value in self.tensors().items()}
        return {"position": asdict(self.position), "strides": layouts}

    def expected_arrays(self) -> dict[str, np.ndarray]:
        """The arrays that `arrays()` gives, by name and shape, once the optimiser has its state."""
        probe = copy.deepcopy(self.optimizer)
        # torch leaves attributes of the optimiser's class out of its copies.
        probe.__dict__ = vars(self.optimizer) | vars(probe)
        for group in probe.param_groups:
            for weight in group["params"]:
                weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
        probe.step()
        states = {
            f"optimizer/{index}/{key}": value
            for index, state in probe.state_dict()["state"].items()
            for key, value in state.items()
        }
        return self.arrays() | arrays_of(states)

    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Go back to where `arrays()` and `facts()` were taken.

        Values are copied into tensors of the same layout: assigning them would lose channels_last,
        and with it the order of additions.
        """
        self.position = Position(**facts["position"])
        tensors = tensors_of(arrays)
        with torch.no_grad():
            self.sums.copy_(tensors["sums"])
            _copy_state(self.network, tensors, "network/")
            if self.ema is not None:
                _copy_state(self.ema, tensors, "ema/")
        parameters = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        for name, value in tensors.items():
            if name.startswith("optimizer/"):
                _, index, key = name.split("/")
                laid_out = torch.empty_strided(
                    value.shape, facts["strides"][name], dtype=value.dtype
                ).copy_(value)
                owner = parameters[int(index)]
                restored = laid_out if key == "step" else laid_out.to(owner.device)
                self.optimizer.state[owner][key] = restored


def arrays_of(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Tensors as contiguous numpy arrays on the CPU."""
    return {name: tensor.detach().contiguous().cpu().numpy() for name, tensor in tensors.items()}


def tensors_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """The reverse of `arrays_of`, without copying."""
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _copy_state(network: nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    for name, tensor in network.state_dict().items():
        tensor.copy_(tensors[prefix + name])


def begin(
    recipe: Recipe,
    plan: Plan,
    split: Split,
    statistics: PixelStatistics,
    weights: Mapping[str, np.ndarray] | None = None,
) -> Fit:
    """A fit at its first step.

    `weights` are another run's; the layers that `training.start` names are copied from them. The
    recipe's device, precision and threads are resolved: no `auto` is left in it.
    """
    _refuse_statistics_of_one(recipe, plan)
    device = torch.device(recipe.training.device)
    network = build_network(plan, recipe.seed)
    if recipe.training.start is not None:
        # Without `weights` a checkpoint is restored afterwards, which has them.
        copy_layers(network, weights or {}, recipe.training.start.copied if weights else ())
        freeze(network, recipe.training.start.frozen)
    network = network.to(device)
    ema = None
    if recipe.training.ema is not None:
        # Built anew, not deep-copied: dropout layers hold generators, which do not copy.
        ema = build_network(plan, recipe.seed).to(device)
        ema.load_state_dict(network.state_dict())
    pixels = pixels_of(recipe.data.scaling, statistics.mean, statistics.sd)
    batches = Batches(
        _on_device(split.train.pixels, device),
        torch.from_numpy(split.train.labels).to(device),
        pixels,
        recipe.augmentation,
        tuple(grey / 255 for grey in statistics.border_grey),
        recipe.training.batch_size,
        recipe.seed,
    )
    return Fit(
        recipe,
        plan,
        network,
        ema,
        make_optimizer(recipe.training.optimizer, network, recipe.training.precision == "bfloat16"),
        make_gradient(recipe, network, plan),
        batches,
        _on_device(split.validation.pixels, device),
        torch.from_numpy(split.validation.labels),
        torch.from_numpy(split.selection),
        # mps has no float64; there long epochs are summed with fewer digits.
        torch.zeros(
            NUM_SUMS, dtype=torch.float32 if device.type == "mps" else torch.float64, device=device
        ),
    )


def _on_device(
    pixels: AnyPixels, device: torch.device
) -> UInt8[Tensor, "n c h w"] | UInt8[MappedPixels, "n c h w"]:
    """`pixels` where the network computes; for a CPU those larger than memory stay in a file."""
    if not isinstance(pixels, MappedPixels):
        return torch.from_numpy(pixels).to(device)
    if device.type == "cpu":
        return pixels
    images = torch.empty(pixels.shape, dtype=torch.uint8, device=device)
    for piece in chunk_slices(pixels):
        images[piece] = torch.from_numpy(pixels[piece]).to(device)
    return images


def _refuse_statistics_of_one(recipe: Recipe, plan: Plan) -> None:
    """A batch norm needs more than one number per channel."""
    for layer in plan.walk():
        normed = isinstance(layer.layer, layers.BatchNorm) and prod(layer.input[1:]) == 1
        if normed and recipe.training.batch_size == 1:
            raise ToileError(
                f"training.batch_size is 1: {layer.name} is given one number a channel and image, "
                "and takes its statistics over a batch; use 2 or more"
            )
