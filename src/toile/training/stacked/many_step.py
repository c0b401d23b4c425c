"""One step of several fits at once, whose tensors are rows of stacked ones meanwhile.

Letters: K fits, b images in the batch of each, n images to train on, k classes.
"""

import math
from collections.abc import Callable, Sequence
from itertools import chain

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from toile.augmentation import Draws, windows
from toile.engine import EpochBatches, laid_out_as
from toile.network import SeededDropout, reseed_dropout
from toile.training.average import follow
from toile.training.fit import Fit
from toile.training.loop import factor_at
from toile.training.muon import MuonOptimizer
from toile.training.optimizer import set_rate
from toile.training.stacked.network import stack_rows, stacked_network

Found = tuple[Float[Tensor, "b K k"], Float[Tensor, " K"], tuple[Tensor, ...]]
"""Logits in float32, the loss of each fit, and the gradients of the stacked weights."""
WARM_UP = 3  # rounds before a graph is recorded, as torch's own notes have it


class Together:
    """`fits`, by their places, for what is left of `epoch`, from 0.

    While it is entered each fit's weights, statistics, average, optimiser state and sums are rows
    of stacked tensors, and show at any time what they would alone.
    """

    def __init__(self, fits: dict[int, Fit], epoch: int) -> None:
        self._fits = list(fits.values())
        self._inside = dict(fits)
        self._settings, self._epoch = self._fits[0].recipe.training, epoch
        self._batches = JoinedBatches([fit.batches.epoch(epoch) for fit in self._fits])
        self._graph: _Graph | None = None
        self._linked = False

    def __enter__(self) -> "Together":
        fits = self._fits
        self._network = stacked_network([fit.network for fit in fits]).train()
        averages = [fit.average for fit in fits if fit.average is not None]
        self._average = stacked_network(averages) if averages else None
        self._sums = stack_rows([fit.sums for fit in fits])
        self._owners = _owners(self._network, fits)
        self._optimizer = _joint_optimizer(fits, self._owners)
        for fit in fits:
            fit.gradient.train_mode()
        return self

    def __exit__(self, *error: object) -> None:
        for place in list(self._inside):
            self.let_go(place)

    def let_go(self, place: int) -> None:
        """Give the fit at `place` tensors of its own as they are; its rows mean nothing after."""
        fit = self._inside.pop(place)
        for network in (fit.network, fit.average):
            for tensor in chain(network.parameters(), network.buffers()) if network else ():
                tensor.data = tensor.data.clone()
        fit.sums.data = fit.sums.data.clone()
        for state in fit.optimizer.state.values():
            state.update({key: value.clone() for key, value in state.items()})

    def take(self, index: int) -> dict[int, float]:
        """Take the gradients of step `index`; returns the losses that are not finite, by place.

        On a GPU none, for it is not made to wait; there the interval's sum tells.
        """
        images, self._labels = self._batches[index]
        for fit in self._fits:
            reseed_dropout(fit.network, fit.recipe.seed, self._epoch, index)
        self._logits, losses, gradients = self._found(images, self._labels)
        for weight, gradient in zip(self._owners, gradients, strict=True):
            weight.grad = laid_out_as(weight, gradient)
        if losses.device.type != "cpu":
            return {}
        by_fit = zip(self._fits, losses.tolist(), strict=True)
        known = {id(fit): loss for fit, loss in by_fit if not math.isfinite(loss)}
        return {place: known[id(fit)] for place, fit in self._inside.items() if id(fit) in known}

    def step(self) -> None:
        """Move the weights along the gradients taken, and count the batch."""
        first = next(iter(self._inside.values()))
        if self._settings.clip_norm is not None:
            _clip(
                [one.grad for one in self._owners if one.grad is not None], self._settings.clip_norm
            )
        set_rate(self._optimizer, factor_at(first, first.position.step))
        self._optimizer.step()
        if not self._linked:
            self._link_states()
        if self._average is not None and self._settings.average is not None:
            done = first.position.step + 1
            follow(self._average, self._network, self._settings.average, done)
        loss = _cross_entropy(self._logits, self._labels).sum(0)
        hits = (self._logits.argmax(2) == self._labels).sum(0)
        self._sums += torch.stack([loss, hits, loss, hits], 1).to(self._sums)

    def _found(self, images: Tensor, labels: Tensor) -> Found:
        if images.device.type != "cuda" or _has_dropout(self._fits[0].network):
            return self._gradients(images, labels)
        if self._graph is None:
            self._graph = _Graph(self._gradients, self._network, images, labels)
        # The last batch of an epoch may be of another size.
        replays = self._graph.images.shape == images.shape
        return (self._graph if replays else self._gradients)(images, labels)

    def _gradients(self, images: Tensor, labels: Tensor) -> Found:
        with torch.autocast(
            images.device.type,
            dtype=torch.bfloat16,
            enabled=self._settings.precision == "bfloat16",
        ):
            logits = self._network(images)
        logits = logits.float().unflatten(1, (len(self._fits), -1))
        entropy = _cross_entropy(logits, labels, self._settings.label_smoothing)
        losses = entropy.sum(0) / len(labels)
        # No loss depends on another's weights, so the sum has the gradients of each.
        gradients = torch.autograd.grad(losses.sum(), list(self._owners))
        return logits.detach(), losses.detach(), gradients

    def _link_states(self) -> None:
        """Make rows of the joint optimiser's state the states of the fits' own optimisers."""
        for weight, joint in self._optimizer.state.items():
            for row, (fit, own) in enumerate(zip(self._fits, self._owners[weight], strict=True)):
                if any(fit is one for one in self._inside.values()):
                    fit.optimizer.state[own] = {
                        key: value if key == "step" else value[row] for key, value in joint.items()
                    }
        self._linked = True


class JoinedBatches:
    """The batches of an epoch for K fits, whose images lie side by side as channels."""

    def __init__(self, epochs: Sequence[EpochBatches]) -> None:
        self._epochs = epochs
        self._whole = epochs[0].batches
        # Places in the images for each step and fit, and in the draws, which are one fit's after
        # another's.
        self._orders = torch.stack([one.order for one in epochs], 1)
        starts = torch.arange(len(epochs), device=self._orders.device) * len(self._orders)
        self._drawn = self._orders + starts
        names = vars(epochs[0].draws)
        self._draws = Draws(
            **{name: torch.cat([getattr(one.draws, name) for one in epochs]) for name in names}
        )

    def __getitem__(self, index: int) -> tuple[Float[Tensor, "b Kc h w"], Int[Tensor, "b K"]]:
        """Images and labels of step `index`, from 0."""
        whole, count = self._whole, len(self._epochs)
        if whole.varies:
            # Noise is drawn for each by itself.
            own = [one[index] for one in self._epochs]
            return torch.cat([one[0] for one in own], 1), torch.stack([one[1] for one in own], 1)
        step = slice(*whole.bounds(index))
        places = self._orders[step].flatten()
        labels = whole.labels[places].view(-1, count)
        if whole.moves:
            draws = self._draws.of(self._drawn[step].flatten())
            taken = windows(whole.padded, places, draws, whole.augmentation.shift)
        else:
            taken = whole.images[places]
        images = whole.pixels.scaled(taken)
        return images.reshape(len(labels), -1, *images.shape[2:]), labels


class _Graph:
    """What `take` finds, recorded once and played back, which spares asking for each operation.

    Written for CUDA and not run yet. Nothing in `take` may draw random numbers.
    """

    def __init__(
        self,
        take: Callable[[Tensor, Tensor], Found],
        network: nn.Module,
        images: Tensor,
        labels: Tensor,
    ) -> None:
        self.images, self._labels = images.clone(), labels.clone()
        # Warming up moves running statistics, and is to leave no trace.
        before = [one.clone() for one in network.buffers()]
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                take(self.images, self._labels)
        torch.cuda.current_stream().wait_stream(beside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._found = take(self.images, self._labels)
        for now, value in zip(network.buffers(), before, strict=True):
            now.copy_(value)

    def __call__(self, images: Tensor, labels: Tensor) -> Found:
        self.images.copy_(images)
        self._labels.copy_(labels)
        self._graph.replay()
        return self._found


def _owners(network: nn.Module, fits: Sequence[Fit]) -> dict[Tensor, list[Tensor]]:
    """The stacked weights that are trained, and of each the weights that are its rows."""
    own = [dict(fit.network.named_parameters()) for fit in fits]
    return {
        weight: [named[name] for named in own]
        for name, weight in network.named_parameters()
        if weight.requires_grad
    }


def _joint_optimizer(
    fits: Sequence[Fit], owners: dict[Tensor, list[Tensor]]
) -> torch.optim.Optimizer:
    """The fits' optimiser over the stacked weights, going on from their states."""
    first = fits[0].optimizer
    stacks = {owned[0]: weight for weight, owned in owners.items()}
    groups = [
        {**group, "params": [stacks[own] for own in group["params"]]}
        for group in first.param_groups
    ]
    if isinstance(first, MuonOptimizer):
        optimizer: torch.optim.Optimizer = MuonOptimizer(groups, first.bfloat16, stacked=True)
    else:
        optimizer = type(first)(groups)  # type: ignore[call-arg]
    for weight in (one for group in groups for one in group["params"]):
        owned = owners[weight]
        states = [fit.optimizer.state.get(own, {}) for fit, own in zip(fits, owned, strict=True)]
        if states[0]:
            optimizer.state[weight] = {
                key: value.clone() if key == "step" else stack_rows([one[key] for one in states])
                for key, value in states[0].items()
            }
    return optimizer


def _cross_entropy(
    logits: Float[Tensor, "b K k"], labels: Int[Tensor, "b K"], smoothing: float = 0.0
) -> Float[Tensor, "b K"]:
    flat = F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), reduction="none", label_smoothing=smoothing
    )
    return flat.view(labels.shape)


def _clip(gradients: Sequence[Tensor], longest: float) -> None:
    """Shorten the gradient of each fit, over all its weights together, in place."""
    lengths = torch.stack([one.flatten(1).norm(dim=1) for one in gradients]).norm(dim=0)
    # As torch.nn.utils.clip_grad_norm_ has it.
    factors = (longest / (lengths + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))


def _has_dropout(network: nn.Module) -> bool:
    return any(isinstance(module, SeededDropout) for module in network.modules())
