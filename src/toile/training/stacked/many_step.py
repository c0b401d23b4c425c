"""One step of several fits at once, whose tensors are rows of stacked tensors meanwhile.

Letters: K fits, b images in the batch of each, n images to train on, k classes.
"""

import math
from collections.abc import Callable, Sequence
from itertools import chain

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from toile.augmentation import Draws
from toile.engine import EpochBatches, laid_out_as
from toile.network import SeededDropout, reseed_dropout
from toile.torch_private import step_optimizer
from toile.training.ema import update_ema
from toile.training.fit import Fit
from toile.training.loop import factor_at
from toile.training.muon import MuonOptimizer
from toile.training.optimizer import set_rate
from toile.training.stacked.network import stack_rows, stacked_network

StepResult = tuple[Float[Tensor, "b K k"], Float[Tensor, " K"], tuple[Tensor, ...]]
"""Logits in float32, the loss of each fit, and the gradients of the stacked weights."""
WARM_UP = 3  # rounds before a graph is recorded, as torch's own notes have it


class StackedFits:
    """`fits`, by their indices, for the steps left of `epoch`, from 0.

    Inside the `with` block each fit's weights, statistics, moving average, optimiser state and sums
    are rows of stacked tensors. Their values are at any time those of the fit trained alone.
    """

    def __init__(self, fits: dict[int, Fit], epoch: int) -> None:
        self._fits = list(fits.values())
        self._active = dict(fits)
        self._settings, self._epoch = self._fits[0].recipe.training, epoch
        self._batches = StackedBatches([fit.batches.epoch(epoch) for fit in self._fits])
        self._graph: _Graph | None = None
        self._states_viewed = False

    def __enter__(self) -> "StackedFits":
        fits = self._fits
        self._network = stacked_network([fit.network for fit in fits]).train()
        emas = [fit.ema for fit in fits if fit.ema is not None]
        self._ema = stacked_network(emas) if emas else None
        self._sums = stack_rows([fit.sums for fit in fits])
        self._weight_rows = _weight_rows(self._network, fits)
        self._optimizer = _joint_optimizer(fits, self._weight_rows)
        for fit in fits:
            fit.gradient.train_mode()
        return self

    def __exit__(self, *error: object) -> None:
        for fit_index in list(self._active):
            self.release(fit_index)

    def release(self, fit_index: int) -> None:
        """Copy the rows of fit `fit_index` into tensors of its own; the rows are unused after."""
        fit = self._active.pop(fit_index)
        for network in (fit.network, fit.ema):
            for tensor in chain(network.parameters(), network.buffers()) if network else ():
                tensor.data = tensor.data.clone()
        fit.sums.data = fit.sums.data.clone()
        for state in fit.optimizer.state.values():
            state.update({key: value.clone() for key, value in state.items()})

    def compute_gradients(self, index: int) -> dict[int, float]:
        """Compute the gradients of step `index`; returns the losses that are not finite, by fit.

        On a GPU it returns none, so as not to wait for it; there the interval's sum tells.
        """
        images, self._labels = self._batches[index]
        for fit in self._fits:
            reseed_dropout(fit.network, fit.recipe.seed, self._epoch, index)
        self._logits, losses, gradients = self._compute(images, self._labels)
        for weight, gradient in zip(self._weight_rows, gradients, strict=True):
            weight.grad = laid_out_as(weight, gradient)
        if losses.device.type != "cpu":
            return {}
        by_fit = zip(self._fits, losses.tolist(), strict=True)
        known = {id(fit): loss for fit, loss in by_fit if not math.isfinite(loss)}
        return {
            fit_index: known[id(fit)] for fit_index, fit in self._active.items() if id(fit) in known
        }

    def step(self) -> None:
        """Move the weights along the gradients, and count the batch."""
        first = next(iter(self._active.values()))
        if self._settings.clip_norm is not None:
            _clip(
                [weight.grad for weight in self._weight_rows if weight.grad is not None],
                self._settings.clip_norm,
            )
        set_rate(self._optimizer, factor_at(first, first.position.step))
        step_optimizer(self._optimizer)
        if not self._states_viewed:
            self._view_states()
        if self._ema is not None and self._settings.ema is not None:
            done = first.position.step + 1
            update_ema(self._ema, self._network, self._settings.ema, done)
        loss = _cross_entropy(self._logits, self._labels).sum(0)
        correct = (self._logits.argmax(2) == self._labels).sum(0)
        self._sums += torch.stack([loss, correct, loss, correct], 1).to(self._sums)

    def _compute(self, images: Tensor, labels: Tensor) -> StepResult:
        if images.device.type != "cuda" or _has_dropout(self._fits[0].network):
            return self._gradients(images, labels)
        if self._graph is None:
            self._graph = _Graph(self._gradients, self._network, images, labels)
        # The last batch of an epoch may be of another size.
        replays = self._graph.images.shape == images.shape
        return (self._graph if replays else self._gradients)(images, labels)

    def _gradients(self, images: Tensor, labels: Tensor) -> StepResult:
        with torch.autocast(
            images.device.type,
            dtype=torch.bfloat16,
            enabled=self._settings.precision == "bfloat16",
        ):
            logits = self._network(images)
        logits = logits.float().unflatten(1, (len(self._fits), -1))
        cross_entropy = _cross_entropy(logits, labels, self._settings.label_smoothing)
        losses = cross_entropy.sum(0) / len(labels)
        # No loss depends on another's weights, so the sum has the gradients of each.
        gradients = torch.autograd.grad(losses.sum(), list(self._weight_rows))
        return logits.detach(), losses.detach(), gradients

    def _view_states(self) -> None:
        """Make each fit's optimiser state a view of its row in the joint optimiser's state."""
        for weight, joint in self._optimizer.state.items():
            for row, (fit, fit_weight) in enumerate(
                zip(self._fits, self._weight_rows[weight], strict=True)
            ):
                if any(fit is active for active in self._active.values()):
                    fit.optimizer.state[fit_weight] = {
                        key: value if key == "step" else value[row] for key, value in joint.items()
                    }
        self._states_viewed = True


class StackedBatches:
    """The batches of an epoch for K fits, whose images lie side by side as channels."""

    def __init__(self, epochs: Sequence[EpochBatches]) -> None:
        self._epochs = epochs
        self._batches = epochs[0].batches
        # For each step and fit: indices of images, and of draws, which lie one fit after another.
        self._orders = torch.stack([epoch.order for epoch in epochs], 1)
        starts = torch.arange(len(epochs), device=self._orders.device) * len(self._orders)
        self._draw_indices = self._orders + starts
        names = vars(epochs[0].draws)
        self._draws = Draws(
            **{name: torch.cat([getattr(epoch.draws, name) for epoch in epochs]) for name in names}
        )

    def __getitem__(self, index: int) -> tuple[Float[Tensor, "b Kc h w"], Int[Tensor, "b K"]]:
        """Images and labels of step `index`, from 0."""
        batches, count = self._batches, len(self._epochs)
        if batches.varies:
            # Each fit draws its own noise.
            fit_batches = [epoch[index] for epoch in self._epochs]
            return torch.cat([batch[0] for batch in fit_batches], 1), torch.stack(
                [batch[1] for batch in fit_batches], 1
            )
        step = slice(*batches.bounds(index))
        indices = self._orders[step].flatten()
        labels = batches.labels[indices].view(-1, count)
        if batches.moves:
            draws = self._draws.of(self._draw_indices[step].flatten())
            crops = batches.crops(indices, draws)
        else:
            crops = batches.gather(indices)
        images = batches.pixels.scaled(crops)
        return images.reshape(len(labels), -1, *images.shape[2:]), labels


class _Graph:
    """The operations of `compute` as a CUDA graph: recorded once, then replayed in one launch.

    Written for CUDA and not run yet. `compute` must not draw random numbers.
    """

    def __init__(
        self,
        compute: Callable[[Tensor, Tensor], StepResult],
        network: nn.Module,
        images: Tensor,
        labels: Tensor,
    ) -> None:
        self.images, self._labels = images.clone(), labels.clone()
        # Warming up moves running statistics; they are restored below.
        before = [buffer.clone() for buffer in network.buffers()]
        side_stream = torch.cuda.Stream()
        side_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side_stream):
            for _ in range(WARM_UP):
                compute(self.images, self._labels)
        torch.cuda.current_stream().wait_stream(side_stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._result = compute(self.images, self._labels)
        for buffer, value in zip(network.buffers(), before, strict=True):
            buffer.copy_(value)

    def __call__(self, images: Tensor, labels: Tensor) -> StepResult:
        self.images.copy_(images)
        self._labels.copy_(labels)
        self._graph.replay()
        return self._result


def _weight_rows(network: nn.Module, fits: Sequence[Fit]) -> dict[Tensor, list[Tensor]]:
    """The stacked weights that are trained, each with the fits' weights that are its rows."""
    parameters = [dict(fit.network.named_parameters()) for fit in fits]
    return {
        weight: [by_name[name] for by_name in parameters]
        for name, weight in network.named_parameters()
        if weight.requires_grad
    }


def _joint_optimizer(
    fits: Sequence[Fit], weight_rows: dict[Tensor, list[Tensor]]
) -> torch.optim.Optimizer:
    """An optimiser over the stacked weights that continues from the fits' states."""
    first = fits[0].optimizer
    stacks = {rows[0]: weight for weight, rows in weight_rows.items()}
    groups = [
        {**group, "params": [stacks[parameter] for parameter in group["params"]]}
        for group in first.param_groups
    ]
    if isinstance(first, MuonOptimizer):
        optimizer: torch.optim.Optimizer = MuonOptimizer(groups, first.bfloat16, stacked=True)
    else:
        optimizer = type(first)(groups)  # type: ignore[call-arg]
    for weight in (parameter for group in groups for parameter in group["params"]):
        rows = weight_rows[weight]
        states = [fit.optimizer.state.get(row, {}) for fit, row in zip(fits, rows, strict=True)]
        if states[0]:
            optimizer.state[weight] = {
                key: value.clone()
                if key == "step"
                else stack_rows([state[key] for state in states])
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
    """Clip the gradient of each fit, over all its weights together, to norm `longest`, in place."""
    lengths = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients]).norm(dim=0)
    # As torch.nn.utils.clip_grad_norm_ has it.
    factors = (longest / (lengths + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))


def _has_dropout(network: nn.Module) -> bool:
    return any(isinstance(module, SeededDropout) for module in network.modules())
