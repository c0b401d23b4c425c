"""Descriptions and pictures of data sets, in the process that computes.

Of the test part only the description is sent, never a picture.
"""

import base64
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toile.app.computing import Question, Tell

if TYPE_CHECKING:
    from toile.data import Dataset, Description, PartDescription

OPEN_DATASETS = 3
MOST_LINES = 100
MOST_CORRELATED = 40
MEAN_PX = 64
WALL_BYTES = 3_000_000
"""Most bytes of one answer with pictures; larger ones show every second or third pixel."""
HISTOGRAM_BINS = 32


class DataAnswers:
    """Answers about data sets; the last three stay open."""

    def __init__(self) -> None:
        self._opened: OrderedDict[str, Dataset] = OrderedDict()
        self._versions: dict[str, int | None] = {}

    def verbs(self) -> dict[str, Callable[[Question, bytes, Tell], Question]]:
        """The functions that answer, by verb."""
        return {
            "get": self.get,
            "add": self.add,
            "describe": self.describe,
            "pictures": self.pictures,
            "vary": self.vary,
        }

    def get(self, question: Question, content: bytes, tell: Tell) -> Question:
        """Load a known dataset, and download it if it is missing."""
        return {"path": str(self._dataset(question, tell).path)}

    def add(self, question: Question, content: bytes, tell: Tell) -> Question:
        """Read a dataset and add it to the workspace's list."""
        from toile.runs import DataList

        entry = DataList(Path(question["workspace"])).add(
            question["path"], question["name"], question["settings"], tell
        )
        return {"name": entry.name}

    def describe(self, question: Question, content: bytes, tell: Tell) -> Question:
        """Counts, grey values, correlations of class means, and duplicates."""
        from toile.data import describe

        dataset = self._dataset(question, tell)
        tell(0, None, "describing the pictures")
        return description_json(describe(dataset))

    def pictures(self, question: Question, content: bytes, tell: Tell) -> Question:
        """Training pictures of one class or all: the first ones, or random ones of a seed."""
        train = self._dataset(question, tell).train
        indices = np.arange(len(train))
        if question["indices"] is not None:
            chosen = np.array(question["indices"], np.int64)
            indices = chosen[(chosen >= 0) & (chosen < len(train))]
        elif question["class_index"] is not None:
            indices = indices[train.labels == question["class_index"]]
        available = len(indices)
        if question["seed"] is not None:
            indices = np.random.default_rng(question["seed"]).permutation(indices)
        indices = np.sort(indices[question["begin"] :][: question["num"]])
        images = train.gather(indices)
        names = images.names or [""] * len(indices)
        pixels = images.pixels[:]
        stride = 1 if question["indices"] is not None else _stride(pixels)
        return {
            "available": available,
            "indices": indices.tolist(),
            "labels": images.labels.tolist(),
            "names": list(names),
            "held_out": (indices >= len(train) - train.num_held_out).tolist(),
            **packed(pixels[:, :, ::stride, ::stride]),
        }

    def vary(self, question: Question, content: bytes, tell: Tell) -> Question:
        """A training picture, and eight random changes of it as in training."""
        from toile.workbench import vary_picture

        dataset = self._dataset(question, tell)
        pixels = vary_picture(dataset, question["index"], question["changes"], 8, question["seed"])
        return packed(pixels)

    def _dataset(self, question: Question, tell: Tell) -> "Dataset":
        from toile.data import load_data

        settings = question["data"]
        key = repr(sorted(settings.items()))
        # The files may have changed, so an older open dataset is dropped.
        if self._versions.get(key) != question.get("version"):
            self._opened.pop(key, None)
            self._versions[key] = question.get("version")
        if key not in self._opened:
            name, more = settings["name"], {k: v for k, v in settings.items() if k != "name"}
            self._opened[key] = load_data(name, progress=tell, **more)
        self._opened.move_to_end(key)
        while len(self._opened) > OPEN_DATASETS:
            self._opened.popitem(last=False)
        return self._opened[key]


def packed(pixels: np.ndarray) -> Question:
    """Pictures (n, c, h, w) as JSON: their sizes, and their bytes in base64."""
    num, channels, height, width = pixels.shape
    return {
        "num": num,
        "channels": channels,
        "height": height,
        "width": width,
        "pixels": base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode(),
    }


def _stride(pixels: np.ndarray) -> int:
    """The stride between shown pixels at which all pictures are small enough to send."""
    stride = 1
    while pixels[:, :, ::stride, ::stride].size > WALL_BYTES:
        stride += 1
    return stride


def description_json(description: "Description") -> Question:
    """A description as JSON; the mean pictures are those of the training part only."""
    from toile.data import repeated_pictures
    from toile.evaluation import commonest

    repeated = repeated_pictures(description)
    largest = commonest(description.train.class_counts)
    means = np.rint(np.nan_to_num(description.train.class_means)).astype(np.uint8)
    stride = max(1, -(-max(means.shape[2:]) // MEAN_PX))
    alike = len(description.class_names) <= MOST_CORRELATED
    correlations = {
        "train": description.train.class_correlation,
        "test": description.test.class_correlation,
        "difference": description.correlation_difference,
    }
    return {
        "path": description.path,
        "shape": list(description.shape),
        "class_names": list(description.class_names),
        "release": description.release,
        "fingerprint": description.fingerprint,
        "test_fingerprint": description.test_fingerprint,
        "greys": description.greys.words if description.greys else "",
        "notes": list(description.notes),
        "parts": [_part(name, part) for name, part in description.parts.items()],
        "means": packed(means[:, :, ::stride, ::stride]),
        "commonest": None if largest is None else largest.fraction,
        "commonest_class": None if largest is None else largest.label,
        "correlations": {name: _rounded(rows) for name, rows in correlations.items()}
        if alike
        else None,
        "within": list(repeated.within[:MOST_LINES]),
        "across": list(repeated.across[:MOST_LINES]),
        "under_two": list(repeated.under_two[:MOST_LINES]),
        "num_within": len(repeated.within),
        "num_across": len(repeated.across),
        "num_under_two": len(repeated.under_two),
        "num_leaks": repeated.num_leaks,
        "nulls": description.nulls,
        "nans": description.nans,
        "skipped": [
            {"file": skipped.file, "reason": skipped.reason}
            for skipped in description.skipped[:MOST_LINES]
        ],
        "num_skipped": len(description.skipped),
    }


def _part(name: str, part: "PartDescription") -> Question:
    bins = part.class_histograms.reshape(len(part.class_histograms), HISTOGRAM_BINS, -1).sum(2)
    return {
        "name": name,
        "num_images": part.num_images,
        "mean_grey": _rounded(part.mean_grey),
        "sd_grey": _rounded(part.sd_grey),
        "class_counts": part.class_counts.tolist(),
        "class_mean_grey": _rounded(part.class_mean_grey),
        "class_sd_grey": _rounded(part.class_sd_grey),
        "class_histograms": bins.tolist(),
        "num_duplicates": sum(len(group) - 1 for group in part.duplicates),
    }


def _rounded(values: Any) -> Any:
    """Numbers rounded to four digits after the point; None for NaN."""
    array = np.asarray(values)
    if array.ndim:
        return [_rounded(row) for row in array]
    return None if np.isnan(array) else round(float(array), 4)
