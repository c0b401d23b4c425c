"""When no answer is given, by bounds worked out by hand."""

import json

import numpy as np
import pytest

from toile.data import Images, novelty
from toile.errors import ToileError
from toile.prediction import Abstention, abstention_from_json, find_abstention
from toile.prediction.abstention import energies

SHAPE = (1, 4, 4)
GREY = np.full(SHAPE, 128, np.uint8)


def rows(*sure: float) -> np.ndarray:
    """Logits of two classes, the first one's probability as said; their exponents sum to 1."""
    likely = np.array(sure)
    return np.log(np.stack([likely, 1 - likely], 1))


def test_the_energy_is_minus_the_log_of_the_sum_of_exponents():
    assert energies(np.array([[0.0, 0.0], [1000.0, 0.0]])) == pytest.approx([-np.log(2), -1000])


def test_bounds_come_of_the_choosing_half_and_their_cost_of_the_other():
    # 200 that choose: one in 200 lies beyond each bound. The other half has three surer than that,
    # one less sure, which is right, and one that is strange, which is wrong.
    logits = rows(*np.linspace(0.6, 0.99, 200), 0.9, 0.9, 0.9, 0.59, 0.9)
    labels = np.array([0] * 204 + [1])
    selection = np.arange(205) < 200
    strange = np.arange(205) == 204
    found = find_abstention(logits, labels, selection, strange)
    assert found.confidence == pytest.approx(0.6)
    assert found.cost is not None
    assert vars(found.cost) == {"refused": 2, "right": 1, "n": 5}
    assert found.cost.sentence == (
        "2 of 5 genuine validation pictures (40.0 %) get no answer; 1 would be right"
    )


def test_by_few_pictures_no_bound_is_set():
    logits, labels = rows(*[0.9] * 150), np.zeros(150, np.int64)
    for choosing, is_set in ((99, False), (100, True)):
        found = find_abstention(logits, labels, np.arange(150) < choosing, np.zeros(150, bool))
        assert (found.confidence is not None) == is_set


def test_each_bound_has_a_reason_of_its_own():
    known = novelty(Images(GREY[None].repeat(3, 0), np.zeros(3, np.int64)))
    far = GREY + np.uint8(90)
    unsure, sure = rows(0.5, 0.99)
    assert Abstention().reasons(unsure, far) == ()
    bounds = Abstention(0.6, 5.0, 2.0, known)
    assert bounds.reasons(sure, GREY) == ()
    (said,) = bounds.reasons(unsure, GREY)
    assert said == (
        "the most probable class has 50.0 %, and at least 60.0 % in nearly all genuine pictures"
    )
    (said,) = bounds.reasons(sure - 6, GREY)
    assert said.startswith("the logits of all classes together are lower")
    (said,) = bounds.reasons(sure, far)
    assert said.startswith("its distance from the training images is")
    assert said.endswith("and at most 2 for nearly all genuine pictures")


def test_logits_that_are_not_finite_get_no_answer():
    assert len(Abstention(0.6, 5.0).reasons(np.full(2, np.nan), GREY)) == 2


def test_an_export_keeps_it_to_three_digits_or_says_what_is_damaged():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, *SHAPE), dtype=np.uint8)
    known = novelty(Images(pixels, np.zeros(60, np.int64)))
    record = json.loads(json.dumps(Abstention(0.5, -2.0, 1.5, known).to_json()))
    again = abstention_from_json(record, SHAPE, "a.onnx")
    assert (again.confidence, again.energy, again.distance) == (0.5, -2.0, 1.5)
    assert again.novelty is not None
    assert again.novelty.distances(pixels) == pytest.approx(known.distances(pixels), rel=5e-3)
    for name, value in {
        "confidence": "much",
        "distance": float("nan"),
        "novelty": {"shape": [1]},
        "cost": {"n": 1},
    }.items():
        with pytest.raises(ToileError, match=r"a.onnx has damaged metadata: abstention"):
            abstention_from_json(record | {name: value}, SHAPE, "a.onnx")
    with pytest.raises(ToileError, match=r"it does not fit pictures of \(1, 5, 4\)"):
        abstention_from_json(record, (1, 5, 4), "a.onnx")
