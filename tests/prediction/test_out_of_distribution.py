import numpy as np

from toile.data import Appearance, FeatureRange, Framing
from toile.prediction.out_of_distribution import are_out_of_distribution, unusual_features

WIDE = FeatureRange(low=0, middle=0.5, high=1)
FRAMING = Framing(size=WIDE, centred_by="box", centre_x=WIDE, centre_y=WIDE)


def looks(framing: Framing | None, **features: tuple[float, float]) -> Appearance:
    ranges = {
        name.replace("_", " "): FeatureRange(low=low, middle=low, high=high)
        for name, (low, high) in features.items()
    }
    return Appearance(background=(0.0,), plain=1.0, framing=framing, features=ranges)


def test_what_lies_outside_is_said_with_its_numbers():
    grey = np.full((1, 4, 4), 201, np.uint8)
    usual = looks(FRAMING, mean_grey=(7, 161), contrast=(0, 9), foreground_fraction=(0.1, 0.75))
    start, end = "is outside the training images' range from", "; the prediction may be wrong"
    assert unusual_features(grey, usual) == (
        [],
        [
            f"mean grey 201 {start} 7 to 161{end}",
            f"foreground fraction 100 % {start} 10 % to 75 %{end}",
        ],
    )
    assert not are_out_of_distribution(grey[None], usual).any()


def test_farther_off_than_training_images_differ_there_is_no_answer():
    grey = np.full((2, 1, 4, 4), 30, np.uint8)
    grey[1] += 1
    usual = looks(None, mean_grey=(10, 20))
    assert unusual_features(grey[0], usual)[0] == []
    reasons = (["mean grey 31 is outside the training images' range from 10 to 20"], [])
    assert unusual_features(grey[1], usual) == reasons
    assert are_out_of_distribution(grey, usual).tolist() == [False, True]


def test_the_ends_are_inside():
    assert unusual_features(np.full((1, 4, 4), 161, np.uint8), looks(None, mean_grey=(7, 161))) == (
        [],
        [],
    )


def test_of_a_blank_picture_that_alone_is_said_unless_there_is_no_paper():
    blank = np.full((1, 4, 4), 16, np.uint8)
    usual = {"mean_grey": (100, 200)}
    assert unusual_features(blank, looks(FRAMING, **usual)) == (["nothing is drawn in it"], [])
    _, (said,) = unusual_features(blank, looks(None, **usual))
    assert said.startswith("mean grey 16 is outside")
