"""What a run remembers of its data."""

from typing import Any

from toile.data import Dataset, PixelStatistics, Split
from toile.recipe import Recipe

VERSION = 1


def data_facts(
    dataset: Dataset, split: Split, statistics: PixelStatistics, recipe: Recipe
) -> dict[str, Any]:
    """What a run remembers of its data; with the weights, enough to predict without it."""
    margins = statistics.margins
    return {
        "version": VERSION,
        "name": dataset.name,
        "path": str(dataset.path),
        "release": dataset.release,
        "class_names": list(dataset.class_names),
        "shape": list(dataset.shape),
        "mean": list(statistics.mean),
        "sd": list(statistics.sd),
        "border_grey": list(statistics.border_grey),
        "margins": {
            "top": margins.top_px,
            "right": margins.right_px,
            "bottom": margins.bottom_px,
            "left": margins.left_px,
        },
        "scaling": recipe.data.scaling,
        "fingerprint": dataset.fingerprint,
        "test_fingerprint": dataset.test_fingerprint,
        "order": dataset.order,
        "train": len(split.train),
        "validation": len(split.validation),
        "test": len(dataset.test),
    }
