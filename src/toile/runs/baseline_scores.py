"""`baselines.json`: what simple classifiers get of the images that score a run."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from toile.errors import ToileError
from toile.migrations import read_form
from toile.recipe import first_fault
from toile.runs.corrupt_file import CorruptFile
from toile.runs.layout import BASELINES
from toile.runs.records import Count, Fraction, Named, Seconds, read_json

Difference = Annotated[float, Field(ge=-1, le=1)]


class FractionRecord(Named):
    """An accuracy and its 95 % interval, of `n` images."""

    value: Fraction
    low: Fraction
    high: Fraction
    n: Count


class DifferenceRecord(Named):
    """By how much the network is right more often, its 95 % interval, and McNemar's `p`."""

    value: Difference
    low: Difference
    high: Difference
    p: Fraction


class BaselineScore(Named):
    """A simple classifier's score; `difference` is of a run's network from it, where one is."""

    name: str
    accuracy: FractionRecord
    difference: DifferenceRecord | None
    seconds: Seconds
    note: str = ""


class BaselineScores(Named):
    """The scores of all, each fitted to `images` of the `train` training images, with `seed`.

    They are of the images of `of`, as a run's score is. `weights_sha256` tells the weights of the
    run that they were compared with; None of data alone.

        >>> scores = toile.baselines(run)
        >>> [score.name for score in scores.scores][:2]
        ['commonest class', 'one nearest neighbour']
        >>> scores.scores[0].difference.low > 0  # the network is better, beyond doubt
        True
    """

    data: str
    of: str
    images: Count
    train: Count
    seed: int
    scores: Annotated[tuple[BaselineScore, ...], Field(min_length=1)]
    weights_sha256: str | None = None

    @property
    def best(self) -> BaselineScore:
        """The one that is right most often."""
        return max(self.scores, key=lambda score: score.accuracy.value)

    @property
    def fitted_to(self) -> str:
        """The images they learnt from, in words."""
        if self.images == self.train:
            return f"all {self.train:,} training images"
        return (
            f"{self.images:,} of the {self.train:,} training images, drawn with each class's part"
        )


def read_baselines(folder: Path) -> BaselineScores | None:
    """The scores in the run folder `folder`, of whatever weights; None where there are none.

    Raises CorruptFile where the file is damaged.
    """
    path = folder / BASELINES
    if not path.exists():
        return None
    try:
        # As text, since strict lists are no tuples, and JSON has no others.
        record = read_form(read_json(path.read_bytes(), path), BASELINES, path)
        text = json.dumps(record)
        return BaselineScores.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise CorruptFile(f"{path} is damaged: {first_fault(error):.200}") from None
    except OSError as error:
        raise ToileError(f"{path}: cannot be read ({error.strerror})") from None
