import pytest

from toile.export.about import input_words

SCALED = "(pixels / 255 - mean) / sd, per channel; mean 0.25, 0.5, sd 0.5, 0.25"


@pytest.mark.parametrize(("scaling", "words"), [("unit", "pixels / 255"), ("standard", SCALED)])
def test_what_goes_in_is_said_in_words(make_trained, scaling, words):
    facts = make_trained(["flatten", {"dense": "classes"}], (2, 4, 5), scaling).about.data
    assert input_words(facts, (4, 5, 2)) == f"float32 (n, 4, 5, 2): {words}"
