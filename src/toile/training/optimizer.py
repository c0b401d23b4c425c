"""The optimiser a recipe names, over the weights of a network that are not frozen."""

from collections.abc import Callable

import torch
from torch import nn

from toile.recipe import optimizers
from toile.training.adadelta import PiecewiseAdadelta
from toile.training.muon import MuonOptimizer


def make_optimizer(
    settings: optimizers.Optimizer, network: nn.Module, bfloat16: bool = False
) -> torch.optim.Optimizer:
    """The optimiser over the weights of `network` that are trained.

    `bfloat16` says that training computes in it; weights and the optimiser's state stay float32.

    Each group keeps its learning rate in `base_lr`, which the schedule's factor multiplies.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    if isinstance(settings, optimizers.Muon):
        optimizer: torch.optim.Optimizer = MuonOptimizer(_muon_groups(settings, network), bfloat16)
    else:
        optimizer = _torch_optimizer(settings, weights)
    for group in optimizer.param_groups:
        group["base_lr"] = group["lr"]
    return optimizer


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to `factor` times its base rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor


def _torch_optimizer(
    settings: optimizers.Optimizer, weights: list[nn.Parameter]
) -> torch.optim.Optimizer:
    fields = settings.model_dump()
    fields["lr"] = fields.pop("learning_rate")
    if "epsilon" in fields:
        fields["eps"] = fields.pop("epsilon")
    if "beta1" in fields:
        fields["betas"] = (fields.pop("beta1"), fields.pop("beta2"))
    if isinstance(settings, optimizers.RMSprop):
        fields["alpha"] = fields.pop("rho")
    if isinstance(settings, optimizers.Adadelta) and all(weight.is_cpu for weight in weights):
        return PiecewiseAdadelta(weights, **fields)
    # Fused: one kernel over all weights, which torch has on the CPU for some optimisers only.
    implementation = {"fused" if isinstance(settings, FUSED) else "foreach": True}
    return _TORCH[type(settings)](weights, **implementation, **fields)


FUSED = (optimizers.SGD, optimizers.Adam, optimizers.AdamW)
_TORCH: dict[type[optimizers.Optimizer], Callable[..., torch.optim.Optimizer]] = {
    optimizers.SGD: torch.optim.SGD,
    optimizers.Adam: torch.optim.Adam,
    optimizers.AdamW: torch.optim.AdamW,
    optimizers.Adadelta: torch.optim.Adadelta,
    optimizers.RMSprop: torch.optim.RMSprop,
}


def _muon_groups(settings: optimizers.Muon, network: nn.Module) -> list[dict[str, object]]:
    """Matrices and convolutions; and biases, norms and the last layer, which Muon does not suit."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    last = [weight for weight in network.parameters() if weight.dim() >= 2][-1]
    matrices = [weight for weight in weights if weight.dim() >= 2 and weight is not last]
    remaining = [weight for weight in weights if all(weight is not matrix for matrix in matrices)]
    groups: list[dict[str, object]] = [
        {
            "params": matrices,
            "orthogonal": True,
            "lr": settings.learning_rate,
            "momentum": settings.momentum,
            "steps": settings.steps,
            "weight_decay": settings.weight_decay,
        },
        {"params": remaining, "orthogonal": False, "lr": settings.adamw_learning_rate},
    ]
    return [group for group in groups if group["params"]]
