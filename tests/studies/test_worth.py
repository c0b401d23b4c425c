"""What each augmentation is worth: the levels, and whose favour a pair is in."""

import pytest

import toile
from toile.errors import ToileError
from toile.recipe import Recipe, recipe_of
from toile.statistics import judge_readings
from toile.studies import Alternative, study_summary, worth_levels, worths

RECIPE = {
    "name": "small",
    "data": {"size_px": 8, "validation": 120},
    "network": ["flatten", {"dense": "classes"}],
    "augmentation": {"shift": 1, "noise": 0.1},
    "training": {
        "optimizer": {"adam": 0.01}, "batch_size": 64, "epochs": 1, "threads": 1,
        "precision": "float32",
    },
}  # fmt: skip


LEVELS = {
    "as it is": Alternative(),
    "without shift": Alternative(set={"augmentation.shift": 0}),
    "with flip": Alternative(set={"augmentation.flip": "random"}),
    "with noise": Alternative(set={"augmentation.noise": 0.05}),
}


def test_what_is_there_is_taken_away_and_what_is_not_is_added():
    levels = worth_levels(recipe_of(RECIPE), "augmentation", 8)
    assert levels == {
        "as it is": {},
        "without shift": {"augmentation.shift": 0},
        "with flip": {"augmentation.flip": "random"},
        "with rotate": {"augmentation.rotate": 10.0},
        "with shear": {"augmentation.shear": 10.0},
        "with zoom": {"augmentation.zoom": 0.1},
        "with brightness": {"augmentation.brightness": 0.2},
        "without noise": {"augmentation.noise": 0.0},
        "with erase": {"augmentation.erase": 2},
    }


def test_each_augmentation_there_is_has_a_usual_strength():
    none = worth_levels(Recipe.preset("s1-lab"), "augmentation", 28)
    fields = type(Recipe.preset("s1-lab").augmentation).model_fields
    assert set(none) == {"as it is", *(f"with {name}" for name in fields)}


def test_its_worth_is_with_it_less_without_it():
    readings = {
        "without shift": [0.80, 0.81, 0.80, 0.81],
        "as it is": [0.85, 0.86, 0.85, 0.86],
        "with flip": [0.82, 0.83, 0.82, 0.83],
        "with noise": [0.85, 0.86, 0.85, 0.87],
    }
    found = {worth.setting: worth for worth in worths(judge_readings(readings), LEVELS)}
    shift, flip, noise = found["shift"], found["flip"], found["noise"]
    assert (shift.was_there, shift.finding) == (True, "better")
    assert shift.value == pytest.approx(0.05)
    assert 0 < shift.low < 0.05 < shift.high
    assert (flip.was_there, flip.finding) == (False, "worse")
    assert flip.value == pytest.approx(-0.03)
    assert flip.low < -0.03 < flip.high < 0
    assert noise.finding == "undecided"
    assert "shift, which it has: +5.00 points (+" in shift.sentence
    assert flip.sentence.startswith("flip, added at random: -3.00 points (-")
    assert flip.sentence.endswith("worse with it")


def test_points_are_said_as_points():
    readings = {"as it is": [85.0, 86, 85, 86], "with flip": [82.0, 83, 82, 83]}
    (flip,) = worths(judge_readings(readings), LEVELS)
    assert flip.value == pytest.approx(-0.03)


def test_a_study_of_other_levels_has_none():
    numbers = judge_readings({"8": [0.8, 0.81], "16": [0.8, 0.83]})
    assert worths(numbers, {name: Alternative(set={"training.epochs": 2}) for name in "8"}) == []
    named = judge_readings({"as it is": [0.8, 0.81], "without hidden layer": [0.8, 0.83]})
    levels = {
        "as it is": Alternative(),
        "without hidden layer": Alternative(set={"training.batch_size": 64}),
    }
    assert worths(named, levels) == []


def test_no_difference_has_no_sign():
    readings = {"as it is": [0.8, 0.81, 0.8], "with flip": [0.8, 0.81, 0.8]}
    (flip,) = worths(judge_readings(readings), LEVELS)
    assert "+0.00 points" in flip.sentence


def test_a_study_says_what_each_is_worth_and_its_page_too(few_garments, tmp_path):
    live = toile.study(
        recipe_of(RECIPE), worth="augmentation", data=few_garments, readings=2, on="inline"
    )
    result = live.finish()
    assert result.spec.name == "small-by-worth-of-augmentation"
    found = worths(result.verdict, result.spec.levels)
    assert [worth.setting for worth in found] == [
        "shift", "flip", "rotate", "shear", "zoom", "brightness", "noise", "erase",
    ]  # fmt: skip
    means = {level.name: level.mean for level in result.verdict.levels}
    assert found[0].value == pytest.approx(means["as it is"] - means["without shift"])
    assert found[1].value == pytest.approx(means["with flip"] - means["as it is"])
    assert len(study_summary(result)["worth"]) == 8
    from toile.workbench import write_study_report

    page = write_study_report(result)[0].read_text()
    assert "What each augmentation is worth" in page
    assert "shift, which it has:" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"worth": "augmentatoin"}, "did you mean augmentation"),
        ({"worth": "augmentation", "vary": {"training.epochs": [1, 2]}}, "nothing varied"),
    ],
)
def test_what_does_not_go_together_is_refused(few_garments, options, message):
    with pytest.raises(ToileError, match=message):
        toile.study(recipe_of(RECIPE), data=few_garments, **options)
