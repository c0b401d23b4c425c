"""How a network is fitted."""

from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from toile.recipe import optimizers, schedules
from toile.recipe.choice import one_of, write_choice
from toile.recipe.settings import Settings

# write_choice, for pydantic writes a field by its declared class: of an Adam in a field for an
# Optimizer it would write none of Adam's own settings.
OptimizerChoice = Annotated[
    optimizers.Optimizer,
    one_of(optimizers.KINDS, "training.optimizer"),
    PlainSerializer(write_choice),
]
ScheduleChoice = Annotated[
    schedules.Schedule,
    one_of(schedules.KINDS, "training.schedule"),
    PlainSerializer(write_choice),
]


class EarlyStopping(Settings):
    """Stop when a score of the choosing half of validation no longer gets better."""

    patience: int = Field(3, ge=1, le=10_000, description="Epochs without a better score to wait")
    score: Literal["accuracy", "loss"] = Field("accuracy", description="Which score")
    least_change: float = Field(
        0.0, ge=0, le=10, description="How much better counts (accuracy is a fraction)"
    )


class CutChannels(Settings):
    """Channels of one layer."""

    layer: str = Field(min_length=1, max_length=500, description="The layer's name")
    channels: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = Field(
        strict=False, description="Its channels, from 0"
    )


class Start(Settings):
    """Begin with another run's weights. `--from RUN` fills this."""

    run: str = Field(min_length=1, max_length=4096, description="The run the weights come from")
    file: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        None,
        description="The file they were imported from, filled by `toile import`; `run` is then the "
        "run itself",
    )
    weights: Literal["last", "best"] = Field("last", description="Which of its weights")
    sha256: str = Field("", pattern="^([0-9a-f]{64})?$", description="Their hash, filled when read")
    up_to: str | None = Field(
        None, description="The last layer whose weights are copied; off copies all that fit"
    )
    freeze_up_to: str | None = Field(
        None, description="Layers up to this one keep their weights, batch statistics included"
    )
    allow_seen: bool = Field(
        False,
        description="Take weights that were trained on validation or test images, and say so "
        "beside every score",
    )
    seen_validation: int = Field(
        0, ge=0, lt=2**63, description="Validation images they were trained on, filled"
    )
    seen_test: int = Field(0, ge=0, lt=2**63, description="Test images, filled")
    unknown: tuple[str, ...] = Field(
        (), strict=False, description="Runs they come from whose images are not known, filled"
    )
    copied: tuple[str, ...] = Field((), strict=False, description="The layers copied, filled")
    frozen: tuple[str, ...] = Field((), strict=False, description="The layers frozen, filled")
    selected: bool = Field(
        False,
        description="Half of validation ranked the channels that were cut, chose how an imported "
        "network is read, or chose the epoch of the weights, so the other half scores; filled",
    )
    cut: tuple[CutChannels, ...] = Field(
        (),
        strict=False,
        description="Channels cut out of them, by a layer that writes them: the network here has "
        "so many fewer. `toile inspect prune` fills this",
    )
    silent: tuple[CutChannels, ...] = Field(
        (),
        strict=False,
        description="Channels of activations that were 0 for every training image, filled; what "
        "norms make of those that are cut is added to the next layer's biases",
    )


class Extension(Settings):
    """A point at which a run was asked to go on to more epochs than it was begun with.

    Early stopping begins to wait anew there.
    """

    step: int = Field(ge=0, lt=2**63, description="Steps done by then")
    epochs: int = Field(
        ge=0, le=10_000, description="Epochs planned until then; the schedule kept to them"
    )


class Training(Settings):
    """How a network is fitted."""

    optimizer: OptimizerChoice = Field(
        optimizers.Adam(), description="How weights follow their gradients"
    )
    schedule: ScheduleChoice = Field(
        schedules.Constant(), description="How the learning rate moves during the run"
    )
    batch_size: int = Field(128, ge=1, le=100_000, description="Images per step")
    epochs: int = Field(
        5,
        ge=0,
        le=10_000,
        description="Passes over the training images; with `start` also 0, which trains nothing",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Fraction of the target spread over all classes"
    )
    clip_norm: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None, description="Longest gradient, over all weights together; longer ones are shortened"
    )
    early_stopping: EarlyStopping | None = Field(
        None, description="Stop when validation no longer gets better"
    )
    ema: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="Score a moving average of the weights that keeps this fraction a step (EMA)",
    )
    start: Start | None = Field(None, description="Begin with another run's weights")
    extended: tuple[Extension, ...] = Field(
        (), strict=False, description="Where a run was asked to go on for longer, filled then"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Numbers the training steps compute in; scores are always float32"
    )
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = Field(
        "auto", description="Processor threads; the same run on another number has other bits"
    )
    shards: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = Field(
        "auto",
        description="Parts of each batch that are computed side by side, each on its share of the "
        "threads, and in a longer training by a process of its own; another number has other bits",
    )
    engine: Literal["auto", "plain", "fast"] = Field(
        "auto",
        description="How gradients are computed: `fast` by kernels of Toile's own, `plain` by "
        "autograd on the layers as written, slower, to check and to teach by; other last bits",
    )
    census: bool = Field(
        False,
        description="After each epoch count the units that never fire, on 2,000 training images, "
        "for `toile inspect census` to tell when they fell silent",
    )
    keep: Literal["epochs"] | None = Field(
        None,
        description="`epochs` keeps the weights of every epoch, four bytes a parameter, for `toile "
        "inspect film`; off keeps the last and the best",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute")

    @property
    def is_imported(self) -> bool:
        """Whether the weights are those of a file, as they came."""
        return self.start is not None and self.start.file is not None and self.epochs == 0

    @property
    def is_selecting(self) -> bool:
        """Whether half of validation chooses: an epoch, channels, or how an import is read."""
        return self.early_stopping is not None or (self.start is not None and self.start.selected)
