"""Which numbers beside names may be the indices of those."""

import numpy as np
import pytest

from toile.data.readers.label_values import note_mixed
from toile.errors import ToileError

NAMES = np.array(list("abcdefghij"))


@pytest.mark.parametrize(
    "integers", [range(10), range(9), [0, 4], range(1, 11), range(2, 11), range(12), range(1, 12)]
)
def test_integers_that_may_be_the_indices_of_the_names_are_refused(integers):
    shards = [("train-0", np.array(integers)), ("train-1", NAMES)]
    with pytest.raises(ToileError, match="nothing says which number is which name"):
        note_mixed(shards, "set")


@pytest.mark.parametrize("integers", [[0, 10], [0, 1, 255], [-1, 1], [11]])
def test_integers_beyond_the_number_of_names_are_classes_of_their_own(integers):
    (note,) = note_mixed([("train-0", np.array(integers)), ("train-1", NAMES)], "set")
    assert note.endswith("each is a class of its own")
