"""What a run remembers of its data: with the weights, enough to answer a new picture without it."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from toile.data.dataset import Dataset
from toile.data.features import Appearance, FeatureRange, Framing, appearance
from toile.data.greys import Greys
from toile.data.locations import CORRECTIONS_FILE
from toile.data.split import Split
from toile.data.statistics import BORDER_TOLERANCE, PixelStatistics
from toile.migrations import version_of
from toile.recipe import Data, Recipe, recipe_text, with_settings

Fraction = Annotated[float, Field(ge=0, le=1)]
Grey = Annotated[float, Field(ge=0, le=255)]
Count = Annotated[int, Field(ge=0)]
Margin = Annotated[float, Field(ge=0)]
Side = Annotated[int, Field(ge=1, le=256)]


class SideMargins(BaseModel):
    """Median of empty rows and columns around what is in the training images, in px."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    top: Margin
    right: Margin
    bottom: Margin
    left: Margin


class CorrectionFacts(BaseModel):
    """Which labels were corrected, by a file of this name and sha256.

    `train` of them were learnt from, `validation` stand beside labels that score, and the others
    are of copies that are in neither part. `original_fingerprint` is of the data as it is.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    sha256: str
    train: Count
    validation: Count
    original_fingerprint: str


class DataFacts(BaseModel):
    """`data.json`, and the part of an export's metadata that says what the network takes.

    `shape` is channels, height and width in px; `mean` and `sd` are those of pixels / 255 a
    channel, used where `scaling` is `standard`; `border_grey` goes from 0 to 255. `train`,
    `validation` and `test` count images.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="ignore")

    version: int = version_of("data.json")
    name: str
    path: str
    release: str
    class_names: Annotated[tuple[str, ...], Field(min_length=2, max_length=1000)]
    shape: tuple[Annotated[int, Field(ge=1)], Side, Side]
    mean: tuple[Fraction, ...]
    sd: tuple[Fraction, ...]
    border_grey: tuple[Grey, ...]
    margins: SideMargins
    scaling: Literal["unit", "standard"]
    fingerprint: str
    test_fingerprint: str
    order: str
    train: Count
    validation: Count
    test: Count
    rule: Literal[1, 2, 3]
    """The rules by which images were read and divided."""
    greys: Greys | None
    """Which values of the files were black and white; None in older runs, which took 0 and 255."""
    copies: Count
    """Training images left out as copies of validation images."""
    notes: tuple[str, ...]
    """What is to be known of how the images were read and divided, a sentence each."""
    appearance: Appearance | None
    """None in runs of Toile 0.1, which knew the border and the margins alone."""
    corrections: CorrectionFacts | None = None
    """None where images are learnt by the labels that the data has."""
    validation_digest: str | None = None
    """The sha256 of the validation images' hashes, labels and halves; None in older runs."""

    def to_json(self) -> dict[str, Any]:
        """What `data.json` holds, in today's form."""
        return self.model_dump(mode="json")

    @model_validator(mode="after")
    def _fits_together(self) -> "DataFacts":
        channels, height, width = self.shape
        lists = {"mean": self.mean, "sd": self.sd, "border_grey": self.border_grey}
        if self.appearance is not None:
            lists["appearance.background"] = self.appearance.background
        for name, values in lists.items():
            if len(values) != channels:
                raise ValueError(f"{name} has {len(values)} values for {channels} channels")
        margins = self.margins
        if margins.left + margins.right >= width or margins.top + margins.bottom >= height:
            raise ValueError(f"margins leave nothing of {width} x {height} px")
        framing = None if self.appearance is None else self.appearance.framing
        if framing is not None and framing.size.middle <= 0:
            raise ValueError(f"appearance.framing.size.middle is {framing.size.middle}, not > 0")
        return self

    @property
    def original_fingerprint(self) -> str:
        """The fingerprint of the data with the labels it has."""
        return self.corrections.original_fingerprint if self.corrections else self.fingerprint

    @property
    def known_appearance(self) -> Appearance:
        """How the training images look; what border and margins tell of it where nothing else."""
        if self.appearance is not None:
            return self.appearance
        _, height, width = self.shape
        left, top = self.margins.left, self.margins.top
        right, bottom = width - self.margins.right, height - self.margins.bottom
        framing = Framing(
            size=_about(max((right - left) / width, (bottom - top) / height)),
            centred_by="box",
            centre_x=_about((left + right) / 2 / width),
            centre_y=_about((top + bottom) / 2 / height),
        )
        background = tuple(255.0 if grey > 127.5 else 0.0 for grey in self.border_grey)
        is_plain = all(
            abs(grey - white) <= BORDER_TOLERANCE
            for grey, white in zip(self.border_grey, background, strict=True)
        )
        return Appearance(
            background=background,
            plain=float(is_plain),
            framing=framing if is_plain else None,
            features={},
        )


def _about(middle: float) -> FeatureRange:
    return FeatureRange(low=middle - 0.05, middle=middle, high=middle + 0.05)


def data_facts(
    dataset: Dataset,
    split: Split,
    statistics: PixelStatistics,
    settings: Data,
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
        scaling=settings.scaling,
        fingerprint=dataset.fingerprint,
        test_fingerprint=dataset.test_fingerprint,
        order=dataset.order,
        train=len(split.train),
        validation=len(split.validation),
        test=len(dataset.test),
        rule=settings.rule,
        greys=dataset.greys,
        copies=split.num_copies,
        notes=(*dataset.notes, *([split.note] if split.note else [])),
        appearance=appearance(split.train),
        corrections=_correction_facts(dataset, split),
        validation_digest=_validation_digest(split),
    )


def _validation_digest(split: Split) -> str | None:
    """By it two sets are known that score on the same pictures, as a set and an augmented one."""
    images = split.validation
    if not len(images):
        return None
    digest = hashlib.sha256()
    # The other column is of the files: a picture saved in another format is the same.
    for array in (images.hashes[:, 1], images.labels, split.selection):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _correction_facts(dataset: Dataset, split: Split) -> CorrectionFacts | None:
    corrections = dataset.corrections
    if corrections is None:
        return None
    indices = [row.index for row in corrections.rows]
    return CorrectionFacts(
        file=corrections.path.name,
        sha256=corrections.sha256,
        train=split.num_corrected,
        validation=int(np.isin(indices, split.validation_indices).sum()),
        original_fingerprint=corrections.original_fingerprint,
    )


def portable(recipe: Recipe, facts: DataFacts, complete: bool = True) -> tuple[str, DataFacts]:
    """The recipe's text, `complete` or what differs from the defaults, and the facts to take away.

    Paths of this machine are cut to their last part: they mean nothing elsewhere, and tell a
    stranger who trained where.
    """
    values = {"data.name": Path(recipe.data.name).name or recipe.data.name}
    if recipe.data.corrections is not None:
        # What a run's folder, and so a bundle, calls its copy.
        values["data.corrections"] = CORRECTIONS_FILE
    if recipe.training.start is not None:
        values["training.start.run"] = Path(recipe.training.start.run).name
    text = recipe_text(with_settings(recipe, values), complete=complete)
    return text, facts.model_copy(update={"path": Path(facts.path).name})
