import numpy as np

from toile.evaluation import commonest


def test_three_of_five_are_the_commonest_class_and_an_even_set_has_none():
    largest = commonest(np.array([1, 3, 1]))
    assert largest is not None
    assert (largest.label, largest.fraction) == (1, 0.6)
    assert commonest(np.array([2, 2, 2])) is None
    assert commonest(np.array([0, 0])) is None
    # 5 of 10 are 1.5 times a third of 10, and 9 of 20 are less.
    assert commonest(np.array([5, 3, 2])) is not None
    assert commonest(np.array([9, 6, 5])) is None


def test_the_words_name_the_class_its_fraction_and_the_images():
    largest = commonest(np.array([3, 1]))
    assert largest is not None
    names = ("Coat", "Bag")
    assert largest.words(names) == "always answering Coat would be right on 75.00 % of them"
    assert largest.words(names, "the training images", "is") == (
        "always answering Coat is right on 75.00 % of the training images"
    )
