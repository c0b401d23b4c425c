"""The table of pictures that something is told of."""

import numpy as np

from toile.data import Images
from toile.workbench import MistakesView
from toile.workbench.inside.mistakes_table import mistakes_table


def as_csv(images: Images) -> list[str]:
    table = mistakes_table(images, np.array([2, 0]), {"true": ["Bag", "=1+1"], "margin": [0.25, 1]})
    return MistakesView({}, {}, (), None, table).csv().splitlines()


def test_a_picture_has_the_name_of_its_file_and_a_class_is_no_formula():
    pixels = np.zeros((3, 1, 4, 4), np.uint8)
    named = Images(pixels, np.zeros(3, np.int64), names=("a/0.png", "a/1.png", "b/2.png"))
    assert as_csv(named) == ["index,true,margin,file", "2,Bag,0.25,b/2.png", "0,'=1+1,1,a/0.png"]
    unnamed = Images(pixels, np.zeros(3, np.int64))
    assert as_csv(unnamed) == ["index,true,margin,file", "2,Bag,0.25,", "0,'=1+1,1,"]
