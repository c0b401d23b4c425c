import numpy as np

from toile.augmentation import varied_copies
from toile.recipe import Augmentation

PICTURE = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)


def test_a_picture_that_nothing_varies_stays_as_it_is():
    copies = varied_copies(PICTURE, Augmentation(), [0.0], 3)
    assert copies.shape == (3, 1, 4, 4)
    assert (copies == PICTURE).all()


def test_what_is_shifted_in_has_the_backgrounds_grey():
    copies = varied_copies(PICTURE, Augmentation(shift=1), [200.0], 50)
    shifts = {(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)}
    padded = np.pad(PICTURE[0], 1, constant_values=200)
    windows = {(dy, dx): padded[1 + dy : 5 + dy, 1 + dx : 5 + dx].tobytes() for dy, dx in shifts}
    assert {copy.tobytes() for copy in copies} == set(windows.values())


def test_a_flip_mirrors_some_copies_and_the_same_seed_the_same_ones():
    copies = varied_copies(PICTURE, Augmentation(flip="random"), [0.0], 20, seed=1)
    mirrored = [(copy == PICTURE[:, :, ::-1]).all() for copy in copies]
    assert 0 < sum(mirrored) < 20
    again = varied_copies(PICTURE, Augmentation(flip="random"), [0.0], 20, seed=1)
    assert (again == copies).all()
