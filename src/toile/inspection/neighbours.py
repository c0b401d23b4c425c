"""The pictures of a set that are nearest to others, by the features of the last hidden layer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
from jaxtyping import Float64, Int64
from scipy.spatial.distance import cdist
from torch import nn

from toile.errors import ToileError
from toile.inspection.embedding_points import hidden_features
from toile.inspection.inputs import (
    Pictures,
    checked_batches,
    checked_pictures,
    whole_number,
)

Metric = Literal["cosine", "euclidean"]
METRICS = get_args(Metric)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each picture the nearest pictures of the set, the nearest first.

    `indices` are those of the set. Distances are between the inputs of the dense layer `before`:
    1 minus the cosine of their angle, from 0 to 2, or Euclidean. `num_nearest` counts the pictures
    of the set at the least distance: if they are more than `indices` has, which of them are named
    depends on their order alone.
    """

    before: str
    indices: Int64[np.ndarray, "n count"]
    distances: Float64[np.ndarray, "n count"]
    num_nearest: Int64[np.ndarray, " n"]


def nearest_images(
    network: nn.Module,
    images: Pictures,
    batches: Iterable[Pictures],
    count: int = 5,
    metric: str = "cosine",
) -> Neighbours:
    """The `count` pictures of `batches` nearest to each of `images`, in one pass.

    All are (n, c, h, w), scaled for the network. Of equally near pictures the first ones are
    returned. A picture whose features are all 0 has no angle; its cosine counts as 0. Raises
    ToileError for another metric, a count below 1, and if the network has no hidden layer.
    """
    whole_number("count", count)
    if metric not in METRICS:
        raise ToileError(f"metric is {metric}; it is {' or '.join(METRICS)}")
    images = checked_pictures(network, images)
    before, features = hidden_features(network, [images])
    num = len(features)
    indices, distances = np.zeros((num, 0), np.int64), np.zeros((num, 0))
    least, num_nearest = np.full(num, np.inf), np.zeros(num, np.int64)
    done = 0
    for batch in checked_batches(network, batches):
        _, batch_features = hidden_features(network, [batch])
        # The cosine of a zero vector is NaN.
        batch_distances = np.nan_to_num(
            cdist(features, batch_features, cast(Metric, metric)), nan=1.0
        )
        before_batch, least = least, np.minimum(least, batch_distances.min(axis=1))
        num_nearest = np.where(least < before_batch, 0, num_nearest)
        num_nearest += (batch_distances == least[:, None]).sum(axis=1)
        distances = np.concatenate([distances, batch_distances], axis=1)
        arrived = np.broadcast_to(np.arange(done, done + len(batch)), batch_distances.shape)
        indices = np.concatenate([indices, arrived], axis=1)
        # Stable, so that of equal distances the first stay.
        order = distances.argsort(axis=1, kind="stable")[:, :count]
        indices = np.take_along_axis(indices, order, axis=1)
        distances = np.take_along_axis(distances, order, axis=1)
        done += len(batch)
    return Neighbours(before, indices, distances, num_nearest)
