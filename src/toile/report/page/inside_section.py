"""What a run's page shows of its network from inside; what there is nothing of is left out."""

from dataclasses import dataclass, field

from toile.report.inside.mosaic import Mosaic


@dataclass(frozen=True)
class CensusRow:
    """How many units of a layer fire how often after the last epoch; fractions of `units`.

    `never_first` is the fraction that never fired after the first epoch that was counted.
    """

    name: str
    units: int
    never_first: float
    never: float
    rarely: float
    always: float
    dead_channels: int
    channels: int


@dataclass(frozen=True)
class ShownHeat:
    """A picture with its heat, the class that the heat is of, and what the picture is."""

    uri: str
    says: str


@dataclass(frozen=True)
class Origin:
    """The run that the network was cut out of, and what that came to, where it is known."""

    parent: str
    cut: str
    sentence: str


@dataclass(frozen=True)
class InsideSection:
    """All of it. `counted` are the images of the census, in `epochs` epochs."""

    origin: Origin | None = None
    census: tuple[CensusRow, ...] = ()
    counted: int = 0
    epochs: int = 0
    mosaics: tuple[Mosaic, ...] = ()
    heats: tuple[ShownHeat, ...] = field(default=())
    heat_layer: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.origin or self.census or self.mosaics or self.heats)
