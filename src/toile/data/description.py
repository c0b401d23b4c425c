"""What a dataset holds, part by part and class by class.

Counts, means and overlaps are no look at the test part: no network meets it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from toile.data.dataset import Dataset, DataSource, Skipped
from toile.data.duplicates import Conflict, Overlap, conflicts, duplicate_groups, overlaps
from toile.data.fingerprint import image_hashes
from toile.data.greys import Greys
from toile.data.images import Images, chunk_slices
from toile.data.load import load_data
from toile.data.sealed import open_sealed
from toile.data.statistics import count_values, mean_and_sd


@dataclass(frozen=True, eq=False)
class PartDescription:
    """One part, class by class. Greys are 0 to 255, over pixels alone; NaN for an empty class."""

    num_images: int
    mean_grey: float
    sd_grey: float
    class_counts: Int64[np.ndarray, " k"]
    class_mean_grey: Float64[np.ndarray, " k"]
    class_sd_grey: Float64[np.ndarray, " k"]
    class_histograms: Int64[np.ndarray, "k 256"]
    """How many pixels have each grey, all channels together."""
    class_means: Float64[np.ndarray, "k c h w"]
    """The mean image of each class, 0 to 255."""
    class_correlation: Float64[np.ndarray, "k k"]
    """Pearson's r between class-mean images; NaN where one is empty or of one grey."""
    duplicates: tuple[tuple[int, ...], ...]
    names: tuple[str, ...] | None
    """The file of each image; None where they are rows of arrays."""

    def called(self, index: int) -> str:
        """An image by its file, or else by its number in the part, from 0."""
        return f"image {index}" if self.names is None else self.names[index]


@dataclass(frozen=True, eq=False)
class Description:
    """What can be said of a dataset before any network."""

    name: str
    path: str
    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    train: PartDescription
    validation: PartDescription | None
    """None where the source holds no images out itself."""
    test: PartDescription
    overlaps: tuple[Overlap, ...]
    conflicts: tuple[Conflict, ...]
    nulls: int | None
    nans: int | None
    fingerprint: str
    test_fingerprint: str
    order: str
    release: str
    skipped: tuple[Skipped, ...]
    greys: Greys | None
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {part.num_images}" for name, part in self.parts.items())
        return f"Description({self.name!r}, {len(self.class_names)} classes, images: {parts})"

    @property
    def parts(self) -> dict[str, PartDescription]:
        """The parts there are, by name."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}

    @property
    def correlation_difference(self) -> Float64[np.ndarray, "k k"]:
        """Correlation of the class-mean images in test less that in training."""
        difference: Float64[np.ndarray, "k k"]
        difference = self.test.class_correlation - self.train.class_correlation
        return difference

    def to_json(self) -> dict[str, Any]:
        """Plain values for `--json`; what is not defined is None. The mean images stay out.

        Of images that are the same their files are named too, where they have files.
        """
        values: dict[str, Any] = _plain(self)
        values["correlation_difference"] = _plain(self.correlation_difference)
        values["conflicts"] = [
            [
                {
                    "part": part,
                    "image": self.parts[part].called(index),
                    "index": index,
                    "class": self.class_names[label],
                }
                for part, index, label in conflict.occurrences
            ]
            for conflict in self.conflicts
        ]
        for name, part in self.parts.items():
            del values[name]["class_means"], values[name]["names"]
            values[name]["duplicate_images"] = [
                [part.called(index) for index in group] for group in part.duplicates
            ]
        return values


def describe(data: DataSource) -> Description:
    """Count, average and compare all parts of `data`, a dataset, a known name or a path.

    >>> described = toile.describe(data)
    >>> described.train.class_counts[:2].tolist(), described.test.class_counts[:2].tolist()
    ([600, 600], [100, 100])
    """
    dataset = data if isinstance(data, Dataset) else load_data(data)
    learnt, held_out = dataset.train.split_held_out()
    parts = {"train": learnt, "validation": held_out, "test": open_sealed(dataset.test)}
    hashes = {name: image_hashes(part) for name, part in parts.items()}
    num_classes = len(dataset.class_names)
    described = {
        name: _describe_part(part, hashes[name], num_classes)
        for name, part in parts.items()
        if name != "validation" or len(part)
    }
    return Description(
        name=dataset.name,
        path=str(dataset.path),
        shape=dataset.shape,
        class_names=dataset.class_names,
        train=described["train"],
        validation=described.get("validation"),
        test=described["test"],
        overlaps=overlaps(_source_hashes(parts, hashes), hashes["test"], hashes["validation"]),
        conflicts=conflicts(hashes, {name: part.labels for name, part in parts.items()}),
        nulls=dataset.nulls,
        nans=dataset.nans,
        fingerprint=dataset.fingerprint,
        test_fingerprint=dataset.test_fingerprint,
        order=dataset.order,
        release=dataset.release,
        skipped=dataset.skipped,
        greys=dataset.greys,
        notes=dataset.notes,
    )


def correlate(images: Float64[np.ndarray, "k *shape"]) -> Float64[np.ndarray, "k k"]:
    """Pearson's r between flattened images, in [-1, 1]; NaN where one has no variance."""
    flat = images.reshape(len(images), -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    # corrcoef divides by zero for an image of one grey, with a warning nobody reads.
    norms = np.sqrt((centred**2).sum(axis=1))
    scale = np.outer(norms, norms)
    correlation = np.full(scale.shape, np.nan)
    np.divide(centred @ centred.T, scale, out=correlation, where=scale > 0)
    # Rounding can leave an image's r with itself a hair above 1; NaN passes through clip.
    return correlation.clip(-1, 1)


def _source_hashes(parts: dict[str, Images], hashes: dict[str, list[bytes]]) -> list[bytes]:
    """The hashes of the training images: of a variant of a picture in another part, of that one."""
    if parts["train"].sources is None:
        return hashes["train"]
    unvaried = {
        int(known): image
        for name in ("validation", "test")
        for image, pair in zip(hashes[name], parts[name].hashes, strict=True)
        for known in pair
    }
    elsewhere = {*hashes["validation"], *hashes["test"]}
    return [
        image if image in elsewhere else unvaried.get(int(source), image)
        for image, source in zip(hashes["train"], parts["train"].sources, strict=True)
    ]


def _describe_part(images: Images, hashes: list[bytes], num_classes: int) -> PartDescription:
    sums, histograms = _sum_by_class(images, num_classes)
    counts = np.bincount(images.labels, minlength=num_classes)
    means = np.full(sums.shape, np.nan)
    np.divide(sums, counts[:, None, None, None], out=means, where=counts[:, None, None, None] > 0)
    class_greys = np.array([mean_and_sd(histogram) for histogram in histograms])
    mean, sd = mean_and_sd(histograms.sum(axis=0))
    return PartDescription(
        num_images=len(images),
        mean_grey=mean,
        sd_grey=sd,
        class_counts=counts,
        class_mean_grey=class_greys[:, 0],
        class_sd_grey=class_greys[:, 1],
        class_histograms=histograms,
        class_means=means,
        class_correlation=correlate(means),
        duplicates=duplicate_groups(hashes),
        names=images.names,
    )


def _sum_by_class(
    images: Images, num_classes: int
) -> tuple[Int64[np.ndarray, "k c h w"], Int64[np.ndarray, "k 256"]]:
    """Pixel sums and grey counts of each class, piece by piece."""
    sums = np.zeros((num_classes, *images.shape), np.int64)
    histograms = np.zeros((num_classes, 256), np.int64)
    for piece in chunk_slices(images.pixels):
        pixels, labels = images.pixels[piece], images.labels[piece]
        for label in np.unique(labels):
            class_pixels = pixels[labels == label]
            # Left to itself numpy sums uint8 as uint64, which it refuses to add to int64 in place.
            sums[label] += class_pixels.sum(axis=0, dtype=np.int64)
            histograms[label] += count_values(class_pixels)
    return sums, histograms


def _plain(value: Any) -> Any:
    """Dataclasses, arrays and tuples as dicts and lists; NaN as None."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    # json.dumps would write the bare word NaN, which is no JSON.
    if isinstance(value, float) and np.isnan(value):
        return None
    if isinstance(value, Greys):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {field: _plain(getattr(value, field)) for field in value.__dataclass_fields__}
    return value
