"""The section of a run's page on the inside of its network; parts without data are left out."""

from dataclasses import dataclass, field

from toile.report.inside.mosaic import Mosaic


@dataclass(frozen=True)
class CensusRow:
    """How often the units of a layer fire after the last epoch; fractions of `units`.

    `never_first` is the fraction that never fired at the first epoch that was counted.
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
    """A picture under its heat map as a data: URI, and a description."""

    uri: str
    says: str


@dataclass(frozen=True)
class Origin:
    """The run that the network was pruned from, what was cut, and the effect if it is known."""

    parent: str
    cut: str
    sentence: str


@dataclass(frozen=True)
class InsideSection:
    """The whole section. The census counted `counted` images, at `epochs` epochs."""

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
