"""Muon: momentum whose matrices are made nearly orthogonal before they are applied.

Keller Jordan 2024, https://kellerjordan.github.io/posts/muon/; the coefficients are his. A
convolution is the matrix (filters, channels * k * k).
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
WORTH_BFLOAT16 = 10_000
"""A matrix of this many elements or more is made orthogonal faster in bfloat16."""


class MuonOptimizer(torch.optim.Optimizer):
    """Groups marked `orthogonal` are updated by Muon, the others by AdamW.

    With `bfloat16` large matrices are made orthogonal in it, as Jordan's are; weights and momentum
    stay float32. Where weights are `stacked`, each is (K, ...), the same weight of K networks.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], bfloat16: bool = False, stacked: bool = False
    ) -> None:
        super().__init__(groups, {"weight_decay": 0.0})
        self.bfloat16, self.stacked = bfloat16, stacked

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every weight once along its gradient."""
        for group in self.param_groups:
            update = self._orthogonal_step if group["orthogonal"] else self._adamw_step
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    update(weight, weight.grad, group)

    def _orthogonal_step(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        buffer = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
        ahead = gradient.lerp(buffer, group["momentum"])
        flat = ahead.flatten(1 + self.stacked)
        rows, columns = flat.shape[-2:]
        if self.bfloat16 and rows * columns >= WORTH_BFLOAT16:
            flat = flat.bfloat16()
        make = torch.vmap(orthogonalise, (0, None)) if self.stacked else orthogonalise
        matrix = make(flat, group["steps"])
        # A step then changes the outputs by as much whatever the matrix's shape is.
        size = max(1.0, rows / columns) ** 0.5
        weight.add_(matrix.view_as(weight), alpha=-group["lr"] * size)

    def _adamw_step(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"] = torch.zeros_like(weight)
            state["exp_avg_sq"] = torch.zeros_like(weight)
        state["step"] += 1
        count = float(state["step"])
        beta1, beta2 = 0.9, 0.95
        mean = state["exp_avg"].lerp_(gradient, 1 - beta1)
        square = state["exp_avg_sq"].lerp_(gradient.square(), 1 - beta2)
        root = (square / (1 - beta2**count)).sqrt_().add_(1e-8)
        weight.addcdiv_(mean, root, value=-group["lr"] / (1 - beta1**count))


def orthogonalise(matrix: Tensor, steps: int) -> Tensor:
    """The orthogonal matrix nearest to `matrix` (m, n), roughly: singular values in [0.7, 1.2].

    Newton-Schulz iterations, in the matrix's own precision.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x
