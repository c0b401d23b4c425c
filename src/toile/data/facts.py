"""What a run remembers of its data: with the weights, enough to answer a new picture without it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from toile.data.appearance import Appearance, Framing, Range, appearance
from toile.data.dataset import Dataset
from toile.data.split import Split
from toile.data.statistics import BORDER_TOLERANCE, PixelStatistics


class SideMargins(BaseModel):
    """Median of empty rows and columns around what is in the training images, in px."""

    model_config = ConfigDict(frozen=True)

    top: float
    right: float
    bottom: float
    left: float


class DataFacts(BaseModel):
    """`data.json`, and the part of an export's metadata that says what the network takes.

    `shape` is channels, height and width; `mean` and `sd` are those of pixels / 255 a channel, used
    where `scaling` is `standard`; `border_grey` goes from 0 to 255.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    name: str
    path: str
    release: str
    class_names: tuple[str, ...]
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    border_grey: tuple[float, ...]
    margins: SideMargins
    scaling: Literal["unit", "standard"]
    fingerprint: str
    test_fingerprint: str
    order: str
    train: int
    validation: int
    test: int
    appearance: Appearance | None = None
    """None in runs of Toile 0.1, which knew the border and the margins alone."""

    @property
    def known_appearance(self) -> Appearance:
        """How the training images look; what border and margins tell of it where nothing else."""
        if self.appearance is not None:
            return self.appearance
        _, height, width = self.shape
        left, top = self.margins.left, self.margins.top
        right, bottom = width - self.margins.right, height - self.margins.bottom
        framing = Framing(
            extent=_about(max((right - left) / width, (bottom - top) / height)),
            centred_by="box",
            centre_x=_about((left + right) / 2 / width),
            centre_y=_about((top + bottom) / 2 / height),
        )
        paper = tuple(255.0 if grey > 127.5 else 0.0 for grey in self.border_grey)
        is_plain = all(
            abs(grey - white) <= BORDER_TOLERANCE
            for grey, white in zip(self.border_grey, paper, strict=True)
        )
        return Appearance(
            paper=paper,
            plain=float(is_plain),
            framing=framing if is_plain else None,
            features={},
        )


def _about(middle: float) -> Range:
    return Range(low=middle - 0.05, middle=middle, high=middle + 0.05)


def data_facts(
    dataset: Dataset,
    split: Split,
    statistics: PixelStatistics,
    scaling: Literal["unit", "standard"],
) -> DataFacts:
    """What to remember of `dataset`; `statistics` are of the images trained on alone."""
    margins = statistics.margins
    return DataFacts(
        name=dataset.name,
        path=str(dataset.path),
        release=dataset.release,
        class_names=dataset.class_names,
        shape=dataset.shape,
        mean=statistics.mean,
        sd=statistics.sd,
        border_grey=statistics.border_grey,
        margins=SideMargins(
            top=margins.top_px,
            right=margins.right_px,
            bottom=margins.bottom_px,
            left=margins.left_px,
        ),
        scaling=scaling,
        fingerprint=dataset.fingerprint,
        test_fingerprint=dataset.test_fingerprint,
        order=dataset.order,
        train=len(split.train),
        validation=len(split.validation),
        test=len(dataset.test),
        appearance=appearance(split.train),
    )
