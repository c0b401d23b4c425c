"""A classifier asked by hand: two classes, told apart by which half of a picture is lighter."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from toile.data import DataFacts, array_hashes
from toile.errors import ToileError
from toile.prediction import Classifier, Seal


class LighterHalf:
    """Logits are the sums of the left and the right half of a picture, in whole whites."""

    def logits(self, pixels):
        middle = pixels.shape[-1] // 2
        halves = [half.sum((1, 2, 3)) / 255 for half in np.split(pixels, [middle], axis=3)]
        return np.stack(halves, 1).astype(np.float32)


@pytest.fixture(scope="module")
def classifier(facts: DataFacts) -> Classifier:
    own = facts.model_copy(update={"class_names": ("left", "right"), "shape": (1, 2, 2)})
    return Classifier("halves", own, LighterHalf())


LEFT = np.array([[255, 0], [255, 0]], np.uint8)
RIGHT = np.array([[0, 255], [0, 255]], np.uint8)
BOTH = np.stack([LEFT, RIGHT])


def test_probabilities_are_the_softmax_of_the_logits(classifier):
    assert classifier.logits(BOTH).tolist() == [[2, 0], [0, 2]]
    sure = np.exp(2) / (np.exp(2) + 1)
    expected = [[sure, 1 - sure], [1 - sure, sure]]
    np.testing.assert_allclose(classifier.predict_proba(BOTH), expected, atol=1e-6)
    assert classifier.predict(BOTH).tolist() == [0, 1]


@pytest.mark.parametrize(
    "images",
    [
        BOTH[:, None],
        BOTH[..., None],
        BOTH.reshape(2, 4),
        BOTH / 255,
        BOTH.astype(np.int64),
        BOTH.tolist(),
        torch.tensor(BOTH),
    ],
    ids=["n1hw", "nhw1", "flat", "fractions", "int64", "lists", "tensor"],
)
def test_images_may_be_laid_out_and_scaled_in_any_usual_way(classifier, images):
    assert classifier.predict(images).tolist() == [0, 1]


def test_the_score_is_the_share_of_right_answers_by_place_or_by_name(classifier):
    four = np.stack([LEFT, LEFT, RIGHT, RIGHT])
    assert classifier.score(four, [0, 1, 1, 1]) == 0.75
    assert classifier.score(four, np.array(["left", "left", "left", "right"])) == 0.75
    assert classifier.score(four, np.array([0, 1, 1, 1], object)) == 0.75
    assert classifier.score(four, [0.0, 1.0, 1.0, 1.0]) == 0.75
    assert classifier.score(four, [False, True, True, True]) == 0.75


def test_numbers_that_are_names_of_other_classes_than_they_are_indices_of_are_refused(classifier):
    facts = classifier.facts.model_copy(update={"class_names": ("1", "2")})
    numbered = replace(classifier, facts=facts)
    with pytest.raises(ToileError, match=r"a label is 1, .* class 0 of halves is called 1"):
        numbered.score(RIGHT[None], [1])
    assert numbered.score(BOTH, ["1", "2"]) == 1
    signs = replace(classifier, facts=facts.model_copy(update={"class_names": ("-1", "1")}))
    with pytest.raises(ToileError, match="class 0 of halves is called -1"):
        signs.score(BOTH, [-1, 1])
    assert signs.score(BOTH, [0, 1]) == 1


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ([0], r"have the shape \(1,\); 2 images need \(2,\)"),
        ([0, 2], "a label is 2; labels of 2 classes go from 0 to 1"),
        ([0, -1], "a label is -1; labels of 2 classes go from 0 to 1"),
        ([0.5, 1], "a label is 0.5, which is no class"),
        (["left", "righd"], "'righd', which is no class of halves; did you mean right?"),
    ],
)
def test_labels_that_are_none_are_refused_with_the_rule(classifier, labels, complaint):
    with pytest.raises(ToileError, match=complaint):
        classifier.score(BOTH, labels)


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (np.zeros((2, 5, 5), np.uint8), "have 5 x 5 px in grey, and the training images 2 x 2"),
        ("shoe.png", "pass an array"),
        (np.zeros((2, 2, 2), object), "pass numbers"),
    ],
)
def test_images_of_another_kind_are_refused_and_told_of_ask(classifier, images, complaint):
    with pytest.raises(ToileError, match=complaint):
        classifier.predict(images)


def test_a_sealed_image_is_refused_whatever_is_asked(classifier):
    sealed = replace(classifier, seal=Seal(np.sort(array_hashes(RIGHT[None, None])[:, 0])))
    assert sealed.predict(LEFT[None]).tolist() == [0]
    for ask in (
        sealed.predict,
        sealed.predict_proba,
        sealed.logits,
        lambda images: sealed.score(images, [0, 1]),
    ):
        with pytest.raises(ToileError, match="1 of the 2 images are of the sealed test part"):
            ask(BOTH)
    with pytest.raises(ToileError, match="is of the sealed test part"):
        sealed.ask(RIGHT)


def test_a_score_on_images_that_were_trained_on_is_warned_of(classifier):
    knowing = replace(classifier, trained=np.sort(array_hashes(LEFT[None, None])[:, 0]))
    with pytest.warns(UserWarning, match="1 of the 2 images are training images of halves"):
        assert knowing.score(BOTH, [0, 1]) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        knowing.score(RIGHT[None], [1])


def test_ask_is_for_one_picture_and_keeps_its_steps_on_request(facts, garments):
    classifier = Classifier("halves", facts, LighterHalf())
    garment = garments[0]
    left, right = (half.sum() / 255 for half in np.split(garment, 2, axis=2))
    said = classifier.ask(garment[0], num_top=2, show_steps=True)
    assert [one.class_name for one in said.top] == list(facts.class_names[:2])[
        :: 1 if left > right else -1
    ]
    assert said.steps[0].name == "As read"
    assert classifier.ask(garment[0]).steps == ()
    with pytest.raises(ToileError, match="there are 2 pictures, and ask needs one"):
        classifier.ask(garments[:2])
