"""Test-time augmentation, written as the first entry of a network."""

from typing import ClassVar

from pydantic import Field

from toile.recipe.layers.layer import Layer

Indices = tuple[int, ...]


class Views(Layer):
    """Test-time augmentation: the logits are the means over several views of a picture.

    It stands before all other layers. Training passes it by; every score and answer takes as many
    times as long as there are views.
    """

    kind: ClassVar[str] = "views"
    shift_x: int = Field(
        1,
        ge=0,
        le=16,
        description="Two more views, moved so many pixels to the left and to the right, the edge "
        "repeated; 0 for none",
    )
    shift_y: int = Field(0, ge=0, le=16, description="Two more, moved so many pixels up and down")
    mirror: bool = Field(False, description="Every view mirrored left to right as well")

    @property
    def count(self) -> int:
        """How many views there are, the picture itself included."""
        return (1 + 2 * bool(self.shift_x) + 2 * bool(self.shift_y)) * (1 + self.mirror)

    def view_indices(self, height: int, width: int) -> list[tuple[Indices, Indices]]:
        """For every view the rows and the columns of the picture that it shows, in their order.

        The picture as it is comes first.
        """
        rows, columns = tuple(range(height)), tuple(range(width))
        views = [(rows, columns)]
        if self.shift_x:
            views += [(rows, _moved(width, by)) for by in (self.shift_x, -self.shift_x)]
        if self.shift_y:
            views += [(_moved(height, by), columns) for by in (self.shift_y, -self.shift_y)]
        if self.mirror:
            views += [(down, across[::-1]) for down, across in views]
        return views


def _moved(side_px: int, by: int) -> Indices:
    return tuple(min(max(at - by, 0), side_px - 1) for at in range(side_px))
