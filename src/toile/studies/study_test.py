"""`test.json` as values with names: what came of opening the test part once for a whole study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toile.runs import Record


@dataclass(frozen=True)
class LevelOnTest:
    """The mean accuracy of a level's `n` readings on the test part, a fraction.

    `low` and `high` are the ends of its 95 % interval, None of a single reading.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class StudyTest:
    """What came of the one look at the test part, in which all finished readings took part.

    `levels` has the means by level. `runs` are the readings' ids, and `accuracies` their scores in
    that order, fractions of the `images` of the test part. `looks` counts the looks at these images
    so far, this one among them, and `networks` the networks that were scored in them. `when` and
    `why` are those of this look; `seen` is what must be said beside the scores, or empty.

        >>> result = toile.open_study_test(toile.open_study("epochs"), "the study is done")
        >>> result.test.looks >= 1, len(result.test.accuracies) == len(result.test.runs)
        (True, True)
    """

    levels: Mapping[str, LevelOnTest]
    runs: tuple[str, ...]
    accuracies: tuple[float, ...]
    images: int
    looks: int
    networks: int
    when: str
    why: str
    seen: str
    record: Record = field(repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """`test.json` as it stands."""
        return self.record


def study_test_in(record: Record) -> StudyTest:
    """The test that `record` holds, which was checked as `test.json` is when read."""
    levels = {
        name: LevelOnTest(level["n"], *(level[end] for end in ("mean", "low", "high")))
        for name, level in record["levels"].items()
    }
    return StudyTest(
        levels=levels,
        runs=tuple(record["runs"]),
        accuracies=tuple(record.get("accuracies", ())),
        images=record["images"],
        looks=record["looks"],
        networks=record["networks"],
        when=record["look"]["when"],
        why=record["look"]["why"],
        seen=(record["look"].get("score") or {}).get("seen", ""),
        record=record,
    )
