"""A recipe's data, read and divided: what a run needs of it before its first step."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from toile.data import (
    DataFacts,
    Dataset,
    PixelStatistics,
    Progress,
    Split,
    chunk_slices,
    data_facts,
    load_data,
    no_progress,
    novelty,
    pixel_statistics,
    split_data,
)
from toile.prediction import are_out_of_distribution
from toile.recipe import Data
from toile.runs.novelty import RunNovelty


@dataclass(frozen=True, eq=False)
class PreparedData:
    """Data as `settings` ask for it. Runs on the same data may share one: none changes it."""

    settings: Data
    dataset: Dataset
    split: Split

    @cached_property
    def statistics(self) -> PixelStatistics:
        """Over the training images alone: validation must not leak into the scale."""
        return pixel_statistics(self.split.train)

    @cached_property
    def facts(self) -> DataFacts:
        """What a run remembers of its data."""
        return data_facts(self.dataset, self.split, self.statistics, self.settings)

    @cached_property
    def novelty(self) -> RunNovelty:
        """How the training images look as a whole, and how far from it validation lies."""
        known, pixels = novelty(self.split.train), self.split.validation.pixels
        distances, unlike = [np.empty(0, np.float32)], [np.empty(0, np.bool_)]
        for piece in chunk_slices(pixels):
            # Read once for both: of data larger than memory they lie in a file.
            pictures = pixels[piece]
            distances.append(known.distances(pictures).astype(np.float32))
            unlike.append(are_out_of_distribution(pictures, self.facts.known_appearance))
        return RunNovelty(known, np.concatenate(distances), np.concatenate(unlike))

    def measure(self) -> None:
        """Compute at once what a new run needs of its images, else done when first asked for."""
        _ = self.facts, self.novelty


def prepare_data(settings: Data, progress: Progress = no_progress) -> PreparedData:
    """The data of a recipe, read and divided. Raises ToileError where it cannot be."""
    dataset = load_data(settings, progress=progress)
    return PreparedData(settings, dataset, split_data(dataset.train, settings))
