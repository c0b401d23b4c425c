"""Which images a recipe learns from, and how they are divided."""

from typing import Annotated, Literal

from pydantic import Field

from toile.recipe.settings import Settings

Fraction = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]


class Data(Settings):
    """Which images are learnt from, and how they are divided."""

    name: str = Field(
        "fashion-mnist",
        min_length=1,
        max_length=4096,
        description="A known dataset (see `toile data`) or the path of a file or folder",
    )
    validation: Count | Annotated[float, Field(gt=0, le=0.5)] = Field(
        5000,
        description="Training images held out to choose and to score: a number, or a fraction to "
        ".5; 0 trains on all of them, and then nothing is scored",
    )
    split: int = Field(
        0,
        ge=0,
        lt=2**63,
        description="Seed of the split into training and validation; apart from the run's seed",
    )
    folds: Annotated[int, Field(ge=2, le=1000)] | None = Field(
        None, description="Cut the training part into so many folds and hold one out instead"
    )
    fold: int = Field(0, ge=0, lt=1000, description="Which of the folds is held out, from 0")
    test: Fraction = Field(
        0.2,
        description="Fraction sealed as the test part, by content hash, where the source has none; "
        "0 seals nothing",
    )
    rule: int = Field(
        3,
        ge=1,
        le=3,
        description="Version of the rules of reading and dividing: since 3 classes are the labels "
        "that occur, and the range of greys is found; 1 sealed by resized pixels",
    )
    white: Annotated[float, Field(gt=0, le=65535)] | None = Field(
        None,
        description="Value of a white pixel in the files, as 1, 16 or 4095; found where it is not "
        "set",
    )
    size_px: Annotated[int, Field(ge=4, le=256)] | None = Field(
        None,
        description="Resize every picture to this many pixels a side; needed when sizes differ",
    )
    colour: Literal["grey", "rgb"] | None = Field(
        None, description="Read pictures as grey or rgb; needed when a folder holds both"
    )
    orientation: Literal["auto", "as_is", "transposed"] = Field(
        "auto",
        description="Whether rows and columns of pictures are swapped in reading; auto swaps those "
        "of files called emnist-*, which are known to be stored so",
    )
    label_column: str = Field(
        "auto",
        min_length=1,
        max_length=200,
        description="Where a CSV or Parquet file, or a table beside pictures, has its labels: "
        "first, last, or the name of the column",
    )
    corrections: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(
        None,
        description="A correction file (`toile data relabel`) by whose labels training images are "
        "learnt; images are divided and scored by the labels of the data",
    )
    scaling: Literal["unit", "standard"] = Field(
        "unit",
        description="What the network sees: pixels / 255 (unit), or those less their training mean "
        "and divided by their training SD (standard)",
    )

    @property
    def holds_out(self) -> bool:
        """Whether images are held out for validation, without which nothing is scored or chosen."""
        return self.folds is not None or self.validation != 0
