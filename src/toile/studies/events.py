"""What a study says as it goes: small records, in the order they happen."""

from dataclasses import dataclass

from toile.statistics import Verdict
from toile.studies.result import Reading


@dataclass(frozen=True)
class Started:
    """A reading has begun to train, or goes on from where it was stopped."""

    level: str
    number: int


@dataclass(frozen=True)
class Advanced:
    """A reading has done `fraction` of its steps, in [0, 1]."""

    level: str
    number: int
    fraction: float


@dataclass(frozen=True)
class Retried:
    """What trained a reading has failed, and it is given one more try."""

    level: str
    number: int
    reason: str


@dataclass(frozen=True)
class Ended:
    """A reading is finished, diverged or failed for good."""

    reading: Reading


@dataclass(frozen=True)
class Paused:
    """The disk is full; the readings concerned are tried again until there is room."""

    reason: str


@dataclass(frozen=True)
class Looked:
    """A look that was fixed beforehand: what `readings` a level allow one to say."""

    readings: int
    verdict: Verdict


StudyEvent = Started | Advanced | Retried | Ended | Paused | Looked
