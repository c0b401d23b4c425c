"""Pictures as points of a plane, by the features of the last hidden layer."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import Tensor, nn

from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.inspection.inputs import Pictures, checked_batches, refuse_not_finite
from toile.inspection.layer_paths import way_to
from toile.inspection.layers import layer_names, layer_of
from toile.inspection.watching import watch
from toile.network import single_view

WAYS = ("pca", "tsne")
FIRST = 50
"""Most principal components that t-SNE uses."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """A point for each picture, from the inputs of the dense layer `before`.

    With PCA, `explained` are the fractions of the variance on the two axes. With t-SNE it is None:
    axes and distances have no meaning there, only neighbourhood has.
    """

    way: str
    before: str
    points: Float64[np.ndarray, "n 2"]
    features: Float32[np.ndarray, "n units"]
    explained: tuple[float, float] | None


def hidden_features(
    network: nn.Module, batches: Iterable[Tensor]
) -> tuple[str, Float32[np.ndarray, "n units"]]:
    """The name of the last dense layer, and its inputs for each picture.

    Raises ToileError if there is no dense layer or no picture.
    """
    looked = single_view(network)
    dense = [name for name in layer_names(looked) if isinstance(layer_of(looked, name), nn.Linear)]
    if not dense:
        raise ToileError("the network has no dense layer, so no hidden layer before it")
    way = way_to(looked, dense[-1])
    if len(way) == 1:
        raise ToileError(f"{dense[-1]} is the only layer; there is no hidden one")
    rows = []
    for batch in batches:
        with torch.no_grad(), watch(looked, [way[-2][0]]) as layer_outputs:
            looked(batch)
        rows.append(layer_outputs[way[-2][0]].flatten(1))
    if not rows:
        raise ToileError("there are no pictures to place; name data with images")
    features = torch.cat(rows)
    refuse_not_finite(features, f"the inputs of {dense[-1]}")
    return dense[-1], features.numpy()


def embedding(
    network: nn.Module, batches: Iterable[Pictures], way: str = "pca", seed: int = 0
) -> Embedding:
    """The pictures of `batches` as points, by principal components (pca) or t-SNE (tsne).

    Raises ToileError for another way, for fewer than 3 pictures, and without openTSNE.
    """
    if way not in WAYS:
        raise ToileError(f"--by is {way}; it is {' or '.join(WAYS)}")
    before, features = hidden_features(network, checked_batches(network, batches))
    if len(features) < 3:
        raise ToileError(f"{len(features)} pictures are too few for a map; use at least 3")
    scores, fractions = _principal(features.astype(np.float64))
    if way == "pca":
        return Embedding(way, before, scores[:, :2], features, (fractions[0], fractions[1]))
    with extra_packages("map", "a neighbour-keeping map"):
        from openTSNE import TSNE  # type: ignore[import-untyped]

    perplexity = min(30.0, (len(features) - 1) / 3)
    # van der Maaten and Hinton 2008; starts from PCA, as Kobak and Berens 2019 advise.
    begin = scores[:, :2] / max(float(scores[:, 0].std()), 1e-12) * 1e-4
    points = TSNE(perplexity=perplexity, initialization=begin, random_state=seed).fit(
        scores[:, :FIRST]
    )
    return Embedding(way, before, np.asarray(points, np.float64), features, None)


def _principal(
    features: Float64[np.ndarray, "n units"],
) -> tuple[Float64[np.ndarray, "n components"], list[float]]:
    """The scores on at least two principal components, and their fractions of the variance."""
    centred = features - features.mean(0)
    left, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    # The sign of an axis is arbitrary: its largest weight is made positive.
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])
    scores = left * sizes * np.where(signs == 0, 1, signs)
    variance = sizes**2
    fractions = (variance / max(float(variance.sum()), 1e-300)).tolist()
    if scores.shape[1] < 2:
        scores, fractions = np.pad(scores, ((0, 0), (0, 1))), [*fractions, 0.0]
    return scores, fractions
