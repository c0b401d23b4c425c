"""What a training yields as it goes: plain numbers, in the order in which things happen."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochScore:
    """Mean cross-entropy in nats, and accuracy as a fraction; NaN of no images."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Stepped:
    """A step is done, `step` of `steps`, both counted over the whole run."""

    step: int
    steps: int
    epoch: int


@dataclass(frozen=True)
class Interval:
    """The steps since the last interval, about a twentieth of an epoch."""

    epoch: int
    step: int
    loss: float
    accuracy: float
    learning_rate: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Scoring:
    """A batch of validation images is scored, `done` of `images`."""

    done: int
    images: int


@dataclass(frozen=True)
class Epoch:
    """An epoch is done and scored.

    `selection` and `holdout` are the two halves of validation: the first picks the best epoch and
    stops early, so only the second may say how good that epoch is. Where no images are held out
    their scores are NaN and no epoch is the `best`. `seconds` is this epoch's
    training, `total_seconds` all training and scoring so far.
    """

    epoch: int
    step: int
    training: EpochScore
    validation: EpochScore
    selection: EpochScore
    holdout: EpochScore
    best: bool
    learning_rate: float
    seconds: float
    evaluation_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class StartScored:
    """The first weights, another run's, are scored as they are: of a run of no epochs."""

    validation: EpochScore
    selection: EpochScore
    holdout: EpochScore
    evaluation_seconds: float


@dataclass(frozen=True)
class Diverged:
    """The loss at `step` was not finite, so the weights were not changed."""

    epoch: int
    step: int
    loss: float


@dataclass(frozen=True)
class Finished:
    """All epochs are done, or early stopping ended them."""

    epoch: int
    early: bool


Event = Stepped | Interval | Scoring | Epoch | StartScored | Diverged | Finished
